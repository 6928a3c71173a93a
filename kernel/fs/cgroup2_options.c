/*
 * cgroup2_options.c - the mount options of cgroup2, which are the tree's, not a mount's.
 *
 * Idea:   nsdelegate: who lives in a cgroup namespace moves nobody across its border and does not
 *         touch the limits of its root. memory_recursiveprot: what children leave of a group's
 *         memory.min and low protects them too. memory_localevents: memory.events counts
 *         the group's own events only. favordynmods asks Linux for faster moves and slower
 *         forks; there is nothing here to trade. A mount sets all four as it says; a remount
 *         only adds.
 * Locks:  namespace_lock (one mount at a time); readers read a word.
 * Above:  cgroup2.c.   In Linux: kernel/cgroup/cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/cgroup2.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/memcontrol.h"
#include "mm/slab.h"

bool cgroup_nsdelegate;
static bool favordynmods;

/* In the order of /proc/mounts. */
static const struct { const char *name; bool *flag; } options[] = {
	{ "nsdelegate", &cgroup_nsdelegate },
	{ "favordynmods", &favordynmods },
	{ "memory_localevents", &cgroup_memory_localevents },
	{ "memory_recursiveprot", &cgroup_memory_recursiveprot },
};

/* One word, which is cut at its "=": its bit, or 0 and the log says why. */
static unsigned int parse_one(char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(word, options[i].name))
			continue;
		if (!value)
			return 1U << i;
		pr_err("cgroup2: Unexpected value for '%s'\n", word);
		return 0;
	}
	pr_err("cgroup2: Unknown parameter '%s'\n", word);
	return 0;
}

/* cgroup2.h. A namespace other than the first has no say. */
int cgroup_parse_options(const char *data, bool keep)
{
	char *copy = kstrdup(data ? data : "", GFP_KERNEL), *p, *comma;
	unsigned int given = 0, bit = 1;

	if (!copy)
		return -ENOMEM;
	for (p = copy; p && bit; p = comma) {
		comma = strchr(p, ',');
		if (comma)
			*comma++ = 0;
		if (*p)
			given |= bit = parse_one(p);
	}
	kfree(copy);
	if (!bit)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(options) && !current->cgroup_ns; i++)
		WRITE_ONCE(*options[i].flag, given & 1U << i || (keep && *options[i].flag));
	return 0;
}

/* cgroup2.h */
void cgroup_show_options(struct seq_file *m, struct super_block *sb)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		if (READ_ONCE(*options[i].flag))
			seq_printf(m, ",%s", options[i].name);
}
