/*
 * task.c - the first task, pids, references.
 *
 * Idea: init_task is pid 0, the boot CPU's idle task, and the root of the
 *       family; everything else is copied from it. Pids come from a bitmap,
 *       upwards from the last one given, so that a number is reused late. A
 *       hash finds the task of a pid.
 * Locks:  tasklist_lock for the hash and the family; pid_lock for the bitmap.
 * Above:  kernel/proc makes and reaps tasks.   In Linux: init/init_task.c, kernel/pid.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/hash.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/process.h"
#include "kernel/x86/upcalls.h"

enum { PID_HASH_BITS = 9, PID_LIMIT = 32768, RESERVED_PIDS = 300 };

rwlock_t tasklist_lock = RWLOCK_INIT(LOCK_TASKLIST);
void (*task_free_hook)(struct task_struct *t);
void (*stack_free_hook)(unsigned long stack);
void *(*sched_alloc)(size_t size, gfp_t gfp);
void (*sched_free)(void *p);
void (*kmap_switch_out)(struct task_struct *prev);
void (*kmap_switch_in)(struct task_struct *next);
int pid_max = PID_LIMIT;
CTL_SYSCTL_INT("kernel.pid_max", pid_max, RESERVED_PIDS + 1, PID_LIMIT);

#define LIMIT(cur, max) { .rlim_cur = (cur), .rlim_max = (max) }
#define NO_LIMIT LIMIT(RLIM_INFINITY, RLIM_INFINITY)

/* Linux's limits of init; NPROC and SIGPENDING depend on memory (kernel/proc/fork.c). */
static struct signal_struct init_signals = {
	.sigcnt = 1,
	.live = 1,
	.nr_threads = 1,
	.thread_head = { &init_task.thread_node, &init_task.thread_node },
	.leader = &init_task,
	.wait_chldexit = WAIT_QUEUE_HEAD_INIT(init_signals.wait_chldexit),
	.pidfd_wait = WAIT_QUEUE_HEAD_INIT(init_signals.pidfd_wait),
	.shared_pending = { .list = LIST_HEAD_INIT(init_signals.shared_pending.list) },
	.rlim = {
		[RLIMIT_CPU] = NO_LIMIT,
		[RLIMIT_FSIZE] = NO_LIMIT,
		[RLIMIT_DATA] = NO_LIMIT,
		[RLIMIT_STACK] = LIMIT(8UL << 20, RLIM_INFINITY),
		[RLIMIT_CORE] = LIMIT(0, RLIM_INFINITY),
		[RLIMIT_RSS] = NO_LIMIT,
		[RLIMIT_NOFILE] = LIMIT(1024, 4096),
		[RLIMIT_MEMLOCK] = LIMIT(8UL << 20, 8UL << 20),
		[RLIMIT_AS] = NO_LIMIT,
		[RLIMIT_LOCKS] = NO_LIMIT,
		[RLIMIT_MSGQUEUE] = LIMIT(819200, 819200),
		[RLIMIT_RTTIME] = NO_LIMIT,
	},
	.real_timer = { .node.parent_color = (unsigned long)&init_signals.real_timer.node, .cpu = TIMER_NO_CPU },
};
static struct sighand_struct init_sighand = {
	.count = 1,
	.siglock = SPINLOCK_INIT(LOCK_SIGHAND),
};

struct task_struct init_task = {
	.stack = (unsigned long)boot_stack,
	.flags = PF_KTHREAD | PF_IDLE,
	.on_cpu = 1,
	.cpus_allowed = ~0UL,
	.mems_allowed = { ~0UL },
	.il_prev = NUMA_NO_NODE,
	.se = { .weight = 1024 },
	.pi_lock = SPINLOCK_INIT(LOCK_PI),
	.alloc_lock = SPINLOCK_INIT(LOCK_MM_ARG),
	.usage = 2,
	.group_leader = &init_task,
	.real_parent = &init_task,
	.parent = &init_task,
	.children = LIST_HEAD_INIT(init_task.children),
	.sibling = LIST_HEAD_INIT(init_task.sibling),
	.ptraced = LIST_HEAD_INIT(init_task.ptraced),
	.ptrace_entry = LIST_HEAD_INIT(init_task.ptrace_entry),
	.thread_node = { &init_signals.thread_head, &init_signals.thread_head },
	.tasks = LIST_HEAD_INIT(init_task.tasks),
	.signal = &init_signals,
	.sighand = &init_sighand,
	.pending = { .list = LIST_HEAD_INIT(init_task.pending.list) },
	.sas_ss_flags = SS_DISABLE,
	.cgroup = &cgroup_root,
	.cg_list = LIST_HEAD_INIT(init_task.cg_list),
	.comm = "swapper/0",
};
DEFINE_PER_CPU(struct task_struct *, current_task) = &init_task;

/* --- references --- */

/* task.h */
struct task_struct *get_task_struct(struct task_struct *t)
{
	t->usage++;
	return t;
}

/* task.h */
void put_task_struct(struct task_struct *t)
{
	int left = --t->usage;

	BUG_ON(left < 0);
	if (left)
		return;
	BUG_ON(t == current || t->on_cpu);
	task_free_hook(t);
}

/* task.h */
bool try_get_task_stack(struct task_struct *t)
{
	int users = t->stack_users;

	while (users)
		if (__atomic_compare_exchange_n((int *)&t->stack_users, &users, users + 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* task.h. A zombie is a name and an exit code: it may wait for long, and needs no stack for it. */
void put_task_stack(struct task_struct *t)
{
	unsigned long stack = t->stack;
	int left = --t->stack_users;

	BUG_ON(left < 0);
	if (left)
		return;
	BUG_ON(t == current || t->on_cpu);
	t->stack = 0;
	stack_free_hook(stack);
}

/* --- pids --- */

static spinlock_t pid_lock = SPINLOCK_INIT(LOCK_PIDMAP);
static DECLARE_BITMAP(pid_map, PID_LIMIT) = { 1 };	/* pid_lock; 0 is the idle tasks' */
static kpid_t last_pid;					/* pid_lock */
static struct hlist_head pid_hash[1 << PID_HASH_BITS];	/* tasklist_lock */
static int attached;					/* tasklist_lock */

/* task.h */
kpid_t alloc_pid(void)
{
	unsigned long limit = MIN(READ_ONCE(pid_max), (int)PID_LIMIT), pid;

	spin_lock(&pid_lock);
	pid = find_next_zero_bit(pid_map, limit, last_pid + 1);
	if (pid >= limit)
		pid = find_next_zero_bit(pid_map, limit, RESERVED_PIDS);
	if (pid < limit) {
		__set_bit(pid, pid_map);
		last_pid = pid;
	}
	spin_unlock(&pid_lock);
	return pid < limit ? (kpid_t)pid : -EAGAIN;
}

/* task.h */
void free_pid(kpid_t pid)
{
	spin_lock(&pid_lock);
	BUG_ON(!__test_and_clear_bit(pid, pid_map));
	spin_unlock(&pid_lock);
}

/* task.h */
kpid_t last_pid_used(void)
{
	return READ_ONCE(last_pid);
}

/* task.h */
int nr_tasks(void)
{
	return READ_ONCE(attached);
}

/* task.h */
void attach_pid(struct task_struct *t)
{
	hlist_add_head(&t->pid_link, &pid_hash[hash_32(t->pid, PID_HASH_BITS)]);
	attached++;
}

/* task.h */
void detach_pid(struct task_struct *t)
{
	hlist_del_init(&t->pid_link);
	attached--;
}

/* task.h */
struct task_struct *find_task_by_pid(kpid_t pid)
{
	struct task_struct *t;

	hlist_for_each_entry(t, &pid_hash[hash_32(pid, PID_HASH_BITS)], pid_link)
		if (t->pid == pid)
			return t;
	return NULL;
}

/* task.h */
struct task_struct *find_get_task(kpid_t pid)
{
	struct task_struct *t;

	read_lock(&tasklist_lock);
	t = find_task_by_pid(pid);
	if (t)
		get_task_struct(t);
	read_unlock(&tasklist_lock);
	return t;
}

/* kernel/x86/upcalls.h */
void describe_current(kpid_t *pid, const char **comm, const char **work)
{
	*pid = current->pid;
	*comm = current->comm;
	*work = current_work_name();
}
