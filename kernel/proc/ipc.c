/*
 * ipc.c - System V IPC: keys, ids and permissions, for all three kinds.
 *
 * Idea:   a key is a name that programs agree on, an id the number of an object that
 *         exists. An id is index + 32768 * sequence: indexes are used in
 *         turn, and each turn has the next sequence number, so that an old id
 *         does not name a new object by accident.
 * Locks:  one mutex a kind (LOCK_IPC, below mmap_lock: an munmap detaches) guards
 *         its table and all its objects. User memory is never touched under it.
 * Above:  shm.c, sem.c, msg.c.   In Linux: ipc/util.c.
 */
#include "kernel/proc/ipc.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/bug.h"
#include "kernel/proc/cred.h"
#include "kernel/x86/clock.h"
#include "mm/slab.h"

#define MIN_CYCLE 64			/* indexes are not reused sooner */
#define MAX_SEQ (INT32_MAX / IPCMNI)

/* ipc.h */
s64 ipc_now(void)
{
	return ktime_get_real_ns() / NSEC_PER_SEC;
}

/* The next free index in turn, below what is reasonable for so many; -ENOSPC. *seq: its turn's */
static int next_index(struct ipc_ids *ids, int *seq)
{
	int max = MIN(MAX(ids->in_use * 3 / 2, MIN_CYCLE), IPCMNI);

	for (int i = 1; i <= max; i++) {
		int index = (ids->last_index + i) % max;

		if (xa_load(&ids->table, index))
			continue;
		if (index <= ids->last_index && ++ids->seq > MAX_SEQ)
			ids->seq = 0;
		ids->last_index = index;
		*seq = ids->seq;
		return index;
	}
	return -ENOSPC;
}

/*
 * Somebody who brings a set of objects back (a checkpoint) has said which id the next one had: that
 * one, or if its index is taken the first above it. -ENOSPC. The wish is good for one object.
 */
static int wished_index(struct ipc_ids *ids, int *seq)
{
	int index = ids->next_id % IPCMNI;

	*seq = ids->next_id / IPCMNI;
	ids->next_id = -1;
	for (; index < IPCMNI; index++)
		if (!xa_load(&ids->table, index))
			return index;
	return -ENOSPC;
}

/* @ipc gets an id and stands in the table. => mutex held. The id, or -ENOSPC, -ENOMEM */
static int add_id(struct ipc_ids *ids, struct kern_ipc_perm *ipc, const struct ipc_get *get)
{
	const struct cred *cred = current_cred();
	int seq, err, index;

	index = ids->next_id < 0 ? next_index(ids, &seq) : wished_index(ids, &seq);
	if (index < 0)
		return index;
	err = xa_insert(&ids->table, index, ipc, GFP_KERNEL);
	if (err)
		return err;
	ids->in_use++;
	ipc->key = get->key;
	ipc->mode = get->flags & 0777;
	ipc->uid = ipc->cuid = cred->euid;
	ipc->gid = ipc->cgid = cred->egid;
	ipc->seq = seq;
	ipc->id = seq * IPCMNI + index;
	ipc->refs = 1;
	ipc->deleted = false;
	return ipc->id;
}

static int make_new(struct ipc_ids *ids, const struct ipc_get *get)
{
	struct kern_ipc_perm *ipc;
	int id;

	if (ids->in_use >= *ids->max)
		return -ENOSPC;
	ipc = get->make(get);
	if (IS_ERR(ipc))
		return PTR_ERR(ipc);
	id = add_id(ids, ipc, get);
	if (id < 0)
		ids->free(ipc);
	return id;
}

static struct kern_ipc_perm *find_key(struct ipc_ids *ids, s32 key)
{
	struct kern_ipc_perm *ipc;
	unsigned long index;

	xa_for_each(&ids->table, index, ipc)
		if (ipc->key == key)
			return ipc;
	return NULL;
}

static int get_locked(struct ipc_ids *ids, const struct ipc_get *get)
{
	struct kern_ipc_perm *ipc = get->key == IPC_PRIVATE ? NULL : find_key(ids, get->key);
	int err;

	if (!ipc) {
		if (get->key != IPC_PRIVATE && !(get->flags & IPC_CREAT))
			return -ENOENT;
		return make_new(ids, get);
	}
	if ((get->flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	err = get->fits ? get->fits(ipc, get) : 0;
	if (!err)
		err = ipc_permitted(ipc, get->flags);
	return err ? err : ipc->id;
}

/* ipc.h */
int ipc_get(struct ipc_ids *ids, const struct ipc_get *get)
{
	int ret;

	mutex_lock(&ids->mutex);
	ret = get_locked(ids, get);
	mutex_unlock(&ids->mutex);
	return ret;
}

/* ipc.h */
struct kern_ipc_perm *ipc_find_index(struct ipc_ids *ids, int index)
{
	struct kern_ipc_perm *ipc = index < 0 ? NULL : xa_load(&ids->table, index % IPCMNI);

	return ipc ? ipc : ERR_PTR(-EINVAL);
}

/* ipc.h */
struct kern_ipc_perm *ipc_find(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *ipc = ipc_find_index(ids, id);

	return IS_ERR(ipc) || ipc->id == id ? ipc : ERR_PTR(-EINVAL);
}

/* ipc.h. One of the three groups of bits in @mode is enough to ask for a right. */
int ipc_permitted(struct kern_ipc_perm *ipc, int mode)
{
	unsigned int wanted = mode >> 6 | mode >> 3 | mode, granted = ipc->mode;
	kuid_t euid = current_cred()->euid;

	if (euid == ipc->cuid || euid == ipc->uid)
		granted >>= 6;
	else if (in_group_p(ipc->cgid) || in_group_p(ipc->gid))
		granted >>= 3;
	return (wanted & ~granted & 07) && !capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

/* ipc.h */
int ipc_owner_permitted(struct kern_ipc_perm *ipc)
{
	kuid_t euid = current_cred()->euid;

	return euid == ipc->cuid || euid == ipc->uid || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* ipc.h */
void ipc_put(struct ipc_ids *ids, struct kern_ipc_perm *ipc)
{
	BUG_ON(ipc->refs <= 0);
	if (!--ipc->refs)
		ids->free(ipc);
}

/* ipc.h */
void ipc_remove(struct ipc_ids *ids, struct kern_ipc_perm *ipc)
{
	BUG_ON(ipc->deleted);
	xa_erase(&ids->table, ipc->id % IPCMNI);
	ids->in_use--;
	ipc->deleted = true;
	ipc_put(ids, ipc);
}

/* ipc.h */
int ipc_set(struct kern_ipc_perm *ipc, const struct ipc64_perm *perm)
{
	if (perm->uid == (kuid_t)-1 || perm->gid == (kgid_t)-1)
		return -EINVAL;
	ipc->uid = perm->uid;
	ipc->gid = perm->gid;
	ipc->mode = (ipc->mode & ~0777U) | (perm->mode & 0777);
	return 0;
}

/* ipc.h */
void ipc_to_user_perm(const struct kern_ipc_perm *ipc, struct ipc64_perm *perm)
{
	*perm = (struct ipc64_perm){ .key = ipc->key, .uid = ipc->uid, .gid = ipc->gid,
				     .cuid = ipc->cuid, .cgid = ipc->cgid, .mode = ipc->mode,
				     .seq = ipc->seq };
}

/* ipc.h */
int ipc_max_index(struct ipc_ids *ids)
{
	struct kern_ipc_perm *ipc;
	unsigned long index;
	int max = 0;

	xa_for_each(&ids->table, index, ipc)
		max = index;
	return max;
}

/* ipc.h */
int ipc_show(struct ipc_ids *ids, struct seq_file *m)
{
	struct kern_ipc_perm *ipc;
	unsigned long index;

	seq_puts(m, ids->heading);
	mutex_lock(&ids->mutex);
	xa_for_each(&ids->table, index, ipc)
		ids->show(m, ipc);
	mutex_unlock(&ids->mutex);
	return 0;
}
