/*
 * fs_struct.c - a task's root, working directory and umask.
 *
 * Locks:  fs->lock, LOCK_FS.
 * Above:  fork, the path walk.   In Linux: fs/fs_struct.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

struct fs_struct init_fs = { .users = 1, .lock = SPINLOCK_INIT(LOCK_FS), .umask = 0022 };

/* A task that is exiting has none any more; the kernel's own serves it. */
static struct fs_struct *current_fs(void)
{
	return current->fs ? current->fs : &init_fs;
}

/* mount.h */
void get_fs_root(struct path *root)
{
	struct fs_struct *fs = current_fs();

	spin_lock(&fs->lock);
	*root = fs->root;
	path_get(root);
	spin_unlock(&fs->lock);
}

/* mount.h */
void get_fs_pwd(struct path *pwd)
{
	struct fs_struct *fs = current_fs();

	spin_lock(&fs->lock);
	*pwd = fs->pwd;
	path_get(pwd);
	spin_unlock(&fs->lock);
}

static void set_path(struct fs_struct *fs, struct path *which, const struct path *to)
{
	struct path old;

	path_get(to);
	spin_lock(&fs->lock);
	old = *which;
	*which = *to;
	spin_unlock(&fs->lock);
	if (old.dentry)
		path_put(&old);
}

/* fs_struct.h */
void set_fs_root(struct fs_struct *fs, const struct path *to) { set_path(fs, &fs->root, to); }
/* fs_struct.h */
void set_fs_pwd(struct fs_struct *fs, const struct path *to) { set_path(fs, &fs->pwd, to); }

/* fs_struct.h */
bool fs_is_shared(struct fs_struct *fs) { return fs->users > 1; }

/* fs.h */
struct fs_struct *copy_fs_struct(struct fs_struct *old)
{
	struct fs_struct *fs = kmalloc(sizeof(*fs), GFP_KERNEL_ACCOUNT);

	if (!fs)
		return NULL;
	fs->users = 1;
	spin_lock_init(&fs->lock, LOCK_FS);
	spin_lock(&old->lock);
	fs->umask = old->umask;
	fs->root = old->root;
	fs->pwd = old->pwd;
	path_get(&fs->root);
	path_get(&fs->pwd);
	spin_unlock(&old->lock);
	return fs;
}

/* fs.h */
struct fs_struct *get_fs_struct(struct fs_struct *fs)
{
	fs->users++;
	return fs;
}

/* fs.h */
void put_fs_struct(struct fs_struct *fs)
{
	if (!fs || --fs->users)
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	kfree(fs);
}

/* fs_struct.h */
int task_fs_path(struct task_struct *task, bool root, struct path *path)
{
	struct fs_struct *fs;

	task_lock(task);
	fs = task->fs ? get_fs_struct(task->fs) : NULL;
	task_unlock(task);
	if (!fs)
		return -ENOENT;
	spin_lock(&fs->lock);
	*path = root ? fs->root : fs->pwd;
	path_get(path);
	spin_unlock(&fs->lock);
	put_fs_struct(fs);
	return 0;
}

static void replace_in(struct fs_struct *fs, const struct path *from, const struct path *to)
{
	bool root, pwd;

	spin_lock(&fs->lock);
	root = path_equal(&fs->root, from);
	pwd = path_equal(&fs->pwd, from);
	spin_unlock(&fs->lock);
	if (root)
		set_fs_root(fs, to);
	if (pwd)
		set_fs_pwd(fs, to);
}

/* fs_struct.h. One task at a time, so that nothing sleeps under tasklist_lock. */
void chroot_fs_refs(const struct path *from, const struct path *to)
{
	kpid_t pid = 0;

	for (;;) {
		struct task_struct *p, *t, *next = NULL;
		struct fs_struct *fs = NULL;

		read_lock(&tasklist_lock);
		for_each_process(p)
			for_each_thread(p, t)
				if (t->pid > pid && (!next || t->pid < next->pid))
					next = t;
		if (next) {
			pid = next->pid;
			task_lock(next);
			fs = next->fs ? get_fs_struct(next->fs) : NULL;
			task_unlock(next);
		}
		read_unlock(&tasklist_lock);
		if (!next)
			break;
		if (fs)
			replace_in(fs, from, to);
		put_fs_struct(fs);
	}
	replace_in(&init_fs, from, to);
}

/* System calls: syscalls.h. */
static long change_dir(const struct path *path)
{
	long err = inode_permission(path->dentry->d_inode, MAY_EXEC);

	if (!err)
		set_fs_pwd(current->fs, path);
	return err;
}

long sys_chdir(const char __user *name)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = change_dir(&path);
	path_put(&path);
	return err;
}

long sys_fchdir(unsigned int fd)
{
	struct fd f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = S_ISDIR(f.file->f_inode->i_mode) ? change_dir(&f.file->f_path) : -ENOTDIR;
	fdput(f);
	return err;
}

long sys_chroot(const char __user *name)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = inode_permission(path.dentry->d_inode, MAY_EXEC);
	if (!err && !fs_capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (!err)
		set_fs_root(current->fs, &path);
	path_put(&path);
	return err;
}

long sys_umask(int mask)
{
	struct fs_struct *fs = current->fs;
	long old;

	spin_lock(&fs->lock);
	old = fs->umask;
	fs->umask = mask & S_IRWXUGO;
	spin_unlock(&fs->lock);
	return old;
}

/* The working directory's path in @buf; "(unreachable)" outside of the root, as getcwd(2) says. */
static char *cwd_path(const struct path *pwd, const struct path *root, char *buf)
{
	static const char unreachable[] = "(unreachable)";
	bool reachable = is_path_reachable(pwd, root);
	char *p;

	spin_lock(&dcache_lock);
	if (d_unhashed(pwd->dentry) && !(pwd->dentry->d_flags & DCACHE_DYNAMIC))
		p = ERR_PTR(-ENOENT);
	else
		p = dentry_path_locked(pwd, root, buf, PATH_MAX);
	spin_unlock(&dcache_lock);
	if (!IS_ERR(p) && !reachable) {
		if ((size_t)(p - buf) < sizeof(unreachable))
			return ERR_PTR(-ENAMETOOLONG);
		p -= sizeof(unreachable) - 1;
		memcpy(p, unreachable, sizeof(unreachable) - 1);
	}
	return p;
}

long sys_getcwd(char __user *ubuf, unsigned long size)
{
	struct path pwd, root;
	char *buf = alloc_name(), *p;
	long ret;

	if (!buf)
		return -ENOMEM;
	get_fs_pwd(&pwd);
	get_fs_root(&root);
	p = cwd_path(&pwd, &root, buf);
	if (IS_ERR(p)) {
		ret = PTR_ERR(p);
	} else {
		ret = buf + PATH_MAX - p;
		if ((unsigned long)ret > size)
			ret = -ERANGE;
		else if (copy_to_user(ubuf, p, ret))
			ret = -EFAULT;
	}
	path_put(&pwd);
	path_put(&root);
	putname(buf);
	return ret;
}
