/*
 * sys_sched.c - system calls about scheduling: priorities, affinity, policies.
 *
 * Idea: decoding and permissions; the scheduler does the rest.
 * Locks:  tasklist_lock for the search; a reference to the task found.
 * Above:  the system call table.   Below: kernel/sched/sched.h.   In Linux: kernel/sched/core.c,
 * kernel/sys.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/sched.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/cpuset.h"

#define MAX_RT_PRIO 99
#define RR_TIMESLICE_NS (100 * NSEC_PER_MSEC)

long sys_sched_yield(void)
{
	yield_cpu();
	return 0;
}

/* 0 is current. A reference, or NULL. */
static struct task_struct *get_target(kpid_t pid)
{
	return pid ? find_get_task(pid) : get_task_struct(current);
}

static bool same_owner(struct task_struct *t)
{
	const struct cred *you = get_task_cred(t);
	bool same = current->cred->euid == you->euid || current->cred->euid == you->uid;

	put_cred(you);
	return same;
}

long sys_getcpu(unsigned int __user *cpu, unsigned int __user *node, void __user *cache)
{
	unsigned int here = smp_processor_id(), near = numa_node_id();

	if ((cpu && put_user(here, cpu)) || (node && put_user(near, node)))
		return -EFAULT;
	return 0;
}

/* --- affinity --- */

static u64 possible_mask(void)
{
	return nr_cpus_possible >= 64 ? ~0UL : (1UL << nr_cpus_possible) - 1;
}

/* The cpuset may change meanwhile: then what it leaves counts, or all of it. */
static int set_affinity_in_cpuset(struct task_struct *t, u64 mask)
{
	u64 allowed = cpuset_cpus_allowed(t), now;
	int err = sched_setaffinity_mask(t, mask & allowed);

	while (!err && (now = cpuset_cpus_allowed(t)) != allowed) {
		allowed = now;
		err = sched_setaffinity_mask(t, mask & now ? mask & now : now);
	}
	return err;
}

long sys_sched_setaffinity(kpid_t pid, unsigned int len, const u64 __user *umask)
{
	struct task_struct *t;
	u64 mask = 0;
	int err;

	if (copy_from_user(&mask, umask, MIN(len, (unsigned int)sizeof(mask))))
		return -EFAULT;
	t = get_target(pid);
	if (!t)
		return -ESRCH;
	if (!same_owner(t) && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else if (!(mask & possible_mask() & cpuset_cpus_allowed(t)))
		err = -EINVAL;
	else
		err = set_affinity_in_cpuset(t, mask & possible_mask());
	put_task_struct(t);
	return err;
}

/* The bytes written: 8. */
long sys_sched_getaffinity(kpid_t pid, unsigned int len, u64 __user *umask)
{
	struct task_struct *t;
	u64 mask;

	if (len * 8 < (unsigned int)nr_cpus_possible || len & (sizeof(long) - 1))
		return -EINVAL;
	t = get_target(pid);
	if (!t)
		return -ESRCH;
	mask = t->cpus_allowed & possible_mask();
	put_task_struct(t);
	return put_user(mask, umask) ? -EFAULT : (long)sizeof(mask);
}

/* --- nice --- */

static bool can_nice(struct task_struct *t, int nice)
{
	return 20 - nice <= (long)task_rlimit(t, RLIMIT_NICE) || capable(CAP_SYS_NICE);
}

static int set_one_prio(struct task_struct *t, int nice)
{
	if (!same_owner(t) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (nice < t->static_nice && !can_nice(t, nice))
		return -EACCES;
	set_user_nice(t, nice);
	return 0;
}

/* PRIO_PROCESS: a thread, in fact. => tasklist_lock held. NULL: there is none */
static struct task_struct *prio_task(int who)
{
	return who ? find_task_by_pid(who) : current;
}

/* Is @p one of the group, or of the user's tasks? */
static bool prio_target(struct task_struct *p, int which, int who)
{
	const struct cred *you;
	bool hit;

	if (which == PRIO_PGRP)
		return p->signal->pgrp == (who ? who : current->signal->pgrp);
	you = get_task_cred(p);
	hit = you->uid == (who ? (kuid_t)who : current->cred->uid);
	put_cred(you);
	return hit;
}

long sys_setpriority(int which, int who, int nice)
{
	struct task_struct *p, *t;
	int err = -ESRCH, one;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	nice = nice < MIN_NICE ? MIN_NICE : nice > MAX_NICE ? MAX_NICE : nice;
	read_lock(&tasklist_lock);
	if (which == PRIO_PROCESS) {
		t = prio_task(who);
		err = t ? set_one_prio(t, nice) : -ESRCH;
		goto unlock;
	}
	for_each_process(p)
		for_each_thread(p, t)
			if (prio_target(t, which, who)) {
				one = set_one_prio(t, nice);
				err = one ? one : err == -ESRCH ? 0 : err;
			}
unlock:
	read_unlock(&tasklist_lock);
	return err;
}

/* 1 (nice 19) to 40 (nice -20): the raw call never returns a negative priority. */
long sys_getpriority(int which, int who)
{
	struct task_struct *p, *t;
	long best = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	read_lock(&tasklist_lock);
	if (which == PRIO_PROCESS) {
		t = prio_task(who);
		best = t ? 20 - t->static_nice : -ESRCH;
		goto unlock;
	}
	for_each_process(p)
		for_each_thread(p, t)
			if (prio_target(t, which, who))
				best = MAX(best, (long)(20 - t->static_nice));
unlock:
	read_unlock(&tasklist_lock);
	return best;
}

/* --- policies --- */

static bool policy_valid(int policy, int prio)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return prio >= 1 && prio <= MAX_RT_PRIO;
	return (policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE) && !prio;
}

static int set_policy(struct task_struct *t, int policy, int prio)
{
	bool rt = policy == SCHED_FIFO || policy == SCHED_RR;

	if (policy < 0)
		policy = t->policy;
	policy &= ~SCHED_RESET_ON_FORK;
	if (!policy_valid(policy, prio))
		return -EINVAL;
	if (!capable(CAP_SYS_NICE)) {
		if (!same_owner(t))
			return -EPERM;
		if (rt && (unsigned long)prio > task_rlimit(t, RLIMIT_RTPRIO))
			return -EPERM;
	}
	return sched_set_policy(t, policy, prio);
}

long sys_sched_setscheduler(kpid_t pid, int policy, const struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task_struct *t;
	int err;

	if (!uparam || pid < 0 || policy < 0)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	t = get_target(pid);
	if (!t)
		return -ESRCH;
	err = set_policy(t, policy, param.sched_priority);
	put_task_struct(t);
	return err;
}

long sys_sched_setparam(kpid_t pid, const struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task_struct *t;
	int err;

	if (!uparam || pid < 0)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	t = get_target(pid);
	if (!t)
		return -ESRCH;
	err = set_policy(t, -1, param.sched_priority);
	put_task_struct(t);
	return err;
}

long sys_sched_getscheduler(kpid_t pid)
{
	struct task_struct *t = pid < 0 ? NULL : get_target(pid);
	int policy;

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
	policy = t->policy;
	put_task_struct(t);
	return policy;
}

long sys_sched_getparam(kpid_t pid, struct sched_param __user *uparam)
{
	struct sched_param param;
	struct task_struct *t;

	if (!uparam || pid < 0)
		return -EINVAL;
	t = get_target(pid);
	if (!t)
		return -ESRCH;
	param.sched_priority = t->se.rt_priority;
	put_task_struct(t);
	return copy_to_user(uparam, &param, sizeof(param)) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return MAX_RT_PRIO;
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE ? 0
										       : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 1;
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE ? 0
										       : -EINVAL;
}

long sys_sched_rr_get_interval(kpid_t pid, struct timespec __user *uts)
{
	struct task_struct *t = pid < 0 ? NULL : get_target(pid);
	struct timespec ts;

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
	ts = ns_to_timespec(t->policy == SCHED_RR     ? (u64)RR_TIMESLICE_NS
			    : t->policy == SCHED_FIFO ? 0
						      : (u64)TICK_NSEC);
	put_task_struct(t);
	return copy_to_user(uts, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* --- I/O priorities: kept for who asks; the block layer has no use for them --- */

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

long sys_ioprio_set(int which, int who, int ioprio)
{
	struct task_struct *t;
	int class = (ioprio >> IOPRIO_CLASS_SHIFT) & 7;

	if (which != IOPRIO_WHO_PROCESS || class > 3 || ioprio >> 16)
		return -EINVAL;
	if (class == 1 && !capable(CAP_SYS_ADMIN))	/* real time */
		return -EPERM;
	t = get_target(who);
	if (!t)
		return -ESRCH;
	t->ioprio = ioprio;
	put_task_struct(t);
	return 0;
}

long sys_ioprio_get(int which, int who)
{
	struct task_struct *t;
	int ioprio;

	if (which != IOPRIO_WHO_PROCESS)
		return -EINVAL;
	t = get_target(who);
	if (!t)
		return -ESRCH;
	ioprio = t->ioprio;
	put_task_struct(t);
	return ioprio;
}
