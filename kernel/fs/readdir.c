/*
 * readdir.c - getdents(2), getdents64(2): what is in a directory.
 *
 * Idea:   the directory's iterate calls an actor for each entry, which copies a
 *         record to the user's buffer as long as there is room. A record's d_off
 *         is where the next begins, so it is filled in one entry later.
 * Locks:  f_pos_lock (fdget_pos), the directory's i_rwsem for reading.
 * Above:  the system call table.   In Linux: fs/readdir.c.
 */
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

struct getdents {
	struct dir_context ctx;
	char __user *buf;		/* where the next record goes */
	unsigned int left;		/* bytes */
	char __user *prev;		/* the last record, its d_off is open */
	bool old;			/* struct linux_dirent */
	int error;
	char record[sizeof(struct linux_dirent64) + NAME_MAX + 16];
};

/* d_off lies at byte 8 in both formats. */
static bool fill_offset(struct getdents *g, s64 off)
{
	return !g->prev || !put_user(off, (s64 __user *)(g->prev + 8));
}

static unsigned int make_record(struct getdents *g, const char *name, int len, u64 ino,
				unsigned int type)
{
	struct linux_dirent64 *d = (void *)g->record;
	struct linux_dirent *o = (void *)g->record;
	unsigned int size;

	memset(g->record, 0, sizeof(g->record));
	if (g->old) {
		size = ALIGN_UP(offsetof(struct linux_dirent, d_name) + len + 2, sizeof(long));
		o->d_ino = ino;
		o->d_reclen = size;
		memcpy(o->d_name, name, len);
		g->record[size - 1] = type;
		return size;
	}
	size = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, sizeof(u64));
	d->d_ino = ino;
	d->d_reclen = size;
	d->d_type = type;
	memcpy(d->d_name, name, len);
	return size;
}

static bool filldir(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		    unsigned int type)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	unsigned int size;

	if (len > NAME_MAX || (g->prev && signal_pending(current)))
		return false;
	size = make_record(g, name, len, ino, type);
	g->error = -EINVAL;		/* if not even one fits */
	if (size > g->left)
		return false;
	g->error = -EFAULT;
	if (!fill_offset(g, pos) || copy_to_user(g->buf, g->record, size))
		return false;
	g->error = 0;
	g->prev = g->buf;
	g->buf += size;
	g->left -= size;
	return true;
}

static long iterate_dir(struct file *file, struct dir_context *ctx)
{
	struct inode *inode = file->f_inode;
	long err = -ENOENT;

	if (!file->f_op->iterate)
		return -ENOTDIR;
	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	down_read(&inode->i_rwsem);
	if (inode->i_nlink) {		/* else it was removed */
		ctx->pos = file->f_pos;
		err = file->f_op->iterate(file, ctx);
		file->f_pos = ctx->pos;
		touch_atime(file);
	}
	up_read(&inode->i_rwsem);
	if (err >= 0)
		fsnotify_file(file, IN_ACCESS);
	return err;
}

static long getdents(unsigned int fd, void __user *buf, unsigned int size, bool old)
{
	struct getdents g = {
		.ctx.actor = filldir, .buf = buf, .left = size, .old = old,
	};
	struct fd f = fdget_pos(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = iterate_dir(f.file, &g.ctx);
	if (err >= 0)
		err = g.error;
	if (g.prev) {
		err = fill_offset(&g, g.ctx.pos) ? (long)(size - g.left) : -EFAULT;
	}
	fdput_pos(f);
	return err;
}

/* System calls: syscalls.h. */
long sys_getdents64(unsigned int fd, void __user *buf, unsigned int size)
{
	return getdents(fd, buf, size, false);
}
long sys_getdents(unsigned int fd, void __user *buf, unsigned int size)
{
	return getdents(fd, buf, size, true);
}
