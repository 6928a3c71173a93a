/*
 * permission.h - who may do what with a file.
 *
 * Idea: credentials are kernel/proc's, a room above; this one asks through
 *       function pointers. Until they are set everybody is root, which is true
 *       of the boot.
 * Locks: none: each asks about current.
 */
#pragma once

#include "kernel/fs/fs.h"

#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4

#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_RESOURCE 24
#define CAP_MKNOD 27

/* All c: kernel/proc's cred code sets them. */
extern kuid_t (*fs_current_fsuid)(void);
extern kgid_t (*fs_current_fsgid)(void);
/* current's numbers, for sockets' credentials */
struct fs_ids { kuid_t uid, euid, suid; kgid_t gid, egid, sgid; };
extern void (*fs_current_ids)(struct fs_ids *ids);
extern bool (*fs_in_group)(kgid_t gid);		/* fsgid or a supplementary group */
extern bool (*fs_capable)(int cap);		/* effective; CAP_* above */
/* access(2) asks for the real ids: swaps current's credentials, and back. */
/* the old ones; NULL without memory */
extern const struct cred *(*fs_override_real_ids)(void);
extern void (*fs_revert_creds)(const struct cred *old);
/* The same with @cred, of which a reference is taken: cannot fail. */
extern const struct cred *(*fs_override_creds)(const struct cred *cred);
/* A reference to current's credentials, for file->f_cred; and its end. */
extern const struct cred *(*fs_get_current_cred)(void);
extern void (*fs_put_cred)(const struct cred *cred);
/*
 * /proc/<pid>: who owns a file of mode @mode in it (directories that all may read: the process's
 * user; the rest: root if it has ended or is not dumpable), and may current look into it closely?
 */
extern void (*fs_task_owner)(struct task_struct *task, umode_t mode, kuid_t *uid, kgid_t *gid);
extern bool (*fs_ptrace_may_access)(struct task_struct *task);

/* MAY_* bits: 0, -EACCES. Mode bits, then capabilities, by Linux's rules. */
int inode_permission(struct inode *inode, int mask);
bool inode_owner_or_capable(struct inode *inode);
/*
 * May an entry of @dir be removed? @isdir: by rmdir. 0, -EACCES, -EPERM (sticky), -ENOTDIR,
 * -EISDIR, -EBUSY, -ENOENT.
 */
int may_delete(struct inode *dir, struct dentry *victim, bool isdir);
int may_create(struct inode *dir, struct dentry *child);
/* @mode, of a file to be made in @dir, without a set-group-id bit that its maker may not give */
umode_t mode_strip_sgid(const struct inode *dir, umode_t mode);	/* 0, -EACCES, -EEXIST, -ENOENT */
