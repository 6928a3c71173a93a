/*
 * timerfd.c - timerfd_create(2): a timer to read, poll and epoll.
 *
 * Idea:   the timer's function counts one tick and wakes; a periodic timer is armed again by
 *         whoever looks, who then adds the periods that went by. So a period of a
 *         nanosecond costs nothing while nobody reads.
 * Locks:  ctx->wq.lock (irqsave) guards all of the context; a timer is stopped without it.
 * Above:  the system call table.   In Linux: fs/timerfd.c.
 */
#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/time.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define TFD_CLOEXEC O_CLOEXEC
#define TFD_NONBLOCK O_NONBLOCK
#define TFD_TIMER_ABSTIME 1
#define TFD_TIMER_CANCEL_ON_SET 2

struct timerfd_ctx {
	struct wait_queue_head wq;	/* its lock guards what follows */
	struct timer_list timer;
	int clock;			/* c */
	int settime_flags;
	u64 expires;			/* ns, CLOCK_MONOTONIC: the last one, or the next if armed */
	u64 interval;			/* ns; 0: once */
	u64 ticks;			/* expiries not read yet */
	bool expired;			/* and, if it is periodic, to be armed again */
	bool armed;
};

static struct timerfd_ctx *ctx_of_timer(struct timer_list *timer)
{
	return container_of(timer, struct timerfd_ctx, timer);
}

/* In the timer interrupt. */
static void timerfd_expire(struct timer_list *timer)
{
	struct timerfd_ctx *ctx = ctx_of_timer(timer);
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);

	if (ctx->armed) {
		ctx->ticks++;
		ctx->expired = true;
		ctx->armed = false;
	}
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	wake_up_key(&ctx->wq, TASK_NORMAL, 0, (void *)EPOLLIN);
}

/* The periods that went by since it expired are counted, and the next one begins. => lock held */
static void catch_up(struct timerfd_ctx *ctx)
{
	u64 now = ktime_get_ns(), periods;

	if (!ctx->expired || !ctx->interval)
		return;
	periods = (now - MIN(ctx->expires, now)) / ctx->interval;
	ctx->ticks += periods;
	ctx->expires += (periods + 1) * ctx->interval;
	ctx->expired = false;
	ctx->armed = true;
	mod_timer(&ctx->timer, ctx->expires);
}

static u64 take_ticks(struct timerfd_ctx *ctx)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);
	u64 ticks;

	if (ctx->ticks)
		catch_up(ctx);
	ticks = ctx->ticks;
	ctx->ticks = 0;
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	return ticks;
}

static kssize_t timerfd_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct timerfd_ctx *ctx = file->private_data;
	u64 ticks;
	int err;

	if (len < sizeof(ticks))
		return -EINVAL;
	while (!(ticks = take_ticks(ctx))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wq, READ_ONCE(ctx->ticks), "timerfd_read");
		if (err)
			return err;
	}
	return put_user(ticks, (u64 __user *)buf) ? -EFAULT : (kssize_t)sizeof(ticks);
}

static unsigned int timerfd_poll(struct file *file, struct poll_table *pt)
{
	struct timerfd_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->wq, pt);
	return READ_ONCE(ctx->ticks) ? EPOLLIN : 0;
}

static int timerfd_release(struct inode *inode, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;

	del_timer_sync(&ctx->timer);
	kfree(ctx);
	return 0;
}

static struct timespec to_timespec(u64 ns)
{
	return (struct timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

/* What is left, and the period. */
static void timerfd_get(struct timerfd_ctx *ctx, struct itimerspec *value)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);
	u64 now = ktime_get_ns(), left = 0;

	catch_up(ctx);
	if (ctx->armed)
		left = ctx->expires > now ? ctx->expires - now : 1;
	value->it_value = to_timespec(left);
	value->it_interval = to_timespec(ctx->interval);
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
}

static void timerfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;
	struct itimerspec value;

	timerfd_get(ctx, &value);
	seq_printf(m, "clockid: %d\nticks: %llu\nsettime flags: 0%o\n", ctx->clock,
		   (unsigned long long)ctx->ticks, (unsigned int)ctx->settime_flags);
	seq_printf(m, "it_value: (%lld, %lld)\nit_interval: (%lld, %lld)\n",
		   (long long)value.it_value.tv_sec, (long long)value.it_value.tv_nsec,
		   (long long)value.it_interval.tv_sec, (long long)value.it_interval.tv_nsec);
}

static const struct file_operations timerfd_fops = {
	.read = timerfd_read, .poll = timerfd_poll, .release = timerfd_release, .llseek = no_llseek,
	.show_fdinfo = timerfd_show_fdinfo,
};

/* syscalls.h */
long sys_timerfd_create(int clock, int flags)
{
	struct timerfd_ctx *ctx;
	int fd;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;		/* no clock here wakes a sleeping machine */
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	init_waitqueue_head(&ctx->wq);
	timer_setup(&ctx->timer, timerfd_expire);
	ctx->clock = clock;
	fd = anon_inode_getfd("[timerfd]", &timerfd_fops, ctx,
			      O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		kfree(ctx);
	return fd;
}

static bool valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}

/* At most 292 years. */
static u64 to_ns(const struct timespec *ts)
{
	return MIN(ts->tv_sec, INT64_MAX / NSEC_PER_SEC - 1) * NSEC_PER_SEC + ts->tv_nsec;
}

/* The time on CLOCK_MONOTONIC that @value (not 0) means. */
static u64 expiry(const struct timerfd_ctx *ctx, u64 value, int flags)
{
	u64 now = ktime_get_ns(), offset = 0;

	if (!(flags & TFD_TIMER_ABSTIME))
		return MIN(now + value, (u64)INT64_MAX);
	if (ctx->clock == CLOCK_REALTIME)
		offset = ktime_get_real_ns() - now;
	return value > offset ? value - offset : 1;
}

static void timerfd_set(struct timerfd_ctx *ctx, const struct itimerspec *value, int flags)
{
	u64 ns = to_ns(&value->it_value);
	unsigned long irq;

	irq = spin_lock_irqsave(&ctx->wq.lock);
	ctx->armed = false;		/* one that fires now counts nothing */
	spin_unlock_irqrestore(&ctx->wq.lock, irq);
	del_timer_sync(&ctx->timer);
	irq = spin_lock_irqsave(&ctx->wq.lock);
	ctx->ticks = 0;
	ctx->expired = false;
	ctx->armed = false;		/* a reader may have begun the next period */
	ctx->settime_flags = flags;
	ctx->interval = to_ns(&value->it_interval);
	if (ns) {
		ctx->expires = expiry(ctx, ns, flags);
		ctx->armed = true;
		mod_timer(&ctx->timer, ctx->expires);
	}
	spin_unlock_irqrestore(&ctx->wq.lock, irq);
}

/* The context of @fd with its reference; ERR_PTR(-EBADF), -EINVAL. */
static struct timerfd_ctx *timerfd_get_ctx(int fd, struct fd *f)
{
	*f = fdget(fd);
	if (!f->file)
		return ERR_PTR(-EBADF);
	if (f->file->f_op == &timerfd_fops)
		return f->file->private_data;
	fdput(*f);
	return ERR_PTR(-EINVAL);
}

/* syscalls.h */
long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *uvalue,
			 struct itimerspec __user *uold)
{
	struct itimerspec value, old;
	struct timerfd_ctx *ctx;
	struct fd f;

	if (copy_from_user(&value, uvalue, sizeof(value)))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) || !valid(&value.it_value) ||
	    !valid(&value.it_interval))
		return -EINVAL;
	ctx = timerfd_get_ctx(fd, &f);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	timerfd_get(ctx, &old);
	timerfd_set(ctx, &value, flags);
	fdput(f);
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

/* syscalls.h */
long sys_timerfd_gettime(int fd, struct itimerspec __user *uvalue)
{
	struct itimerspec value;
	struct timerfd_ctx *ctx;
	struct fd f;

	ctx = timerfd_get_ctx(fd, &f);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	timerfd_get(ctx, &value);
	fdput(f);
	return copy_to_user(uvalue, &value, sizeof(value)) ? -EFAULT : 0;
}
