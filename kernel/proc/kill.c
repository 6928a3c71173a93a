/*
 * kill.c - sending signals from user space: kill, tkill, tgkill, sigqueue.
 *
 * Idea: find the targets, check each one's permission (same user, CAP_KILL,
 *       SIGCONT within a session), send. Signal 0 only checks.
 * Locks:  tasklist_lock for reading around the search and the sending.
 * Above:  the system call table.   Below: send_signal().   In Linux: kernel/signal.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

static bool kill_ok_by_cred(struct task_struct *t)
{
	const struct cred *me = current->cred, *you = get_task_cred(t);
	bool ok = me->euid == you->suid || me->euid == you->uid || me->uid == you->suid ||
		  me->uid == you->uid;

	put_cred(you);
	return ok || capable(CAP_KILL);
}

static int check_kill_permission(int sig, struct task_struct *t)
{
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (t->signal == current->signal || kill_ok_by_cred(t))
		return 0;
	return sig == SIGCONT && t->signal->session == current->signal->session ? 0 : -EPERM;
}

/* => tasklist_lock held */
static int send_checked(int sig, const struct siginfo *info, struct task_struct *t, bool group)
{
	int err = check_kill_permission(sig, t);

	if (err || !sig)
		return err;
	return send_signal(sig, info, t, group);
}

void fill_kill_info(struct siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = current->tgid;
	info->si_uid = current->cred->uid;
}

/* => tasklist_lock. One that could be signalled is success; else the last error. */
static int kill_group(kpid_t pgrp, int sig, const struct siginfo *info)
{
	struct task_struct *p;
	int ret = -ESRCH, err;
	bool success = false;

	for_each_process(p) {
		if (p->signal->pgrp != pgrp)
			continue;
		err = send_checked(sig, info, p, true);
		success |= !err;
		ret = err;
	}
	return success ? 0 : ret;
}

/* => tasklist_lock. Everybody but init and ourselves. */
static int kill_all(int sig, const struct siginfo *info)
{
	struct task_struct *p;
	int ret = -ESRCH, err;

	for_each_process(p) {
		if (p->tgid <= 1 || p->signal == current->signal)
			continue;
		err = send_checked(sig, info, p, true);
		if (err != -EPERM)
			ret = err;
		else if (ret == -ESRCH)
			/* there was somebody: Linux does not tell that it may not */
			ret = 0;
	}
	return ret;
}

long sys_kill(kpid_t pid, int sig)
{
	struct siginfo info;
	struct task_struct *t;
	int ret;

	fill_kill_info(&info, sig, SI_USER);
	if (pid == INT32_MIN)
		return -ESRCH;
	read_lock(&tasklist_lock);
	if (pid > 0) {
		t = find_task_by_pid(pid);
		ret = t ? send_checked(sig, &info, t, true) : -ESRCH;
	} else if (pid == -1) {
		ret = kill_all(sig, &info);
	} else {
		ret = kill_group(pid ? -pid : current->signal->pgrp, sig, &info);
	}
	read_unlock(&tasklist_lock);
	return ret;
}

/* To the thread @pid, which must belong to @tgid unless that is 0. */
static long send_to_thread(kpid_t tgid, kpid_t pid, int sig, const struct siginfo *info)
{
	struct task_struct *t;
	int ret = -ESRCH;

	read_lock(&tasklist_lock);
	t = find_task_by_pid(pid);
	if (t && (!tgid || t->tgid == tgid)) {
		ret = send_checked(sig, info, t, false);
		if (ret == -ESRCH)	/* it is dying: too late, but not an error */
			ret = 0;
	}
	read_unlock(&tasklist_lock);
	return ret;
}

long sys_tkill(kpid_t pid, int sig)
{
	struct siginfo info;

	if (pid <= 0)
		return -EINVAL;
	fill_kill_info(&info, sig, SI_TKILL);
	return send_to_thread(0, pid, sig, &info);
}

long sys_tgkill(kpid_t tgid, kpid_t pid, int sig)
{
	struct siginfo info;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	fill_kill_info(&info, sig, SI_TKILL);
	return send_to_thread(tgid, pid, sig, &info);
}

/* A made-up siginfo may not pretend to come from the kernel or from kill(), except to oneself. */
static int get_queue_info(struct siginfo *info, const struct siginfo __user *uinfo, int sig,
			  kpid_t target)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && target != current->tgid ? -EPERM
											    : 0;
}

long sys_rt_sigqueueinfo(kpid_t pid, int sig, const struct siginfo __user *uinfo)
{
	struct siginfo info;
	struct task_struct *t;
	int ret = get_queue_info(&info, uinfo, sig, pid);

	if (ret)
		return ret;
	read_lock(&tasklist_lock);
	t = pid > 0 ? find_task_by_pid(pid) : NULL;
	ret = t ? send_checked(sig, &info, t, true) : -ESRCH;
	read_unlock(&tasklist_lock);
	return ret;
}

int kill_task_info(int sig, const struct siginfo *info, struct task_struct *t)
{
	int ret;

	read_lock(&tasklist_lock);
	ret = send_checked(sig, info, t, true);
	read_unlock(&tasklist_lock);
	return ret;
}

long sys_rt_tgsigqueueinfo(kpid_t tgid, kpid_t pid, int sig, const struct siginfo __user *uinfo)
{
	struct siginfo info;
	int ret;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	ret = get_queue_info(&info, uinfo, sig, tgid);
	return ret ? ret : send_to_thread(tgid, pid, sig, &info);
}
