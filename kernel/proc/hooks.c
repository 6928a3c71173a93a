/*
 * hooks.c - what the rooms below ask about credentials, through their pointers.
 *
 * Idea: mm, fs and sched may not know struct cred; they declare function
 *       pointers, and this file is the one that fills them in.
 * Locks:  none.   Above: cred_init() calls cred_hooks_init().
 */
#include "kernel/proc/hooks.h"
#include "kernel/fs/permission.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "mm/oom_kill.h"
#include "mm/util.h"

static kuid_t current_fsuid(void) { return current->cred->fsuid; }
static kgid_t current_fsgid(void) { return current->cred->fsgid; }
static void current_ids(struct fs_ids *ids)
{
	const struct cred *cred = current->cred;

	*ids = (struct fs_ids){ cred->uid, cred->euid, cred->suid,
				cred->gid, cred->egid, cred->sgid };
}
static const struct cred *get_current_cred(void) { return get_cred(current->cred); }

/* access(2) judges by the real ids, and by the capabilities they would have. */
static const struct cred *override_real_ids(void)
{
	const struct cred *old = current->cred;
	struct cred *item = prepare_creds();

	if (!item)
		return NULL;
	item->fsuid = item->uid;
	item->fsgid = item->gid;
	if (!(item->securebits & SECBIT_NO_SETUID_FIXUP))
		item->cap_effective = item->uid ? 0 : item->cap_permitted;
	task_lock(current);
	current->cred = item;
	task_unlock(current);
	return old;
}

static const struct cred *override_creds(const struct cred *cred)
{
	const struct cred *old = current->cred;

	get_cred(cred);
	task_lock(current);
	current->cred = cred;
	task_unlock(current);
	return old;
}

static void revert_creds(const struct cred *old)
{
	const struct cred *item = current->cred;

	task_lock(current);
	current->cred = old;
	task_unlock(current);
	put_cred(item);
}

static void task_owner(struct task_struct *t, umode_t mode, kuid_t *uid, kgid_t *gid)
{
	const struct cred *cred = get_task_cred(t);
	bool open = mode == (S_IFDIR | 0555);

	if (!open) {
		task_lock(t);
		open = t->mm && get_dumpable(t->mm) == SUID_DUMP_USER;
		task_unlock(t);
	}
	*uid = open ? cred->euid : 0;
	*gid = open ? cred->egid : 0;
	put_cred(cred);
}

static kuid_t task_uid(struct task_struct *t)
{
	const struct cred *cred = get_task_cred(t);
	kuid_t uid = cred->uid;

	put_cred(cred);
	return uid;
}

void cred_hooks_init(void)
{
	fs_current_fsuid = current_fsuid;
	fs_current_fsgid = current_fsgid;
	fs_current_ids = current_ids;
	fs_in_group = in_group_p;
	fs_capable = capable;
	fs_override_real_ids = override_real_ids;
	fs_override_creds = override_creds;
	fs_revert_creds = revert_creds;
	fs_get_current_cred = get_current_cred;
	fs_put_cred = put_cred;
	fs_task_owner = task_owner;
	fs_ptrace_may_access = ptrace_may_access;
	mm_capable = has_capability;
	task_uid_hook = task_uid;
}
