/*
 * psi.c - pressure stall information: measuring the states, and the averages.
 *
 * Idea:   on each CPU, each group counts its tasks that can run, that wait for a disk, and that
 *         stall on memory. The counts say in which states the group is there:
 *
 *           some   somebody waits for the resource
 *           full   somebody waits, and nobody does anything useful
 *
 *         and the time spent in each is added up whenever the states change. A reader adds the
 *         CPUs, each with the weight of the time in which it had work at all, so that idle CPUs
 *         do not dilute the result. Every two seconds, while there is work, the
 *         share of the last period goes into three running averages.
 *
 *         The counts are lanes of one number, so that a task's change of state is one addition:
 *
 *           bit 63: one of ours is on the CPU │ 48: stalled and can run │ 32: stalled │
 *           16: waits for a disk │ 0: can run
 *
 * Locks:  the run queue's for the counts; readers use a sequence count. LOCK_PSI: averages.
 * Above:  sched.c reports, mm/ marks stalls, the pressure files read.   Below: timer.c.
 *         In Linux: kernel/sched/psi.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/psi_internal.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"

#define LANE_IOWAIT 16
#define LANE_MEMSTALL 32
#define LANE_MEMSTALL_RUNNING 48
#define ONCPU (1UL << 63)

/* Linux's: 2 s and a tick, out of step with what happens every second. */
#define PSI_PERIOD (2 * NSEC_PER_SEC + TICK_NSEC)
enum { FSHIFT = 11, FIXED_1 = 1 << FSHIFT };
/* FIXED_1 * e^(-2 s / 10, 60, 300 s) */
static const unsigned long exp_n[3] = { 1677, 1981, 2034 };

static struct psi_group_cpu system_cpus[MAX_CPUS];
struct psi_group psi_system = {
	.cpus = system_cpus,
	.lock = SPINLOCK_INIT(LOCK_PSI),
	.triggers = LIST_HEAD_INIT(psi_system.triggers),
};

/* --- the states --- */

/* What a task with these flags adds to the counts. */
static inline u64 lanes_of(unsigned int flags)
{
	static const u64 lanes[8] = {
		[TSK_RUNNING] = 1,
		[TSK_IOWAIT] = 1UL << LANE_IOWAIT,
		[TSK_MEMSTALL] = 1UL << LANE_MEMSTALL,
		[TSK_MEMSTALL | TSK_IOWAIT] = 1UL << LANE_MEMSTALL | 1UL << LANE_IOWAIT,
		[TSK_MEMSTALL | TSK_RUNNING] = 1UL << LANE_MEMSTALL | 1 |
					       1UL << LANE_MEMSTALL_RUNNING,
	};

	return lanes[flags];
}

/* Somebody waits for a disk or stalls. */
static u32 states_with_stalls(const struct rq *rq, u64 counts)
{
	unsigned int running = counts & 0xffff, iowait = counts >> LANE_IOWAIT & 0xffff;
	unsigned int memstall = counts >> LANE_MEMSTALL & 0xffff;
	unsigned int stalled_running = counts >> LANE_MEMSTALL_RUNNING & 0x7fff;
	bool oncpu = counts & ONCPU;
	u32 mask = 1U << PSI_NONIDLE;

	if (iowait)
		mask |= 1U << PSI_IO_SOME | (running ? 0 : 1U << PSI_IO_FULL);
	if (memstall) {
		mask |= 1U << PSI_MEM_SOME;
		/* Who reclaims holds the CPU, and nobody beside it can do anything useful. */
		if (running == stalled_running || (oncpu && rq->curr->psi_flags & TSK_MEMSTALL))
			mask |= 1U << PSI_MEM_FULL;
	}
	if (running > oncpu)
		mask |= 1U << PSI_CPU_SOME;
	if (running && !oncpu)
		mask |= 1U << PSI_CPU_FULL;
	return mask;
}

static inline u32 states(const struct rq *rq, u64 counts)
{
	bool oncpu = counts >> 63;
	unsigned int running = counts & 0xffff;

	if (unlikely(counts << 1 >> 17))
		return states_with_stalls(rq, counts);
	if (running <= oncpu)
		return running << PSI_NONIDLE;
	return 1U << PSI_NONIDLE | 1U << PSI_CPU_SOME | (oncpu ? 0 : 1U << PSI_CPU_FULL);
}

/* Writes down the time in the old states and begins the new. */
static void change_states(struct psi_group *group, struct psi_group_cpu *gc, u32 mask, u64 now)
{
	/* The tick's reading of the clock may be older than a waker's on another CPU. */
	u64 delta = now > gc->start ? now - gc->start : 0;
	u32 old = gc->mask;

	WRITE_ONCE(gc->seq, gc->seq + 1);
	barrier();
	for (; old; old &= old - 1)
		gc->times[__builtin_ctz(old)] += delta;
	gc->start += delta;
	gc->mask = mask;
	barrier();
	WRITE_ONCE(gc->seq, gc->seq + 1);
	/* Pairs with the timers', which disarm first and look then. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(!group->avgs_armed) && mask) {
		WRITE_ONCE(group->avgs_armed, true);
		mod_timer(&group->avgs_timer, now + PSI_PERIOD);
	}
	if (unlikely(mask & group->poll_states) && !group->poll_armed) {
		WRITE_ONCE(group->poll_armed, true);
		mod_timer(&group->poll_timer, now + group->poll_period);
	}
}

/* The counts of @group and those above it change by @add on @rq's CPU. */
static void change_counts(struct rq *rq, struct psi_group *group, u64 add)
{
	for (; group; group = group->parent) {
		struct psi_group_cpu *gc = &group->cpus[rq->cpu];
		u32 mask;

		gc->counts += add;
		mask = unlikely(READ_ONCE(group->off)) ? 0 : states(rq, gc->counts);
		if (mask != gc->mask)
			change_states(group, gc, mask, rq->clock);
	}
}

static inline struct psi_group *group_of(const struct task_struct *t) { return t->cgroup->psi; }

/* --- what the scheduler tells --- */

/* psi_internal.h */
void psi_enqueue(struct rq *rq, struct task_struct *t)
{
	unsigned int old = t->psi_flags, flags = TSK_RUNNING | (t->in_memstall ? TSK_MEMSTALL : 0);

	t->psi_flags = flags;
	change_counts(rq, group_of(t), lanes_of(flags) - lanes_of(old));
}

/* psi_internal.h. Also for a sleeper that was counted here and wakes elsewhere. */
void psi_dequeue(struct rq *rq, struct task_struct *t)
{
	unsigned int old = t->psi_flags;

	t->psi_flags = 0;
	if (old)
		change_counts(rq, group_of(t), -lanes_of(old));
}

/* What it goes on being counted as: nothing if it dies or moves, its wait if it sleeps. */
static unsigned int flags_when_off(const struct task_struct *t)
{
	if (t->se.on_rq == QUEUED)
		return t->psi_flags;
	if (t->se.on_rq == MIGRATING || t->__state == TASK_DEAD)
		return 0;
	return (t->in_iowait ? TSK_IOWAIT : 0) | (t->in_memstall ? TSK_MEMSTALL : 0);
}

/* psi_internal.h */
void psi_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	struct psi_group *from = is_idle_task(prev) ? NULL : group_of(prev);
	struct psi_group *to = is_idle_task(next) ? NULL : group_of(next);
	u64 change = 0;

	if (from) {
		unsigned int flags = flags_when_off(prev);

		if (flags == prev->psi_flags) {
			/* It only gives way, within the group, and nobody stalls: all the same. */
			if (from == to && !((flags | next->psi_flags) & TSK_MEMSTALL))
				return;
		} else {
			change = lanes_of(flags) - lanes_of(prev->psi_flags);
			prev->psi_flags = flags;
		}
	}
	if (from == to) {
		change_counts(rq, from, change);
		return;
	}
	if (from)
		change_counts(rq, from, change - ONCPU);
	if (to)
		change_counts(rq, to, ONCPU);
}

/* psi_internal.h */
void psi_leave(struct rq *rq, struct task_struct *t)
{
	change_counts(rq, group_of(t), -(lanes_of(t->psi_flags) + (t == rq->curr ? ONCPU : 0)));
}

/* psi_internal.h */
void psi_join(struct rq *rq, struct task_struct *t)
{
	change_counts(rq, group_of(t), lanes_of(t->psi_flags) + (t == rq->curr ? ONCPU : 0));
}

/* current begins or ends to stall. */
static void set_memstall(bool on)
{
	unsigned long flags;
	unsigned int old;
	struct rq *rq;

	rq = task_rq_lock(current, &flags);
	current->in_memstall = on;
	old = current->psi_flags;
	current->psi_flags = on ? old | TSK_MEMSTALL : old & ~(unsigned int)TSK_MEMSTALL;
	change_counts(rq, group_of(current), lanes_of(current->psi_flags) - lanes_of(old));
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* psi.h */
void psi_memstall_enter(bool *outer)
{
	*outer = current->in_memstall;
	if (!*outer && psi_system.cpus)
		set_memstall(true);
}

/* psi.h */
void psi_memstall_leave(const bool *outer)
{
	if (!*outer && psi_system.cpus)
		set_memstall(false);
}

/* --- adding up --- */

/* The times of one CPU up to now. */
static u32 read_times(struct psi_group_cpu *gc, u64 now, u64 times[NR_PSI_TIMES])
{
	u32 seq, mask;
	u64 start;

	do {
		while ((seq = __atomic_load_n(&gc->seq, __ATOMIC_ACQUIRE)) & 1)
			cpu_relax();
		memcpy(times, gc->times, sizeof(gc->times));
		mask = gc->mask;
		start = gc->start;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (READ_ONCE(gc->seq) != seq);
	for (u32 m = mask; m; m &= m - 1)
		if (now > start)
			times[__builtin_ctz(m)] += now - start;
	return mask;
}

/* psi_internal.h */
u32 psi_collect(struct psi_group *group, enum psi_reader reader)
{
	u64 sum[NR_PSI_STATES] = { 0 }, times[NR_PSI_TIMES], all = 0, now = ktime_get_ns();
	u32 seen = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct psi_group_cpu *gc = &group->cpus[cpu];
		u64 weight;

		seen |= read_times(gc, now, times);
		for (int s = 0; s < NR_PSI_TIMES; s++) {
			u64 delta = times[s] - gc->seen[reader][s];

			/* The clocks of two CPUs may differ by a little: never back. */
			if ((s64)delta < 0)
				delta = 0;
			gc->seen[reader][s] += delta;
			times[s] = delta;
			if (delta)
				seen |= 1U << s;
		}
		/*
		 * In microseconds, and at most four seconds, so that the products fit: the
		 * averages come every two while there is work, and who begins to poll forgets
		 * what was before.
		 */
		weight = MIN(times[PSI_NONIDLE], (u64)UINT32_MAX) >> 10;
		all += weight;
		for (int s = 0; s < NR_PSI_STATES; s++)
			sum[s] += MIN(times[s], (u64)UINT32_MAX) * weight;
	}
	for (int s = 0; s < NR_PSI_STATES && all; s++)
		group->total[reader][s] += sum[s] / all;
	return seen;
}

static unsigned long next_load(unsigned long load, unsigned long exp, unsigned long active)
{
	unsigned long next = load * exp + active * (FIXED_1 - exp);

	if (active >= load)	/* upwards it is rounded up, or it would never get there */
		next += FIXED_1 - 1;
	return next / FIXED_1;
}

/* @missed periods without any work, then one with @share (FIXED_1 times per cent). */
static void update_avg(unsigned long avg[3], u64 missed, unsigned long share)
{
	for (int i = 0; i < 3; i++) {
		for (u64 n = 0; n < missed && avg[i]; n++)
			avg[i] = next_load(avg[i], exp_n[i], 0);
		avg[i] = next_load(avg[i], exp_n[i], share);
	}
}

/* => group->lock; total[PSI_AVGS] is of now; a period is over */
static void update_averages(struct psi_group *group, u64 now)
{
	u64 missed = (now - group->avg_next) / PSI_PERIOD;
	u64 period = now - (group->avg_last + missed * PSI_PERIOD);

	group->avg_next += (1 + missed) * PSI_PERIOD;
	group->avg_last = now;
	for (int s = 0; s < NR_PSI_STATES; s++) {
		u64 sample = group->total[PSI_AVGS][s] - group->avg_total[s];

		/* More than the period: a rest that is left for the next one. */
		if (sample > period)
			sample = period;
		group->avg_total[s] += sample;
		update_avg(group->avg[s], missed, sample * 100 * FIXED_1 / MAX(period, (u64)1));
	}
}

/* While there is work. A period without any is made up for by who comes next. */
static void avgs_tick(struct timer_list *timer)
{
	struct psi_group *group = container_of(timer, struct psi_group, avgs_timer);
	u64 now = ktime_get_ns();
	unsigned long flags;
	u32 seen;

	__atomic_store_n(&group->avgs_armed, false, __ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&group->lock);
	seen = psi_collect(group, PSI_AVGS);
	if (now >= group->avg_next)
		update_averages(group, now);
	if (seen & 1U << PSI_NONIDLE) {
		WRITE_ONCE(group->avgs_armed, true);
		mod_timer(timer, group->avg_next);
	}
	spin_unlock_irqrestore(&group->lock, flags);
}

/* --- the file --- */

static void show_line(struct seq_file *m, const char *word, const unsigned long avg[3], u64 total)
{
	seq_puts(m, word);
	for (int i = 0; i < 3; i++) {
		static const int secs[3] = { 10, 60, 300 };

		seq_printf(m, " avg%d=%lu.%02lu", secs[i], avg[i] >> FSHIFT,
			   ((avg[i] & (FIXED_1 - 1)) * 100) >> FSHIFT);
	}
	seq_printf(m, " total=%lu\n", (unsigned long)(total / NSEC_PER_USEC));
}

/* psi.h. That nobody runs while somebody could has no meaning for the whole machine: zeros. */
int psi_show(struct seq_file *m, struct psi_group *group, enum psi_res res)
{
	unsigned long avg[2][3] = { }, flags;
	u64 total[2] = { }, now;

	if (!psi_system.cpus)
		return -EOPNOTSUPP;
	if (!group)
		group = &psi_system;
	flags = spin_lock_irqsave(&group->lock);
	now = ktime_get_ns();
	psi_collect(group, PSI_AVGS);
	if (now >= group->avg_next)
		update_averages(group, now);
	for (int full = 0; full < (res == PSI_CPU && group == &psi_system ? 1 : 2); full++) {
		enum psi_state s = psi_state_of(res, full);

		memcpy(avg[full], group->avg[s], sizeof(avg[full]));
		total[full] = group->total[PSI_AVGS][s];
	}
	spin_unlock_irqrestore(&group->lock, flags);
	show_line(m, "some", avg[0], total[0]);
	show_line(m, "full", avg[1], total[1]);
	return 0;
}

/* --- making and freeing --- */

static void group_init(struct psi_group *group)
{
	u64 now = ktime_get_ns();

	spin_lock_init(&group->lock, LOCK_PSI);
	INIT_LIST_HEAD(&group->triggers);
	timer_setup(&group->avgs_timer, avgs_tick);
	timer_setup(&group->poll_timer, psi_poll);
	group->avg_last = now;
	group->avg_next = now + PSI_PERIOD;
	for (int cpu = 0; cpu < nr_cpus_possible; cpu++)
		group->cpus[cpu].start = now;
}

/* psi.h */
int psi_cgroup_alloc(struct cgroup *cg)
{
	size_t cpus = (size_t)nr_cpus_possible * sizeof(struct psi_group_cpu);
	struct psi_group *group;

	if (!psi_system.cpus)
		return 0;
	group = sched_alloc(sizeof(*group) + cpus, SCHED_ALLOC_SLEEP);
	if (!group)
		return -ENOMEM;
	group->cpus = (struct psi_group_cpu *)(group + 1);
	group->parent = cg->parent->psi;
	group_init(group);
	cg->psi = group;
	return 0;
}

/* psi.h */
void psi_cgroup_free(struct cgroup *cg)
{
	struct psi_group *group = cg->psi;

	if (!group)
		return;
	WARN_ON(!list_empty(&group->triggers));
	del_timer_sync(&group->avgs_timer);
	del_timer_sync(&group->poll_timer);
	sched_free(group);
}

/* psi.h */
bool psi_cgroup_is_on(const struct cgroup *cg)
{
	return !READ_ONCE(cg->psi->off);
}

/* psi.h. Off, tasks are counted still, so that it can be on again; but no time passes. */
void psi_cgroup_switch(struct cgroup *cg, bool on)
{
	struct psi_group *group = cg->psi;
	int cpu;

	WRITE_ONCE(group->off, !on);
	for_each_possible_cpu(cpu) {
		struct psi_group_cpu *gc = &group->cpus[cpu];
		struct rq *rq = cpu_rq(cpu);
		unsigned long flags = spin_lock_irqsave(&rq->lock);
		u32 mask = on ? states(rq, gc->counts) : 0;

		if (mask != gc->mask)
			change_states(group, gc, mask, ktime_get_ns());
		spin_unlock_irqrestore(&rq->lock, flags);
	}
}

static bool psi_enabled = true;

static int set_psi(const char *value)
{
	return kstrtobool(value, &psi_enabled);
}
CTL_PARAM("psi", set_psi);

/* psi.h */
bool psi_is_enabled(void)
{
	return psi_enabled;
}

/* psi.h. Without it no task finds a group: nothing is counted. */
void psi_init(void)
{
	if (!psi_enabled) {
		psi_system.cpus = NULL;
		return;
	}
	group_init(&psi_system);
	cgroup_root.psi = &psi_system;
}
