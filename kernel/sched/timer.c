/*
 * timer.c - timers to the nanosecond, the tick, and sleeping for a time.
 *
 * Idea: each CPU has a tree of timers by expiry. Its clock event is set for the
 *       earlier of the first timer and the next tick. The tick comes every
 *       TICK_NSEC while a task runs; a tick that finds the CPU idle is not set
 *       again until the CPU leaves idle (tick_restart), so going idle and back
 *       within a tick costs nothing, and an idle CPU sleeps until a timer.
 * Locks:  the base's (LOCK_TIMER), interrupts off; a timer's function runs without it.
 * Above:  sleeping system calls, itimers, drivers.   Below: kernel/x86/clock.h.
 *         In Linux: kernel/time/hrtimer.c, tick-sched.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/sched/rq.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/upcalls.h"

/* Guards: b the base's lock   o its CPU, interrupts off */
struct timer_base {
	spinlock_t lock;
	struct rb_root_cached tree;	/* b: by expires */
	struct timer_list *running;	/* b: whose function runs now */
	u64 next_tick;			/* o: ns; ~0: the tick lapsed */
	u64 programmed;			/* o: what the clock event is set for */
};
static DEFINE_PER_CPU(struct timer_base, timer_bases) = {
	.lock = SPINLOCK_INIT(LOCK_TIMER), .next_tick = ~0UL, .programmed = ~0UL,
};

static struct timer_base *this_base(void) { return this_cpu_ptr(timer_bases); }
static struct timer_list *first_timer(const struct timer_base *base)
{
	struct rb_node *node = rb_first_cached(&base->tree);

	return node ? rb_entry(node, struct timer_list, node) : NULL;
}

/* Sets this CPU's clock event. => interrupts off */
static void reprogram(struct timer_base *base)
{
	struct timer_list *first = first_timer(base);
	u64 when = base->next_tick;

	if (first && first->expires < when)
		when = first->expires;
	if (when == base->programmed)
		return;
	base->programmed = when;
	clockevent_set(when);
}

/* --- timers --- */

/* timer.h */
void timer_setup(struct timer_list *t, void (*function)(struct timer_list *))
{
	RB_CLEAR_NODE(&t->node);
	t->expires = 0;
	t->function = function;
	t->cpu = TIMER_NO_CPU;
}

/* timer.h */
bool timer_pending(const struct timer_list *t)
{
	return !RB_EMPTY_NODE(&t->node);
}

/*
 * The base @t was last on, locked; NULL: never on one. It may move while we wait, and
 * while it is on its way from one base to another it has none: its mover is soon done.
 */
static struct timer_base *lock_base_of(struct timer_list *t, unsigned long *flags)
{
	for (;;) {
		int cpu = READ_ONCE(t->cpu);
		struct timer_base *base;

		if (cpu == TIMER_NO_CPU)
			return NULL;
		if (cpu == TIMER_MOVING) {
			cpu_relax();
			continue;
		}
		base = per_cpu_ptr(timer_bases, cpu);
		*flags = spin_lock_irqsave(&base->lock);
		if (likely(cpu == READ_ONCE(t->cpu)))
			return base;
		spin_unlock_irqrestore(&base->lock, *flags);
	}
}

/*
 * As lock_base_of(), but a timer never queued is now the caller's to queue: NULL, interrupts off.
 */
static struct timer_base *lock_or_claim(struct timer_list *t, unsigned long *flags)
{
	for (;;) {
		struct timer_base *base = lock_base_of(t, flags);
		int none = TIMER_NO_CPU;

		if (base)
			return base;
		*flags = local_irq_save();
		if (__atomic_compare_exchange_n(&t->cpu, &none, TIMER_MOVING, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return NULL;
		local_irq_restore(*flags);
	}
}

/* => base->lock held; true: it was pending */
static bool detach(struct timer_base *base, struct timer_list *t)
{
	if (!timer_pending(t))
		return false;
	rb_erase_cached(&t->node, &base->tree);
	RB_CLEAR_NODE(&t->node);
	return true;
}

/* => base->lock held */
static void insert(struct timer_base *base, struct timer_list *t)
{
	struct rb_node **link = &base->tree.rb_root.rb_node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (t->expires < rb_entry(parent, struct timer_list, node)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color_cached(&t->node, &base->tree, first);
}

/*
 * timer.h. A function that is running stays with its base, so that del_timer_sync() finds it.
 * Two callers may meet: whoever comes second finds the timer where the first has put it.
 */
void mod_timer(struct timer_list *t, u64 expires)
{
	unsigned long flags;
	struct timer_base *old = lock_or_claim(t, &flags), *here = this_base();
	struct timer_base *base = old && old->running == t ? old : here;

	if (old)
		detach(old, t);
	if (base != old) {
		WRITE_ONCE(t->cpu, TIMER_MOVING);
		if (old)
			spin_unlock(&old->lock);
		spin_lock(&base->lock);
		WRITE_ONCE(t->cpu, smp_processor_id());
	}
	t->expires = expires;
	insert(base, t);
	if (base == here)	/* else its interrupt runs there, and looks again */
		reprogram(base);
	spin_unlock_irqrestore(&base->lock, flags);
}

/* timer.h */
bool del_timer(struct timer_list *t)
{
	unsigned long flags;
	struct timer_base *base = lock_base_of(t, &flags);
	bool pending;

	if (!base)
		return false;
	pending = detach(base, t);	/* the clock event may come for nothing */
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

/* timer.h */
bool del_timer_sync(struct timer_list *t)
{
	bool pending = false;

	for (;;) {
		unsigned long flags;
		struct timer_base *base = lock_base_of(t, &flags);
		bool running;

		if (!base)
			return false;
		pending |= detach(base, t);
		running = base->running == t;
		spin_unlock_irqrestore(&base->lock, flags);
		if (!running)
			return pending;
		cpu_relax();
	}
}

/* Runs what is due. A function may free its timer. => interrupts off */
static void run_timers(struct timer_base *base, u64 now)
{
	struct timer_list *t;

	spin_lock(&base->lock);
	while ((t = first_timer(base)) && t->expires <= now) {
		detach(base, t);
		base->running = t;
		spin_unlock(&base->lock);
		t->function(t);
		spin_lock(&base->lock);
		base->running = NULL;
	}
	spin_unlock(&base->lock);
}

/* --- the tick --- */

static void tick(struct timer_base *base, u64 now, bool user)
{
	static DEFINE_PER_CPU(unsigned int, tick_count);
	u64 periods = (now - base->next_tick) / TICK_NSEC + 1;
	struct rq *rq = this_rq();

	account_tick(rq, periods * TICK_NSEC, user);
	watchdog_tick(rq, now, user);
	if (is_idle_task(current) && !(current->tif & TIF_NEED_RESCHED)) {
		base->next_tick = ~0UL;
		return;
	}
	base->next_tick += periods * TICK_NSEC;
	this_cpu_inc(tick_count);
	spin_lock(&rq->lock);
	rq->clock = now;
	update_curr(rq);
	tick_curr(rq);
	if (nr_cpus > 1 && this_cpu_read(tick_count) % 16 == 0 && pull_task(rq))
		resched_curr(rq);
	spin_unlock(&rq->lock);
	if (rq->nr_running > 1)
		kick_idle_cpu(rq);
}

/* kernel/x86/upcalls.h */
void scheduler_tick(bool user)
{
	struct timer_base *base = this_base();
	u64 now = ktime_get_ns();

	base->programmed = ~0UL;
	run_timers(base, now);
	if (now >= base->next_tick)
		tick(base, now, user);
	reprogram(base);
}

/* timer.h */
void tick_restart(void)
{
	struct timer_base *base = this_base();

	if (base->next_tick != ~0UL)
		return;
	base->next_tick = ktime_get_ns() + TICK_NSEC;
	if (base->next_tick < base->programmed) {
		base->programmed = base->next_tick;
		clockevent_set(base->next_tick);
	}
}

/* --- sleeping for a time --- */

struct sleeper {
	struct timer_list timer;
	struct task_struct *task;
};

static void wake_sleeper(struct timer_list *t)
{
	wake_up_process(container_of(t, struct sleeper, timer)->task);
}

/* wait.h. @ns INT64_MAX: for ever. */
s64 schedule_timeout_ns(s64 ns, const char *what)
{
	struct sleeper s = { .task = current };
	u64 now, expires;

	if (ns == INT64_MAX) {
		schedule_waiting(what);
		return ns;
	}
	if (ns <= 0) {
		current->__state = TASK_RUNNING;
		return 0;
	}
	now = ktime_get_ns();
	expires = __builtin_add_overflow(now, (u64)ns, &expires) ? ~0UL - 1 : expires;
	timer_setup(&s.timer, wake_sleeper);
	mod_timer(&s.timer, expires);
	schedule_waiting(what);
	del_timer_sync(&s.timer);
	now = ktime_get_ns();
	return now < expires ? (s64)(expires - now) : 0;
}
