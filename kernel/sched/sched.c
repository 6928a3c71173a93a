/*
 * sched.c - switching from one task to another, and waking.
 *
 * Idea: schedule() takes current off its CPU's run queue if it wants to sleep,
 *       picks the next task and switches stacks with the queue locked; the
 *       next task, on its own stack, unlocks it (finish_switch). A sleeper
 *       sets its state before it looks at its condition, and a waker changes
 *       the condition before it looks at the state: so no wake-up is lost.
 *       Wakers wait until a sleeper is off its stack (on_cpu) before they put
 *       it on a queue.
 * Locks:  a task's pi_lock (wake-ups of it), then its run queue's lock.
 *         Interrupts are off under both.
 * Above:  wait.c, mutex.c, timer.c, everything that sleeps.
 * Below:  fair.c picks, balance.c places, kernel/x86 switches.   In Linux: kernel/sched/core.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/lockcheck.h"
#include "kernel/sched/psi_internal.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/trace_sched.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/process.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"

DEFINE_PER_CPU(struct rq, runqueues);

/* --- run queues --- */


/* rq.h: the queue of @t, which may be moving; @t's queue cannot change then */
struct rq *task_rq_lock(struct task_struct *t, unsigned long *flags)
{
	*flags = local_irq_save();
	for (;;) {
		struct rq *rq = cpu_rq(READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == READ_ONCE(t->cpu))) {
			rq->clock = ktime_get_ns();
			return rq;
		}
		spin_unlock(&rq->lock);
	}
}

/* rq.h */
void resched_curr(struct rq *rq)
{
	struct task_struct *curr = rq->curr;

	if (curr->tif & TIF_NEED_RESCHED)
		return;
	set_tif(curr, TIF_NEED_RESCHED);
	if (rq->cpu != smp_processor_id())
		smp_send_reschedule(rq->cpu);
}

/* sched.h */
void resched_cpu(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	unsigned long flags = spin_lock_irqsave(&rq->lock);

	resched_curr(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void rq_init(struct rq *rq, int cpu)
{
	spin_lock_init(&rq->lock, LOCK_RUNQUEUE);
	rq->cpu = cpu;
	rq->fair = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&rq->realtime);
	rq->clock = rq->idle_since = rq->last_seen = ktime_get_ns();
}

/* sched.h. => percpu areas are there */
void init_idle(struct task_struct *idle, int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	rq_init(rq, cpu);
	idle->flags |= PF_IDLE | PF_KTHREAD;
	idle->cpu = cpu;
	idle->cpus_allowed = 1UL << cpu;
	idle->policy = SCHED_NORMAL;
	idle->static_nice = 0;
	idle->se = (struct sched_entity){ .weight = 1024, .exec_start = rq->clock };
	idle->held.n = 0;
	idle->__state = TASK_RUNNING;
	idle->on_cpu = 1;
	rq->idle = idle;
	rq->curr = idle;
	idle_cpus |= 1UL << cpu;
}

/* sched.h. Boot goes on as CPU 0's idle task. */
void sched_init(void)
{
	init_idle(&init_task, 0);
	loadavg_init();
}

/* --- the switch --- */

/* A task that may not stay on the CPU it ran on goes to another one. => interrupts off, no lock */
static void push_away(struct rq *rq, struct task_struct *t)
{
	int cpu = select_cpu(t, rq->cpu);
	struct rq *to = cpu_rq(cpu);
	int from = rq->cpu;

	spin_lock(&to->lock);
	to->clock = ktime_get_ns();
	t->cpu = cpu;
	place_woken(to, t, from);
	enqueue_task(to, t);
	psi_enqueue(to, t);
	if (should_preempt(to, t))
		resched_curr(to);
	spin_unlock(&to->lock);
}

/* On the next task's stack: @prev is off its own. Leaves interrupts on. */
static void finish_switch(struct task_struct *prev)
{
	struct rq *rq = this_rq();
	struct task_struct *push = rq->push;
	bool dead = prev->__state == TASK_DEAD;

	rq->push = NULL;
	/*
	 * From here on a waker may run it elsewhere, and if it is dead only our reference keeps
	 * it.
	 */
	__atomic_store_n((int *)&prev->on_cpu, 0, __ATOMIC_RELEASE);
	spin_unlock(&rq->lock);
	rcu_quiescent();
	if (unlikely(push))
		push_away(rq, push);
	if (unlikely(current->kmap_depth))
		kmap_switch_in(current);
	local_irq_enable();
	if (unlikely(dead)) {
		put_task_stack(prev);
		put_task_struct(prev);
	}
}

/* => rq->lock held, interrupts off; both are undone by finish_switch() */
static void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	rq->nr_switches++;
	rq->curr = next;
	psi_switch(rq, prev, next);
	next->on_cpu = 1;
	if (unlikely(prev->kmap_depth))
		kmap_switch_out(prev);
	save_user_state(&prev->fs_base, &prev->gs_base, &prev->segments, prev->fpu);
	switch_tlb_context(next->tlb);
	load_user_state(next->fs_base, next->gs_base, next->segments, next->fpu);
	finish_switch(switch_to(prev, next));
}

static void leave_idle(struct rq *rq)
{
	u64 idle = rq->clock - rq->idle_since;

	idle_cpus &= ~(1UL << rq->cpu);
	rq->idle_ns += idle;
	if (rq->nr_iowait)
		rq->iowait_ns += idle;
	tick_restart();
}

static void enter_idle(struct rq *rq)
{
	rq->idle_since = rq->clock;
	idle_cpus |= 1UL << rq->cpu;
}

/* current stops being runnable. => rq->lock held */
static void deactivate_current(struct rq *rq, struct task_struct *prev, unsigned int state)
{
	prev->nvcsw++;
	prev->wait_since = rq->clock;
	if (state & TASK_UNINTERRUPTIBLE)
		rq->nr_uninterruptible++;
	if (prev->in_iowait)
		__atomic_fetch_add(&rq->nr_iowait, 1, __ATOMIC_RELAXED);
	dequeue_task(rq, prev);
}

/* @preempt: current goes on being runnable, whatever its state says. */
static void schedule_from(bool preempt)
{
	struct rq *rq;
	struct task_struct *prev = current, *next;
	unsigned int state;

	if (CHECKS)
		lockcheck_schedule();
	local_irq_disable();
	rq = this_rq();
	spin_lock(&rq->lock);
	rq->clock = rq->last_seen = ktime_get_ns();
	clear_tif(prev, TIF_NEED_RESCHED);
	update_curr(rq);
	state = prev->__state;
	if (state && !preempt) {
		if (unlikely(signal_pending_state(state)))
			prev->__state = TASK_RUNNING;
		else
			deactivate_current(rq, prev, state);
	}
	if (prev->se.on_rq == QUEUED) {
		prev->nivcsw += rq->nr_running > 1;
		if (unlikely(!allowed_on(prev, rq->cpu)) && !prev->migrate_disabled) {
			detach_task(rq, prev);
			rq->push = prev;
		}
	}
	if (!rq->nr_running && nr_cpus > 1)
		pull_task(rq);
	next = pick_next_task(rq, prev);
	if (next == prev) {
		spin_unlock(&rq->lock);
		rcu_quiescent();
		local_irq_enable();
		return;
	}
	next->se.exec_start = rq->clock;
	next->se.prev_sum = next->se.sum_exec_runtime;
	if (trace_enabled(sched_switch))
		trace_task_switch(prev, next, preempt);
	if (is_idle_task(prev))
		leave_idle(rq);
	else if (is_idle_task(next))
		enter_idle(rq);
	context_switch(rq, prev, next);
}

/* sched.h */
void schedule(void)
{
	schedule_from(false);
}

/* sched.h */
void cond_resched_slow(void)
{
	if (irqs_disabled() || current->preempt_depth)
		return;
	schedule_from(true);
}

/* kernel/x86/upcalls.h */
void schedule_tail(void *prev)
{
	finish_switch(prev);
	/* CLONE_CHILD_SETTID. A bad address is the child's own loss, as in Linux. */
	if (current->set_child_tid && put_user(current->pid, current->set_child_tid))
		current->set_child_tid = NULL;
}

/*
 * kernel/x86/upcalls.h. The waker has set TIF_NEED_RESCHED; the way out of the interrupt does the
 * rest.
 */
void scheduler_ipi(void)
{
}

void (*send_unsent)(struct blk_request **open);

/* wait.h */
void schedule_waiting(const char *what)
{
	/* Others may wait for the pages in it, longer than we will sleep. */
	if (unlikely(current->unsent))
		send_unsent(current->unsent);
	current->wchan = what;
	schedule();
	current->wchan = NULL;
}

/* sched.h */
void io_schedule_waiting(const char *what)
{
	current->in_iowait = true;
	schedule_waiting(what);
	current->in_iowait = false;
}

/* sched.h */
void yield_cpu(void)
{
	struct rq *rq;

	local_irq_disable();
	rq = this_rq();
	spin_lock(&rq->lock);
	rq->clock = ktime_get_ns();
	update_curr(rq);
	place_yielded(rq);
	spin_unlock(&rq->lock);
	local_irq_enable();
	schedule_from(true);
}

/*
 * sched.h. A waker that saw an earlier state of ours may be about to set TASK_RUNNING: for one
 * who asks again that is a wake-up for nothing, but here it would be taken for the real one.
 * It holds pi_lock from its look to its deed.
 */
void set_special_state(unsigned int state)
{
	unsigned long flags = spin_lock_irqsave(&current->pi_lock);

	current->__state = state;
	spin_unlock_irqrestore(&current->pi_lock, flags);
}

/* sched.h */
void do_task_dead(void)
{
	set_special_state(TASK_DEAD);
	schedule_from(false);
	BUG();
}

/* --- idle --- */

/* kernel/x86/upcalls.h; init_task comes here at the end of boot. */
void cpu_idle_loop(void)
{
	for (;;) {
		while (!(current->tif & TIF_NEED_RESCHED)) {
			local_irq_disable();
			if (current->tif & TIF_NEED_RESCHED)
				local_irq_enable();
			else	/* STI takes effect after HLT has begun: no interrupt is missed */
				__asm__ volatile("sti; hlt" ::: "memory");
		}
		schedule_from(false);
	}
}

/* --- waking --- */

/* Where it slept it counts as waiting for a disk or for memory: no longer. */
static void forget_pressure(struct rq *rq, struct task_struct *t)
{
	spin_lock(&rq->lock);
	rq->clock = ktime_get_ns();
	psi_dequeue(rq, t);
	spin_unlock(&rq->lock);
}

/* sched.h */
void wait_task_inactive(struct task_struct *t)
{
	while (__atomic_load_n((int *)&t->on_cpu, __ATOMIC_ACQUIRE))
		cpu_relax();
}

/*
 * Puts the sleeper @t on a queue. => t->pi_lock held, interrupts off; t->__state claimed by the
 * caller
 */
static void activate(struct task_struct *t, unsigned int state)
{
	int from = t->cpu, cpu;
	struct rq *rq;

	/* It may still be on its way out of schedule(), on its stack. */
	while (__atomic_load_n((int *)&t->on_cpu, __ATOMIC_ACQUIRE))
		cpu_relax();
	cpu = select_cpu(t, from);
	if (unlikely(t->psi_flags) && cpu != from)
		forget_pressure(cpu_rq(from), t);
	rq = cpu_rq(cpu);
	spin_lock(&rq->lock);
	rq->clock = ktime_get_ns();
	if (state & TASK_UNINTERRUPTIBLE)
		rq->nr_uninterruptible--;
	if (t->in_iowait)
		__atomic_fetch_sub(&cpu_rq(from)->nr_iowait, 1, __ATOMIC_RELAXED);
	t->cpu = cpu;
	t->__state = TASK_RUNNING;
	update_curr(rq);
	place_woken(rq, t, from);
	enqueue_task(rq, t);
	psi_enqueue(rq, t);
	if (should_preempt(rq, t))
		resched_curr(rq);
	if (trace_enabled(sched_wakeup))
		trace_task_wakeup(t, false);
	spin_unlock(&rq->lock);
}

/*
 * If it has not left its queue yet, that is all. False: it has. => t->pi_lock held, interrupts off
 */
static bool wake_queued(struct task_struct *t)
{
	enum on_rq on;

	while ((on = READ_ONCE(t->se.on_rq)) != OFF_RQ) {
		unsigned long flags;
		struct rq *rq = task_rq_lock(t, &flags);

		on = t->se.on_rq;
		if (on == QUEUED)
			t->__state = TASK_RUNNING;
		spin_unlock_irqrestore(&rq->lock, flags);
		if (on == QUEUED)
			return true;
		cpu_relax();
	}
	return false;
}

/* sched.h */
bool try_to_wake_up(struct task_struct *t, unsigned int state)
{
	unsigned long flags = spin_lock_irqsave(&t->pi_lock);
	unsigned int now;
	bool woken = false;

	/* the condition was changed before; pairs with the sleeper's set state, then look */
	smp_mb();
	now = t->__state;
	if (now & state) {
		woken = true;
		if (!wake_queued(t))
			activate(t, now);
	}
	spin_unlock_irqrestore(&t->pi_lock, flags);
	return woken;
}

/* sched.h */
bool wake_up_process(struct task_struct *t)
{
	return try_to_wake_up(t, TASK_NORMAL);
}

/* --- birth --- */

/* sched.h. => the struct is a copy of current's */
void sched_fork(struct task_struct *child)
{
	child->se = (struct sched_entity){ .vruntime = current->se.vruntime,
					   .rt_priority = current->se.rt_priority };
	child->held.n = 0;
	child->in_iowait = false;
	child->in_memstall = false;
	child->psi_flags = 0;
	child->on_cpu = 0;
	child->migrate_disabled = 0;
	child->cpu = smp_processor_id();
	if (is_idle_task(current)) {	/* boot's first threads */
		child->cpus_allowed = ~0UL;
		child->flags &= ~PF_IDLE;
	}
	child->se.weight = weight_of(child);
	INIT_LIST_HEAD(&child->se.rt_node);
}

static _Atomic unsigned long forks;	/* a */

/* sched.h */
unsigned long nr_forks(void)
{
	return forks;
}

/* sched.h */
void wake_up_new_task(struct task_struct *t)
{
	unsigned long flags = spin_lock_irqsave(&t->pi_lock);
	struct rq *rq = cpu_rq(select_cpu(t, t->cpu));

	if (trace_enabled(sched_process_fork))
		trace_task_fork(current, t);
	forks++;
	spin_lock(&rq->lock);
	rq->clock = ktime_get_ns();
	t->__state = TASK_RUNNING;
	t->cpu = rq->cpu;
	update_curr(rq);
	place_new(rq, t);
	enqueue_task(rq, t);
	psi_enqueue(rq, t);
	if (should_preempt(rq, t))
		resched_curr(rq);
	if (trace_enabled(sched_wakeup_new))
		trace_task_wakeup(t, true);
	spin_unlock(&rq->lock);
	spin_unlock_irqrestore(&t->pi_lock, flags);
}

/* sched.h. execve is the cheapest moment to move: an idle CPU is asked to take who waits here. */
void sched_exec(void)
{
	if (this_rq()->nr_running > 1)
		kick_idle_cpu(this_rq());
}

/* --- priorities and places --- */

/* Changes what the queue's order depends on. => as task_rq_lock() left it */
static void requeue(struct rq *rq, struct task_struct *t,
		    void (*change)(struct task_struct *, long), long arg)
{
	bool queued = t->se.on_rq == QUEUED;

	update_curr(rq);
	if (queued)
		detach_task(rq, t);
	change(t, arg);
	t->se.weight = weight_of(t);
	if (!queued)
		return;
	if (t == rq->curr) {	/* outside the tree: only counted */
		WRITE_ONCE(t->se.on_rq, QUEUED);
		rq->nr_running++;
		rq->load += t->se.weight;
	} else {
		enqueue_task(rq, t);
	}
	resched_curr(rq);
}

static void change_nice(struct task_struct *t, long nice)
{
	t->static_nice = nice;
}

/* sched.h */
void set_user_nice(struct task_struct *t, int nice)
{
	unsigned long flags;
	struct rq *rq;

	if (READ_ONCE(t->static_nice) == nice)
		return;
	rq = task_rq_lock(t, &flags);
	requeue(rq, t, change_nice, nice);
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void change_policy(struct task_struct *t, long arg)
{
	t->policy = arg >> 8;
	t->se.rt_priority = arg & 0xff;
}

/* sched.h */
int sched_set_policy(struct task_struct *t, int policy, int rt_priority)
{
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
	unsigned long flags;
	struct rq *rq;

	if (!realtime && policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (realtime ? rt_priority < 1 || rt_priority > 99 : rt_priority != 0)
		return -EINVAL;
	rq = task_rq_lock(t, &flags);
	requeue(rq, t, change_policy, (long)policy << 8 | rt_priority);
	spin_unlock_irqrestore(&rq->lock, flags);
	return 0;
}

/* sched.h */
int sched_setaffinity_mask(struct task_struct *t, u64 mask)
{
	struct task_struct *moving = NULL;
	unsigned long flags;
	struct rq *rq;

	if (!(mask & online_mask()))
		return -EINVAL;
	rq = task_rq_lock(t, &flags);
	t->cpus_allowed = mask;
	if (t->se.on_rq == QUEUED && !allowed_on(t, rq->cpu)) {
		if (t == rq->curr || t->on_cpu || t->migrate_disabled) {
			resched_curr(rq);	/* schedule() moves it */
		} else {
			detach_task(rq, t);
			psi_dequeue(rq, t);
			moving = t;
		}
	}
	spin_unlock(&rq->lock);
	if (moving)
		push_away(rq, moving);
	local_irq_restore(flags);
	if (t == current)
		cond_resched();
	return 0;
}

/* sched.h */
void migrate_disable(void)
{
	current->migrate_disabled++;
}

/* sched.h */
void migrate_enable(void)
{
	if (CHECKS)
		BUG_ON(current->migrate_disabled <= 0);
	current->migrate_disabled--;
}

/* --- what others ask --- */

/* sched.h */
u64 task_sched_runtime(struct task_struct *t)
{
	unsigned long flags;
	struct rq *rq;
	u64 ns;

	rq = task_rq_lock(t, &flags);
	if (t == rq->curr)
		update_curr(rq);
	ns = t->se.sum_exec_runtime;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

/* sched.h */
char task_state_char(const struct task_struct *t)
{
	unsigned int state = t->__state;

	if (t->exit_state == EXIT_ZOMBIE || t->exit_state == EXIT_TRACE)
		return 'Z';
	if (t->exit_state == EXIT_DEAD || state & TASK_DEAD)
		return 'X';
	if (state & TASK_STOPPED)
		return 'T';
	if (state & TASK_TRACED)
		return 't';
	if (state & TASK_UNINTERRUPTIBLE)
		return 'D';
	return state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}
