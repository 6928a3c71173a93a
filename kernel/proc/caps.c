/*
 * caps.c - capget(2), capset(2), and prctl's part of capabilities.
 *
 * Idea: no file capabilities: what a program gets at execve follows from user
 *       0 and the sets here (cred_apply_exec()).
 * Locks:  none: a task changes only its own.
 * Above:  the system call table, prctl.c.   Below: cred.c.   In Linux: kernel/capability.c.
 */
#include "kernel/proc/caps.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/prctl.h"
#include "kernel/x86/uaccess.h"

/* How many cap_user_data follow @header: 1 or 2; -EINVAL (and the version we prefer is stored). */
static int cap_validate_version(struct cap_user_header __user *uheader,
				struct cap_user_header *header)
{
	if (copy_from_user(header, uheader, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return 1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return 2;
	}
	return put_user((u32)_LINUX_CAPABILITY_VERSION_3, &uheader->version) ? -EFAULT : -EINVAL;
}

long sys_capget(struct cap_user_header __user *uheader, struct cap_user_data __user *data)
{
	struct cap_user_header header;
	struct cap_user_data d[2];
	struct task_struct *t;
	const struct cred *cred;
	int n = cap_validate_version(uheader, &header);

	if (n < 0)
		return !data && n == -EINVAL ? 0 : n;
	if (header.pid < 0)
		return -EINVAL;
	t = header.pid ? find_get_task(header.pid) : get_task_struct(current);
	if (!t)
		return -ESRCH;
	cred = get_task_cred(t);
	put_task_struct(t);
	for (int i = 0; i < 2; i++)
		d[i] = (struct cap_user_data){ cred->cap_effective >> 32 * i,
					       cred->cap_permitted >> 32 * i,
					       cred->cap_inheritable >> 32 * i };
	put_cred(cred);
	return copy_to_user(data, d, n * sizeof(d[0])) ? -EFAULT : 0;
}

/* The rules of capset: nothing that was not permitted or bounded comes in. */
static bool capset_allowed(const struct cred *old, u64 e, u64 p, u64 i)
{
	if ((i & ~(old->cap_inheritable | old->cap_permitted)) && !cred_has(old, CAP_SETPCAP))
		return false;
	return !(i & ~(old->cap_inheritable | old->cap_bset)) && !(p & ~old->cap_permitted) &&
	       !(e & ~p);
}

long sys_capset(struct cap_user_header __user *uheader, const struct cap_user_data __user *data)
{
	struct cap_user_header header;
	struct cap_user_data d[2] = { };
	struct cred *item;
	u64 e, p, i;
	int n = cap_validate_version(uheader, &header);

	if (n < 0)
		return n;
	if (header.pid && header.pid != current->pid)
		return -EPERM;
	if (copy_from_user(d, data, n * sizeof(d[0])))
		return -EFAULT;
	e = (d[0].effective | (u64)d[1].effective << 32) & CAP_FULL_SET;
	p = (d[0].permitted | (u64)d[1].permitted << 32) & CAP_FULL_SET;
	i = (d[0].inheritable | (u64)d[1].inheritable << 32) & CAP_FULL_SET;
	if (!capset_allowed(current->cred, e, p, i))
		return -EPERM;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	item->cap_effective = e;
	item->cap_permitted = p;
	item->cap_inheritable = i;
	item->cap_ambient &= p & i;
	commit_creds(item);
	return 0;
}

static long prctl_ambient(unsigned long op, unsigned long cap, unsigned long arg4,
			  unsigned long arg5)
{
	const struct cred *old = current->cred;
	struct cred *item;

	if (arg4 | arg5 || (op == PR_CAP_AMBIENT_CLEAR_ALL ? cap : cap > CAP_LAST_CAP))
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return old->cap_ambient >> cap & 1;
	if (op < PR_CAP_AMBIENT_RAISE || op > PR_CAP_AMBIENT_CLEAR_ALL)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_RAISE &&
	    (!(old->cap_permitted & old->cap_inheritable & 1UL << cap) ||
	     old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		item->cap_ambient = 0;
	else if (op == PR_CAP_AMBIENT_RAISE)
		item->cap_ambient |= 1UL << cap;
	else
		item->cap_ambient &= ~(1UL << cap);
	commit_creds(item);
	return 0;
}

/* Bits that are locked stay; locks stay locked; needs CAP_SETPCAP. */
static long set_securebits(unsigned long bits)
{
	const unsigned int old = current->cred->securebits;
	unsigned int locked = old >> 1 & SECBITS_ALL_BITS;
	struct cred *item;

	if ((locked & (old ^ bits)) || (old & SECBITS_ALL_BITS << 1 & ~bits) ||
	    (bits & ~(SECBITS_ALL_BITS | SECBITS_ALL_BITS << 1)) || !capable(CAP_SETPCAP))
		return -EPERM;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	item->securebits = bits;
	commit_creds(item);
	return 0;
}

static long set_keepcaps(unsigned long on)
{
	struct cred *item;

	if (on > 1)
		return -EINVAL;
	if (current->cred->securebits & SECBIT_KEEP_CAPS << 1)
		return -EPERM;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	item->securebits = (item->securebits & ~SECBIT_KEEP_CAPS) | (on ? SECBIT_KEEP_CAPS : 0);
	commit_creds(item);
	return 0;
}

static long drop_bset(unsigned long cap)
{
	struct cred *item;

	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	item->cap_bset &= ~(1UL << cap);
	commit_creds(item);
	return 0;
}

static long set_no_new_privs(void)
{
	struct cred *item = prepare_creds();

	if (!item)
		return -ENOMEM;
	item->no_new_privs = true;
	commit_creds(item);
	return 0;
}

long cap_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
	       unsigned long arg5)
{
	switch (option) {
	case PR_CAPBSET_READ:
		return arg2 > CAP_LAST_CAP ? -EINVAL : (long)(current->cred->cap_bset >> arg2 & 1);
	case PR_CAPBSET_DROP:
		return drop_bset(arg2);
	case PR_GET_SECUREBITS:
		return current->cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(arg2);
	case PR_GET_KEEPCAPS:
		return !!(current->cred->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keepcaps(arg2);
	case PR_CAP_AMBIENT:
		return prctl_ambient(arg2, arg3, arg4, arg5);
	case PR_SET_NO_NEW_PRIVS:
		return arg2 != 1 || arg3 || arg4 || arg5 ? -EINVAL : set_no_new_privs();
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->cred->no_new_privs;
	}
	return -ENOSYS;
}
