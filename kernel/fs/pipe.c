/*
 * pipe.c - pipes and FIFOs.
 *
 * Idea:   a ring of up to 16 pages. A writer fills new pages at the head, or what
 *         is left of the last one if all of its data fits there; a reader empties
 *         them at the tail. So a write of up to PIPE_BUF bytes never comes apart.
 *         Readers are woken only when the pipe was empty, writers only when it
 *         was full: nobody else can be waiting. A poller with an edge-triggered
 *         epoll wants to hear of every change (poll_usage).
 *
 *              tail            head
 *               v               v
 *         | . | ##| ####| ##  | . |      slot = index & (slots - 1)
 *
 * Locks:  pipe->mutex, LOCK_PIPE, held while user memory is copied.
 * Above:  pipe(2), open(2) of a FIFO.   In Linux: fs/pipe.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fs_user.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define PIPE_DEF_BUFFERS 16	/* 64 KiB: pipe(7) */
#define PIPE_MIN_BUFFERS 2	/* what is left for who has many: less would let a program's two ends meet */

static unsigned long pipe_max_size = 1024 * 1024;
/* Pages of all of a user's pipes, if he has no privilege: new ones are small, then there are none. */
static unsigned long user_pages_soft = PIPE_DEF_BUFFERS * 1024, user_pages_hard;

/* A power of two, at least a page. */
static int round_max_size(long *bytes)
{
	unsigned long size = PAGE_SIZE;

	while (size < (unsigned long)*bytes)
		size *= 2;
	*bytes = size;
	return 0;
}
CTL_SYSCTL_ULONG("fs.pipe-max-size", pipe_max_size, 0, 1L << 31, .check = round_max_size);
CTL_SYSCTL_ULONG("fs.pipe-user-pages-soft", user_pages_soft, 0, 0);
CTL_SYSCTL_ULONG("fs.pipe-user-pages-hard", user_pages_hard, 0, 0);

struct pipe_buffer {
	struct page *page;
	unsigned int offset, len;
	bool file;			/* a page of a file's, by splice: may be in HighMem, is not written to */
};

/* Guards: p mutex   r pipe_ref_lock */
struct pipe_inode_info {
	struct mutex mutex;		/* LOCK_PIPE */
	unsigned int head, tail;	/* p: count up for ever; head - tail pages are in use */
	unsigned int slots;		/* p: a power of two */
	struct pipe_buffer *bufs;	/* p */
	struct page *spare;		/* p: the last page emptied, for the next write */
	struct fs_user *user;		/* c: has p->slots pages of it */
	unsigned int readers, writers;	/* p: open ends */
	unsigned int r_counter, w_counter;	/* p: how often one was opened */
	bool poll_usage;		/* p: somebody polls: wake at each change */
	unsigned int files;		/* r: open files; the last frees */
	struct wait_queue_head rd_wait, wr_wait;
	struct pipe_buffer bufs_default[PIPE_DEF_BUFFERS];
};

static DEFINE_MUTEX(pipe_ref_lock, LOCK_OPEN);	/* inode->i_pipe of FIFOs, ->files */
static struct vfsmount *pipe_mnt;		/* c */
static struct file_system_type pipe_fs_type = {
	.name = "pipefs", .nodev = true, .mount = pseudo_mount, .internal = true,
};

static bool pipe_empty(const struct pipe_inode_info *p)
{
	return READ_ONCE(p->head) == READ_ONCE(p->tail);
}
static bool pipe_full(const struct pipe_inode_info *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) >= READ_ONCE(p->slots);
}
static struct pipe_buffer *slot(struct pipe_inode_info *p, unsigned int i)
{
	return &p->bufs[i & (p->slots - 1)];
}

static bool is_unprivileged(void)
{
	return !fs_capable(CAP_SYS_RESOURCE) && !fs_capable(CAP_SYS_ADMIN);
}

/* The user's pipes have @slots pages now: is that more than one without privilege may have? */
static bool too_many(long slots, unsigned long limit)
{
	return limit && (unsigned long)slots > limit && is_unprivileged();
}

/* How many pages a new pipe of @user may have, counted; 0: none. */
static unsigned int take_slots(struct fs_user *user)
{
	unsigned int slots = PIPE_DEF_BUFFERS;

	user->pipe_slots += slots;
	if (too_many(user->pipe_slots, user_pages_soft)) {
		user->pipe_slots -= slots - PIPE_MIN_BUFFERS;
		slots = PIPE_MIN_BUFFERS;
	}
	if (!too_many(user->pipe_slots, user_pages_hard))
		return slots;
	user->pipe_slots -= slots;
	return 0;
}

/* NULL: no memory, or the user has too many */
static struct pipe_inode_info *alloc_pipe(void)
{
	struct pipe_inode_info *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	p->user = fs_user_get();
	p->slots = p->user ? take_slots(p->user) : 0;
	if (!p->slots) {
		if (p->user)
			fs_user_put(p->user);
		kfree(p);
		return NULL;
	}
	mutex_init(&p->mutex, LOCK_PIPE);
	p->bufs = p->bufs_default;
	p->r_counter = p->w_counter = 1;	/* never 0: see pipe_poll() */
	init_waitqueue_head(&p->rd_wait);
	init_waitqueue_head(&p->wr_wait);
	return p;
}

static void free_pipe(struct pipe_inode_info *p)
{
	for (; p->tail != p->head; p->tail++)
		put_page(slot(p, p->tail)->page);
	if (p->spare)
		put_page(p->spare);
	if (p->bufs != p->bufs_default)
		kfree(p->bufs);
	p->user->pipe_slots -= p->slots;
	fs_user_put(p->user);
	kfree(p);
}

static void wake_readers(struct pipe_inode_info *p)
{
	wake_up_key(&p->rd_wait, TASK_INTERRUPTIBLE, 1, (void *)(EPOLLIN | EPOLLRDNORM));
}
static void wake_writers(struct pipe_inode_info *p)
{
	wake_up_key(&p->wr_wait, TASK_INTERRUPTIBLE, 1, (void *)(EPOLLOUT | EPOLLWRNORM));
}

/* @n bytes of the oldest buffer were taken. A page that others have, too, is not written to again. */
static void consume(struct pipe_inode_info *p, size_t n)
{
	struct pipe_buffer *b = slot(p, p->tail);

	b->offset += n;
	b->len -= n;
	if (b->len)
		return;
	if (!p->spare && !b->file && page_count(b->page) == 1)
		p->spare = b->page;
	else
		put_page(b->page);
	b->page = NULL;
	p->tail++;
}

/* Copies from the oldest buffer; frees it when it is empty. Bytes, or -EFAULT. */
static kssize_t read_buffer(struct pipe_inode_info *p, char __user *buf, size_t len)
{
	struct pipe_buffer *b = slot(p, p->tail);
	size_t n = MIN(len, (size_t)b->len);
	char *from = kmap_local_page(b->page);
	unsigned long left = copy_to_user(buf, from + b->offset, n);

	kunmap_local(from);
	if (left)
		return -EFAULT;
	consume(p, n);
	return n;
}

/* Waits for data, the mutex dropped meanwhile. 0, -EAGAIN, -ERESTARTSYS. */
static int wait_readable(struct pipe_inode_info *p, bool nonblock)
{
	int err;

	if (nonblock)
		return -EAGAIN;
	mutex_unlock(&p->mutex);
	err = wait_event_interruptible(p->rd_wait, !pipe_empty(p) || !READ_ONCE(p->writers),
				       "pipe_read");
	mutex_lock(&p->mutex);
	return err;
}

/* pipe.h */
kssize_t pipe_read_user(struct file *file, char __user *buf, size_t len, bool nonblock)
{
	struct pipe_inode_info *p = file->private_data;
	bool was_full, wake;
	kssize_t done = 0, n = 0;

	if (!len)
		return 0;
	mutex_lock(&p->mutex);
	was_full = pipe_full(p);
	while (pipe_empty(p)) {
		if (!p->writers)
			goto out;		/* end of file */
		n = wait_readable(p, nonblock);
		if (n)
			goto out;
		was_full = pipe_full(p);
	}
	while (len && !pipe_empty(p)) {
		n = read_buffer(p, buf, len);
		if (n < 0)
			break;
		done += n;
		buf += n;
		len -= n;
	}
out:
	wake = (was_full || p->poll_usage) && done && !pipe_full(p);
	mutex_unlock(&p->mutex);
	if (wake)
		wake_writers(p);
	return done ? done : n < 0 ? n : 0;
}

static kssize_t pipe_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return pipe_read_user(file, buf, len, file->f_flags & O_NONBLOCK);
}

/* Puts the odd bytes of a write into the last page, if all of them fit. Bytes, 0, or -EFAULT. */
static kssize_t merge_write(struct pipe_inode_info *p, const char __user *buf, size_t len)
{
	size_t odd = len & ~PAGE_MASK;
	struct pipe_buffer *b;

	if (!odd || pipe_empty(p))
		return 0;
	b = slot(p, p->head - 1);
	if (b->offset + b->len + odd > PAGE_SIZE || b->file || page_count(b->page) > 1)
		return 0;
	if (copy_from_user((char *)page_address(b->page) + b->offset + b->len, buf, odd))
		return -EFAULT;
	b->len += odd;
	return odd;
}

/* A new page at the head. => not full. Bytes, -ENOMEM, -EFAULT. */
static kssize_t append_page(struct pipe_inode_info *p, const char __user *buf, size_t len)
{
	size_t n = MIN(len, PAGE_SIZE);
	struct page *page = p->spare;

	if (!page) {
		page = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
	}
	p->spare = NULL;
	if (copy_from_user(page_address(page), buf, n)) {
		p->spare = page;
		return -EFAULT;
	}
	*slot(p, p->head) = (struct pipe_buffer){ .page = page, .offset = 0, .len = n };
	p->head++;
	return n;
}

/* Full: tells the readers and waits, the mutex dropped meanwhile. 0, -EAGAIN, -ERESTARTSYS. */
static int wait_writable(struct pipe_inode_info *p, bool nonblock)
{
	int err;

	if (nonblock)
		return -EAGAIN;
	mutex_unlock(&p->mutex);
	wake_readers(p);
	err = wait_event_interruptible(p->wr_wait, !pipe_full(p) || !READ_ONCE(p->readers),
				       "pipe_write");
	mutex_lock(&p->mutex);
	return err;
}

/* *@tell: the pipe was empty, as far as readers know, before the last bytes came. */
static kssize_t write_locked(struct pipe_inode_info *p, const char __user *buf, size_t len,
			     bool nonblock, bool *tell)
{
	kssize_t done = 0, n = 0;

	if (p->readers) {
		done = merge_write(p, buf, len);
		if (done < 0)
			return done;
	}
	while ((size_t)done < len) {
		if (!p->readers) {
			send_signal(SIGPIPE, NULL, current, false);
			n = -EPIPE;
			break;
		}
		if (pipe_full(p)) {
			n = wait_writable(p, nonblock);
			/* who emptied it meanwhile sleeps again */
			*tell |= pipe_empty(p);
		} else {
			n = append_page(p, buf + done, len - done);
		}
		if (n < 0)
			break;
		done += n;
	}
	return done ? done : n;
}

/* pipe.h */
kssize_t pipe_write_user(struct file *file, const char __user *buf, size_t len, bool nonblock)
{
	struct pipe_inode_info *p = file->private_data;
	bool tell, wake;
	kssize_t n;

	if (!len)
		return 0;
	mutex_lock(&p->mutex);
	tell = pipe_empty(p);
	n = write_locked(p, buf, len, nonblock, &tell);
	wake = n > 0 && (tell || p->poll_usage || n > (kssize_t)PAGE_SIZE);
	mutex_unlock(&p->mutex);
	if (wake)
		wake_readers(p);
	return n;
}

static kssize_t pipe_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return pipe_write_user(file, buf, len, file->f_flags & O_NONBLOCK);
}

static unsigned int pipe_poll(struct file *file, struct poll_table *pt)
{
	struct pipe_inode_info *p = file->private_data;
	unsigned int mask = 0;

	WRITE_ONCE(p->poll_usage, true);
	if (file->f_mode & FMODE_READ)
		poll_wait(file, &p->rd_wait, pt);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &p->wr_wait, pt);
	if (file->f_mode & FMODE_READ) {
		if (!pipe_empty(p))
			mask |= EPOLLIN | EPOLLRDNORM;
		/*
		 * A FIFO opened without waiting has no "hang up" before its first writer: its f_pos
		 * is the counter then; else it is 0, which no counter is.
		 */
		if (!READ_ONCE(p->writers) && file->f_pos != p->w_counter)
			mask |= EPOLLHUP;
	}
	if (file->f_mode & FMODE_WRITE) {
		if (!pipe_full(p))
			mask |= EPOLLOUT | EPOLLWRNORM;
		if (!READ_ONCE(p->readers))
			mask |= EPOLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *p = file->private_data;
	int count = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	mutex_lock(&p->mutex);
	for (unsigned int i = p->tail; i != p->head; i++)
		count += slot(p, i)->len;
	mutex_unlock(&p->mutex);
	return put_user(count, (int __user *)arg);
}

static void put_pipe(struct inode *inode, struct pipe_inode_info *p)
{
	bool last;

	mutex_lock(&pipe_ref_lock);
	last = !--p->files;
	if (last)
		inode->i_pipe = NULL;
	mutex_unlock(&pipe_ref_lock);
	if (last)
		free_pipe(p);
}

static int pipe_release(struct inode *inode, struct file *file)
{
	struct pipe_inode_info *p = file->private_data;
	bool hung_up;

	mutex_lock(&p->mutex);
	if (file->f_mode & FMODE_READ)
		p->readers--;
	if (file->f_mode & FMODE_WRITE)
		p->writers--;
	hung_up = !p->readers != !p->writers;
	mutex_unlock(&p->mutex);
	if (hung_up) {
		wake_up_key(&p->rd_wait, TASK_INTERRUPTIBLE, 0,
			    (void *)(EPOLLIN | EPOLLHUP | EPOLLERR));
		wake_up_key(&p->wr_wait, TASK_INTERRUPTIBLE, 0,
			    (void *)(EPOLLOUT | EPOLLHUP | EPOLLERR));
	}
	put_pipe(inode, p);
	return 0;
}

/* Waits until the other end was opened once more. => mutex held, dropped meanwhile. */
static int wait_for_partner(struct pipe_inode_info *p, unsigned int *counter)
{
	unsigned int seen = *counter;
	int err;

	mutex_unlock(&p->mutex);
	err = wait_event_interruptible(p->rd_wait, READ_ONCE(*counter) != seen, "wait_for_partner");
	mutex_lock(&p->mutex);
	return err;
}

/* A pipe opened anew through /proc has had both its ends: nobody is waited for. */
static bool is_unnamed(const struct file *file)
{
	return file->f_path.mnt == pipe_mnt;
}

static int fifo_open_read(struct file *file, struct pipe_inode_info *p)
{
	p->r_counter++;
	if (p->readers++ == 0)
		wake_up_all(&p->rd_wait);
	if (p->writers || is_unnamed(file))
		return 0;
	if (file->f_flags & O_NONBLOCK) {
		file->f_pos = p->w_counter;
		return 0;
	}
	return wait_for_partner(p, &p->w_counter);
}

static int fifo_open_write(struct file *file, struct pipe_inode_info *p)
{
	if (file->f_flags & O_NONBLOCK && !p->readers && !is_unnamed(file))
		return -ENXIO;
	p->w_counter++;
	if (p->writers++ == 0)
		wake_up_all(&p->rd_wait);
	return p->readers || is_unnamed(file) ? 0 : wait_for_partner(p, &p->r_counter);
}

static int fifo_open_both(struct pipe_inode_info *p)
{
	p->readers++;
	p->writers++;
	p->r_counter++;
	p->w_counter++;
	wake_up_all(&p->rd_wait);
	return 0;
}

static struct pipe_inode_info *get_fifo(struct inode *inode)
{
	struct pipe_inode_info *p;

	mutex_lock(&pipe_ref_lock);
	p = inode->i_pipe;
	if (!p)
		p = inode->i_pipe = alloc_pipe();
	if (p)
		p->files++;
	mutex_unlock(&pipe_ref_lock);
	return p;
}

static int fifo_open(struct inode *inode, struct file *file)
{
	struct pipe_inode_info *p = get_fifo(inode);
	unsigned int mode = file->f_mode & (FMODE_READ | FMODE_WRITE);
	int err;

	if (!p)
		return -ENOMEM;
	file->private_data = p;
	file->f_mode |= FMODE_STREAM;
	mutex_lock(&p->mutex);
	err = mode == FMODE_READ ? fifo_open_read(file, p) :
	      mode == FMODE_WRITE ? fifo_open_write(file, p) : fifo_open_both(p);
	/* Interrupted while waiting: it is taken back; -ENXIO has counted nothing. */
	if (err && err != -ENXIO) {
		if (mode == FMODE_READ)
			p->readers--;
		else
			p->writers--;
		wake_up_all(&p->wr_wait);
		wake_up_all(&p->rd_wait);
	}
	mutex_unlock(&p->mutex);
	if (err)
		put_pipe(inode, p);
	return err;
}

/* Pipes have their struct from the start; FIFOs get it as they are opened. */
static const struct file_operations pipe_fops = {
	.read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl,
	.llseek = no_llseek, .release = pipe_release,
};
const struct file_operations fifo_fops = {
	.read = pipe_read, .write = pipe_write, .poll = pipe_poll, .ioctl = pipe_ioctl,
	.llseek = no_llseek, .open = fifo_open, .release = pipe_release,
};

/* => mutex held */
static long resize(struct pipe_inode_info *p, unsigned int slots)
{
	struct pipe_buffer *bufs;
	unsigned int used = p->head - p->tail;
	long all = p->user->pipe_slots + slots - p->slots;

	if (slots > p->slots && (too_many(all, user_pages_soft) || too_many(all, user_pages_hard)))
		return -EPERM;
	if (used > slots)
		return -EBUSY;
	bufs = kcalloc(slots, sizeof(*bufs), GFP_KERNEL_ACCOUNT);
	if (!bufs)
		return -ENOMEM;
	for (unsigned int i = 0; i < used; i++)
		bufs[i] = *slot(p, p->tail + i);
	if (p->bufs != p->bufs_default)
		kfree(p->bufs);
	p->bufs = bufs;
	p->user->pipe_slots += (long)slots - p->slots;
	p->slots = slots;
	p->tail = 0;
	p->head = used;
	return (long)slots << PAGE_SHIFT;
}

/* pipe.h */
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *p = file->private_data;
	unsigned long size;
	long ret;

	if (file->f_op != &pipe_fops && file->f_op != &fifo_fops)
		return -EBADF;
	if (cmd == F_GETPIPE_SZ)
		return (long)READ_ONCE(p->slots) << PAGE_SHIFT;
	if (arg > 1UL << 31)
		return -EINVAL;
	size = roundup_pow_of_two(MAX(arg, PAGE_SIZE));
	if (size > pipe_max_size && !fs_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	mutex_lock(&p->mutex);
	ret = resize(p, size >> PAGE_SHIFT);
	mutex_unlock(&p->mutex);
	if (ret > 0)
		wake_writers(p);
	return ret;
}

/* --- splice, tee --- */

/* pipe.h */
bool is_pipe(const struct file *file)
{
	return file->f_op == &pipe_fops || file->f_op == &fifo_fops;
}

/* => mutex held. 1: there is data; 0: there will be none; -EAGAIN, -ERESTARTSYS */
static int wait_for_data(struct pipe_inode_info *p, bool nonblock)
{
	while (pipe_empty(p)) {
		int err = p->writers ? wait_readable(p, nonblock) : 0;

		if (err || (pipe_empty(p) && !p->writers))
			return err;
	}
	return 1;
}

/* => mutex held. 0: there is room; -EPIPE (SIGPIPE is sent), -EAGAIN, -ERESTARTSYS */
static int wait_for_room(struct pipe_inode_info *p, bool nonblock)
{
	for (;;) {
		int err;

		if (!p->readers) {
			send_signal(SIGPIPE, NULL, current, false);
			return -EPIPE;
		}
		if (!pipe_full(p))
			return 0;
		err = wait_writable(p, nonblock);
		if (err)
			return err;
	}
}

/* pipe.h. Waits for the first byte only. */
long pipe_to_file(struct file *in, struct file *out, loff_t *pos, size_t len, bool nonblock)
{
	struct pipe_inode_info *p = in->private_data;
	kssize_t done = 0, n;

	mutex_lock(&p->mutex);
	n = wait_for_data(p, nonblock);
	while (n > 0 && (size_t)done < len && !pipe_empty(p)) {
		struct pipe_buffer *b = slot(p, p->tail);
		char *from = kmap_local_page(b->page);

		n = splice_write(out, from + b->offset, MIN(len - done, (size_t)b->len), pos);
		kunmap_local(from);
		if (n > 0) {
			consume(p, n);
			done += n;
		}
	}
	mutex_unlock(&p->mutex);
	if (done)
		wake_writers(p);
	return done ? done : n < 0 ? n : 0;
}

/*
 * What a page of @in has there, at the head: the page itself, so what is written to it later is seen by
 * the reader. => not full, mutex held. Bytes, 0, -errno
 */
static kssize_t append_from_file(struct pipe_inode_info *p, struct file *in, loff_t *pos, size_t len)
{
	struct page *page = filemap_get_read_page(in->f_mapping, *pos, &len);
	struct pipe_buffer b = { .page = page, .offset = *pos & ~PAGE_MASK, .len = len, .file = true };

	if (IS_ERR(page))
		return PTR_ERR(page);
	if (!len)
		return 0;
	if (!page) {
		b.page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		b.file = false;
		if (!b.page)
			return -ENOMEM;
	}
	*slot(p, p->head++) = b;
	*pos += len;
	return len;
}

/* pipe.h. Waits for room once: what fits is a good answer. */
long file_to_pipe(struct file *in, loff_t *pos, struct file *out, size_t len, bool nonblock)
{
	struct pipe_inode_info *p = out->private_data;
	kssize_t done = 0, n;

	mutex_lock(&p->mutex);
	n = wait_for_room(p, nonblock);
	while (!n && (size_t)done < len && !pipe_full(p)) {
		n = append_from_file(p, in, pos, len - done);
		if (n <= 0)
			break;
		done += n;
		n = 0;
	}
	mutex_unlock(&p->mutex);
	if (done)
		wake_readers(p);
	return done ? done : n;
}

static void lock_two(struct pipe_inode_info *a, struct pipe_inode_info *b)
{
	mutex_lock(a < b ? &a->mutex : &b->mutex);
	mutex_lock_nested(a < b ? &b->mutex : &a->mutex);
}
static void unlock_two(struct pipe_inode_info *a, struct pipe_inode_info *b)
{
	mutex_unlock(&a->mutex);
	mutex_unlock(&b->mutex);
}

/* Sleeps, with no lock held, until @in has data and then until @out has room. As wait_for_data(). */
static int wait_for_both(struct pipe_inode_info *in, struct pipe_inode_info *out, bool nonblock)
{
	int ret;

	mutex_lock(&in->mutex);
	ret = wait_for_data(in, nonblock);
	mutex_unlock(&in->mutex);
	if (ret <= 0)
		return ret;
	mutex_lock(&out->mutex);
	ret = wait_for_room(out, nonblock);
	mutex_unlock(&out->mutex);
	return ret ? ret : 1;
}

/* Up to @len bytes of the buffers at @in's tail: their pages are shared, and kept there or not. */
static kssize_t share_buffers(struct pipe_inode_info *in, struct pipe_inode_info *out, size_t len,
			      bool keep)
{
	unsigned int i = in->tail;
	kssize_t done = 0;

	while ((size_t)done < len && i != in->head && !pipe_full(out)) {
		struct pipe_buffer b = *slot(in, i);

		b.len = MIN((size_t)b.len, len - done);
		get_page(b.page);
		*slot(out, out->head) = b;
		out->head++;
		done += b.len;
		if (keep) {
			i++;
		} else {
			consume(in, b.len);
			i = in->tail;
		}
	}
	return done;
}

/* pipe.h. @keep: tee(2). Somebody may have been faster after the wait: then again. */
long pipe_to_pipe(struct file *in, struct file *out, size_t len, bool nonblock, bool keep)
{
	struct pipe_inode_info *from = in->private_data, *to = out->private_data;
	kssize_t n = 0;

	while (!n) {
		int ready = wait_for_both(from, to, nonblock);

		if (ready <= 0)
			return ready;
		lock_two(from, to);
		n = share_buffers(from, to, len, keep);
		unlock_two(from, to);
	}
	wake_readers(to);
	if (!keep)
		wake_writers(from);
	return n;
}

/* pipe.h */
void pipe_init(void)
{
	register_filesystem(&pipe_fs_type);
	pipe_mnt = kern_mount(&pipe_fs_type);
	BUG_ON(IS_ERR(pipe_mnt));
}

static struct file *pipe_end(const struct path *path, unsigned int flags)
{
	struct file *file = alloc_file(path, flags, &pipe_fops);

	if (!IS_ERR(file)) {
		file->private_data = path->dentry->d_inode->i_pipe;
		file->f_mode |= FMODE_STREAM;
	}
	return file;
}

/* Both ends. 0, -ENFILE, -ENOMEM. */
static int create_pipe_files(struct file *ends[2], unsigned int flags)
{
	struct inode *inode = new_inode(pipe_mnt->mnt_sb, S_IFIFO | 0600);
	struct pipe_inode_info *p;
	struct path path;
	int err;

	if (!inode)
		return -ENOMEM;
	p = inode->i_pipe = alloc_pipe();
	if (!p) {
		iput(inode);
		return -ENOMEM;
	}
	inode->i_fop = &fifo_fops;	/* /proc/<pid>/fd/N opens it as a FIFO */
	p->readers = p->writers = p->files = 1;
	err = pseudo_path_init(&path, pipe_mnt, "pipe:", inode);
	if (err)
		goto free;
	path_get(&path);		/* one for each end */
	ends[1] = pipe_end(&path, O_WRONLY | (flags & O_NONBLOCK));
	if (IS_ERR(ends[1])) {
		path_put(&path);
		err = PTR_ERR(ends[1]);
		goto free;
	}
	p->files = 2;
	ends[0] = pipe_end(&path, O_RDONLY | (flags & O_NONBLOCK));
	if (!IS_ERR(ends[0]))
		return 0;
	err = PTR_ERR(ends[0]);
	p->files = 1;			/* ends[1]'s release frees it */
	fput(ends[1]);
	return err;
free:
	free_pipe(p);
	return err;
}

/* syscalls.h */
long sys_pipe2(int __user *ufds, int flags)
{
	struct file *ends[2] = { NULL, NULL };
	int fds[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;		/* O_DIRECT's packets are not made here */
	err = create_pipe_files(ends, flags);
	if (err)
		return err;
	fds[0] = get_unused_fd_flags(flags);
	fds[1] = fds[0] < 0 ? fds[0] : get_unused_fd_flags(flags);
	err = fds[1] < 0 ? fds[1] : copy_to_user(ufds, fds, sizeof(fds)) ? -EFAULT : 0;
	if (err) {
		if (fds[0] >= 0)
			put_unused_fd(fds[0]);
		if (fds[0] >= 0 && fds[1] >= 0)
			put_unused_fd(fds[1]);
		fput(ends[0]);
		fput(ends[1]);
		return err;
	}
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;
}

/* syscalls.h */
long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}
