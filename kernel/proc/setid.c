/*
 * setid.c - the set*id family, and supplementary groups.
 *
 * Idea: each call decides on a copy of the credentials and commits it;
 *       nothing is half changed when it fails.
 * Locks:  none: only the task itself changes its credentials.
 * Above:  the system call table.   Below: cred.c.   In Linux: kernel/sys.c, kernel/groups.c.
 */
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

/* Bits that a change of fsuid from or to 0 takes away or brings: the file-system capabilities. */
#define CAP_FS_SET (1UL << CAP_CHOWN | 1UL << CAP_MKNOD | 1UL << CAP_DAC_OVERRIDE | \
		    1UL << CAP_DAC_READ_SEARCH | 1UL << CAP_FOWNER | 1UL << CAP_FSETID | \
		    1UL << CAP_LINUX_IMMUTABLE | 1UL << 32 /* MAC_OVERRIDE */)

long sys_getuid(void) { return current->cred->uid; }
long sys_geteuid(void) { return current->cred->euid; }
long sys_getgid(void) { return current->cred->gid; }
long sys_getegid(void) { return current->cred->egid; }

/* A user over RLIMIT_NPROC may change to it, but not execve: programs do not check setuid(). */
static void flag_nproc_exceeded(const struct cred *item)
{
	if ((unsigned long)item->user->processes >= rlimit(RLIMIT_NPROC) && item->uid &&
	    item->user != current->cred->user)
		current->flags |= PF_NPROC_EXCEEDED;
	else
		current->flags &= ~PF_NPROC_EXCEEDED;
}

/* The end of every uid change: takes @item over. */
static long commit_uids(struct cred *item)
{
	if (item->uid != current->cred->uid) {
		int err = set_cred_user(item);

		if (err) {
			put_cred(item);
			return err;
		}
		flag_nproc_exceeded(item);
	}
	cap_fix_setuid(item, current->cred);
	commit_creds(item);
	return 0;
}

static long refuse(struct cred *item)
{
	put_cred(item);
	return -EPERM;
}

long sys_setuid(kuid_t uid)
{
	struct cred *item;

	if (uid == (kuid_t)-1)
		return -EINVAL;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		item->uid = item->suid = uid;
	else if (uid != item->uid && uid != item->suid)
		return refuse(item);
	item->euid = item->fsuid = uid;
	return commit_uids(item);
}

long sys_setreuid(kuid_t ruid, kuid_t euid)
{
	const struct cred *old = current->cred;
	struct cred *item = prepare_creds();
	bool cap;

	if (!item)
		return -ENOMEM;
	cap = capable(CAP_SETUID);
	if (ruid != (kuid_t)-1) {
		if (ruid != old->uid && ruid != old->euid && !cap)
			return refuse(item);
		item->uid = ruid;
	}
	if (euid != (kuid_t)-1) {
		if (euid != old->uid && euid != old->euid && euid != old->suid && !cap)
			return refuse(item);
		item->euid = euid;
	}
	if (ruid != (kuid_t)-1 || (euid != (kuid_t)-1 && euid != old->uid))
		item->suid = item->euid;
	item->fsuid = item->euid;
	return commit_uids(item);
}

static bool uid_is_mine(kuid_t uid, const struct cred *old)
{
	return uid == (kuid_t)-1 || uid == old->uid || uid == old->euid || uid == old->suid;
}

long sys_setresuid(kuid_t ruid, kuid_t euid, kuid_t suid)
{
	const struct cred *old = current->cred;
	struct cred *item = prepare_creds();

	if (!item)
		return -ENOMEM;
	if (!(uid_is_mine(ruid, old) && uid_is_mine(euid, old) && uid_is_mine(suid, old)) &&
	    !capable(CAP_SETUID))
		return refuse(item);
	if (ruid != (kuid_t)-1)
		item->uid = ruid;
	if (euid != (kuid_t)-1)
		item->euid = euid;
	if (suid != (kuid_t)-1)
		item->suid = suid;
	item->fsuid = item->euid;
	return commit_uids(item);
}

long sys_setgid(kgid_t gid)
{
	struct cred *item;

	if (gid == (kgid_t)-1)
		return -EINVAL;
	item = prepare_creds();
	if (!item)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		item->gid = item->sgid = gid;
	else if (gid != item->gid && gid != item->sgid)
		return refuse(item);
	item->egid = item->fsgid = gid;
	commit_creds(item);
	return 0;
}

long sys_setregid(kgid_t rgid, kgid_t egid)
{
	const struct cred *old = current->cred;
	struct cred *item = prepare_creds();
	bool cap;

	if (!item)
		return -ENOMEM;
	cap = capable(CAP_SETGID);
	if (rgid != (kgid_t)-1) {
		if (rgid != old->gid && rgid != old->egid && !cap)
			return refuse(item);
		item->gid = rgid;
	}
	if (egid != (kgid_t)-1) {
		if (egid != old->gid && egid != old->egid && egid != old->sgid && !cap)
			return refuse(item);
		item->egid = egid;
	}
	if (rgid != (kgid_t)-1 || (egid != (kgid_t)-1 && egid != old->gid))
		item->sgid = item->egid;
	item->fsgid = item->egid;
	commit_creds(item);
	return 0;
}

static bool gid_is_mine(kgid_t gid, const struct cred *old)
{
	return gid == (kgid_t)-1 || gid == old->gid || gid == old->egid || gid == old->sgid;
}

long sys_setresgid(kgid_t rgid, kgid_t egid, kgid_t sgid)
{
	const struct cred *old = current->cred;
	struct cred *item = prepare_creds();

	if (!item)
		return -ENOMEM;
	if (!(gid_is_mine(rgid, old) && gid_is_mine(egid, old) && gid_is_mine(sgid, old)) &&
	    !capable(CAP_SETGID))
		return refuse(item);
	if (rgid != (kgid_t)-1)
		item->gid = rgid;
	if (egid != (kgid_t)-1)
		item->egid = egid;
	if (sgid != (kgid_t)-1)
		item->sgid = sgid;
	item->fsgid = item->egid;
	commit_creds(item);
	return 0;
}

long sys_getresuid(kuid_t __user *r, kuid_t __user *e, kuid_t __user *s)
{
	const struct cred *cred = current->cred;

	return put_user(cred->uid, r) || put_user(cred->euid, e) || put_user(cred->suid, s)
		       ? -EFAULT
		       : 0;
}

long sys_getresgid(kgid_t __user *r, kgid_t __user *e, kgid_t __user *s)
{
	const struct cred *cred = current->cred;

	return put_user(cred->gid, r) || put_user(cred->egid, e) || put_user(cred->sgid, s)
		       ? -EFAULT
		       : 0;
}

/* The old one is returned whether or not it was changed. */
long sys_setfsuid(kuid_t uid)
{
	kuid_t old = current->cred->fsuid;
	struct cred *item;

	if (uid == old || !(uid_is_mine(uid, current->cred) || capable(CAP_SETUID)) ||
	    uid == (kuid_t)-1)
		return old;
	item = prepare_creds();
	if (!item)
		return old;
	item->fsuid = uid;
	if (!old && uid && !(item->securebits & SECBIT_NO_SETUID_FIXUP))
		item->cap_effective &= ~CAP_FS_SET;
	if (old && !uid && !(item->securebits & SECBIT_NO_SETUID_FIXUP))
		item->cap_effective |= item->cap_permitted & CAP_FS_SET;
	commit_creds(item);
	return old;
}

long sys_setfsgid(kgid_t gid)
{
	kgid_t old = current->cred->fsgid;
	struct cred *item;

	if (gid == old || !(gid_is_mine(gid, current->cred) || capable(CAP_SETGID)) ||
	    gid == (kgid_t)-1)
		return old;
	item = prepare_creds();
	if (!item)
		return old;
	item->fsgid = gid;
	commit_creds(item);
	return old;
}

long sys_getgroups(int size, kgid_t __user *list)
{
	const struct group_info *g = current->cred->group_info;

	if (size < 0)
		return -EINVAL;
	if (!size)
		return g->ngroups;
	if (g->ngroups > size)
		return -EINVAL;
	return copy_to_user(list, g->gid, g->ngroups * sizeof(kgid_t)) ? -EFAULT : g->ngroups;
}

static int cmp_gid(const void *a, const void *b)
{
	kgid_t x = *(const kgid_t *)a, y = *(const kgid_t *)b;

	return x < y ? -1 : x > y;
}

long sys_setgroups(int size, const kgid_t __user *list)
{
	struct group_info *g;
	struct cred *item;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((unsigned int)size > NGROUPS_MAX)
		return -EINVAL;
	g = kvmalloc(sizeof(*g) + size * sizeof(kgid_t), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	g->usage = 1;
	g->ngroups = size;
	if (copy_from_user(g->gid, list, size * sizeof(kgid_t))) {
		kvfree(g);
		return -EFAULT;
	}
	sort(g->gid, size, sizeof(kgid_t), cmp_gid, NULL);
	item = prepare_creds();
	if (!item) {
		kvfree(g);
		return -ENOMEM;
	}
	item->group_info->usage--;	/* current's own creds hold it as well: never the last */
	item->group_info = g;
	commit_creds(item);
	return 0;
}
