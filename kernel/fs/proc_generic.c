/*
 * proc_generic.c - text files made of show and write functions (CTL_FILE), and
 *                  the static trees that they stand in.
 *
 * Idea:   a read at position 0 calls show, which prints the whole file into a
 *         buffer; later reads are served from it, so that a file read in pieces
 *         is of one moment. If the buffer was too small it is doubled and show
 *         runs again. A file in parts has a page or so of records in its buffer,
 *         and the next ones are printed when the reader has had these. The trees of /proc and /sys that never change are built of
 *         dentries and inodes once, at boot.
 * Locks:  text_file.lock, LOCK_SEQ, outside of all that show takes.
 * Above:  proc_root.c, sysfs.c.   Below: kernel/lib/ctlfile.h.   In Linux: fs/seq_file.c,
 * fs/proc/generic.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define TEXT_MAX (64UL << 20)	/* no /proc file is larger; stops a show that never fits */

/* proc_internal.h */
int text_open_size(struct file *file, size_t size, int (*show)(struct text_file *t),
		   const void *entry)
{
	struct text_file *t = kzalloc(size, GFP_KERNEL_ACCOUNT);

	if (!t)
		return -ENOMEM;
	mutex_init(&t->lock, LOCK_SEQ);
	t->show = show;
	t->entry = entry;
	t->m.reader_capable = fs_capable(CAP_SYS_ADMIN);
	file->private_data = t;
	file->f_mapping = NULL;		/* no pages: sendfile(2) must not take it for an empty file */
	return 0;
}

/* A file of /sys is not even opened for what it cannot do, not by root either. */
static bool may_use_sysfs_file(const struct file *file)
{
	umode_t mode = file->f_inode->i_mode;

	if (file->f_inode->i_sb->s_magic != SYSFS_MAGIC)
		return true;
	return (!(file->f_mode & FMODE_READ) || mode & 0444) &&
	       (!(file->f_mode & FMODE_WRITE) || mode & 0222);
}

/* proc_internal.h */
int text_open(struct file *file, int (*show)(struct text_file *t), const void *entry,
	      struct task_struct *task)
{
	int err = may_use_sysfs_file(file) ? text_open_size(file, sizeof(struct text_file), show, entry)
					   : -EACCES;

	if (!err)
		((struct text_file *)file->private_data)->task = task;
	return err;
}

/* proc_internal.h */
int text_release(struct inode *inode, struct file *file)
{
	struct text_file *t = file->private_data;

	kvfree(t->m.buf);
	kfree(t);
	return 0;
}

/* Prints the file, or its part from m.index on, anew. => t->lock held. 0 or -errno. */
static int fill_text(struct text_file *t)
{
	size_t size = t->m.size ? t->m.size : PAGE_SIZE;
	int err;

	for (;; size *= 2) {
		if (!t->m.buf) {
			if (size > TEXT_MAX)
				return -ENOMEM;
			t->m.buf = kvmalloc(size, GFP_KERNEL_ACCOUNT);
			if (!t->m.buf)
				return -ENOMEM;
			t->m.size = size;
		}
		t->m.count = 0;
		t->m.overflow = false;
		err = t->show(t);
		if (!err && !t->m.overflow)
			return 0;
		kvfree(t->m.buf);
		t->m.buf = NULL;
		if (err) {
			t->m.size = 0;
			return err;
		}
	}
}

/*
 * Has the part that @pos falls into in the buffer, or an empty one at the end. A reader goes forward:
 * one who went back is served from the start. => t->lock held. 0 or -errno.
 */
static int fill_part(struct text_file *t, loff_t pos)
{
	int err;

	if (pos == 0 || pos < t->start) {
		t->m.index = 0;
		t->m.count = 0;
		t->start = 0;
	}
	while (pos >= t->start + (loff_t)t->m.count && t->m.index != SEQ_END) {
		if (fatal_signal_pending(current))
			return -EINTR;
		t->start += t->m.count;
		err = fill_text(t);
		if (err) {
			t->m.count = 0;
			return err;
		}
		cond_resched();
	}
	return 0;
}

/* proc_internal.h */
kssize_t text_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct text_file *t = file->private_data;
	kssize_t n = 0;
	u64 at;

	if (!t->show)
		return -EIO;
	mutex_lock(&t->lock);
	if (t->in_parts)
		n = fill_part(t, *pos);
	else if (*pos == 0 || !t->m.buf)
		n = fill_text(t);
	at = *pos - t->start;
	if (!n && at < t->m.count) {
		n = MIN(len, t->m.count - at);
		if (copy_to_user(buf, t->m.buf + at, n))
			n = -EFAULT;
		else
			*pos += n;
	}
	mutex_unlock(&t->lock);
	return n;
}

/* proc_internal.h */
kssize_t words_read(struct file *file, char __user *buf, size_t len, loff_t *pos,
		    kssize_t (*fill)(struct text_file *t, void *buf, size_t len, loff_t pos))
{
	void *page = (void *)__get_free_pages(GFP_KERNEL, 0);
	kssize_t done = 0, n = 0;

	if (!page)
		return -ENOMEM;
	while ((size_t)done < len) {
		n = fill(file->private_data, page, MIN(len - done, PAGE_SIZE), *pos);
		if (n > 0 && copy_to_user(buf + done, page, n))
			n = -EFAULT;
		if (n <= 0)
			break;
		done += n;
		*pos += n;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	free_pages_address(page, 0);
	return done ? done : n;
}

/* proc_internal.h */
char *copy_text(const char __user *buf, size_t *len)
{
	*len = MIN(*len, PAGE_SIZE - 1);
	return copy_whole_text(buf, *len);
}

/* proc_internal.h */
char *copy_whole_text(const char __user *buf, size_t n)
{
	char *text = kmalloc(n + 1, GFP_KERNEL);

	if (!text)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(text, buf, n)) {
		kfree(text);
		return ERR_PTR(-EFAULT);
	}
	text[n] = 0;
	return text;
}

static int ctl_show(struct text_file *t)
{
	const struct ctl_file *ctl = t->entry;

	return ctl->show(&t->m);
}

static kssize_t ctl_fill(struct text_file *t, void *buf, size_t len, loff_t pos)
{
	const struct ctl_file *ctl = t->entry;

	return ctl->read_at(buf, len, pos);
}

static kssize_t ctl_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	const struct ctl_file *ctl = ((struct text_file *)file->private_data)->entry;

	return ctl->read_at ? words_read(file, buf, len, pos, ctl_fill)
			    : text_read(file, buf, len, pos);
}

static int ctl_open(struct inode *inode, struct file *file)
{
	const struct ctl_file *ctl = inode->i_private;

	return text_open(file, ctl->show ? ctl_show : NULL, ctl, NULL);
}

static kssize_t ctl_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct ctl_file *ctl = ((struct text_file *)file->private_data)->entry;
	kssize_t n;
	char *text;

	if (!ctl->write)
		return -EIO;
	if (!len && str_has_prefix(ctl->path, "/sys/"))
		return 0;
	text = copy_text(buf, &len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	n = ctl->write(text, len);
	kfree(text);
	if (n > 0)
		*pos += n;
	return n;
}

static const struct file_operations ctl_fops = {
	.open = ctl_open, .release = text_release, .read = ctl_read, .write = ctl_write,
};

/* proc_internal.h. O_TRUNC of a shell's ">" means nothing here. */
int fixed_setattr(struct dentry *dentry, struct iattr *attr)
{
	return attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

/* proc_internal.h. Kept as long as the entry is there. */
int tree_setattr(struct dentry *dentry, struct iattr *attr)
{
	attr->valid &= ~(unsigned int)ATTR_SIZE;
	return simple_setattr(dentry, attr);
}

static const struct inode_operations tree_inode_operations = { .setattr = tree_setattr };
const struct inode_operations fixed_dir_operations = { .setattr = fixed_setattr };

static int fixed_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	return strscpy(buf, dentry->d_inode->i_private, size);
}
static const struct inode_operations fixed_link_operations = {
	.readlink = fixed_readlink, .setattr = tree_setattr,
};

static struct inode *tree_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb, mode);

	if (!inode)
		return NULL;
	inode->i_uid = 0;
	inode->i_gid = 0;
	inode->i_op = &tree_inode_operations;
	if (S_ISDIR(mode)) {
		inode->i_fop = &simple_dir_fops;
		inode->i_nlink = 2;
	}
	return inode;
}

/* Adds @name below @parent. The dentry with a reference, or NULL. */
static struct dentry *add_child(struct dentry *parent, const char *name, size_t len, umode_t mode)
{
	struct dentry *d = d_alloc(parent, name, len);
	struct inode *inode = d ? tree_inode(parent->d_sb, mode) : NULL;

	if (!inode) {
		dput(d);
		return NULL;
	}
	if (S_ISDIR(mode)) {
		if (parent->d_inode->i_op == &fixed_dir_operations)
			inode->i_op = &fixed_dir_operations;
		parent->d_inode->i_nlink++;
	}
	d_add(d, inode);
	return d;
}

/* The dentry of @path, made with its parents; a reference, or NULL. */
static struct dentry *tree_make(struct super_block *sb, const char *path, umode_t mode)
{
	struct dentry *at = dget(sb->s_root), *next;

	while (at) {
		const char *end = strchrnul(path, '/');

		next = d_lookup(at, path, end - path);
		if (!next)
			next = add_child(at, path, end - path, *end ? S_IFDIR | 0555 : mode);
		dput(at);
		at = next;
		if (!*end)
			break;
		path = end + 1;
	}
	return at;
}

/* proc_internal.h */
struct inode *tree_add(struct super_block *sb, const char *path, umode_t mode,
		       const struct file_operations *fops, void *private)
{
	struct dentry *d = tree_make(sb, path, mode);
	struct inode *inode;

	if (!d)
		return NULL;
	inode = d->d_inode;
	if (fops)
		inode->i_fop = fops;
	inode->i_private = private;
	dput(d);			/* the tree holds it */
	return inode;
}

/* proc_internal.h */
void tree_remove(struct super_block *sb, const char *path)
{
	struct dentry *at = dget(sb->s_root), *next;

	while (at) {
		const char *end = strchrnul(path, '/');

		next = d_lookup(at, path, end - path);
		dput(at);
		at = next;
		if (!*end)
			break;
		path = end + 1;
	}
	if (!at)
		return;
	d_genocide(at);
	at->d_parent->d_inode->i_nlink -= S_ISDIR(at->d_inode->i_mode);
	d_delete(at);
	dput(at);
}

/* proc_internal.h. @target must stay. */
struct inode *tree_symlink(struct super_block *sb, const char *path, const char *target)
{
	struct inode *inode = tree_add(sb, path, S_IFLNK | 0777, NULL, (void *)target);

	if (inode)
		inode->i_op = &fixed_link_operations;
	return inode;
}

/* proc_internal.h */
void tree_add_ctl_files(struct super_block *sb, const char *prefix)
{
	const struct ctl_file *ctl;
	size_t len = strlen(prefix);

	for (ctl = __ctl_file_start; ctl < __ctl_file_end; ctl++)
		if (!strncmp(ctl->path, prefix, len))
			WARN_ON(!tree_add(sb, ctl->path + len, S_IFREG | ctl->mode, &ctl_fops,
					  (void *)ctl));
}

/* proc_internal.h */
int tree_mount(struct super_block *sb, unsigned long magic)
{
	sb->s_magic = magic;
	sb->s_singleton = true;
	sb->s_root = d_make_root(sb, tree_inode(sb, S_IFDIR | 0555));
	return sb->s_root ? 0 : -ENOMEM;
}
