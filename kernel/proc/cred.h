/*
 * cred.h - who a task is: user and group numbers, capabilities.
 *
 * Idea: a struct cred never changes once a task wears it; to change, a task
 *       prepares a copy and commits it. So a reader needs a reference only,
 *       and an open file can keep its opener's.
 * Locks:  task->cred: the task itself swaps it under task_lock; another task
 *         reads it with get_task_cred(). Counts are atomic.
 */
#pragma once

#include "kernel/abi/capability.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/task.h"

/* One per user number in use: what RLIMIT_NPROC counts. */
struct user_struct {
	_Atomic int count;		/* a */
	_Atomic int processes;		/* a: tasks, threads included */
	_Atomic long locked_shm;	/* a: pages of SHM_LOCKed segments */
	kuid_t uid;			/* c */
	struct hlist_node node;		/* user_lock */
};

struct group_info {
	_Atomic int usage;		/* a */
	int ngroups;			/* c */
	kgid_t gid[];			/* c: sorted */
};
#define NGROUPS_MAX 65536

/* All c, but for usage. */
struct cred {
	_Atomic long usage;		/* a */
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	unsigned int securebits;
	bool no_new_privs;
	u64 cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct user_struct *user;
	struct group_info *group_info;
};

/* task->flags: a set*id went over RLIMIT_NPROC; execve refuses */
enum { PF_NPROC_EXCEEDED = 0x1000 };

/* caches, init_task's creds, the hooks of the rooms below */
void cred_init(void);
static inline const struct cred *current_cred(void) { return current->cred; }
const struct cred *get_cred(const struct cred *cred);
void put_cred(const struct cred *cred);
const struct cred *get_task_cred(struct task_struct *t);	/* a reference */
/* a copy of current's to change; NULL without memory */
struct cred *prepare_creds(void);
/* current wears it; takes over the reference. Never fails. */
void commit_creds(struct cred *item);
struct user_struct *alloc_uid(kuid_t uid);	/* a reference; NULL without memory */
void free_uid(struct user_struct *u);		/* drops it */
int set_cred_user(struct cred *cred);		/* ->user by ->uid: 0, -EAGAIN */
bool capable(int cap);				/* current has it in effect; sets PF_SUPERPRIV */
bool has_capability(struct task_struct *t, int cap);
static inline bool cred_has(const struct cred *cred, int cap)
{
	return cred->cap_effective >> cap & 1;
}
bool in_group_p(kgid_t gid);			/* fsgid or a supplementary group of current */
/*
 * May current look into @t? As the one it opens files as (a file of /proc: Linux's
 * PTRACE_MODE_FSCREDS), or as the one it really is (a system call that names a process:
 * PTRACE_MODE_REALCREDS): a set-id program does not lend its user's rights to the latter.
 */
bool ptrace_may_access(struct task_struct *t);
bool ptrace_may_access_real(struct task_struct *t);
/*
 * The mm of @t, with a reference, if @may (one of the two above) lets us look into it. ERR_PTR:
 * -ESRCH: it has none; -EACCES: not ours
 */
struct mm_struct *mm_access(struct task_struct *t, bool (*may)(struct task_struct *t));
/* execve: @item becomes what the set-id bits (@uid, @gid or -1) make of it. Returns AT_SECURE. */
bool cred_apply_exec(struct cred *item, kuid_t uid, kgid_t gid);
/*
 * Whether a change of ids from @old takes or gives root's capabilities. => @item not committed yet
 */
void cap_fix_setuid(struct cred *item, const struct cred *old);
