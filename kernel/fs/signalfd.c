/*
 * signalfd.c - signalfd(2): signals that are read instead of handled.
 *
 * Idea:   a read takes pending signals of the mask from whoever reads, as sigwaitinfo()
 *         does. All signalfds wait on one queue (sched/signal.c wakes it while any is open):
 *         a process' own queue would not outlive it, an epoll set with its signalfd may.
 * Locks:  siglock to look; ctx->mask is one word.
 * Above:  the system call table.   In Linux: fs/signalfd.c.
 */
#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

struct signalfd_ctx { u64 mask; };	/* the wanted signals */

/* What a read gets for each signal: signalfd(2). */
struct signalfd_siginfo {
	u32 signo;
	s32 error, code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, value;
	u64 ptr, utime, stime, addr;
	u16 addr_lsb, pad2;
	s32 syscall;
	u64 call_addr;
	u32 arch;
	u8 pad[28];
};
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "signalfd(2)");

static bool is_fault(int sig)
{
	return sig_in(sig, sigmask(SIGILL) | sigmask(SIGBUS) | sigmask(SIGFPE) | sigmask(SIGSEGV) |
				   sigmask(SIGTRAP));
}

static void fill(struct signalfd_siginfo *to, const struct siginfo *info)
{
	memset(to, 0, sizeof(*to));
	to->signo = info->si_signo;
	to->error = info->si_errno;
	to->code = info->si_code;
	if (info->si_code > 0 && is_fault(info->si_signo)) {
		to->addr = (u64)info->si_addr;
	} else if (info->si_code > 0 && info->si_signo == SIGCHLD) {
		to->pid = info->si_pid;
		to->uid = info->si_uid;
		to->status = info->si_status;
		to->utime = info->si_utime;
		to->stime = info->si_stime;
	} else if (info->si_code == SI_TIMER) {
		to->tid = info->si_tid;
		to->overrun = info->si_overrun;
		to->ptr = (u64)info->si_ptr;
		to->value = info->si_int;
	} else {
		to->pid = info->si_pid;
		to->uid = info->si_uid;
		to->ptr = (u64)info->si_ptr;
		to->value = info->si_int;
	}
}

static int take_signal(u64 mask, struct siginfo *info)
{
	int sig;

	spin_lock_irq(&current->sighand->siglock);
	sig = dequeue_signal(~mask, info);
	spin_unlock_irq(&current->sighand->siglock);
	return sig;
}

static bool any_pending(u64 mask)
{
	return (READ_ONCE(current->pending.signal) |
		READ_ONCE(current->signal->shared_pending.signal)) & mask;
}

static kssize_t signalfd_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct signalfd_ctx *ctx = file->private_data;
	struct signalfd_siginfo text;
	struct siginfo info;
	size_t done = 0;
	int err;

	if (len < sizeof(text))
		return -EINVAL;
	while (len - done >= sizeof(text)) {
		if (!take_signal(READ_ONCE(ctx->mask), &info)) {
			if (done)
				break;
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(signalfd_wait, any_pending(READ_ONCE(ctx->mask)),
						       "signalfd_read");
			if (err)
				return err;
			continue;
		}
		fill(&text, &info);
		if (copy_to_user(buf + done, &text, sizeof(text)))
			return done ? (kssize_t)done : -EFAULT;
		done += sizeof(text);
	}
	return done;
}

static unsigned int signalfd_poll(struct file *file, struct poll_table *pt)
{
	struct signalfd_ctx *ctx = file->private_data;

	poll_wait(file, &signalfd_wait, pt);
	return any_pending(READ_ONCE(ctx->mask)) ? EPOLLIN : 0;
}

static int signalfd_release(struct inode *inode, struct file *file)
{
	signalfd_users--;
	kfree(file->private_data);
	return 0;
}

static void signalfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct signalfd_ctx *ctx = file->private_data;

	seq_printf(m, "sigmask:\t%016lx\n", (unsigned long)ctx->mask);
}

static const struct file_operations signalfd_fops = {
	.read = signalfd_read, .poll = signalfd_poll, .release = signalfd_release,
	.llseek = no_llseek, .show_fdinfo = signalfd_show_fdinfo,
};

static long new_signalfd(u64 mask, int flags)
{
	struct signalfd_ctx *ctx = kmalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	int fd;

	if (!ctx)
		return -ENOMEM;
	ctx->mask = mask;
	signalfd_users++;
	fd = anon_inode_getfd("[signalfd]", &signalfd_fops, ctx,
			      O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0) {
		signalfd_users--;
		kfree(ctx);
	}
	return fd;
}

/* syscalls.h */
long sys_signalfd4(int fd, const u64 __user *umask, size_t size, int flags)
{
	struct fd f;
	u64 mask;

	if (size != sizeof(mask) || flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (get_user(mask, umask))
		return -EFAULT;
	mask &= ~SIG_SET_ONLY;
	if (fd == -1)
		return new_signalfd(mask, flags);
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_op != &signalfd_fops) {
		fdput(f);
		return -EINVAL;
	}
	WRITE_ONCE(((struct signalfd_ctx *)f.file->private_data)->mask, mask);
	wake_up_all(&signalfd_wait);
	fdput(f);
	return fd;
}

/* syscalls.h */
long sys_signalfd(int fd, const u64 __user *umask, size_t size)
{
	return sys_signalfd4(fd, umask, size, 0);
}
