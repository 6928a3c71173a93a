/*
 * oom_adj.c - /proc/<pid>/oom_score, oom_score_adj, and oom_adj of old.
 *
 * Idea:   oom_score_adj is -1000 (never) to 1000 (first). Anybody may raise it for his own
 *         processes; to go below the lowest value that was set by privilege takes
 *         CAP_SYS_RESOURCE. oom_adj, -17 to 15, is the interface of 2.6: it is converted, which
 *         loses precision, and warns once. Processes that share their memory share the value:
 *         killing one of them without the others would free nothing.
 * Locks:  oom_adj_mutex (LOCK_OOM_ADJ); tasklist_lock for reading around the sharers; task_lock.
 * Above:  kernel/fs serves the files and checks who may open them.   Below: oom_badness.c.
 * In Linux: fs/proc/base.c.
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc.h"
#include "mm/swapfile.h"
#include "mm/trace.h"
#include "mm/util.h"

struct mutex oom_adj_mutex = MUTEX_INIT(oom_adj_mutex, LOCK_OOM_ADJ);

/* characters that are looked at; Linux's PROC_NUMBUF less the NUL */
#define MAX_INPUT 12

/* --- oom_score --- */

/*
 * Badness on a scale where 667 is an average process' and 1000 × 4/3 is one that has all
 * memory: Linux's formula, which keeps negative adjustments above 0. 0: never to be killed.
 */
static int oom_score_show(struct seq_file *m, struct task_struct *task)
{
	unsigned long totalpages = totalram_pages() + total_swap_pages;
	long badness, score = 0;

	read_lock(&tasklist_lock);
	badness = oom_badness(task, totalpages);
	read_unlock(&tasklist_lock);
	if (badness != -__LONG_MAX__ - 1L)
		score = (1000 + badness * 1000 / (long)totalpages) * 2 / 3;
	seq_printf(m, "%ld\n", score);
	return 0;
}
CTL_PID_FILE("oom_score", .mode = 0444, .show = oom_score_show);

/* --- setting --- */

static bool may_lower(void)
{
	return !mm_capable || mm_capable(current, CAP_SYS_RESOURCE);
}

/* @set_min: by privilege: @adj is as low as the owner may go from now on. */
static void store_adj(struct task_struct *task, short adj, bool set_min)
{
	task->signal->oom_score_adj = adj;
	if (set_min)
		task->signal->oom_score_adj_min = adj;
	if (trace_enabled(oom_score_adj_update))
		trace_oom_adj(task);
}

/*
 * The processes that share @mm get the same value. vfork children excluded: they are about to
 * have a memory of their own.
 */
static void store_sharers(struct task_struct *task, struct mm_struct *mm, short adj, bool set_min)
{
	struct task_struct *p;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		if (p->signal == task->signal || (p->flags & PF_KTHREAD) || is_global_init(p))
			continue;
		task_lock(p);
		if (!p->vfork_done && process_shares_mm(p, mm))
			store_adj(p, adj, set_min);
		task_unlock(p);
	}
	read_unlock(&tasklist_lock);
}

/* The mm of @task's process if others share it, with a reference to the struct (mmdrop); NULL. */
static struct mm_struct *shared_mm(struct task_struct *task)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	if (task->vfork_done)
		return NULL;
	read_lock(&tasklist_lock);
	t = find_lock_task_mm(task);
	read_unlock(&tasklist_lock);
	if (!t)
		return NULL;
	if (t->mm->flags & MMF_MULTIPROCESS) {
		mm = t->mm;
		mmgrab(mm);
	}
	task_unlock(t);
	return mm;
}

/*
 * 0; -EACCES. @legacy: by oom_adj: compares with the present value, and leaves the privileged
 * minimum alone.
 */
static int set_oom_adj(struct task_struct *task, int adj, bool legacy)
{
	bool privileged = may_lower();	/* takes task_lock */
	struct mm_struct *mm = NULL;
	int error = 0;

	mutex_lock(&oom_adj_mutex);
	if (adj < (legacy ? task->signal->oom_score_adj : task->signal->oom_score_adj_min) &&
	    !privileged)
		error = -EACCES;
	if (!error && legacy)
		pr_warn_once("%s (%d): /proc/%d/oom_adj is deprecated, please use "
			     "/proc/%d/oom_score_adj instead.\n",
			     current->comm, current->pid, task->pid, task->pid);
	if (!error) {
		mm = shared_mm(task);
		store_adj(task, adj, privileged && !legacy);
	}
	if (mm) {
		store_sharers(task, mm, adj, privileged && !legacy);
		mmdrop(mm);
	}
	mutex_unlock(&oom_adj_mutex);
	return error;
}

/*
 * The number in @buf, blanks around it left out; base 0: 0x10, 010. *len: bytes that count as
 * written. 0 or -errno
 */
static int parse_adj(char *buf, size_t *len, int *value)
{
	*len = MIN(*len, (size_t)MAX_INPUT);
	buf[*len] = 0;
	return kstrtoint(strim(buf), 0, value);
}

/* --- oom_score_adj --- */

static int oom_score_adj_show(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%hd\n", task->signal->oom_score_adj);
	return 0;
}

static kssize_t oom_score_adj_write(struct task_struct *task, char *buf, size_t len)
{
	int adj, error = parse_adj(buf, &len, &adj);

	if (!error && (adj < OOM_SCORE_ADJ_MIN || adj > OOM_SCORE_ADJ_MAX))
		error = -EINVAL;
	if (!error)
		error = set_oom_adj(task, adj, false);
	return error ? error : (kssize_t)len;
}
CTL_PID_FILE("oom_score_adj", .mode = 0644, .show = oom_score_adj_show,
	     .write = oom_score_adj_write);

/* --- oom_adj --- */

static int oom_adj_show(struct seq_file *m, struct task_struct *task)
{
	int adj = task->signal->oom_score_adj;

	if (adj == OOM_SCORE_ADJ_MAX)
		adj = OOM_ADJUST_MAX;
	else
		adj = MIN(adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX, OOM_ADJUST_MAX);
	seq_printf(m, "%d\n", adj);
	return 0;
}

static kssize_t oom_adj_write(struct task_struct *task, char *buf, size_t len)
{
	int adj, error = parse_adj(buf, &len, &adj);

	if (!error && (adj < OOM_DISABLE || adj > OOM_ADJUST_MAX))
		error = -EINVAL;
	if (error)
		return error;
	/* The ends stay the ends: 15 is 1000, although 15 × 1000 / 17 is less. */
	adj = adj == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : adj * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
	error = set_oom_adj(task, adj, true);
	return error ? error : (kssize_t)len;
}
CTL_PID_FILE("oom_adj", .mode = 0644, .show = oom_adj_show, .write = oom_adj_write);
