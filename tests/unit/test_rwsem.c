/*
 * test_rwsem.c - kernel/sched/rwsem.c: who gets a lock, and when, if several want it.
 *
 * Idea: each task is a coroutine (host/coro.h) that asks for the lock, and sleeps where it has to
 *       wait. The test says who runs next, releases the lock, kills who waits, and moves the clock.
 */
#include "host/host.h"

#include "host/coro.h"
#include "kernel/abi/errno.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/percpu.h"

#define MS 1000000UL

static struct rw_semaphore sem;
static struct task {
	struct task_struct t;
	int (*ask)(struct rw_semaphore *sem);
	int ret;
	bool killed;
} tasks[4];
static struct task *me;			/* who runs; NULL: the test */
static struct task_struct *idle;	/* for the test */

static void become(struct task *task)
{
	me = task;
	per_cpu(current_task, 0) = task ? &task->t : idle;
}

/* Instead of the stubs, which know one task only. */
void schedule_waiting(const char *what)
{
	if (me->t.__state != TASK_RUNNING)
		coro_sleep();
}

bool wake_up_process(struct task_struct *t)
{
	bool slept = t->__state != TASK_RUNNING;

	t->__state = TASK_RUNNING;
	return slept;
}

bool signal_pending_state(int state)
{
	return me->killed && state & TASK_WAKEKILL;
}

static void ask(void *arg)
{
	struct task *task = arg;

	task->ret = task->ask(&sem);
}

/* --- what a test says --- */

static int read_it(struct rw_semaphore *s)
{
	down_read(s);
	return 0;
}

static int write_it(struct rw_semaphore *s)
{
	down_write(s);
	return 0;
}

/* Task @n wants it. Has it been served at once? */
static bool wants(int n, int (*how)(struct rw_semaphore *s))
{
	become(&tasks[n]);
	tasks[n].ask = how;
	tasks[n].ret = 1;
	coro_start(n, ask, &tasks[n]);
	become(NULL);
	return coro_ended(n);
}

static bool is_awake(int n) { return tasks[n].t.__state == TASK_RUNNING; }

/* Its CPU comes to it; whether it has what it waited for (or gave up). => it was woken */
static bool goes_on(int n)
{
	assert_true(is_awake(n));
	become(&tasks[n]);
	coro_resume(n);
	become(NULL);
	return coro_ended(n);
}

static void kill_it(int n)
{
	tasks[n].killed = true;
	tasks[n].t.__state = TASK_RUNNING;
}

#define AS(n, call) ({ become(&tasks[n]); (call); become(NULL); })
#define TRY(n, call) ({ become(&tasks[n]); bool try_got = call(&sem); become(NULL); try_got; })

static int setup(void **state)
{
	host_reset(state);
	idle = current;
	memset(tasks, 0, sizeof(tasks));
	init_rwsem(&sem, LOCK_MMAP);
	return 0;
}

static int teardown(void **state)
{
	become(NULL);
	assert_int_equal(sem.count, 0);		/* it is free, nobody waits, nobody is to be next */
	assert_true(list_empty(&sem.waiters));
	return host_check(state);
}

/* --- tests --- */

static void who_runs_may_take_a_free_lock_before_the_waiter(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, write_it));
	for (int i = 0; i < 3; i++) {
		AS(0, up_write(&sem));
		assert_true(is_awake(1));	/* but the lock is nobody's yet */
		assert_false(rwsem_is_locked(&sem));
		assert_true(wants(0, i % 2 ? read_it : write_it));
		assert_false(goes_on(1));
		if (i % 2) {
			AS(0, up_read(&sem));
			assert_true(wants(0, write_it));
			assert_false(goes_on(1));
		}
	}
	AS(0, up_write(&sem));
	assert_true(goes_on(1));
	assert_ptr_equal(sem.owner, &tasks[1].t);
	AS(1, up_write(&sem));
}

static void after_4_ms_the_first_waiter_is_handed_it(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, write_it));
	host_clock_ns += 3 * MS;
	AS(0, up_write(&sem));
	assert_true(wants(0, write_it));	/* not yet */
	assert_false(goes_on(1));
	host_clock_ns += 2 * MS;
	AS(0, up_write(&sem));
	assert_ptr_equal(sem.owner, &tasks[1].t);	/* before it has woken up */
	assert_false(TRY(0, down_write_trylock));
	assert_false(wants(0, read_it));
	assert_true(goes_on(1));
	AS(1, up_write(&sem));
	assert_true(goes_on(0));
	AS(0, up_read(&sem));
	assert_true(wants(2, write_it));	/* an ordinary lock again */
	AS(2, up_write(&sem));
}

static void who_waits_behind_the_first_has_4_ms_of_its_own(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, write_it));
	assert_false(wants(2, write_it));
	host_clock_ns += 5 * MS;
	AS(0, up_write(&sem));
	assert_true(goes_on(1));
	AS(1, up_write(&sem));
	assert_true(wants(0, write_it));	/* 2 is the first since a moment ago */
	assert_false(goes_on(2));
	host_clock_ns += 5 * MS;
	AS(0, up_write(&sem));
	assert_ptr_equal(sem.owner, &tasks[2].t);
	assert_true(goes_on(2));
	AS(2, up_write(&sem));
}

static void readers_hand_over_to_a_writer_that_waited(void **state)
{
	assert_true(wants(0, read_it));
	assert_false(wants(1, write_it));
	assert_false(TRY(2, down_read_trylock));	/* their stream ends */
	assert_false(wants(2, read_it));
	host_clock_ns += 5 * MS;
	AS(0, up_read(&sem));
	assert_ptr_equal(sem.owner, &tasks[1].t);
	assert_true(goes_on(1));
	AS(1, downgrade_write(&sem));		/* the reader behind comes along */
	assert_true(goes_on(2));
	AS(1, up_read(&sem));
	AS(2, up_read(&sem));
}

static void readers_right_behind_a_reader_come_along(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, read_it));
	assert_false(wants(2, read_it));
	assert_false(wants(3, write_it));
	AS(0, up_write(&sem));
	assert_false(is_awake(2));		/* the first wakes it when it has the lock */
	assert_true(goes_on(1));
	assert_true(goes_on(2));
	assert_false(is_awake(3));
	AS(1, up_read(&sem));
	assert_false(is_awake(3));
	AS(2, up_read(&sem));
	assert_true(goes_on(3));
	AS(3, up_write(&sem));
}

static void a_killed_first_waiter_lets_those_behind_it_in(void **state)
{
	assert_true(wants(0, read_it));
	assert_false(wants(1, down_write_killable));
	assert_false(wants(2, read_it));	/* it could share, but for the writer before it */
	assert_false(wants(3, read_it));
	kill_it(1);
	assert_true(goes_on(1));
	assert_int_equal(tasks[1].ret, -EINTR);
	assert_true(goes_on(2));
	assert_true(goes_on(3));
	AS(0, up_read(&sem));
	AS(2, up_read(&sem));
	AS(3, up_read(&sem));
}

static void a_killed_first_waiter_that_was_woken_passes_it_on(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, down_write_killable));
	assert_false(wants(2, write_it));
	AS(0, up_write(&sem));			/* wakes 1 … */
	kill_it(1);
	assert_true(goes_on(1));		/* … who takes what it finds free, killed or not */
	assert_int_equal(tasks[1].ret, 0);
	assert_false(is_awake(2));
	AS(1, up_write(&sem));
	assert_true(goes_on(2));
	AS(2, up_write(&sem));
}

static void a_killed_waiter_that_was_handed_it_has_it(void **state)
{
	assert_true(wants(0, write_it));
	assert_false(wants(1, down_read_killable));
	host_clock_ns += 5 * MS;
	kill_it(1);
	AS(0, up_write(&sem));
	assert_true(goes_on(1));
	assert_int_equal(tasks[1].ret, 0);
	AS(1, up_read(&sem));
}

static void a_hand_over_ends_with_the_killed_waiter_it_was_for(void **state)
{
	/* 1 has waited long, but a reader is still there: only the next release can give it the lock */
	assert_true(wants(0, read_it));
	assert_true(wants(3, read_it));
	assert_false(wants(1, down_write_killable));
	assert_false(wants(2, down_write_killable));
	host_clock_ns += 5 * MS;
	kill_it(1);
	assert_true(goes_on(1));
	assert_int_equal(tasks[1].ret, -EINTR);
	AS(0, up_read(&sem));
	AS(3, up_read(&sem));
	assert_true(TRY(0, down_write_trylock) == false);	/* 2 waits; who tries does not steal */
	assert_true(wants(0, write_it));	/* 2's own 4 ms began when it became the first */
	assert_false(goes_on(2));
	kill_it(2);
	assert_true(goes_on(2));
	assert_int_equal(tasks[2].ret, -EINTR);
	AS(0, up_write(&sem));
	assert_true(wants(3, write_it));
	AS(3, up_write(&sem));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_runs_may_take_a_free_lock_before_the_waiter),
		T(after_4_ms_the_first_waiter_is_handed_it),
		T(who_waits_behind_the_first_has_4_ms_of_its_own),
		T(readers_hand_over_to_a_writer_that_waited),
		T(readers_right_behind_a_reader_come_along),
		T(a_killed_first_waiter_lets_those_behind_it_in),
		T(a_killed_first_waiter_that_was_woken_passes_it_on),
		T(a_killed_waiter_that_was_handed_it_has_it),
		T(a_hand_over_ends_with_the_killed_waiter_it_was_for),
	};

	return cmocka_run_group_tests_name("rwsem", tests, host_init, NULL);
}
