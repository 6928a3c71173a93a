/*
 * fs_user.h - what one user has of the kernel's memory by way of files: pipes' pages, epoll's watches.
 *
 * Locks:  the counts are atomic.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct fs_user {
	struct hlist_node node;		/* fs_users_lock */
	kuid_t uid;			/* c */
	unsigned int refs;		/* fs_users_lock */
	_Atomic long pipe_slots;	/* a: pages that his pipes may hold */
	_Atomic long epoll_watches;	/* a */
};

struct fs_user *fs_user_get(void);	/* current's, by real uid: a reference; NULL without memory */
void fs_user_put(struct fs_user *user);	/* => his counts went down by what the owner had added */
