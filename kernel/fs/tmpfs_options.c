/*
 * tmpfs_options.c - what mount(2) and remount say to a tmpfs, and /proc/mounts about it.
 *
 * Locks:  remount: namespace_lock (one at a time); the limits themselves are atomic.
 * Above:  tmpfs.c, namespace.c.   In Linux: mm/shmem.c (shmem_parse_one() and its kin).
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/tmpfs_internal.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

static unsigned long default_blocks(void) { return totalram_pages() / 2; }
/* An inode costs lowmem. */
static unsigned long default_inodes(void)
{
	return MIN(totalram_pages() - totalhigh_pages(), totalram_pages() / 2);
}

/* tmpfs_internal.h */
void tmpfs_default_options(struct tmpfs_options *opt)
{
	*opt = (struct tmpfs_options){
		.blocks = default_blocks(),
		.inodes = default_inodes(),
		.mode = 01777,
		.uid = fs_current_fsuid(),
		.gid = fs_current_fsgid(),
	};
}

/* "10m", or "50%" of memory, in pages, rounded up. False: something else follows. */
static bool parse_size(const char *value, unsigned long *blocks)
{
	char *rest;
	unsigned long long size = memparse(value, &rest);

	if (*rest == '%') {
		size = size * totalram_pages() / 100 << PAGE_SHIFT;
		rest++;
	}
	*blocks = DIV_ROUND_UP(size, PAGE_SIZE);
	return !*rest && rest != value;
}

static bool parse_count(const char *value, unsigned long *count)
{
	char *rest;

	*count = memparse(value, &rest);
	return !*rest && rest != value;
}

static bool parse_u32(const char *value, unsigned int base, unsigned int *number)
{
	char *rest;
	unsigned long long n = simple_strtoull(value, &rest, base);

	*number = n;
	return !*rest && rest != value && n <= ~0U;
}

/* The names we know, and what comes of their values. 1: unknown; 0: good; -1: a bad value */
static int parse_one(const char *key, const char *value, struct tmpfs_options *opt)
{
	unsigned int n;
	bool good;

	if (!strcmp(key, "size")) {
		good = parse_size(value, &opt->blocks);
		opt->blocks_given = true;
	} else if (!strcmp(key, "nr_blocks")) {
		good = parse_count(value, &opt->blocks);
		opt->blocks_given = true;
	} else if (!strcmp(key, "nr_inodes")) {
		good = parse_count(value, &opt->inodes);
		opt->inodes_given = true;
	} else if (!strcmp(key, "mode")) {
		good = parse_u32(value, 8, &n);
		opt->mode = n & 07777;
	} else if (!strcmp(key, "uid")) {
		good = parse_u32(value, 0, &n);
		opt->uid = n;
	} else if (!strcmp(key, "gid")) {
		good = parse_u32(value, 0, &n);
		opt->gid = n;
	} else if (!strcmp(key, "huge")) {
		good = !strcmp(value, "never");
	} else {
		return 1;
	}
	return good ? 0 : -1;
}

/* One "key=value" or "key", cut out of the options. 0, -EINVAL */
static int parse_option(char *option, struct tmpfs_options *opt)
{
	char *value = strchr(option, '=');
	int result;

	if (value)
		*value++ = 0;
	if (!strcmp(option, "inode64"))		/* they always have 64 bits */
		return 0;
	result = parse_one(option, value ? value : "", opt);
	if (result > 0)
		pr_err("tmpfs: Unknown parameter '%s'\n", option);
	if (result < 0)
		pr_err("tmpfs: Bad value for '%s'\n", option);
	return result ? -EINVAL : 0;
}

/* tmpfs_internal.h */
int tmpfs_parse_options(const char *data, struct tmpfs_options *opt)
{
	char *copy, *p, *comma;
	int err = 0;

	if (!data || !*data)
		return 0;
	copy = kstrdup(data, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (p = copy; p && !err; p = comma) {
		comma = strchr(p, ',');
		if (comma)
			*comma++ = 0;
		if (*p)
			err = parse_option(p, opt);
	}
	kfree(copy);
	return err;
}

/* Why a limit cannot become what @opt says; NULL: it can. */
static const char *refuse(struct tmpfs_sb *ts, const struct tmpfs_options *opt)
{
	if (opt->blocks_given && opt->blocks) {
		if (!ts->pool.max)
			return "Cannot retroactively limit size";
		if (ts->pool.used > opt->blocks)
			return "Too small a size for current use";
	}
	if (opt->inodes_given && opt->inodes) {
		if (!ts->max_inodes)
			return "Cannot retroactively limit inodes";
		if (ts->used_inodes > opt->inodes)
			return "Too few inodes for current use";
	}
	return NULL;
}

/*
 * tmpfs_remount: new limits; what the options do not name stays. 0, -EINVAL (logged).
 * => namespace_lock held
 */
int tmpfs_remount(struct super_block *sb, const char *data)
{
	struct tmpfs_sb *ts = tmpfs_sb(sb);
	struct tmpfs_options opt;
	const char *why;
	int err;

	tmpfs_default_options(&opt);
	err = tmpfs_parse_options(data, &opt);
	if (err)
		return err;
	why = refuse(ts, &opt);
	if (why) {
		pr_err("tmpfs: %s\n", why);
		return -EINVAL;
	}
	if (opt.blocks_given)
		ts->pool.max = opt.blocks;
	if (opt.inodes_given)
		ts->max_inodes = opt.inodes;
	return 0;
}

/* tmpfs_internal.h. What is not as by default, and the inode numbers' width. No sleep. */
void tmpfs_show_options(struct seq_file *m, struct super_block *sb)
{
	struct tmpfs_sb *ts = tmpfs_sb(sb);

	if (ts->pool.max != default_blocks())
		seq_printf(m, ",size=%luk", (unsigned long)ts->pool.max << (PAGE_SHIFT - 10));
	if (ts->max_inodes != default_inodes())
		seq_printf(m, ",nr_inodes=%lu", (unsigned long)ts->max_inodes);
	if (ts->mode != 01777)
		seq_printf(m, ",mode=%03o", ts->mode);
	if (ts->uid)
		seq_printf(m, ",uid=%u", ts->uid);
	if (ts->gid)
		seq_printf(m, ",gid=%u", ts->gid);
	seq_puts(m, ",inode64");
}
