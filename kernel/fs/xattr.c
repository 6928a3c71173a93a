/*
 * xattr.c - extended attributes: no file system here has any.
 *
 * Idea:   so a list of them is empty, and each one asked for or given is
 *         EOPNOTSUPP, as Linux says for a file system that was built without. Programs that copy
 *         files (cp -a, tar) take that for an answer, and ENOSYS for an old kernel.
 * Locks:  none.
 * Above:  the system call table.   In Linux: fs/xattr.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/syscalls.h"
#include "kernel/x86/uaccess.h"

#define XATTR_NAME_MAX 255

/* The name alone: 0, -EFAULT, -ERANGE. */
static long check_name(const char __user *uname)
{
	char name[XATTR_NAME_MAX + 2];
	long len = strncpy_from_user(name, uname, sizeof(name));

	if (len < 0)
		return len;
	return !len || len > XATTR_NAME_MAX ? -ERANGE : 0;
}

/* @found for what @path names, if there is such a thing. */
static long answer_path(const char __user *upath, unsigned int lookup, long found)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, upath, lookup, &path);

	if (err)
		return err;
	path_put(&path);
	return found;
}

static long answer_fd(int fd, long found)
{
	struct fd f = fdget(fd);

	if (!f.file)
		return -EBADF;
	fdput(f);
	return found;
}

static long no_attribute(const char __user *path, unsigned int lookup, const char __user *name)
{
	long err = check_name(name);

	return err ? err : answer_path(path, lookup, -EOPNOTSUPP);
}

static long no_attribute_fd(int fd, const char __user *name)
{
	long err = check_name(name);

	return err ? err : answer_fd(fd, -EOPNOTSUPP);
}

/* System calls: syscalls.h. */
long sys_setxattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, LOOKUP_FOLLOW, name);
}
long sys_lsetxattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, 0, name);
}
long sys_fsetxattr(int fd, const char __user *name) { return no_attribute_fd(fd, name); }

long sys_getxattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, LOOKUP_FOLLOW, name);
}
long sys_lgetxattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, 0, name);
}
long sys_fgetxattr(int fd, const char __user *name) { return no_attribute_fd(fd, name); }

long sys_removexattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, LOOKUP_FOLLOW, name);
}
long sys_lremovexattr(const char __user *path, const char __user *name)
{
	return no_attribute(path, 0, name);
}
long sys_fremovexattr(int fd, const char __user *name) { return no_attribute_fd(fd, name); }

long sys_listxattr(const char __user *path) { return answer_path(path, LOOKUP_FOLLOW, 0); }
long sys_llistxattr(const char __user *path) { return answer_path(path, 0, 0); }
long sys_flistxattr(int fd) { return answer_fd(fd, 0); }
