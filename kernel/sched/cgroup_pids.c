/*
 * cgroup_pids.c - the pids controller: how many tasks a group and those below it may have.
 *
 * Idea:   a counter in each group; a fork adds one to the parent's group and to all above it, and
 *         fails if one of them stands at its limit. A zombie counts until it is waited for.
 *         Moving tasks in, or lowering the limit, may leave a group above it: then it can only
 *         fall.
 * Locks:  the counters are atomic; between the steps of one fork others may pass.
 * Above:  fork, through cgroup_attach.c.   In Linux: kernel/cgroup/pids.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cgroup_internal.h"
#include "kernel/sched/rcu.h"

#define PIDS_MAX (((long)1 << 22) + 1)	/* more than can exist, on Linux with 64 bits: "max" */

/* Guards: a atomic */
struct pids_cgroup {
	struct cgroup_subsys_state css;
	_Atomic long counter;		/* a: tasks here and below */
	_Atomic long limit;		/* a: PIDS_MAX: none */
	_Atomic long peak;		/* a: the highest counter has been */
	_Atomic long events_max;	/* a: forks refused to tasks of this very group */
	struct cgroup_file events_file;
};

static inline struct pids_cgroup *pids_of(struct cgroup_subsys_state *css)
{
	return container_of(css, struct pids_cgroup, css);
}

static struct cgroup_subsys_state *pids_css_alloc(struct cgroup_subsys_state *parent)
{
	struct pids_cgroup *pids = sched_alloc(sizeof(*pids), SCHED_ALLOC_SLEEP);

	if (!pids)
		return ERR_PTR(-ENOMEM);
	pids->limit = PIDS_MAX;
	init_waitqueue_head(&pids->events_file.wait);
	return &pids->css;
}

static void pids_css_free(struct cgroup_subsys_state *css)
{
	WARN_ON(pids_of(css)->counter);
	sched_free(pids_of(css));
}

/* Two CPUs may lose the higher of two values that were true at the same moment: as Linux. */
static void note_peak(struct pids_cgroup *pids, long n)
{
	if (n > pids->peak)
		pids->peak = n;
}

/* The root is not counted: it has no limit, and its number of tasks is known. */
static void pids_charge(struct cgroup_subsys_state *css, long n)
{
	for (; css->parent; css = css->parent) {
		pids_of(css)->counter += n;
		note_peak(pids_of(css), pids_of(css)->counter);
	}
}

static int pids_can_fork(struct cgroup_subsys_state *css, struct task_struct *child)
{
	struct cgroup_subsys_state *up;
	struct pids_cgroup *pids = pids_of(css);
	char path[256];

	for (up = css; up->parent; up = up->parent) {
		long n = ++pids_of(up)->counter;

		if (n > pids_of(up)->limit)
			goto refuse;
		note_peak(pids_of(up), n);
	}
	return 0;
refuse:
	for (struct cgroup_subsys_state *c = css;; c = c->parent) {
		pids_of(c)->counter--;
		if (c == up)
			break;
	}
	if (++pids->events_max == 1 && cgroup_path(css->cgroup, path, sizeof(path)) > 0)
		pr_info("cgroup: fork rejected by pids controller in %s\n", path);
	cgroup_file_notify(&pids->events_file);
	return -EAGAIN;
}

static void pids_cancel_fork(struct cgroup_subsys_state *css, struct task_struct *child)
{
	pids_charge(css, -1);
}

/* Moves are never refused, so the charge is moved here, while task_css() is still the source. */
static int pids_can_attach(struct cgroup_subsys_state *dst, struct task_struct *task)
{
	pids_charge(dst, 1);
	pids_charge(task_css(task, PIDS_CGRP), -1);
	return 0;
}

static void pids_cancel_attach(struct cgroup_subsys_state *dst, struct task_struct *task)
{
	pids_charge(task_css(task, PIDS_CGRP), 1);
	pids_charge(dst, -1);
}

static void pids_release(struct cgroup_subsys_state *css, struct task_struct *task)
{
	pids_charge(css, -1);
}

/* --- files --- */

static int pids_max_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	long limit = pids_of(css)->limit;

	if (limit >= PIDS_MAX)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%ld\n", limit);
	return 0;
}

static kssize_t pids_max_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	s64 limit;
	int err;

	if (!strcmp(buf, "max")) {
		pids_of(css)->limit = PIDS_MAX;
		return len;
	}
	err = kstrtos64(buf, 0, &limit);
	if (err)
		return err;
	if (limit < 0 || limit >= PIDS_MAX)
		return -EINVAL;
	pids_of(css)->limit = limit;
	return len;
}

static int pids_current_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "%ld\n", pids_of(css)->counter);
	return 0;
}

static int pids_events_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "max %ld\n", pids_of(css)->events_max);
	return 0;
}

static int pids_peak_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "%ld\n", pids_of(css)->peak);
	return 0;
}

static const struct cftype pids_files[] = {
	{ .name = "max", .flags = CFTYPE_NOT_ON_ROOT, .show = pids_max_show,
	  .write = pids_max_write },
	{ .name = "current", .flags = CFTYPE_NOT_ON_ROOT, .show = pids_current_show },
	{ .name = "events", .flags = CFTYPE_NOT_ON_ROOT, .show = pids_events_show,
	  .file_offset = offsetof(struct pids_cgroup, events_file) },
	{ .name = "peak", .flags = CFTYPE_NOT_ON_ROOT, .show = pids_peak_show },
	{ }
};

const struct cgroup_subsys pids_cgrp_subsys = {
	.name = "pids",
	.id = PIDS_CGRP,
	.css_alloc = pids_css_alloc,
	.css_free = pids_css_free,
	.can_attach = pids_can_attach,
	.cancel_attach = pids_cancel_attach,
	.can_fork = pids_can_fork,
	.cancel_fork = pids_cancel_fork,
	.release = pids_release,
	.files = pids_files,
};
