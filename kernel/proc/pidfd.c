/*
 * pidfd.c - descriptors that name a process, and cannot name another one later.
 *
 * Idea:   a number can be given to a new process when the old one is gone; a
 *         descriptor holds on to the process itself. Its signal_struct is what
 *         stays as long as the last descriptor (some 1.5 KiB; Linux has a small
 *         struct pid for it): ->leader in it is NULL once the process was waited for.
 *
 *            fd -> file -> signal_struct -> leader -> task (NULL: gone)
 *
 *         It becomes readable when the last thread has died.
 * Locks:  tasklist_lock for ->leader; signal->pidfd_wait has its own.
 * Above:  the system call table; fork.c (CLONE_PIDFD), exit.c (do_notify_pidfd), wait.c (P_PIDFD),
 *         process_mm.c.
 * Below:  anon_inodes, kill.c's permission rule.   In Linux: kernel/fork.c, kernel/pid.c.
 */
#include "kernel/proc/pidfd.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/proc_fs.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"

#define PIDFD_NONBLOCK O_NONBLOCK

/* --- the file --- */

/* => tasklist_lock held. All threads are dead; it may still be a zombie. */
static bool process_exited(const struct signal_struct *sig)
{
	const struct task_struct *leader = sig->leader;

	return !leader || (leader->exit_state && thread_group_empty(leader));
}

static unsigned int pidfd_poll(struct file *file, struct poll_table *pt)
{
	struct signal_struct *sig = file->private_data;
	bool exited;

	poll_wait(file, &sig->pidfd_wait, pt);
	read_lock(&tasklist_lock);
	exited = process_exited(sig);
	read_unlock(&tasklist_lock);
	return exited ? EPOLLIN | EPOLLRDNORM : 0;
}

static int pidfd_release(struct inode *inode, struct file *file)
{
	put_signal_struct(file->private_data);
	return 0;
}

/* fdinfo/N: -1 for a process that is gone. There is one pid namespace: NSpid is the same. */
static void pidfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct signal_struct *sig = file->private_data;
	kpid_t pid;

	read_lock(&tasklist_lock);
	pid = sig->leader ? sig->leader->tgid : -1;
	read_unlock(&tasklist_lock);
	seq_printf(m, "Pid:\t%d\n", pid);
	if (pid > 0)
		seq_printf(m, "NSpid:\t%d\n", pid);
}

static const struct file_operations pidfd_fops = {
	.poll = pidfd_poll, .release = pidfd_release, .show_fdinfo = pidfd_show_fdinfo,
	.llseek = no_llseek,
};

/* pidfd.h */
int pidfd_prepare(struct task_struct *t, unsigned int flags, struct file **file)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	t->signal->sigcnt++;
	*file = anon_inode_getfile("[pidfd]", &pidfd_fops, t->signal, O_RDWR | flags);
	if (IS_ERR(*file)) {
		put_signal_struct(t->signal);
		put_unused_fd(fd);
		return PTR_ERR(*file);
	}
	return fd;
}

/* pidfd.h */
void do_notify_pidfd(struct task_struct *t)
{
	wake_up_key(&t->signal->pidfd_wait, TASK_NORMAL, 0, (void *)(EPOLLIN | EPOLLRDNORM));
}

/* pidfd.h */
int pidfd_get_task_or_gone(int fd, struct task_struct **task, unsigned int *flags)
{
	struct fd f = fdget(fd);
	struct signal_struct *sig;

	if (!f.file || f.file->f_op != &pidfd_fops) {
		if (f.file)
			fdput(f);
		return -EBADF;
	}
	sig = f.file->private_data;
	if (flags)
		*flags = f.file->f_flags;
	read_lock(&tasklist_lock);
	*task = sig->leader ? get_task_struct(sig->leader) : NULL;
	read_unlock(&tasklist_lock);
	fdput(f);
	return 0;
}

/* pidfd.h */
struct task_struct *pidfd_get_task(int fd, unsigned int *flags)
{
	struct task_struct *task;
	int err = pidfd_get_task_or_gone(fd, &task, flags);

	return err ? ERR_PTR(err) : task ? task : ERR_PTR(-ESRCH);
}

/*
 * The same for pidfd_send_signal, which takes a /proc/<pid> as well. *task: NULL if it was waited
 * for. 0, -EBADF
 */
static int task_to_signal(int fd, struct task_struct **task)
{
	int err = pidfd_get_task_or_gone(fd, task, NULL);
	struct fd f;

	if (!err)
		return 0;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	*task = tgid_pidfd_to_task(f.file);
	fdput(f);
	return IS_ERR(*task) ? PTR_ERR(*task) : 0;
}

/* --- system calls --- */

long sys_pidfd_open(kpid_t pid, unsigned int flags)
{
	struct task_struct *t;
	struct file *file;
	int fd = -EINVAL;

	if (flags & ~PIDFD_NONBLOCK || pid <= 0)
		return -EINVAL;
	t = find_get_task(pid);
	if (!t)
		return -ESRCH;
	if (thread_group_leader(t)) {
		fd = pidfd_prepare(t, flags, &file);
		if (fd >= 0)
			fd_install(fd, file);
	}
	put_task_struct(t);
	return fd;
}

long sys_pidfd_send_signal(int pidfd, int sig, const struct siginfo __user *uinfo,
			   unsigned int flags)
{
	struct siginfo info;
	struct task_struct *t;
	int err;

	if (flags)
		return -EINVAL;
	/* Linux looks at the descriptor first, and at the process when it sends. */
	err = task_to_signal(pidfd, &t);
	if (err)
		return err;
	if (!uinfo)
		fill_kill_info(&info, sig, SI_USER);
	else if (copy_from_user(&info, uinfo, sizeof(info)))
		err = -EFAULT;
	else if (info.si_signo != sig)
		err = -EINVAL;
	else if (t != current->group_leader && (info.si_code >= 0 || info.si_code == SI_TKILL))
		err = -EPERM;
	if (!err && !t)
		err = -ESRCH;
	if (!err)
		err = kill_task_info(sig, &info, t);
	if (t)
		put_task_struct(t);
	return err;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	struct task_struct *t;
	struct file *file;
	unsigned int their_flags;
	unsigned int exec;
	long ret = -EBADF;
	bool may;

	if (flags)
		return -EINVAL;
	t = pidfd_get_task(pidfd, NULL);
	if (IS_ERR(t))
		return PTR_ERR(t);
	/* Of one program, the file and the right to it: no execve came in between. */
	for (;;) {
		exec = task_exec_id(t);
		file = fget_task(t, fd, &their_flags);
		may = ptrace_may_access_real(t);
		if (!may || task_exec_id(t) == exec)
			break;
		if (file)
			fput(file);
	}
	if (!may) {
		if (file)
			fput(file);
		file = NULL;
		ret = -EPERM;
	} else if (t->flags & PF_EXITING) {
		ret = -ESRCH;
	}
	put_task_struct(t);
	return file ? receive_fd_install(file, O_CLOEXEC) : ret;
}
