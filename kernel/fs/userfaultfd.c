/*
 * userfaultfd.c - userfaultfd(2): the file by which a program hears of page faults, and serves them.
 *
 * Idea:   read(2) tells which page is wanted, ioctl(2) registers ranges and fills pages; what
 *         happens to the memory is mm/userfaultfd.c.
 * Locks:  ctx->wq.lock, in mm/userfaultfd.c.
 * Above:  the system call table.   Below: mm/userfaultfd.c.   In Linux: fs/userfaultfd.c.
 */
#include "mm/userfaultfd.h"
#include "kernel/abi/capability.h"
#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"

#define FEATURES (UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS)
#define RANGE_IOCTLS (1UL << _UFFDIO_WAKE | 1UL << _UFFDIO_COPY | 1UL << _UFFDIO_ZEROPAGE)

/* 0: who may not ptrace others gets faults of user mode only (UFFD_USER_MODE_ONLY) */
static int sysctl_unprivileged_userfaultfd;
CTL_SYSCTL_INT("vm.unprivileged_userfaultfd", sysctl_unprivileged_userfaultfd, 0, 1);

static kssize_t uffd_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct userfaultfd_ctx *ctx = file->private_data;
	struct uffd_msg msg;
	kssize_t done = 0;
	int err;

	if (!ctx->features || len < sizeof(msg))
		return -EINVAL;
	while (!userfaultfd_next(ctx, &msg)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wq, !list_empty(&ctx->pending), "userfaultfd_read");
		if (err)
			return err;
	}
	do {
		if (copy_to_user(buf + done, &msg, sizeof(msg)))
			return done ? done : -EFAULT;
		done += sizeof(msg);
	} while (len - done >= sizeof(msg) && userfaultfd_next(ctx, &msg));
	return done;
}

/* Another reader may be faster: only who does not block may ask. */
static unsigned int uffd_poll(struct file *file, struct poll_table *pt)
{
	struct userfaultfd_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->wq, pt);
	if (!ctx->features || !(file->f_flags & O_NONBLOCK))
		return EPOLLERR;
	return list_empty(&ctx->pending) ? 0 : EPOLLIN;
}

static int uffd_release(struct inode *inode, struct file *file)
{
	userfaultfd_release(file->private_data);
	return 0;
}

/* Once: what can this kernel do? */
static long uffd_api(struct userfaultfd_ctx *ctx, struct uffdio_api __user *user)
{
	struct uffdio_api api;
	unsigned long none = 0;
	bool wrong;

	if (copy_from_user(&api, user, sizeof(api)))
		return -EFAULT;
	wrong = api.api != UFFD_API || api.features & ~FEATURES;
	if (!wrong)
		wrong = !__atomic_compare_exchange_n((unsigned long *)&ctx->features, &none,
						     api.features | UFFD_READY, false,
						     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	if (wrong) {
		memset(&api, 0, sizeof(api));
	} else {
		api.features = FEATURES;
		api.ioctls = 1UL << _UFFDIO_REGISTER | 1UL << _UFFDIO_UNREGISTER | 1UL << _UFFDIO_API;
	}
	if (copy_to_user(user, &api, sizeof(api)))
		return -EFAULT;
	return wrong ? -EINVAL : 0;
}

static long uffd_register(struct userfaultfd_ctx *ctx, struct uffdio_register __user *user)
{
	struct uffdio_register reg;
	long err;

	if (copy_from_user(&reg, user, sizeof(reg)))
		return -EFAULT;
	if (reg.mode != UFFDIO_REGISTER_MODE_MISSING)
		return -EINVAL;
	err = userfaultfd_check(reg.range.start, reg.range.len);
	if (!err)
		err = userfaultfd_register(ctx, reg.range.start, reg.range.len);
	return err ? err : put_user(RANGE_IOCTLS, &user->ioctls);
}

/* UNREGISTER and WAKE */
static long uffd_range(struct userfaultfd_ctx *ctx, struct uffdio_range __user *user, bool unregister)
{
	struct uffdio_range range;
	long err;

	if (copy_from_user(&range, user, sizeof(range)))
		return -EFAULT;
	err = userfaultfd_check(range.start, range.len);
	if (err)
		return err;
	if (unregister)
		return userfaultfd_unregister(ctx, range.start, range.len);
	userfaultfd_wake(ctx, range.start, range.len);
	return 0;
}

/* What the two have in common: tells how far it came, wakes who waited for that. */
static long filled(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len, long done,
		   s64 __user *result, bool wake)
{
	if (put_user(done, result))
		return -EFAULT;
	if (done < 0)
		return done;
	if (wake)
		userfaultfd_wake(ctx, start, done);
	return (unsigned long)done == len ? 0 : -EAGAIN;
}

static long uffd_copy(struct userfaultfd_ctx *ctx, struct uffdio_copy __user *user)
{
	struct uffdio_copy c;
	long err;

	if (copy_from_user(&c, user, sizeof(c) - sizeof(c.copy)))
		return -EFAULT;
	err = userfaultfd_check(c.dst, c.len);
	if (!err && (c.src + c.len <= c.src || c.mode & ~UFFDIO_COPY_MODE_DONTWAKE))
		err = -EINVAL;
	if (err)
		return err;
	return filled(ctx, c.dst, c.len,
		      userfaultfd_fill(ctx, c.dst, (const void __user *)c.src, c.len), &user->copy,
		      !(c.mode & UFFDIO_COPY_MODE_DONTWAKE));
}

static long uffd_zeropage(struct userfaultfd_ctx *ctx, struct uffdio_zeropage __user *user)
{
	struct uffdio_zeropage z;
	long err;

	if (copy_from_user(&z, user, sizeof(z) - sizeof(z.zeropage)))
		return -EFAULT;
	err = userfaultfd_check(z.range.start, z.range.len);
	if (!err && z.mode & ~UFFDIO_ZEROPAGE_MODE_DONTWAKE)
		err = -EINVAL;
	if (err)
		return err;
	return filled(ctx, z.range.start, z.range.len,
		      userfaultfd_fill(ctx, z.range.start, NULL, z.range.len), &user->zeropage,
		      !(z.mode & UFFDIO_ZEROPAGE_MODE_DONTWAKE));
}

static long uffd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct userfaultfd_ctx *ctx = file->private_data;
	void __user *user = (void __user *)arg;

	if (cmd != UFFDIO_API && !ctx->features)
		return -EINVAL;
	switch (cmd) {
	case UFFDIO_API:
		return uffd_api(ctx, user);
	case UFFDIO_REGISTER:
		return uffd_register(ctx, user);
	case UFFDIO_UNREGISTER:
	case UFFDIO_WAKE:
		return uffd_range(ctx, user, cmd == UFFDIO_UNREGISTER);
	case UFFDIO_COPY:
		return uffd_copy(ctx, user);
	case UFFDIO_ZEROPAGE:
		return uffd_zeropage(ctx, user);
	}
	return -EINVAL;
}

static const struct file_operations userfaultfd_fops = {
	.read = uffd_read, .poll = uffd_poll, .ioctl = uffd_ioctl, .release = uffd_release,
	.llseek = no_llseek,
};

/* syscalls.h */
long sys_userfaultfd(int flags)
{
	struct userfaultfd_ctx *ctx;
	int fd;

	if (!(flags & UFFD_USER_MODE_ONLY) && !sysctl_unprivileged_userfaultfd &&
	    !fs_capable(CAP_SYS_PTRACE))
		return -EPERM;
	if (flags & ~(UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	ctx = userfaultfd_ctx_alloc(flags & UFFD_USER_MODE_ONLY);
	if (!ctx)
		return -ENOMEM;
	fd = anon_inode_getfd("[userfaultfd]", &userfaultfd_fops, ctx,
			      O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		userfaultfd_ctx_put(ctx);
	return fd;
}
