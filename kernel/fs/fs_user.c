/*
 * fs_user.c - a struct for each user number that has pipes or epoll sets.
 *
 * Idea:   some objects are small for their maker (a descriptor) and large for the kernel. Who has no
 *         privilege gets so many of them, counted over all of his processes. The struct lives
 *         as long as an object counts in it.
 * Locks:  fs_users_lock (LOCK_FS), a leaf.
 * Above:  pipe.c, eventpoll.c.   In Linux: struct user_struct.
 */
#include "kernel/fs/fs_user.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/hash.h"
#include "kernel/x86/spinlock.h"
#include "mm/slab.h"

#define HASH_BITS 5

static struct hlist_head users[1 << HASH_BITS];	/* fs_users_lock */
static spinlock_t fs_users_lock = SPINLOCK_INIT(LOCK_FS);

/* With a reference; @fresh is used if he is not there yet. => fs_users_lock */
static struct fs_user *find(kuid_t uid, struct fs_user *fresh)
{
	struct hlist_head *bucket = &users[hash_32(uid, HASH_BITS)];
	struct fs_user *u;

	hlist_for_each_entry(u, bucket, node)
		if (u->uid == uid) {
			u->refs++;
			return u;
		}
	if (fresh)
		hlist_add_head(&fresh->node, bucket);
	return fresh;
}

/* fs_user.h */
struct fs_user *fs_user_get(void)
{
	struct fs_user *fresh, *user;
	struct fs_ids ids;

	fs_current_ids(&ids);
	spin_lock(&fs_users_lock);
	user = find(ids.uid, NULL);
	spin_unlock(&fs_users_lock);
	if (user)
		return user;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->uid = ids.uid;
	fresh->refs = 1;
	spin_lock(&fs_users_lock);
	user = find(ids.uid, fresh);	/* another task may have been first */
	spin_unlock(&fs_users_lock);
	if (user != fresh)
		kfree(fresh);
	return user;
}

/* fs_user.h */
void fs_user_put(struct fs_user *user)
{
	bool last;

	spin_lock(&fs_users_lock);
	last = !--user->refs;
	if (last)
		hlist_del(&user->node);
	spin_unlock(&fs_users_lock);
	if (!last)
		return;
	WARN_ON(user->pipe_slots || user->epoll_watches);
	kfree(user);
}
