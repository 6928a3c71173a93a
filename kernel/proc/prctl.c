/*
 * prctl.c - prctl(2), arch_prctl(2), personality(2): a process's small switches.
 *
 * Locks:  a task changes only its own; siglock for those of the process.
 * Above:  the system call table.   Below: caps.c.   In Linux: kernel/sys.c,
 * arch/x86/kernel/process_64.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/signal.h"
#include "kernel/lib/string.h"
#include "kernel/proc/caps.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/syscalls.h"
#include "kernel/x86/process.h"
#include "kernel/x86/uaccess.h"

#define DEFAULT_TIMER_SLACK 50000UL	/* ns */
#define PERSONALITY_QUERY 0xffffffffU

static long prctl_set_name(const char __user *uname)
{
	char name[TASK_COMM_LEN] = "";

	if (strncpy_from_user(name, uname, sizeof(name) - 1) < 0)
		return -EFAULT;
	set_task_comm(current, name);
	return 0;
}

static long prctl_get_name(char __user *uname)
{
	char name[TASK_COMM_LEN];

	task_lock(current);
	memcpy(name, current->comm, sizeof(name));
	task_unlock(current);
	return copy_to_user(uname, name, sizeof(name)) ? -EFAULT : 0;
}

static long prctl_set_dumpable(unsigned long value)
{
	if (value != SUID_DUMP_DISABLE && value != SUID_DUMP_USER)
		return -EINVAL;
	set_dumpable(current->mm, value);
	return 0;
}

static long prctl_set_slack(unsigned long ns)
{
	current->timer_slack_ns = (long)ns <= 0 ? DEFAULT_TIMER_SLACK : ns;
	return 0;
}

/* The options about signals, names and the like. */
static long prctl_basic(int option, unsigned long arg2)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (arg2 > NSIG)
			return -EINVAL;
		current->pdeath_signal = arg2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user(current->pdeath_signal, (int *)arg2);
	case PR_GET_DUMPABLE:
		return get_dumpable(current->mm);
	case PR_SET_DUMPABLE:
		return prctl_set_dumpable(arg2);
	case PR_SET_NAME:
		return prctl_set_name((const char *)arg2);
	case PR_GET_NAME:
		return prctl_get_name((char *)arg2);
	case PR_GET_TIMING:
		return 0;	/* PR_TIMING_STATISTICAL, the only one there is */
	case PR_SET_TIMING:
		return arg2 ? -EINVAL : 0;
	case PR_GET_TSC:
		return put_user(PR_TSC_ENABLE, (int *)arg2);
	case PR_SET_TSC:
		return arg2 == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_TIMERSLACK:
		return current->timer_slack_ns ? current->timer_slack_ns : DEFAULT_TIMER_SLACK;
	case PR_SET_TIMERSLACK:
		return prctl_set_slack(arg2);
	case PR_SET_CHILD_SUBREAPER:
		current->signal->is_child_subreaper = arg2;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)current->signal->is_child_subreaper, (int *)arg2);
	case PR_GET_TID_ADDRESS:
		return put_user(current->clear_child_tid, (int **)arg2);
	}
	return -EINVAL;
}

/* PR_SET_THP_DISABLE, PR_GET_THP_DISABLE: a wish that children and exec inherit. -ENOSYS: another. */
static long prctl_thp(int option, unsigned long arg2, unsigned long rest)
{
	struct mm_struct *mm = current->mm;

	if (option == PR_GET_THP_DISABLE)
		return arg2 || rest ? -EINVAL : !!(mm->flags & MMF_DISABLE_THP);
	if (option != PR_SET_THP_DISABLE)
		return -ENOSYS;
	if (rest)
		return -EINVAL;
	if (arg2)
		mm->flags |= MMF_DISABLE_THP;
	else
		mm->flags &= ~MMF_DISABLE_THP;
	return 0;
}

long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	long ret = cap_prctl(option, arg2, arg3, arg4, arg5);

	if (ret == -ENOSYS)
		ret = prctl_thp(option, arg2, arg3 | arg4 | arg5);
	return ret == -ENOSYS ? prctl_basic(option, arg2) : ret;
}

long sys_arch_prctl(int option, unsigned long arg2)
{
	switch (option) {
	case ARCH_SET_FS:
		if (arg2 >= TASK_SIZE)
			return -EPERM;
		current->fs_base = arg2;
		set_user_fs_base(arg2);
		return 0;
	case ARCH_SET_GS:
		if (arg2 >= TASK_SIZE)
			return -EPERM;
		current->gs_base = arg2;
		set_user_gs_base(arg2);
		return 0;
	case ARCH_GET_FS:
		return put_user(get_user_fs_base(), (unsigned long *)arg2);
	case ARCH_GET_GS:
		return put_user(get_user_gs_base(), (unsigned long *)arg2);
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	}
	return -EINVAL;
}

long sys_personality(unsigned int personality)
{
	unsigned int old = current->personality;

	if (personality != PERSONALITY_QUERY)
		current->personality = personality;
	return old;
}
