/*
 * ipc.h - what System V's shared memory, semaphores and message queues have in common.
 *
 * Guards: i the kind's ids->mutex   c set once
 */
#pragma once

#include "kernel/abi/ipc.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/xarray.h"
#include "kernel/sched/mutex.h"

/* One object: embedded first in shm's, sem's and msg's own struct. */
struct kern_ipc_perm {
	int id;				/* c: index + sequence number */
	s32 key;			/* i */
	kuid_t uid, cuid;		/* i; cuid c */
	kgid_t gid, cgid;		/* i; cgid c */
	u32 mode;			/* i */
	u16 seq;			/* c */
	bool deleted;			/* i: its number is gone, sleepers see it */
	int refs;			/* i: the table's, and sleepers' */
};

/* All objects of one kind. */
struct ipc_ids {
	struct mutex mutex;		/* LOCK_IPC: this struct, and all of the objects */
	struct xarray table;		/* i: kern_ipc_perm by index */
	int in_use, last_index, seq;	/* i */
	int next_id;			/* i: kernel.*_next_id: what the next one is to get; -1: any */
	int *max;			/* c: the sysctl that limits their number */
	void (*free)(struct kern_ipc_perm *ipc);	/* c: the last reference went */
	const char *heading;		/* c: of /proc/sysvipc's file */
	void (*show)(struct seq_file *m, struct kern_ipc_perm *ipc);	/* c: one line, mutex held */
};
#define IPC_IDS_INIT(name) { .mutex = MUTEX_INIT((name).mutex, LOCK_IPC), .last_index = -1, \
			     .next_id = -1

/*
 * Numbers: an index below IPCMNI, and above it a sequence number, so that a stale id is noticed.
 */
#define IPCMNI 32768

/* What ...get(key, flags) does for a kind. @make: a new object, or ERR_PTR; mutex held. */
struct ipc_get {
	s32 key;
	int flags;
	size_t size;			/* bytes, or semaphores */
	struct kern_ipc_perm *(*make)(const struct ipc_get *get);
	int (*fits)(struct kern_ipc_perm *ipc, const struct ipc_get *get);	/* may be NULL */
};
/* ...get(2): the id or -errno. Takes the mutex. */
int ipc_get(struct ipc_ids *ids, const struct ipc_get *get);

/* All: => mutex held. */
struct kern_ipc_perm *ipc_find(struct ipc_ids *ids, int id);	/* or ERR_PTR(-EINVAL) */
struct kern_ipc_perm *ipc_find_index(struct ipc_ids *ids, int index);	/* ..._STAT: the same */
int ipc_permitted(struct kern_ipc_perm *ipc, int mode);	/* mode: S_IRUGO, S_IWUGO. 0, -EACCES */
int ipc_owner_permitted(struct kern_ipc_perm *ipc);	/* IPC_SET, IPC_RMID. 0, -EPERM */
void ipc_remove(struct ipc_ids *ids, struct kern_ipc_perm *ipc);	/* and drops the table's ref */
void ipc_put(struct ipc_ids *ids, struct kern_ipc_perm *ipc);
/* IPC_SET's part: 0; -EINVAL: no such user or group, and nothing is changed */
int ipc_set(struct kern_ipc_perm *ipc, const struct ipc64_perm *perm);
void ipc_to_user_perm(const struct kern_ipc_perm *ipc, struct ipc64_perm *perm);
int ipc_max_index(struct ipc_ids *ids);			/* ..._INFO's answer: 0 if there is none */
int ipc_show(struct ipc_ids *ids, struct seq_file *m);	/* takes the mutex */
s64 ipc_now(void);					/* seconds since 1970 */
