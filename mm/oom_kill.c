/*
 * oom_kill.c - memory is gone, and nothing could be reclaimed: who dies?
 *
 * Idea:   an allocation that has tried everything calls out_of_memory(). One
 *         process is chosen, the one whose death gives back most (oom_badness.c
 *         says what that means; /proc/<pid>/oom_score_adj lets its owner object), and killed:
 *
 *           out_of_memory ── is somebody dying already? ──> wait for him
 *                 │
 *           constrained_alloc ── whose memory is it that ran out?
 *                 │
 *           select_bad_process ──> oom_evaluate_task, for each process
 *                 │
 *           oom_kill_process ──> dump_header, the report (oom_report.c)
 *                 │
 *           mark_oom_victim ──> it may use the reserves, so that it can exit
 *                 │
 *           oom_reaper (2 s later) ──> if it is stuck, takes its memory without it
 *
 *         One victim at a time: while one is dying, nobody else is chosen.
 * Locks:  oom_lock (LOCK_OOM) over the whole decision; tasklist_lock for reading around each walk
 *         of the processes; task_lock to look at a task's mm.
 * Above:  page_slowpath.c; sysrq f; memcontrol_oom.c.
 * Below:  oom_badness.c, oom_report.c, oom_reaper.c.   In Linux: mm/oom_kill.c.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/workqueue.h"
#include "mm/cpuset.h"
#include "mm/debug.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mempolicy.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc.h"
#include "mm/swapfile.h"
#include "mm/trace.h"
#include "mm/vmstat.h"

struct mutex oom_lock = MUTEX_INIT(oom_lock, LOCK_OOM);

int sysctl_panic_on_oom;		/* 1: where no constraint confines it; 2: always */
int sysctl_oom_kill_allocating_task;
int sysctl_oom_dump_tasks = 1;
CTL_SYSCTL_INT("vm.panic_on_oom", sysctl_panic_on_oom, 0, 2);
CTL_SYSCTL_INT("vm.oom_kill_allocating_task", sysctl_oom_kill_allocating_task, -__INT_MAX__ - 1L,
	       __INT_MAX__);
CTL_SYSCTL_INT("vm.oom_dump_tasks", sysctl_oom_dump_tasks, -__INT_MAX__ - 1L, __INT_MAX__);

static _Atomic int oom_victims;		/* marked, and not yet gone */
static DECLARE_WAIT_QUEUE_HEAD(oom_victims_wait);	/* … became 0 */
static bool oom_killer_disabled;	/* oom_lock */

/* --- about tasks --- */

/* is_global_init: a thread of pid 1's. */
bool is_global_init(const struct task_struct *task)
{
	return task->tgid == 1;
}

/* oom_unkillable_task: never a candidate, whatever it uses. */
bool oom_unkillable_task(const struct task_struct *task)
{
	return is_global_init(task) || (task->flags & PF_KTHREAD);
}

/*
 * oom_task_origin: it is in swapoff(2), which eats memory on purpose: choose it before all others.
 */
bool oom_task_origin(const struct task_struct *task)
{
	return task->signal->oom_flag_origin;
}

static bool same_thread_group(const struct task_struct *a, const struct task_struct *b)
{
	return a->signal == b->signal;
}

static bool thread_group_empty(const struct task_struct *task)
{
	return list_is_singular(&task->signal->thread_head);
}

/*
 * find_lock_task_mm: a thread of @process that still has an address space. The leader may have
 * exited before the others (pthread_exit in main), so all are asked.
 *
 * => tasklist_lock held, or a reference and no fear of a race
 * => task_lock()ed; NULL: none has
 */
struct task_struct *find_lock_task_mm(struct task_struct *process)
{
	struct task_struct *t;

	for_each_thread(process, t) {
		task_lock(t);
		if (likely(t->mm))
			return t;
		task_unlock(t);
	}
	return NULL;
}

/* process_shares_mm: does a thread of @process live in @mm? => tasklist_lock held */
bool process_shares_mm(struct task_struct *process, struct mm_struct *mm)
{
	struct task_struct *t;

	for_each_thread(process, t) {
		struct mm_struct *its = READ_ONCE(t->mm);

		if (its)
			return its == mm;
	}
	return false;
}

/* --- whose memory ran out --- */

/* The memory of @nodes, and swap: what badness is measured by. */
static unsigned long nodes_totalpages(nodemask_t nodes)
{
	unsigned long pages = total_swap_pages;
	int nid;

	for_each_node_mask(nid, nodes_and(nodes, online_nodes()))
		pages += NODE_DATA(nid)->node_present_pages;
	return pages;
}

/* Does current's cpuset keep the allocation from a zone that it could have used? */
static bool cpuset_limits(const struct oom_control *oc)
{
	for (struct zoneref *z = oc->zonelist; z->zone; z++)
		if (z->zone_idx <= (int)oc->highest_zoneidx &&
		    !cpuset_zone_allowed(z->zone, oc->gfp_mask))
			return true;
	return false;
}

/*
 * Is it the whole machine's memory that ran out, or a part that the allocation was confined to?
 * Sets oc->totalpages, the measure of badness: the memory of that part.
 */
static enum oom_constraint constrained_alloc(struct oom_control *oc)
{
	if (oc->memcg) {
		oc->totalpages = MAX(mem_cgroup_get_max(oc->memcg), 1UL);
		return CONSTRAINT_MEMCG;
	}
	oc->totalpages = totalram_pages() + total_swap_pages;
	if (!oc->zonelist || nr_online_nodes == 1)
		return CONSTRAINT_NONE;
	/* One node's memory was wanted, and no other would do: that is nobody's fault. */
	if (oc->gfp_mask & __GFP_THISNODE)
		return CONSTRAINT_NONE;
	if (oc->nodemask && !nodes_subset(online_nodes(), *oc->nodemask)) {
		oc->totalpages = nodes_totalpages(*oc->nodemask);
		return CONSTRAINT_MEMORY_POLICY;
	}
	if (cpuset_limits(oc)) {
		oc->totalpages = nodes_totalpages(cpuset_current_mems_allowed());
		return CONSTRAINT_CPUSET;
	}
	return CONSTRAINT_NONE;
}

/*
 * May @task's death help? Not if its memory lies on other nodes than those that ran out. Of a
 * policy's OOM: who is bound elsewhere cannot have any there; of a cpuset's, those whose
 * cpuset meets the asker's. Where exactly the pages are, nobody looks. => tasklist_lock held
 */
bool oom_cpuset_eligible(struct task_struct *task, struct oom_control *oc)
{
	struct task_struct *t;

	if (likely(nr_online_nodes == 1) || oc->memcg)
		return true;
	for_each_thread(task, t) {
		if (oc->nodemask ? mempolicy_in_oom_domain(t, *oc->nodemask)
				 : nodes_intersects(task_mems_allowed(t),
						    cpuset_current_mems_allowed()))
			return true;
	}
	return false;
}

/*
 * vm.panic_on_oom. 1 spares an OOM that is confined: the rest of the machine is well. Never for
 * sysrq f.
 */
static void check_panic_on_oom(struct oom_control *oc)
{
	if (likely(!sysctl_panic_on_oom) || is_sysrq_oom(oc))
		return;
	if (sysctl_panic_on_oom != 2 && oc->constraint != CONSTRAINT_NONE)
		return;
	dump_header(oc, NULL);
	panic("Out of memory: %s panic_on_oom is enabled",
	      sysctl_panic_on_oom == 2 ? "compulsory" : "system-wide");
}

/* --- the choice --- */

/* @task is the best candidate so far. */
static void choose(struct oom_control *oc, struct task_struct *task, long points)
{
	if (oc->chosen)
		put_task_struct(oc->chosen);
	oc->chosen = get_task_struct(task);
	oc->chosen_points = points;
}

/*
 * Considers one process. => tasklist_lock held. True: the search is over.
 */
static bool oom_evaluate_task(struct task_struct *task, void *arg)
{
	struct oom_control *oc = arg;
	long points;

	if (oom_unkillable_task(task) || (!oc->memcg && !oom_cpuset_eligible(task, oc)))
		return false;
	/*
	 * A victim of before that is still here: wait for it to go rather than kill another.
	 * Unless its memory has been taken already (MMF_OOM_SKIP): it has nothing left to give.
	 */
	if (!is_sysrq_oom(oc) && tsk_is_oom_victim(task)) {
		if (task->signal->oom_mm->flags & MMF_OOM_SKIP)
			return false;
		if (oc->chosen)
			put_task_struct(oc->chosen);
		oc->chosen = OOM_VICTIM_DYING;
		return true;
	}
	if (oom_task_origin(task)) {
		choose(oc, task, __LONG_MAX__);
		return false;
	}
	points = oom_badness(task, oc->totalpages);
	/* Of equals the later one: it has probably done less work. */
	if (points != -__LONG_MAX__ - 1L && points >= oc->chosen_points)
		choose(oc, task, points);
	return false;
}

/* The process with the most points: oc->chosen, with a reference. */
static void select_bad_process(struct oom_control *oc)
{
	struct task_struct *p;

	oc->chosen_points = -__LONG_MAX__ - 1L;
	if (oc->memcg) {
		mem_cgroup_scan_tasks(oc->memcg, oom_evaluate_task, oc);
		return;
	}
	read_lock(&tasklist_lock);
	for_each_process(p)
		if (oom_evaluate_task(p, oc))
			break;
	read_unlock(&tasklist_lock);
}

/* --- a victim --- */

/*
 * mark_oom_victim: @task may use the memory reserves, so that it need not wait for memory to
 * give memory back.
 *
 * => its mm is there and stays: task_lock held, or it is current
 */
void mark_oom_victim(struct task_struct *task, kuid_t uid)
{
	struct mm_struct *mm = task->mm;

	BUG_ON(!mm);
	WARN_ON(oom_killer_disabled);
	if (test_tif(task, TIF_MEMDIE))
		return;
	set_tif(task, TIF_MEMDIE);
	/*
	 * oom_mm outlives task->mm: it tells victims apart until the very end. Set once, by the
	 * holder of oom_lock.
	 */
	if (!task->signal->oom_mm) {
		mmgrab(mm);
		task->signal->oom_mm = mm;
	}
	oom_victims++;
	if (trace_enabled(mark_victim))
		trace_oom_victim(task, mm, uid);
}

/*
 * exit_oom_victim: current has let go of its address space: the next OOM may choose again. =>
 * harmless for others
 */
void exit_oom_victim(void)
{
	if (!test_tif(current, TIF_MEMDIE))
		return;
	clear_tif(current, TIF_MEMDIE);
	if (--oom_victims == 0)
		wake_up_all(&oom_victims_wait);
}

/*
 * oom_killer_disable: nobody is killed from now on (suspend); waits until the victims of before
 * are gone.
 *
 * => false: they were not after @timeout_ns; the killer is as before
 */
bool oom_killer_disable(signed long timeout_ns)
{
	mutex_lock(&oom_lock);
	oom_killer_disabled = true;
	mutex_unlock(&oom_lock);
	if (wait_event_interruptible_timeout(oom_victims_wait, !oom_victims, "oom victims",
					     timeout_ns) > 0)
		return true;
	oom_killer_enable();
	return false;
}

/* oom_killer_enable: undoes it. */
void oom_killer_enable(void)
{
	oom_killer_disabled = false;
}

/* It is on its way out of the kernel for good: all of its threads, or the only one. */
static bool process_is_dying(struct task_struct *task)
{
	if (READ_ONCE(task->signal->core_state))
		return false;		/* it writes its core first, which may take long */
	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		return true;
	return thread_group_empty(task) && (task->flags & PF_EXITING);
}

/* Are all processes that live in @mm dying, as @task is? => tasklist_lock held */
static bool sharers_are_dying(struct task_struct *task, struct mm_struct *mm)
{
	struct task_struct *p;

	for_each_process(p)
		if (!same_thread_group(task, p) && process_shares_mm(p, mm) && !process_is_dying(p))
			return false;
	return true;
}

/* oom_kill.h */
bool task_will_free_mm(struct task_struct *task, const struct mm_struct *only)
{
	struct mm_struct *mm;
	bool will = false;

	if (!READ_ONCE(task->mm) || !process_is_dying(task))
		return false;
	read_lock(&tasklist_lock);
	task_lock(task);
	mm = task->mm;
	/* A memory that was reaped has been waited for already. */
	if (mm && (!only || mm == only) && !(mm->flags & MMF_OOM_SKIP))
		will = mm->mm_users <= 1 || sharers_are_dying(task, mm);
	task_unlock(task);
	read_unlock(&tasklist_lock);
	return will;
}

/*
 * task_will_free_mem: will @task give its memory back by itself, very soon? Then nobody need be
 * killed.
 *
 * => a reference is held, or it is current
 */
bool task_will_free_mem(struct task_struct *task)
{
	return task_will_free_mm(task, NULL);
}

#define K(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

/* The one line that shows on a quiet console. => task_lock of @victim held */
static void report_kill(struct task_struct *victim, struct mm_struct *mm, kuid_t uid,
			const char *message)
{
	pr_err("%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
	       "shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%hd\n",
	       message, victim->pid, victim->comm, K(mm->total_vm),
	       K(get_mm_counter(mm, MM_ANONPAGES)), K(get_mm_counter(mm, MM_FILEPAGES)),
	       K(get_mm_counter(mm, MM_SHMEMPAGES)), uid,
	       (unsigned long)mm->pgtables_bytes >> 10, victim->signal->oom_score_adj);
}

/*
 * Kills the other processes that live in @mm, without a word: else the memory would not come free.
 * => false: one of them cannot be killed, so the reaper must not touch the memory either
 */
static bool kill_sharers(struct task_struct *victim, struct mm_struct *mm)
{
	bool can_oom_reap = true;
	struct task_struct *p;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		if (same_thread_group(p, victim) || !process_shares_mm(p, mm))
			continue;
		if (is_global_init(p)) {
			can_oom_reap = false;
			mm->flags |= MMF_OOM_SKIP;
			pr_info("oom killer %d (%s) has mm pinned by %d (%s)\n", victim->pid,
				victim->comm, p->pid, p->comm);
			continue;
		}
		if (p->flags & PF_KTHREAD)
			continue;	/* it only borrows it */
		do_send_sig_info_group(p, SIGKILL);
	}
	read_unlock(&tasklist_lock);
	return can_oom_reap;
}

/* The deed. => a reference to @victim, which goes */
static void kill_victim(struct task_struct *victim, const char *message)
{
	kuid_t uid = oom_task_uid(victim);	/* before task_lock, which it takes itself */
	struct mm_struct *mm;
	struct task_struct *t;

	read_lock(&tasklist_lock);
	t = find_lock_task_mm(victim);
	if (t)
		get_task_struct(t);
	read_unlock(&tasklist_lock);
	if (!t) {
		pr_info("%s: OOM victim %d (%s) is already exiting. Skip killing the task\n",
			message, victim->pid, victim->comm);
		put_task_struct(victim);
		return;
	}
	put_task_struct(victim);
	victim = t;			/* the thread that has the memory: it is the one to mark */
	mm = victim->mm;
	mmgrab(mm);
	count_vm_event(OOM_KILL);
	mem_cgroup_oom_killed(mm);
	/* The signal first: whoever sees the mark must find it dying. */
	do_send_sig_info_group(victim, SIGKILL);
	mark_oom_victim(victim, uid);
	report_kill(victim, mm, uid, message);
	task_unlock(victim);

	if (kill_sharers(victim, mm))
		queue_oom_reaper(victim);
	mmdrop(mm);
	put_task_struct(victim);
}

/* Those of a group that dies as a whole, gathered for killing: the walk itself may not sleep. */
struct group_victims {
	struct task_struct *task[32];	/* a reference each */
	unsigned int nr;
	bool again;			/* a later round: only those who are not dying yet */
};

/* => tasklist_lock held */
static bool process_has_mm(struct task_struct *process)
{
	struct task_struct *t = find_lock_task_mm(process);

	if (t)
		task_unlock(t);
	return t;
}

/* => tasklist_lock held. True: there is no room for more in this round. */
static bool gather_member(struct task_struct *task, void *arg)
{
	struct group_victims *victims = arg;

	if (task->signal->oom_score_adj == OOM_SCORE_ADJ_MIN || is_global_init(task))
		return false;
	/* Who cannot be marked, for want of memory, would be met again and again: round without end. */
	if (victims->again &&
	    (tsk_is_oom_victim(task) || process_is_dying(task) || !process_has_mm(task)))
		return false;
	victims->task[victims->nr++] = get_task_struct(task);
	return victims->nr == ARRAY_SIZE(victims->task);
}

/* memory.oom.group: all members but those at -1000; the first victim is met a second time. */
static void kill_group(struct mem_cgroup *group, const char *message)
{
	struct group_victims victims = { .again = false };

	memcg_memory_event(group, MEMCG_OOM_GROUP_KILL);
	mem_cgroup_print_oom_group(group);
	do {
		victims.nr = 0;
		mem_cgroup_scan_tasks(group, gather_member, &victims);
		for (unsigned int i = 0; i < victims.nr; i++)
			kill_victim(victims.task[i], message);
		victims.again = true;
	} while (victims.nr == ARRAY_SIZE(victims.task));
}

/* Reports and kills oc->chosen, whose reference goes. */
static void oom_kill_process(struct oom_control *oc, const char *message)
{
	static DEFINE_RATELIMIT_STATE(oom_rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	struct task_struct *victim = oc->chosen;
	struct mem_cgroup *group;
	kuid_t uid;

	/*
	 * It is exiting by itself: no report, no signal, but the reserves, so that it gets there.
	 */
	if (task_will_free_mem(victim)) {
		uid = oom_task_uid(victim);
		task_lock(victim);
		if (victim->mm) {
			mark_oom_victim(victim, uid);
			queue_oom_reaper(victim);
		}
		task_unlock(victim);
		put_task_struct(victim);
		return;
	}
	if (__ratelimit(&oom_rs))
		dump_header(oc, victim);
	group = mem_cgroup_get_oom_group(victim, oc->memcg);	/* its last moment in a group */
	kill_victim(victim, message);
	if (group) {
		kill_group(group, message);
		mem_cgroup_put(group);
	}
}

/* --- the way in --- */

/* vm.oom_kill_allocating_task: whoever asks, pays; unless it must not be killed. */
static bool kill_allocating_task(struct oom_control *oc)
{
	if (!sysctl_oom_kill_allocating_task || !current->mm || oom_unkillable_task(current) ||
	    !oom_cpuset_eligible(current, oc) ||
	    current->signal->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return false;
	oc->chosen = get_task_struct(current);
	oom_kill_process(oc, "Out of memory (oom_kill_allocating_task)");
	return true;
}

/* Nobody may be killed. If the whole machine is out of memory, that is the end. */
static void no_killable_process(struct oom_control *oc)
{
	dump_header(oc, NULL);
	pr_warn("Out of memory and no killable processes...\n");
	if (!is_sysrq_oom(oc) && !oc->memcg)
		panic("System is deadlocked on memory");
}

static LIST_HEAD(oom_notifiers);		/* oom_lock */

void register_oom_notifier(struct oom_notifier *n)
{
	BUG_ON(!n->notify);
	mutex_lock(&oom_lock);
	list_add_tail(&n->list, &oom_notifiers);
	mutex_unlock(&oom_lock);
}

void unregister_oom_notifier(struct oom_notifier *n)
{
	mutex_lock(&oom_lock);
	list_del(&n->list);
	mutex_unlock(&oom_lock);
}

/* Asks the kernel's own clients. Pages given back. => oom_lock held */
static unsigned long ask_oom_notifiers(void)
{
	struct oom_notifier *n;
	unsigned long freed = 0;

	list_for_each_entry(n, &oom_notifiers, list)
		freed += n->notify(n);
	return freed;
}

/*
 * out_of_memory: finds a victim and kills it, or sees that one is dying already.
 *
 * => oom_lock held; nothing that a dying process needs is held
 * => true: memory is on its way, try again (after a nap); false: there will be none
 */
__noinline bool out_of_memory(struct oom_control *oc)
{
	BUG_ON(!mutex_is_locked(&oom_lock));
	if (oom_killer_disabled)
		return false;
	if (!oc->memcg && ask_oom_notifiers() && !is_sysrq_oom(oc))
		return true;
	/* We are dying ourselves: then nobody else need. */
	if (task_will_free_mem(current)) {
		mark_oom_victim(current, oom_task_uid(current));
		queue_oom_reaper(current);
		return true;
	}
	/*
	 * It was not allowed to reclaim much (file systems' locks): others can, and do; no
	 * reason to kill.
	 */
	if (oc->gfp_mask && !(oc->gfp_mask & __GFP_FS) && !oc->memcg)
		return true;
	oc->constraint = constrained_alloc(oc);
	check_panic_on_oom(oc);
	if (!oc->memcg && kill_allocating_task(oc))
		return true;
	select_bad_process(oc);
	if (!oc->chosen)
		no_killable_process(oc);
	else if (oc->chosen != OOM_VICTIM_DYING)
		oom_kill_process(oc, oc->memcg ? "Memory cgroup out of memory" : "Out of memory");
	return oc->chosen;
}

/*
 * task_is_dying: in do_exit() the signal that killed is gone, but current still touches its own
 * memory (exit_robust_list), which may be in swap.
 */
bool task_is_dying(void)
{
	return tsk_is_oom_victim(current) || fatal_signal_pending(current) ||
	       current->flags & PF_EXITING;
}

/*
 * pagefault_out_of_memory: a fault failed for want of memory, although the allocator does not
 * give up on order 0 without killing: the fault is simply tried again. A dying task goes to its
 * signal.
 */
void pagefault_out_of_memory(void)
{
	static DEFINE_RATELIMIT_STATE(pfoom_rs, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	if (fatal_signal_pending(current))
		return;
	if (__ratelimit(&pfoom_rs))
		pr_warn("Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF\n");
}

/* --- sysrq f --- */

static void moom_callback(struct work_struct *work)
{
	struct oom_control oc = { .gfp_mask = GFP_KERNEL, .order = -1 };

	mutex_lock(&oom_lock);
	if (!out_of_memory(&oc))
		pr_info("sysrq: OOM request ignored. No task eligible\n");
	mutex_unlock(&oom_lock);
}
static struct work_struct moom_work = WORK_INIT(moom_work, moom_callback);

/* sysrq_oom: "kill one now", from the keyboard's interrupt: done by the worker, who may sleep. */
void sysrq_oom(void)
{
	schedule_work(&moom_work);
}
