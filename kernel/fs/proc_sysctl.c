/*
 * proc_sysctl.c - /proc/sys: numbers and strings that steer the kernel (CTL_SYSCTL).
 *
 * Idea:   one parser for all, by Linux's rules (proc_dointvec): numbers between
 *         white space; a character that belongs to no number is EINVAL; what is
 *         left over after the last value is not taken, so a shell writes it again,
 *         and a write that does not start at position 0 is swallowed. A value is
 *         stored before the next is read: an array may have changed by half.
 * Locks:  none: a value is one word. Readers of two words live with a mixture, as in Linux.
 * Above:  proc_root.c; main.c for sysctl.NAME=VALUE.   In Linux: kernel/sysctl.c,
 * fs/proc/proc_sysctl.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "mm/slab.h"

#define NUMBER_MAX 20		/* characters: kernel/sysctl.c's TMPBUFLEN 22 */
#define WRITE_MAX (4UL << 20)	/* what Linux could not allocate in one piece */
#define NAME_LEN_MAX 96

static int show_string(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%.*s\n", (int)ctl->len, (const char *)ctl->data);
	return 0;
}

static int sysctl_show(struct text_file *t)
{
	const struct ctl_sysctl *ctl = t->entry;
	struct seq_file *m = &t->m;

	if (ctl->show)
		return ctl->show(ctl, m);
	if (!ctl->data)
		return -EIO;
	if (ctl->type == CTL_STRING)
		return show_string(ctl, m);
	for (unsigned int i = 0; i < MAX(ctl->len, 1u); i++) {
		const char *gap = i ? "\t" : "";

		if (ctl->type == CTL_ULONG)
			seq_put_decimal_ull(m, gap, READ_ONCE(((unsigned long *)ctl->data)[i]));
		else
			seq_put_decimal_ll(m, gap, READ_ONCE(((int *)ctl->data)[i]));
	}
	seq_putc(m, '\n');
	return 0;
}

/*
 * One number at *@p, before @end. 0, or -EINVAL. What follows is looked at for its first character
 * only: "5 k" is a 5.
 */
static int parse_number(char **p, const char *end, bool *negative, unsigned long *value)
{
	char number[NUMBER_MAX + 1];
	unsigned long long n;
	size_t len = 0;

	*negative = **p == '-' && *p + 1 < end;
	if (*negative)
		++*p;
	while (len <= NUMBER_MAX && *p + len < end && isalnum((*p)[len]))
		len++;
	if (len + *negative > NUMBER_MAX || !len || !isdigit(**p))
		return -EINVAL;
	if (*p + len < end && (!(*p)[len] || !strchr(" \t\n", (*p)[len])))
		return -EINVAL;
	memcpy(number, *p, len);
	number[len] = 0;
	if (kstrtoull(number, 0, &n))
		return -EINVAL;
	*value = n;
	*p += len;
	return 0;
}

static bool has_range(const struct ctl_sysctl *ctl)
{
	return ctl->min || ctl->max;	/* neither given: no limit */
}

/* The parsed number as the sysctl's type. 0, or -errno. */
static int check_value(const struct ctl_sysctl *ctl, bool negative, unsigned long value, long *out)
{
	if (ctl->type == CTL_ULONG) {
		if (negative)
			return -EINVAL;
		if (has_range(ctl) &&
		    (value < (unsigned long)ctl->min || value > (unsigned long)ctl->max))
			return -EINVAL;
		*out = value;
	} else {
		if (value > (unsigned long)INT32_MAX + negative)
			return -EINVAL;
		*out = negative ? -(long)value : (long)value;
		if (has_range(ctl) && (*out < ctl->min || *out > ctl->max))
			return -EINVAL;
	}
	return ctl->check ? ctl->check(out) : 0;
}

static void store_value(const struct ctl_sysctl *ctl, unsigned int i, long value)
{
	if (ctl->type == CTL_ULONG)
		WRITE_ONCE(((unsigned long *)ctl->data)[i], value);
	else
		WRITE_ONCE(((int *)ctl->data)[i], value);
}

static char *skip_gaps(char *p, const char *end)
{
	while (p < end && isspace(*p))
		p++;
	return p;
}

/*
 * Numbers from @buf, each stored before the next is read. Bytes taken, or -errno: what stood before
 * the wrong one stays stored. forgiving: the error counts as an end.
 */
static kssize_t write_numbers(const struct ctl_sysctl *ctl, char *buf, size_t len)
{
	unsigned int n, want = MAX(ctl->len, 1u);
	char *p = buf, *end = buf + len;

	for (n = 0; n < want; n++) {
		unsigned long number;
		bool negative;
		long value;
		int err;

		p = skip_gaps(p, end);
		if (p == end)
			break;
		err = parse_number(&p, end, &negative, &number);
		if (!err)
			err = check_value(ctl, negative, number, &value);
		if (err && ctl->forgiving)
			return n ? (kssize_t)(p - buf) : (kssize_t)len;
		if (err)
			return err;
		store_value(ctl, n, value);
	}
	if (!n)
		return ctl->forgiving ? (kssize_t)len : -EINVAL;
	return skip_gaps(p, end) - buf;
}

/*
 * Up to a newline; cut to what fits. From @pos on, if that is not behind the end: a program may
 * write a string piece by piece.
 */
static kssize_t write_string(const struct ctl_sysctl *ctl, char *buf, size_t len, loff_t pos)
{
	char *data = ctl->data;
	size_t n;

	if (pos > (loff_t)strlen(data))
		return len;
	n = MIN(strcspn(buf, "\n"), (size_t)ctl->len - 1 - pos);
	memcpy(data + pos, buf, n);
	data[pos + n] = 0;
	return len;
}

static kssize_t write_value(const struct ctl_sysctl *ctl, char *buf, size_t len, loff_t pos)
{
	kssize_t n;

	if (ctl->write)
		n = ctl->write(ctl, buf, len);
	else if (!ctl->data)
		n = -EPERM;
	else
		n = ctl->type == CTL_STRING ? write_string(ctl, buf, len, pos)
					    : write_numbers(ctl, buf, len);
	if (n >= 0 && ctl->after)
		ctl->after();
	return n;
}

static int sysctl_open(struct inode *inode, struct file *file)
{
	return text_open(file, sysctl_show, inode->i_private, NULL);
}

static kssize_t sysctl_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct ctl_sysctl *ctl = ((struct text_file *)file->private_data)->entry;
	size_t looked_at = len;
	kssize_t n;
	char *text;

	if (!len)
		return 0;
	if (len >= WRITE_MAX)
		return -ENOMEM;
	/* kernel.sysctl_writes_strict: of numbers nothing but the start counts */
	if (*pos && (ctl->type != CTL_STRING || ctl->write || !ctl->data)) {
		*pos += len;
		return len;
	}
	text = copy_text(buf, &looked_at);
	if (IS_ERR(text))
		return PTR_ERR(text);
	n = write_value(ctl, text, looked_at, *pos);
	kfree(text);
	if (n < 0)
		return n;
	n += len - looked_at;		/* beyond a page nobody looks */
	*pos += n;
	return n;
}

static const struct file_operations sysctl_fops = {
	.open = sysctl_open, .release = text_release, .read = text_read, .write = sysctl_write,
};

/*
 * Root's bits hold for root, without CAP_DAC_OVERRIDE: a 0444 sysctl cannot be opened for writing.
 */
static int sysctl_permission(struct inode *inode, int mask)
{
	umode_t mode = inode->i_mode;

	if (fs_current_fsuid() == 0)
		mode >>= 6;
	else if (fs_in_group(0))
		mode >>= 3;
	return mask & ~mode & 7 ? -EACCES : 0;
}

static const struct inode_operations sysctl_inode_operations = {
	.permission = sysctl_permission, .setattr = fixed_setattr,
};

/* proc_internal.h */
void proc_sysctl_add(struct super_block *sb)
{
	struct inode *inode = tree_add(sb, "sys", S_IFDIR | 0555, NULL, NULL);
	const struct ctl_sysctl *ctl;

	if (!WARN_ON(!inode))
		inode->i_op = &fixed_dir_operations;
	for (ctl = __ctl_sysctl_start; ctl < __ctl_sysctl_end; ctl++) {
		char path[NAME_LEN_MAX] = "sys/";

		strlcpy(path + 4, ctl->name, sizeof(path) - 4);
		for (char *p = path; *p; p++)
			if (*p == '.')
				*p = '/';
		inode = tree_add(sb, path, S_IFREG | ctl->mode, &sysctl_fops, (void *)ctl);
		if (!WARN_ON(!inode))
			inode->i_op = &sysctl_inode_operations;
	}
}

/* fs.h */
int sysctl_write_by_name(const char *name, const char *value)
{
	const struct ctl_sysctl *ctl;
	kssize_t n;
	char *text;

	for (ctl = __ctl_sysctl_start; ctl < __ctl_sysctl_end; ctl++)
		if (!strcmp(ctl->name, name))
			break;
	if (ctl == __ctl_sysctl_end)
		return -ENOENT;
	if (!(ctl->mode & 0200))
		return -EACCES;
	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = write_value(ctl, text, strlen(text), 0);
	kfree(text);
	return n < 0 ? (int)n : 0;
}
