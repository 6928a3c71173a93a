/*
 * cred.c - credentials: their life, and the questions asked of them.
 *
 * Idea: immutable, reference counted (cred.h). A user_struct per user number
 *       counts tasks, found through a small hash.
 * Locks:  user_lock (LOCK_NONE rank order: leaf) guards the hash of users.
 * Above:  setid.c changes ids, caps.c capabilities, exec.c both. fs and mm ask by hooks.
 * Below:  slab.   In Linux: kernel/cred.c, kernel/user.c, security/commoncap.c.
 */
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/hooks.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/prctl.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/hash.h"
#include "mm/mm_types.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define UID_HASH_BITS 6
static struct hlist_head uid_hash[1 << UID_HASH_BITS];
static spinlock_t user_lock = SPINLOCK_INIT(LOCK_FILES);
static struct kmem_cache *cred_cache, *user_cache;

static struct user_struct root_user = { .count = 1, .processes = 1, .uid = 0 };
static struct group_info init_groups = { .usage = 1, .ngroups = 0 };
static struct cred init_cred = {
	.usage = 1,
	.cap_permitted = CAP_FULL_SET, .cap_effective = CAP_FULL_SET, .cap_bset = CAP_FULL_SET,
	.user = &root_user, .group_info = &init_groups,
};

void cred_init(void)
{
	cred_cache = kmem_cache_create("cred_jar", sizeof(struct cred), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
	user_cache = kmem_cache_create("uid_cache", sizeof(struct user_struct), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC, NULL);
	hlist_add_head(&root_user.node, &uid_hash[hash_32(0, UID_HASH_BITS)]);
	init_task.cred = &init_cred;
	cred_hooks_init();
}

static struct user_struct *find_user_locked(kuid_t uid)
{
	struct user_struct *u;

	hlist_for_each_entry(u, &uid_hash[hash_32(uid, UID_HASH_BITS)], node)
		if (u->uid == uid) {
			u->count++;
			return u;
		}
	return NULL;
}

struct user_struct *alloc_uid(kuid_t uid)
{
	struct user_struct *u, *fresh;

	spin_lock(&user_lock);
	u = find_user_locked(uid);
	spin_unlock(&user_lock);
	if (u)
		return u;
	fresh = kmem_cache_alloc(user_cache, GFP_KERNEL);
	if (!fresh)
		return NULL;
	*fresh = (struct user_struct){ .count = 1, .uid = uid };
	spin_lock(&user_lock);
	u = find_user_locked(uid);	/* another task may have been first */
	if (!u)
		hlist_add_head(&fresh->node, &uid_hash[hash_32(uid, UID_HASH_BITS)]);
	spin_unlock(&user_lock);
	if (u)
		kmem_cache_free(user_cache, fresh);
	return u ? u : fresh;
}

void free_uid(struct user_struct *u)
{
	spin_lock(&user_lock);
	if (--u->count > 0) {
		spin_unlock(&user_lock);
		return;
	}
	hlist_del(&u->node);
	spin_unlock(&user_lock);
	kmem_cache_free(user_cache, u);
}

int set_cred_user(struct cred *cred)
{
	struct user_struct *u = alloc_uid(cred->uid);

	if (!u)
		return -EAGAIN;
	free_uid(cred->user);
	cred->user = u;
	return 0;
}

const struct cred *get_cred(const struct cred *cred)
{
	((struct cred *)cred)->usage++;
	return cred;
}

/* A dead task's reference goes in the middle of the next one's switch, where nobody may sleep. */
static void put_group_info(struct group_info *g)
{
	if (--g->usage)
		return;
	if (is_vmalloc_addr(g))
		vfree_atomic(g);
	else
		kfree(g);
}

void put_cred(const struct cred *const_cred)
{
	struct cred *cred = (struct cred *)const_cred;

	if (--cred->usage)
		return;
	BUG_ON(cred == &init_cred);
	put_group_info(cred->group_info);
	free_uid(cred->user);
	kmem_cache_free(cred_cache, cred);
}

const struct cred *get_task_cred(struct task_struct *t)
{
	const struct cred *cred;

	task_lock(t);
	cred = get_cred(t->cred);
	task_unlock(t);
	return cred;
}

struct cred *prepare_creds(void)
{
	struct cred *item = kmem_cache_alloc(cred_cache, GFP_KERNEL);

	if (!item)
		return NULL;
	*item = *current->cred;
	item->usage = 1;
	item->user->count++;
	item->group_info->usage++;
	return item;
}

/* Neither ids nor capabilities let @item reach what @old could not. */
static bool cred_is_no_gain(const struct cred *item, const struct cred *old)
{
	return item->euid == old->euid && item->egid == old->egid && item->fsuid == old->fsuid &&
	       item->fsgid == old->fsgid && !(item->cap_permitted & ~old->cap_permitted);
}

void commit_creds(struct cred *item)
{
	const struct cred *old = current->cred;

	BUG_ON(item->usage < 1);
	if (!cred_is_no_gain(item, old)) {
		if (current->mm)
			set_dumpable(current->mm, suid_dumpable);
		current->pdeath_signal = 0;
	}
	if (item->user != old->user) {
		item->user->processes++;
		old->user->processes--;
	}
	task_lock(current);
	current->cred = item;
	task_unlock(current);
	put_cred(old);
}

bool capable(int cap)
{
	if (!cred_has(current->cred, cap))
		return false;
	current->flags |= PF_SUPERPRIV;
	return true;
}

bool has_capability(struct task_struct *t, int cap)
{
	const struct cred *cred = get_task_cred(t);
	bool has = cred_has(cred, cap);

	put_cred(cred);
	return has;
}

static bool groups_search(const struct group_info *g, kgid_t gid)
{
	int lo = 0, hi = g->ngroups;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (g->gid[mid] == gid)
			return true;
		if (g->gid[mid] < gid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

bool in_group_p(kgid_t gid)
{
	const struct cred *cred = current->cred;

	return gid == cred->fsgid || groups_search(cred->group_info, gid);
}

/* May one who is @uid and @gid, and has the capabilities @caps? */
static bool may_access_as(struct task_struct *t, kuid_t uid, kgid_t gid, u64 caps)
{
	const struct cred *you;
	bool same, subset;

	if (t->signal == current->signal)
		return true;
	you = get_task_cred(t);
	same = uid == you->euid && uid == you->suid && uid == you->uid && gid == you->egid &&
	       gid == you->sgid && gid == you->gid;
	subset = !(you->cap_permitted & ~caps);
	put_cred(you);
	return (same && subset && task_dumpable(t)) || capable(CAP_SYS_PTRACE);
}

bool ptrace_may_access(struct task_struct *t)
{
	const struct cred *me = current->cred;

	return may_access_as(t, me->fsuid, me->fsgid, me->cap_effective);
}

bool ptrace_may_access_real(struct task_struct *t)
{
	const struct cred *me = current->cred;

	return may_access_as(t, me->uid, me->gid, me->cap_permitted);
}

void cap_fix_setuid(struct cred *item, const struct cred *old)
{
	bool had_root = !old->uid || !old->euid || !old->suid;
	bool has_root = !item->uid || !item->euid || !item->suid;

	if (item->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(item->securebits & SECBIT_KEEP_CAPS))
			item->cap_permitted = item->cap_effective = 0;
		item->cap_ambient = 0;
	}
	if (!old->euid && item->euid)
		item->cap_effective = 0;
	if (old->euid && !item->euid)
		item->cap_effective = item->cap_permitted;
}

bool cred_apply_exec(struct cred *item, kuid_t uid, kgid_t gid)
{
	const struct cred *old = current->cred;
	bool set_id, effective = false, noroot = item->securebits & SECBIT_NOROOT;

	if (uid != (kuid_t)-1)
		item->euid = uid;
	if (gid != (kgid_t)-1)
		item->egid = gid;
	set_id = item->euid != old->uid || item->egid != old->gid;
	if (set_id)
		item->cap_ambient = 0;
	item->cap_permitted = item->cap_ambient;
	if (!noroot && (!item->euid || !item->uid)) {
		item->cap_permitted = item->cap_bset | item->cap_inheritable;
		effective = !item->euid;
	}
	item->cap_effective = effective ? item->cap_permitted : item->cap_ambient;
	item->securebits &= ~SECBIT_KEEP_CAPS;
	item->suid = item->fsuid = item->euid;
	item->sgid = item->fsgid = item->egid;
	return set_id || (item->uid && (effective || (item->cap_permitted & ~item->cap_ambient)));
}
