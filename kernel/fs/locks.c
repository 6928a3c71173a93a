/*
 * locks.c - advisory locks: flock(2), and fcntl(2)'s record locks (POSIX and OFD).
 *
 * Idea:   an inode that was ever locked has two lists: whole-file locks owned by
 *         an open file, and ranges owned by a process (its files_struct) or an
 *         open file. Setting a range first cuts the owner's own ranges out of its
 *         way, then adds it; unlocking is the cutting alone. Waiters sleep on one
 *         queue and try again when anything is unlocked; each is on its inode's list meanwhile, for
 *         /proc/locks, which shows who waits for whom. A process that would wait for one
 *         that waits for it, directly or through others, gets EDEADLK instead.
 * Locks:  one mutex for all of it: locks are rare here.
 * Above:  fcntl.c, fd.c, file_table.c.   In Linux: fs/locks.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define OFFSET_MAX 0x7fffffffffffffffL
#define DEADLOCK_STEPS 10	/* so far a chain of waiters is followed, as on Linux */

/* Guard: flock_mutex. */
struct file_lock {
	struct list_head link;		/* file_locks: one owner's by their start */
	struct list_head all;		/* all_locks, the newest first */
	struct inode *inode;		/* c: has the list, so it stays as long as this does */
	const struct file *file;	/* c: by which it was set; only compared */
	bool flock;			/* c */
	void *owner;			/* files_struct, or struct file */
	int type;			/* F_RDLCK, F_WRLCK */
	loff_t start, end;		/* both inclusive */
	kpid_t pid;			/* -1: of an open file */
};
/* Guard: flock_mutex. On its task's stack. */
struct lock_waiter {
	struct list_head link;		/* file_locks, who came first first */
	struct list_head process;	/* process_waiters, if it waits for a process's range */
	const struct file_lock *want;
	const struct file_lock *blocker;	/* of use while the lists are shown */
};
struct file_locks {
	struct list_head flock, posix, waiters;
	unsigned int changes;		/* counts what may let a waiter in */
	struct wait_queue_head wait;
};

/* the last use of a file may end under mmap_lock */
static DEFINE_MUTEX(flock_mutex, LOCK_SLEEP_LAST);
static LIST_HEAD(all_locks);			/* flock_mutex */
static LIST_HEAD(process_waiters);		/* flock_mutex */

static struct file_locks *get_context(struct inode *inode)
{
	struct file_locks *ctx = smp_load_acquire(&inode->i_flctx), *old = NULL;

	if (ctx)
		return ctx;
	/* it lives as long as the inode, and is no reason to remember a group that long */
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return NULL;
	INIT_LIST_HEAD(&ctx->flock);
	INIT_LIST_HEAD(&ctx->posix);
	INIT_LIST_HEAD(&ctx->waiters);
	init_waitqueue_head(&ctx->wait);
	if (!__atomic_compare_exchange_n(&inode->i_flctx, &old, ctx, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		kfree(ctx);
		return old;
	}
	return ctx;
}

/* locks.h */
void locks_free_context(struct inode *inode)
{
	if (!inode->i_flctx)
		return;
	BUG_ON(!list_empty(&inode->i_flctx->flock) || !list_empty(&inode->i_flctx->posix));
	kfree(inode->i_flctx);
}

static bool conflict(const struct file_lock *l, const struct file_lock *want)
{
	return l->owner != want->owner && l->start <= want->end && l->end >= want->start &&
	       (l->type == F_WRLCK || want->type == F_WRLCK);
}

static struct file_lock *find_conflict(struct list_head *list, const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each_entry(l, list, link)
		if (conflict(l, want))
			return l;
	return NULL;
}

/* Into the list, before the owner's next one. */
static void insert_lock(struct list_head *list, struct file_lock *item)
{
	struct list_head *before = list;
	struct file_lock *l;

	list_for_each_entry(l, list, link)
		if (l->owner == item->owner && l->start > item->start) {
			before = &l->link;
			break;
		}
	list_add_tail(&item->link, before);
	list_add(&item->all, &all_locks);
}

static void drop_lock(struct file_lock *l)
{
	list_del(&l->link);
	list_del(&l->all);
	kfree(l);
}

/* Takes [start, end] away from @owner's locks. @spare is used up if one is cut in two. */
static void cut_range(struct list_head *list, void *owner, loff_t start, loff_t end,
		      struct file_lock **spare)
{
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, list, link) {
		if (l->owner != owner || l->start > end || l->end < start)
			continue;
		if (l->start < start && l->end > end) {
			struct file_lock *tail = *spare;

			*spare = NULL;
			*tail = *l;
			tail->start = end + 1;
			l->end = start - 1;
			insert_lock(list, tail);
		} else if (l->start < start) {
			l->end = start - 1;
		} else if (l->end > end) {
			l->start = end + 1;
		} else {
			drop_lock(l);
		}
	}
}

/* Joins neighbours of one owner and type, so that lock after lock does not grow the list. */
static void merge_neighbours(struct list_head *list, struct file_lock *with)
{
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, list, link) {
		if (l == with || l->owner != with->owner || l->type != with->type)
			continue;
		if (l->end + 1 == with->start)
			with->start = l->start;
		else if (with->end != OFFSET_MAX && l->start == with->end + 1)
			with->end = l->end;
		else
			continue;
		drop_lock(l);
	}
}

/*
 * => flock_mutex held. 0, -EAGAIN. Both spares are allocated by the caller, so that this cannot
 * fail.
 */
static int apply_lock(struct file_locks *ctx, struct list_head *list, const struct file_lock *want,
		      struct file_lock **spare, struct file_lock **item)
{
	if (want->type != F_UNLCK && find_conflict(list, want))
		return -EAGAIN;
	cut_range(list, want->owner, want->start, want->end, spare);
	if (want->type != F_UNLCK) {
		**item = *want;
		insert_lock(list, *item);
		merge_neighbours(list, *item);
		*item = NULL;
	}
	ctx->changes++;
	wake_up_all(&ctx->wait);
	return 0;
}

/* What @owner waits for, which of its threads came first; NULL: nothing. */
static const struct file_lock *awaited_by(const void *owner)
{
	struct lock_waiter *w;

	list_for_each_entry(w, &process_waiters, process)
		if (w->want->owner == owner)
			return find_conflict(&w->want->inode->i_flctx->posix, w->want);
	return NULL;
}

/* Would @want's owner wait for itself? What open files own (flock, OFD) waits for no process. */
static bool would_deadlock(struct file_locks *ctx, const struct file_lock *want)
{
	const struct file_lock *l = find_conflict(&ctx->posix, want);

	for (int step = 0; l && step < DEADLOCK_STEPS; step++) {
		l = awaited_by(l->owner);
		if (l && l->owner == want->owner)
			return true;
	}
	return false;
}

static void join_waiters(struct file_locks *ctx, struct lock_waiter *waiter)
{
	list_add_tail(&waiter->link, &ctx->waiters);
	if (!waiter->want->flock && waiter->want->pid >= 0)
		list_add_tail(&waiter->process, &process_waiters);
}

/* One try after another, until it is ours, a signal comes, or @wait is false. */
static long set_lock(struct inode *inode, const struct file_lock *want, bool flock, bool wait)
{
	struct file_locks *ctx = get_context(inode);
	struct file_lock *spare = kmalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
	struct file_lock *item = kmalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	struct lock_waiter waiter = { .want = want };
	long err = -ENOLCK;

	INIT_LIST_HEAD(&waiter.link);
	INIT_LIST_HEAD(&waiter.process);
	if (!ctx || !spare || !item)
		goto out;
	do {
		unsigned int seen;

		mutex_lock(&flock_mutex);
		err = apply_lock(ctx, flock ? &ctx->flock : &ctx->posix, want, &spare, &item);
		seen = ctx->changes;
		if (err == -EAGAIN && wait && !flock && want->pid >= 0 && would_deadlock(ctx, want))
			err = -EDEADLK;
		if (err == -EAGAIN && wait && list_empty(&waiter.link))
			join_waiters(ctx, &waiter);
		mutex_unlock(&flock_mutex);
		if (err != -EAGAIN || !wait)
			break;
		err = wait_event_interruptible(ctx->wait, READ_ONCE(ctx->changes) != seen,
					       "a file lock");
	} while (!err);
	if (!list_empty(&waiter.link)) {
		mutex_lock(&flock_mutex);
		list_del(&waiter.link);
		list_del(&waiter.process);
		mutex_unlock(&flock_mutex);
	}
out:
	kfree(spare);
	kfree(item);
	return err;
}

static void remove_owner(struct inode *inode, void *owner, bool flock)
{
	struct file_locks *ctx = smp_load_acquire(&inode->i_flctx);
	struct file_lock *none = NULL;

	if (!ctx)
		return;
	mutex_lock(&flock_mutex);
	cut_range(flock ? &ctx->flock : &ctx->posix, owner, 0, OFFSET_MAX, &none);
	ctx->changes++;
	wake_up_all(&ctx->wait);
	mutex_unlock(&flock_mutex);
}

/* locks.h */
void locks_remove_posix(struct file *file, struct files_struct *owner)
{
	if (unlikely(file->f_inode->i_flctx))
		remove_owner(file->f_inode, owner, false);
}

/* locks.h */
void locks_remove_file(struct file *file)
{
	if (likely(!file->f_inode->i_flctx))
		return;
	remove_owner(file->f_inode, file, true);
	remove_owner(file->f_inode, file, false);
}

/* syscalls.h */
long sys_flock(unsigned int fd, unsigned int cmd)
{
	struct file_lock want = { .start = 0, .end = OFFSET_MAX, .pid = current->tgid, .flock = true };
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	want.owner = f.file;
	want.file = f.file;
	want.inode = f.file->f_inode;
	switch (cmd & ~LOCK_NB) {
	case LOCK_SH:
		want.type = F_RDLCK;
		break;
	case LOCK_EX:
		want.type = F_WRLCK;
		break;
	case LOCK_UN:
		want.type = F_UNLCK;
		break;
	default:
		fdput(f);
		return -EINVAL;
	}
	err = set_lock(f.file->f_inode, &want, true, !(cmd & LOCK_NB));
	fdput(f);
	return err;
}

/* struct flock to a range: fcntl(2). */
static long to_lock(struct file *file, bool ofd, const struct flock *fl, struct file_lock *lock)
{
	loff_t start = 0;

	if (fl->l_whence == SEEK_CUR)
		start = file->f_pos;
	else if (fl->l_whence == SEEK_END)
		start = READ_ONCE(file->f_inode->i_size);
	else if (fl->l_whence != SEEK_SET)
		return -EINVAL;
	if (fl->l_start > OFFSET_MAX - start)
		return -EOVERFLOW;
	start += fl->l_start;
	if (start < 0)
		return -EINVAL;
	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && fl->l_type != F_UNLCK)
		return -EINVAL;
	*lock = (struct file_lock){
		.inode = file->f_inode, .file = file,
		.owner = ofd ? (void *)file : current->files, .type = fl->l_type,
		.start = start, .end = OFFSET_MAX, .pid = ofd ? -1 : current->tgid,
	};
	if (fl->l_len > 0) {
		if (start > OFFSET_MAX - (fl->l_len - 1))
			return -EOVERFLOW;
		lock->end = start + fl->l_len - 1;
	} else if (fl->l_len < 0) {
		lock->end = start - 1;
		lock->start = start + fl->l_len;
	}
	return lock->start < 0 ? -EINVAL : 0;
}

/* locks.h */
long fcntl_getlk(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct file_locks *ctx = get_context(file->f_inode);
	struct file_lock lock, *found;
	struct flock fl;
	long err;

	if (!ctx)
		return -ENOLCK;
	if (copy_from_user(&fl, (void __user *)arg, sizeof(fl)))
		return -EFAULT;
	if (fl.l_type != F_RDLCK && fl.l_type != F_WRLCK)
		return -EINVAL;
	if (cmd == F_OFD_GETLK && fl.l_pid)
		return -EINVAL;
	err = to_lock(file, cmd == F_OFD_GETLK, &fl, &lock);
	if (err)
		return err;
	mutex_lock(&flock_mutex);
	found = find_conflict(&ctx->posix, &lock);
	fl.l_type = F_UNLCK;
	if (found) {
		fl.l_type = found->type;
		fl.l_whence = SEEK_SET;
		fl.l_start = found->start;
		fl.l_len = found->end == OFFSET_MAX ? 0 : found->end - found->start + 1;
		fl.l_pid = found->pid;
	}
	mutex_unlock(&flock_mutex);
	return copy_to_user((void __user *)arg, &fl, sizeof(fl)) ? -EFAULT : 0;
}

/*
 * Another thread has closed @fd as we locked: its close() may have looked for the process's locks too early,
 * and nobody would take ours away.
 */
static long undo_if_closed(unsigned int fd, struct file *file, const struct file_lock *lock)
{
	if (lock->type == F_UNLCK || fd_leads_to(fd, file))
		return 0;
	remove_owner(file->f_inode, lock->owner, false);	/* all of them, as that close() should have */
	return -EBADF;
}

/* locks.h */
long fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd, unsigned long arg)
{
	bool ofd = cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	struct file_lock lock;
	struct flock fl;
	long err;

	if (copy_from_user(&fl, (void __user *)arg, sizeof(fl)))
		return -EFAULT;
	err = to_lock(file, ofd, &fl, &lock);
	if (err)
		return err;
	if (ofd && fl.l_pid)
		return -EINVAL;
	if ((lock.type == F_RDLCK && !(file->f_mode & FMODE_READ)) ||
	    (lock.type == F_WRLCK && !(file->f_mode & FMODE_WRITE)))
		return -EBADF;
	err = set_lock(file->f_inode, &lock, false, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	return err || ofd ? err : undo_if_closed(fd, file, &lock);
}

/* --- /proc/locks, and the locks' lines of /proc/<pid>/fdinfo/N --- */

/* "1: POSIX  ADVISORY  WRITE 103 00:02:293 10 14"; one that waits: @depth arrows deep. */
static void show_lock(struct seq_file *m, const struct file_lock *l, unsigned int id, int depth)
{
	const struct inode *inode = l->inode;
	kdev_t dev = inode->i_sb->s_dev;

	seq_printf(m, "%u: ", id);
	if (depth)
		seq_printf(m, "%*s", depth - 1 + 3, "-> ");
	seq_puts(m, l->flock ? "FLOCK  ADVISORY  " :
		    l->pid < 0 ? "OFDLCK ADVISORY  " : "POSIX  ADVISORY  ");
	seq_printf(m, "%s %d %02x:%02x:%lu ", l->type == F_WRLCK ? "WRITE" : "READ", l->pid,
		   MAJOR(dev), MINOR(dev), inode->i_ino);
	if (l->end == OFFSET_MAX)
		seq_printf(m, "%lld EOF\n", (long long)l->start);
	else
		seq_printf(m, "%lld %lld\n", (long long)l->start, (long long)l->end);
}

/*
 * Who stands in each waiter's way: a lock, or one who waits for that lock before him and would be in
 * his way, and so on. NULL: nobody any more, he is about to run. => flock_mutex held
 */
static void find_blockers(struct file_locks *ctx)
{
	struct lock_waiter *w, *earlier;

	list_for_each_entry(w, &ctx->waiters, link) {
		w->blocker = find_conflict(w->want->flock ? &ctx->flock : &ctx->posix, w->want);
		list_for_each_entry(earlier, &ctx->waiters, link) {
			if (earlier == w)
				break;
			if (w->blocker && earlier->blocker == w->blocker &&
			    conflict(earlier->want, w->want))
				w->blocker = earlier->want;
		}
	}
}

/* The waiters behind @top, those behind them indented, by following the list instead of recursion. */
static void show_waiters(struct seq_file *m, struct file_locks *ctx, const struct file_lock *top,
			 unsigned int id)
{
	const struct file_lock *at = top;
	struct list_head *pos = ctx->waiters.next;
	int depth = 1;

	for (;;) {
		struct lock_waiter *w;

		if (pos != &ctx->waiters) {
			w = list_entry(pos, struct lock_waiter, link);
			pos = pos->next;
			if (w->blocker != at)
				continue;
			show_lock(m, w->want, id, depth++);
			at = w->want;		/* who waits for him came after him */
			continue;
		}
		if (at == top)
			return;
		list_for_each_entry(w, &ctx->waiters, link)
			if (w->want == at)
				break;
		pos = w->link.next;		/* back to who stands in his way, and on */
		at = w->blocker;
		depth--;
	}
}

static int locks_show(struct seq_file *m)
{
	unsigned int id = 0;
	struct file_lock *l;

	mutex_lock(&flock_mutex);
	list_for_each_entry(l, &all_locks, all) {
		struct file_locks *ctx = l->inode->i_flctx;

		show_lock(m, l, ++id, 0);
		if (list_empty(&ctx->waiters))
			continue;
		find_blockers(ctx);
		show_waiters(m, ctx, l, id);
	}
	mutex_unlock(&flock_mutex);
	return 0;
}
CTL_FILE("/proc/locks", .mode = 0444, .show = locks_show);

static void show_own(struct seq_file *m, struct list_head *list, const struct file *file,
		     const void *files, unsigned int *id)
{
	struct file_lock *l;

	list_for_each_entry(l, list, link) {
		if (l->file != file || (l->owner != files && l->owner != file))
			continue;
		seq_puts(m, "lock:\t");
		show_lock(m, l, ++*id, 0);
	}
}

/* locks.h */
void locks_show_fdinfo(struct seq_file *m, struct file *file, const struct files_struct *files)
{
	struct file_locks *ctx = smp_load_acquire(&file->f_inode->i_flctx);
	unsigned int id = 0;

	if (!ctx)
		return;
	mutex_lock(&flock_mutex);
	show_own(m, &ctx->flock, file, files, &id);
	show_own(m, &ctx->posix, file, files, &id);
	mutex_unlock(&flock_mutex);
}
