/*
 * tty_jobctl.c - sessions, process groups and their terminal.
 *
 * Idea:   a session may have one controlling terminal (signal->tty of each of
 *         its processes), and a terminal one session. tty->pgrp is the group in
 *         the foreground: it gets ^C, and may read; others that try are
 *         stopped by SIGTTIN or SIGTTOU, unless nobody could continue them
 *         (an orphaned group): those get EIO.
 * Locks:  tasklist_lock, then tty->lock (LOCK_TTY), then siglock.
 * Above:  tty.c, kernel/proc's exit and setsid.   Source: POSIX.1-2017, 11.1.
 *         In Linux: drivers/tty/tty_jobctrl.c.
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

struct tty_struct *get_current_tty(void) { return READ_ONCE(current->signal->tty); }

kdev_t tty_devnum(struct tty_struct *tty) { return tty ? tty->dev : 0; }

kpid_t tty_foreground_pgrp(struct tty_struct *tty)
{
	kpid_t pgrp = tty ? READ_ONCE(tty->pgrp) : 0;

	return pgrp ? pgrp : -1;
}

/* Does current ignore or block @sig? Then job control leaves it alone. */
static bool is_ignored(int sig)
{
	unsigned long flags;
	bool ignored;

	flags = spin_lock_irqsave(&current->sighand->siglock);
	ignored = current->blocked & sigmask(sig) ||
		  current->sighand->action[sig - 1].sa.sa_handler == SIG_IGN;
	spin_unlock_irqrestore(&current->sighand->siglock, flags);
	return ignored;
}

/* True if no member has a parent in another group of the session: POSIX' orphaned process group. */
static bool current_pgrp_is_orphaned(void)
{
	kpid_t pgrp = current->signal->pgrp;
	struct task_struct *p;
	bool orphaned = true;

	read_lock(&tasklist_lock);
	for_each_process(p) {
		struct task_struct *parent = p->real_parent;

		if (p->signal->pgrp != pgrp || p->exit_state != EXIT_NONE || !parent ||
		    parent->tgid == 1)
			continue;
		if (parent->signal->pgrp != pgrp && parent->signal->session == p->signal->session) {
			orphaned = false;
			break;
		}
	}
	read_unlock(&tasklist_lock);
	return orphaned;
}

int tty_check_change(struct tty_struct *tty, int sig)
{
	kpid_t pgrp = current->signal->pgrp, foreground = READ_ONCE(tty->pgrp);

	if (get_current_tty() != tty || !foreground || foreground == pgrp)
		return 0;
	if (is_ignored(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (current_pgrp_is_orphaned())
		return -EIO;
	kill_pgrp(pgrp, sig, NULL);
	set_tif(current, TIF_SIGPENDING);
	return -ERESTARTSYS;
}

/* --- gaining and losing the terminal --- */

/* The process has @tty no more; another, which it may have by now, it keeps. */
static void clear_signal_tty(struct task_struct *p, struct tty_struct *tty)
{
	unsigned long flags;

	if (lock_task_sighand(p, &flags)) {
		if (p->signal->tty == tty)
			p->signal->tty = NULL;
		unlock_task_sighand(p, flags);
	}
}

/* The session's processes have @tty no more. */
static void session_clear_tty(kpid_t session, struct tty_struct *tty)
{
	struct task_struct *p;

	if (!session)
		return;
	read_lock(&tasklist_lock);
	for_each_process(p)
		if (p->signal->session == session)
			clear_signal_tty(p, tty);
	read_unlock(&tasklist_lock);
}

/*
 * The terminal, if it is still session @from's (0: nobody's), becomes that of current's session,
 * if that has none. 0; -EPERM: it has one; -EAGAIN: somebody was faster; -EIO: it was hung up
 * since @file was opened: nobody would take it away again.
 */
static int give_tty(struct tty_struct *tty, struct file *file, kpid_t from)
{
	struct signal_struct *sig = current->signal;
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	int error = 0;

	spin_lock(&current->sighand->siglock);
	if (sig->tty)
		error = -EPERM;		/* another thread opened one */
	else if (tty->session != from)
		error = -EAGAIN;
	else if (tty_hung_up(file))
		error = -EIO;
	if (!error) {
		tty->session = sig->session;
		tty->pgrp = sig->pgrp;
		sig->tty = tty;
	}
	spin_unlock(&current->sighand->siglock);
	spin_unlock_irqrestore(&tty->lock, flags);
	return error;
}

void tty_open_ctty(struct tty_struct *tty, struct file *file)
{
	if (current->signal->session_leader)
		give_tty(tty, file, 0);
}

static long tiocsctty(struct tty_struct *tty, struct file *file, unsigned long arg)
{
	struct signal_struct *sig = current->signal;
	kpid_t owner;
	int error;

	do {
		owner = READ_ONCE(tty->session);
		if (sig->session_leader && owner == sig->session)
			return 0;
		if (!sig->session_leader || sig->tty)
			return -EPERM;
		if (owner && (arg != 1 || !fs_capable(CAP_SYS_ADMIN)))
			return -EPERM;
		if (!(file->f_mode & FMODE_READ) && !fs_capable(CAP_SYS_ADMIN))
			return -EPERM;
		error = give_tty(tty, file, owner);
	} while (error == -EAGAIN);
	if (!error && owner)
		session_clear_tty(owner, tty);	/* stolen */
	return error;
}

void tty_session_gone(struct tty_struct *tty, bool exiting)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	kpid_t session = tty->session, pgrp = tty->pgrp;
	struct task_struct *p;

	tty->session = tty->pgrp = 0;
	spin_unlock_irqrestore(&tty->lock, flags);
	if (!session)
		return;
	read_lock(&tasklist_lock);
	for_each_process(p) {
		if (p->signal->session != session)
			continue;
		clear_signal_tty(p, tty);
		if (p->signal->session_leader) {
			do_send_sig_info_group(p, SIGHUP);
			do_send_sig_info_group(p, SIGCONT);
		}
	}
	read_unlock(&tasklist_lock);
	if (exiting && pgrp)
		kill_pgrp(pgrp, SIGHUP, NULL);
}

void disassociate_ctty(bool on_exit)
{
	struct tty_struct *tty = get_current_tty();
	kpid_t session = current->signal->session, pgrp = 0;
	unsigned long flags;

	if (!current->signal->session_leader || !tty)
		return;
	if (on_exit) {
		tty_hangup(tty);	/* which ends in tty_session_gone() */
		return;
	}
	flags = spin_lock_irqsave(&tty->lock);
	if (tty->session == session) {	/* it could have been stolen */
		pgrp = tty->pgrp;
		tty->session = tty->pgrp = 0;
	}
	spin_unlock_irqrestore(&tty->lock, flags);
	if (pgrp) {
		kill_pgrp(pgrp, SIGHUP, NULL);
		kill_pgrp(pgrp, SIGCONT, NULL);
	}
	session_clear_tty(session, tty);
}

/* --- ioctls --- */

static long tiocgpgrp(struct tty_struct *tty, kpid_t __user *p)
{
	if (get_current_tty() != tty)
		return -ENOTTY;
	return put_user(READ_ONCE(tty->pgrp), p);
}

/* The session of group @pgrp; 0 if the group is empty. */
static kpid_t session_of_pgrp(kpid_t pgrp)
{
	struct task_struct *p;
	kpid_t session = 0;

	read_lock(&tasklist_lock);
	for_each_process(p)
		if (p->signal->pgrp == pgrp) {
			session = p->signal->session;
			break;
		}
	read_unlock(&tasklist_lock);
	return session;
}

static long tiocspgrp(struct tty_struct *tty, kpid_t __user *p)
{
	int error = tty_check_change(tty, SIGTTOU);
	kpid_t pgrp, session;
	unsigned long flags;

	if (error == -EIO)
		return -ENOTTY;
	if (error)
		return error;
	if (get_current_tty() != tty || READ_ONCE(tty->session) != current->signal->session)
		return -ENOTTY;
	if (get_user(pgrp, p))
		return -EFAULT;
	if (pgrp < 0)
		return -EINVAL;
	session = session_of_pgrp(pgrp);
	if (!session)
		return -ESRCH;
	if (session != current->signal->session)
		return -EPERM;
	flags = spin_lock_irqsave(&tty->lock);
	if (tty->session == session)
		tty->pgrp = pgrp;
	else
		error = -ENOTTY;	/* it hung up meanwhile */
	spin_unlock_irqrestore(&tty->lock, flags);
	return error;
}

static long tiocgsid(struct tty_struct *tty, kpid_t __user *p)
{
	kpid_t session = READ_ONCE(tty->session);

	if (get_current_tty() != tty || !session)
		return -ENOTTY;
	return put_user(session, p);
}

static long tiocnotty(struct tty_struct *tty)
{
	if (get_current_tty() != tty)
		return -ENOTTY;
	if (current->signal->session_leader)
		disassociate_ctty(false);
	clear_signal_tty(current, tty);
	return 0;
}

long tty_jobctrl_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd,
		       unsigned long arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return tiocsctty(tty, file, arg);
	case TIOCNOTTY:
		return tiocnotty(tty);
	case TIOCGPGRP:
		return tiocgpgrp(tty, (kpid_t __user *)arg);
	case TIOCSPGRP:
		return tiocspgrp(tty, (kpid_t __user *)arg);
	case TIOCGSID:
		return tiocgsid(tty, (kpid_t __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}
