/*
 * scm.c - ancillary data: SCM_RIGHTS and SCM_CREDENTIALS.
 *
 * Idea:   a sender's descriptors become references to files, which travel with the
 *         message and become descriptors of the receiver. His credentials are
 *         checked when he names them, and filled in by the kernel when he does not.
 *
 *         A file in flight may be a socket whose queue holds further files, and so on.
 *         Closing such a chain from within itself would be as deep as the chain is long;
 *         so a task that is already closing only puts what comes up on its list.
 * Locks:  drainers_lock (LOCK_SOCK_GC's neighbour) for the list of tasks that are closing.
 * Above:  unix_io.c, skbuff.c.   Below: descriptors (fd.c).   In Linux: net/core/scm.c.
 */
#include "kernel/fs/scm.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

enum { CAP_SETGID = 6, CAP_SETUID = 7, OVERFLOW_ID = 65534 };

/* --- closing --- */

/* A task that is closing descriptors, on its own stack. */
struct drainer {
	struct list_head link;		/* drainers_lock */
	struct task_struct *task;
	struct list_head dead;		/* the task alone: struct scm_fp_list */
};
static LIST_HEAD(drainers);
static spinlock_t drainers_lock = SPINLOCK_INIT(LOCK_SOCK_TABLE);

static struct drainer *find_drainer(void)
{
	struct drainer *d, *found = NULL;

	spin_lock(&drainers_lock);
	list_for_each_entry(d, &drainers, link)
		if (d->task == current) {
			found = d;
			break;
		}
	spin_unlock(&drainers_lock);
	return found;
}

/* scm.h */
void scm_destroy(struct scm_fp_list *fp)
{
	struct drainer me = { .task = current, .dead = LIST_HEAD_INIT(me.dead) };
	struct drainer *outer = find_drainer();

	if (fp->inflight)
		unix_detach_fds(fp);
	if (outer) {
		list_add_tail(&fp->dead, &outer->dead);
		return;
	}
	spin_lock(&drainers_lock);
	list_add(&me.link, &drainers);
	spin_unlock(&drainers_lock);
	list_add(&fp->dead, &me.dead);
	while (!list_empty(&me.dead)) {
		fp = list_first_entry(&me.dead, struct scm_fp_list, dead);
		list_del(&fp->dead);
		for (int i = 0; i < fp->count; i++)
			fput(fp->fp[i]);
		kfree(fp);
		cond_resched();
	}
	spin_lock(&drainers_lock);
	list_del(&me.link);
	spin_unlock(&drainers_lock);
}

static struct scm_fp_list *alloc_fp_list(int n)
{
	struct scm_fp_list *fp = kmalloc(sizeof(*fp) + n * sizeof(fp->fp[0]), GFP_KERNEL_ACCOUNT);

	if (fp) {
		fp->count = 0;
		fp->inflight = false;
	}
	return fp;
}

/* scm.h */
struct scm_fp_list *scm_fp_dup(const struct scm_fp_list *fp)
{
	struct scm_fp_list *copy = alloc_fp_list(fp->count);

	if (copy)
		for (int i = 0; i < fp->count; i++)
			copy->fp[copy->count++] = get_file(fp->fp[i]);
	return copy;
}

/* --- sending --- */

/* The files of @n descriptors at @ufds, added to scm->fp. 0, -EINVAL (too many), -EBADF, … */
static int copy_fds(struct scm_cookie *scm, const int __user *ufds, int n)
{
	if (!n)
		return 0;
	if (n > SCM_MAX_FD || (scm->fp && scm->fp->count + n > SCM_MAX_FD))
		return -EINVAL;
	if (!scm->fp) {
		scm->fp = alloc_fp_list(SCM_MAX_FD);
		if (!scm->fp)
			return -ENOMEM;
	}
	for (int i = 0; i < n; i++) {
		struct file *file;
		int fd;

		if (get_user(fd, ufds + i))
			return -EFAULT;
		file = fd < 0 ? NULL : fget_raw(fd);
		if (!file)
			return -EBADF;
		scm->fp->fp[scm->fp->count++] = file;
	}
	return 0;
}

/* May current say that it is @c? */
static int check_creds(const struct ucred *c)
{
	struct fs_ids ids;

	fs_current_ids(&ids);
	if (c->pid != current->tgid && !fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (c->uid != ids.uid && c->uid != ids.euid && c->uid != ids.suid &&
	    !fs_capable(CAP_SETUID))
		return -EPERM;
	if (c->gid != ids.gid && c->gid != ids.egid && c->gid != ids.sgid &&
	    !fs_capable(CAP_SETGID))
		return -EPERM;
	return 0;
}

static int copy_creds(struct scm_cookie *scm, const void __user *data, size_t len)
{
	struct task_struct *t;
	int err;

	if (len != sizeof(scm->cred))
		return -EINVAL;
	if (copy_from_user(&scm->cred, data, len))
		return -EFAULT;
	err = check_creds(&scm->cred);
	if (err)
		return err;
	t = find_get_task(scm->cred.pid);
	if (!t)
		return -ESRCH;
	put_task_struct(t);
	scm->has_cred = true;
	return 0;
}

static int process_cmsg(struct scm_cookie *scm, const struct cmsghdr *c, const char __user *data)
{
	size_t len = c->cmsg_len - sizeof(*c);

	if (c->cmsg_level != SOL_SOCKET)
		return 0;		/* somebody else's: passed over */
	switch (c->cmsg_type) {
	case SCM_RIGHTS:
		return copy_fds(scm, (const int __user *)data, len / sizeof(int));
	case SCM_CREDENTIALS:
		return copy_creds(scm, data, len);
	default:
		return -EINVAL;
	}
}

/* scm.h */
int scm_send(struct msghdr *msg, struct scm_cookie *scm)
{
	const char __user *at = msg->control;
	size_t left = msg->control ? msg->controllen : 0;
	struct cmsghdr c;
	int err = 0;

	*scm = (struct scm_cookie){ };
	while (!err && left >= sizeof(c)) {
		if (copy_from_user(&c, at, sizeof(c)))
			err = -EFAULT;
		else if (c.cmsg_len < sizeof(c) || c.cmsg_len > left)
			err = -EINVAL;
		else
			err = process_cmsg(scm, &c, at + sizeof(c));
		if (err || CMSG_ALIGN(c.cmsg_len) >= left)
			break;
		at += CMSG_ALIGN(c.cmsg_len);
		left -= CMSG_ALIGN(c.cmsg_len);
	}
	if (err && scm->fp) {
		scm_destroy(scm->fp);
		scm->fp = NULL;
	}
	if (scm->fp && !scm->fp->count) {
		kfree(scm->fp);
		scm->fp = NULL;
	}
	return err;
}

/* scm.h */
void scm_set_current(struct scm_cookie *scm)
{
	struct fs_ids ids;

	fs_current_ids(&ids);
	scm->cred = (struct ucred){ current->tgid, ids.uid, ids.gid };
	scm->has_cred = true;
}

/* --- receiving --- */

/* Room for the next record, and past it; what does not fit is cut off (MSG_CTRUNC). */
static size_t take_room(struct msghdr *msg, size_t want)
{
	if (want > msg->controllen) {
		msg->flags |= MSG_CTRUNC;
		want = msg->controllen;
	}
	return want;
}

static void advance(struct msghdr *msg, size_t len)
{
	len = MIN(CMSG_ALIGN(len), msg->controllen);
	msg->control = (char *)msg->control + len;
	msg->controllen -= len;
}

/* As Linux's put_cmsg(): a user who gave a bad address finds out by himself. */
static void put_cmsg(struct msghdr *msg, int type, const void *data, size_t len)
{
	struct cmsghdr c = { .cmsg_level = SOL_SOCKET, .cmsg_type = type };

	if (!msg->control || msg->controllen < sizeof(c)) {
		msg->flags |= MSG_CTRUNC;
		return;
	}
	c.cmsg_len = take_room(msg, CMSG_LEN(len));
	if (copy_to_user(msg->control, &c, sizeof(c)) ||
	    copy_to_user((char *)msg->control + sizeof(c), data, c.cmsg_len - sizeof(c)))
		return;
	advance(msg, CMSG_SPACE(len));
}

/* Makes descriptors of as many as there is room for; the rest is closed. */
static void detach_fds(struct msghdr *msg, struct scm_fp_list *fp)
{
	struct cmsghdr c = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	int room = msg->controllen > sizeof(c) ? (msg->controllen - sizeof(c)) / sizeof(int) : 0;
	int __user *ufds = (int *)((char *)msg->control + sizeof(c));
	unsigned int flags = msg->flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	int n = 0, fd;

	for (; n < MIN(room, fp->count); n++) {
		fd = get_unused_fd_flags(flags);
		if (fd < 0)
			break;
		if (put_user(fd, ufds + n)) {
			put_unused_fd(fd);
			break;
		}
		fd_install(fd, get_file(fp->fp[n]));
	}
	if (n) {
		c.cmsg_len = CMSG_LEN(n * sizeof(int));
		if (!copy_to_user(msg->control, &c, sizeof(c)))
			advance(msg, CMSG_SPACE(n * sizeof(int)));
	}
	if (n < fp->count)
		msg->flags |= MSG_CTRUNC;
}

/* scm.h */
void scm_recv(struct sock *sk, struct msghdr *msg, struct scm_cookie *scm)
{
	struct ucred none = { 0, OVERFLOW_ID, OVERFLOW_ID };

	if (!msg->control) {
		if (sk->passcred || scm->fp)
			msg->flags |= MSG_CTRUNC;
	} else {
		if (sk->passcred)
			put_cmsg(msg, SCM_CREDENTIALS, scm->has_cred ? &scm->cred : &none,
				 sizeof(none));
		if (scm->fp)
			detach_fds(msg, scm->fp);
	}
	if (scm->fp)
		scm_destroy(scm->fp);
	scm->fp = NULL;
}
