/*
 * eventfd.c - eventfd(2): a counter to wait on.
 *
 * Locks:  ctx->wq.lock guards the count; it is taken with interrupts off as any
 *         wait queue's.
 * Above:  the system call table.   In Linux: fs/eventfd.c.
 */
#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define EVENTFD_MAX (~0UL - 1)

struct eventfd_ctx {
	struct wait_queue_head wq;
	u64 count;			/* wq.lock */
	bool semaphore;			/* c */
};

/* Takes what a read gets; 0: nothing there. */
static u64 take_count(struct eventfd_ctx *ctx)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);
	u64 n = ctx->semaphore && ctx->count ? 1 : ctx->count;

	ctx->count -= n;
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	return n;
}

static bool add_count(struct eventfd_ctx *ctx, u64 n)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);
	bool fits = EVENTFD_MAX - ctx->count >= n;

	if (fits)
		ctx->count += n;
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	return fits;
}

static kssize_t eventfd_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (len < sizeof(n))
		return -EINVAL;
	while (!(n = take_count(ctx))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wq, READ_ONCE(ctx->count), "eventfd_read");
		if (err)
			return err;
	}
	wake_up_key(&ctx->wq, TASK_NORMAL, 1, (void *)EPOLLOUT);
	return put_user(n, (u64 __user *)buf) ? -EFAULT : (kssize_t)sizeof(n);
}

static kssize_t eventfd_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (len < sizeof(n))
		return -EINVAL;
	if (get_user(n, (const u64 __user *)buf))
		return -EFAULT;
	if (n == ~0UL)
		return -EINVAL;
	while (!add_count(ctx, n)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wq, EVENTFD_MAX - READ_ONCE(ctx->count) >= n,
					       "eventfd_write");
		if (err)
			return err;
	}
	wake_up_key(&ctx->wq, TASK_NORMAL, 1, (void *)EPOLLIN);
	return sizeof(n);
}

static unsigned int eventfd_poll(struct file *file, struct poll_table *pt)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 count;

	poll_wait(file, &ctx->wq, pt);
	count = READ_ONCE(ctx->count);
	return (count ? EPOLLIN : 0) | (count < EVENTFD_MAX ? EPOLLOUT : 0);
}

static int eventfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations eventfd_fops = {
	.read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll,
	.release = eventfd_release, .llseek = no_llseek,
};

/* syscalls.h */
long sys_eventfd2(unsigned int count, int flags)
{
	struct eventfd_ctx *ctx;
	int fd;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	ctx = kmalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	init_waitqueue_head(&ctx->wq);
	ctx->count = count;
	ctx->semaphore = flags & EFD_SEMAPHORE;
	fd = anon_inode_getfd("[eventfd]", &eventfd_fops, ctx,
			      O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		kfree(ctx);
	return fd;
}

/* syscalls.h */
long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}
