/*
 * permission.c - who may do what with a file.
 *
 * Idea:   mode bits of the class the caller falls into, then capabilities that
 *         override them. The rules are POSIX's and Linux's (path_resolution(7),
 *         capabilities(7)).
 * Locks:  none.
 * Above:  namei.c, open.c, inode.c.   Below: kernel/proc's credentials, through pointers.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/permission.h"
#include "kernel/sched/task.h"

static kuid_t boot_id(void) { return 0; }
static bool boot_in_group(kgid_t gid) { return gid == 0; }
static bool boot_capable(int cap) { return true; }
static const struct cred *boot_cred(void) { return current->cred; }
static void boot_put_cred(const struct cred *cred) { }
static void boot_task_owner(struct task_struct *task, umode_t mode, kuid_t *uid, kgid_t *gid)
{
	*uid = 0;
	*gid = 0;
}
static bool boot_ptrace(struct task_struct *task) { return true; }

kuid_t (*fs_current_fsuid)(void) = boot_id;
kgid_t (*fs_current_fsgid)(void) = boot_id;
bool (*fs_in_group)(kgid_t gid) = boot_in_group;
bool (*fs_capable)(int cap) = boot_capable;
const struct cred *(*fs_override_real_ids)(void) = boot_cred;
static const struct cred *boot_override(const struct cred *cred) { return boot_cred(); }
const struct cred *(*fs_override_creds)(const struct cred *cred) = boot_override;
void (*fs_revert_creds)(const struct cred *old) = boot_put_cred;
const struct cred *(*fs_get_current_cred)(void) = boot_cred;
void (*fs_put_cred)(const struct cred *cred) = boot_put_cred;
void (*fs_task_owner)(struct task_struct *task, umode_t mode, kuid_t *uid,
		      kgid_t *gid) = boot_task_owner;
static void boot_ids(struct fs_ids *ids) { *ids = (struct fs_ids){ 0 }; }
void (*fs_current_ids)(struct fs_ids *ids) = boot_ids;
bool (*fs_ptrace_may_access)(struct task_struct *task) = boot_ptrace;

/* The three bits that count for current. */
static unsigned int class_bits(const struct inode *inode)
{
	umode_t mode = inode->i_mode;

	if (fs_current_fsuid() == inode->i_uid)
		return mode >> 6 & 7;
	/* The group is asked for only where it makes a difference. */
	if ((mode >> 3 ^ mode) & 7 && fs_in_group(inode->i_gid))
		return mode >> 3 & 7;
	return mode & 7;
}

/* permission.h */
int inode_permission(struct inode *inode, int mask)
{
	mask &= MAY_READ | MAY_WRITE | MAY_EXEC;
	if (inode->i_op && inode->i_op->permission)
		return inode->i_op->permission(inode, mask);
	if (!(mask & ~class_bits(inode)))
		return 0;
	if (S_ISDIR(inode->i_mode)) {
		if (!(mask & MAY_WRITE) && fs_capable(CAP_DAC_READ_SEARCH))
			return 0;
		return fs_capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && fs_capable(CAP_DAC_READ_SEARCH))
		return 0;
	/* Even root executes only what somebody may execute. */
	if ((!(mask & MAY_EXEC) || inode->i_mode & S_IXUGO) && fs_capable(CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

/* permission.h */
bool inode_owner_or_capable(struct inode *inode)
{
	return fs_current_fsuid() == inode->i_uid || fs_capable(CAP_FOWNER);
}

static bool sticky_forbids(struct inode *dir, struct inode *inode)
{
	if (!(dir->i_mode & S_ISVTX))
		return false;
	if (inode->i_uid == fs_current_fsuid() || dir->i_uid == fs_current_fsuid())
		return false;
	return !fs_capable(CAP_FOWNER);
}

/* permission.h */
int may_delete(struct inode *dir, struct dentry *victim, bool isdir)
{
	struct inode *inode = victim->d_inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (sticky_forbids(dir, inode))
		return -EPERM;
	if (IS_SWAPFILE(inode))
		return -EPERM;
	if (isdir) {
		if (!S_ISDIR(inode->i_mode))
			return -ENOTDIR;
		if (victim->d_parent == victim)
			return -EBUSY;
	} else if (S_ISDIR(inode->i_mode)) {
		return -EISDIR;
	}
	return victim->d_flags & DCACHE_MOUNTED ? -EBUSY : 0;
}

/*
 * permission.h. In a directory with the set-group-id bit a file gets the directory's group: who is not in
 * that group shall not make a program that is.
 */
umode_t mode_strip_sgid(const struct inode *dir, umode_t mode)
{
	if ((mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) || S_ISDIR(mode) ||
	    !(dir->i_mode & S_ISGID) || fs_in_group(dir->i_gid) || fs_capable(CAP_FSETID))
		return mode;
	return mode & ~S_ISGID;
}

/* permission.h */
int may_create(struct inode *dir, struct dentry *child)
{
	if (child->d_inode)
		return -EEXIST;
	if (!dir->i_nlink)
		return -ENOENT;		/* the directory was removed meanwhile */
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}
