/*
 * cgroup2_core.c - the files of every group: cgroup.* and cpu.stat; /proc/cgroups.
 *
 * Idea:   each file is a show and a write function in the table at the end. Values are parsed
 *         here, and what they ask for is done in kernel/sched.
 * Locks:  cgroup_mutex where a group is changed or the tree is walked.
 * Above:  cgroup2_files.c.   Below: cgroup_internal.h.   In Linux: kernel/cgroup/cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/cgroup2.h"
#include "kernel/lib/string.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "mm/slab.h"

#define NO_LIMIT 0x7fffffff

/* --- controllers --- */

static void show_subsys(struct seq_file *m, u32 mask)
{
	const struct cgroup_subsys *ss;
	const char *blank = "";
	int i;

	for_each_subsys_in(ss, i, mask) {
		seq_printf(m, "%s%s", blank, ss->name);
		blank = " ";
	}
	if (mask)
		seq_putc(m, '\n');
}

static int controllers_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	mutex_lock(&cgroup_mutex);
	show_subsys(m, cgroup_controllers(css->cgroup));
	mutex_unlock(&cgroup_mutex);
	return 0;
}

static int subtree_control_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_subsys(m, READ_ONCE(css->cgroup->subtree_control));
	return 0;
}

/* "+memory" or "-pids", @len bytes: the later word about one controller wins. 0 or -EINVAL */
static int parse_control(const char *word, size_t len, u32 *enable, u32 *disable)
{
	const struct cgroup_subsys *ss;
	int i;

	for_each_subsys(ss, i) {
		if (strlen(ss->name) != len - 1 || strncmp(word + 1, ss->name, len - 1))
			continue;
		if (*word != '+' && *word != '-')
			return -EINVAL;
		*enable &= ~(1U << i);
		*disable &= ~(1U << i);
		*(*word == '+' ? enable : disable) |= 1U << i;
		return 0;
	}
	return -EINVAL;
}

static kssize_t subtree_control_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	u32 enable = 0, disable = 0;
	int err;

	while (*buf) {
		size_t n = strchrnul(buf, ' ') - buf;

		err = n ? parse_control(buf, n, &enable, &disable) : 0;
		if (err)
			return err;
		buf += n + (buf[n] == ' ');
	}
	mutex_lock(&cgroup_mutex);
	err = cgroup_change_control(css->cgroup, enable, disable);
	mutex_unlock(&cgroup_mutex);
	return err ? err : (kssize_t)len;
}

/* --- state --- */

static int type_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	mutex_lock(&cgroup_mutex);
	seq_puts(m, cgroup_is_threaded(css->cgroup) ? "threaded\n" :
		    !cgroup_is_valid_domain(css->cgroup) ? "domain invalid\n" :
		    cgroup_is_thread_root(css->cgroup) ? "domain threaded\n" : "domain\n");
	mutex_unlock(&cgroup_mutex);
	return 0;
}

static kssize_t type_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	int err;

	if (strcmp(buf, "threaded"))
		return -EINVAL;
	mutex_lock(&cgroup_mutex);
	err = cgroup_enable_threaded(css->cgroup);
	mutex_unlock(&cgroup_mutex);
	return err ? err : (kssize_t)len;
}

static int events_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "populated %d\nfrozen %d\n", cgroup_is_populated(css->cgroup),
		   cgroup_is_frozen(css->cgroup));
	return 0;
}

static int stat_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	mutex_lock(&cgroup_mutex);
	seq_printf(m, "nr_descendants %d\nnr_dying_descendants %d\n", css->cgroup->nr_descendants,
		   css->cgroup->nr_dying_descendants);
	mutex_unlock(&cgroup_mutex);
	return 0;
}

/* "0" to "max". 0, -EINVAL: no number; -ERANGE */
static int parse_limit(const char *buf, int *limit)
{
	int err;

	if (!strcmp(buf, "max")) {
		*limit = NO_LIMIT;
		return 0;
	}
	err = kstrtoint(buf, 0, limit);
	return err ? err : *limit < 0 ? -ERANGE : 0;
}

static void show_limit(struct seq_file *m, int limit)
{
	if (limit == NO_LIMIT)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%d\n", limit);
}

static int max_depth_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_limit(m, READ_ONCE(css->cgroup->max_depth));
	return 0;
}

static int max_descendants_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_limit(m, READ_ONCE(css->cgroup->max_descendants));
	return 0;
}

static kssize_t write_limit(int *limit, const char *buf, size_t len)
{
	int n, err = parse_limit(buf, &n);

	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	WRITE_ONCE(*limit, n);
	mutex_unlock(&cgroup_mutex);
	return len;
}

static kssize_t max_depth_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	return write_limit(&css->cgroup->max_depth, buf, len);
}

static kssize_t max_descendants_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	return write_limit(&css->cgroup->max_descendants, buf, len);
}

/* --- deeds --- */

/* "0" or "1" into *on: 0, -EINVAL, -ERANGE */
static int parse_switch(const char *buf, bool *on)
{
	int n, err = kstrtoint(buf, 0, &n);

	if (err)
		return err;
	*on = n;
	return n == 0 || n == 1 ? 0 : -ERANGE;
}

static kssize_t kill_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	bool on;
	int err = parse_switch(buf, &on);

	if (err || !on)
		return err ? err : -ERANGE;
	mutex_lock(&cgroup_mutex);
	if (cgroup_is_threaded(css->cgroup))
		err = -EOPNOTSUPP;	/* processes are not killed by halves */
	else
		cgroup_kill(css->cgroup);
	mutex_unlock(&cgroup_mutex);
	return err ? err : (kssize_t)len;
}

static int freeze_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "%d\n", READ_ONCE(css->cgroup->freeze));
	return 0;
}

static kssize_t freeze_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	bool on;
	int err = parse_switch(buf, &on);

	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	cgroup_freeze(css->cgroup, on);
	mutex_unlock(&cgroup_mutex);
	return len;
}

static int pressure_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "%d\n", psi_cgroup_is_on(css->cgroup));
	return 0;
}

static kssize_t pressure_switch(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	bool on;
	int err = parse_switch(buf, &on);

	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	if (on != psi_cgroup_is_on(css->cgroup))
		psi_cgroup_switch(css->cgroup, on);
	mutex_unlock(&cgroup_mutex);
	return len;
}

/* --- CPU time --- */

/* @total * @part / @whole, exact to the 31 leading bits of @whole; @part <= @whole */
static u64 share_of(u64 total, u64 part, u64 whole)
{
	while (whole >> 31) {
		whole >>= 1;
		part >>= 1;
	}
	return whole ? total / whole * part + total % whole * part / whole : 0;
}

static int cpu_stat_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	struct cgroup_times t;
	u64 user;

	mutex_lock(&cgroup_mutex);
	cgroup_cpu_times(css->cgroup, &t);
	mutex_unlock(&cgroup_mutex);
	/* The ticks say how the time that was measured divides. */
	user = share_of(t.runtime, t.utime, t.utime + t.stime);
	seq_printf(m, "usage_usec %lu\nuser_usec %lu\nsystem_usec %lu\n",
		   (unsigned long)(t.runtime / 1000), (unsigned long)(user / 1000),
		   (unsigned long)((t.runtime - user) / 1000));
	return 0;
}

const struct cftype cgroup_core_files[] = {
	/* the first: cgroup2_members.c asks for its owner */
	{ .name = "cgroup.procs", .flags = CFTYPE_NS_DELEGATABLE, .show = cgroup_procs_show,
	  .write_file = cgroup_procs_write },
	{ .name = "cgroup.threads", .flags = CFTYPE_NS_DELEGATABLE, .show = cgroup_threads_show,
	  .write_file = cgroup_threads_write },
	{ .name = "cgroup.type", .flags = CFTYPE_NOT_ON_ROOT, .show = type_show,
	  .write = type_write },
	{ .name = "cgroup.controllers", .show = controllers_show },
	{ .name = "cgroup.subtree_control", .flags = CFTYPE_NS_DELEGATABLE, .show = subtree_control_show,
	  .write = subtree_control_write },
	{ .name = "cgroup.events", .flags = CFTYPE_NOT_ON_ROOT, .show = events_show,
	  .file_offset = offsetof(struct cgroup, events_file) },
	{ .name = "cgroup.max.descendants", .show = max_descendants_show,
	  .write = max_descendants_write },
	{ .name = "cgroup.max.depth", .show = max_depth_show, .write = max_depth_write },
	{ .name = "cgroup.stat", .show = stat_show },
	{ .name = "cgroup.freeze", .flags = CFTYPE_NOT_ON_ROOT, .show = freeze_show,
	  .write = freeze_write },
	{ .name = "cgroup.kill", .flags = CFTYPE_NOT_ON_ROOT, .write = kill_write },
	{ .name = "cpu.stat", .show = cpu_stat_show },
	{ .name = "cgroup.pressure", .flags = CFTYPE_NEEDS_PSI, .show = pressure_show,
	  .write = pressure_switch },
	/* cgroup_pressure_fops do the rest; by the first letter */
	{ .name = "io.pressure", .flags = CFTYPE_PRESSURE, .mode = 0644 },
	{ .name = "memory.pressure", .flags = CFTYPE_PRESSURE, .mode = 0644 },
	{ .name = "cpu.pressure", .flags = CFTYPE_PRESSURE, .mode = 0644 },
	{ }
};

/* --- /proc --- */

static int proc_cgroups_show(struct seq_file *m)
{
	const struct cgroup_subsys *ss;
	int i;

	seq_puts(m, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	mutex_lock(&cgroup_mutex);
	for_each_subsys(ss, i)
		seq_printf(m, "%s\t0\t%d\t1\n", ss->name, cgroup_root.nr_descendants + 1);
	mutex_unlock(&cgroup_mutex);
	return 0;
}
CTL_FILE("/proc/cgroups", .mode = 0444, .show = proc_cgroups_show);
