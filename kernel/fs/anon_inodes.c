/*
 * anon_inodes.c - files without a name in any tree.
 *
 * Idea:   all such files share one inode of a mount that nobody can reach; each
 *         has a dentry of its own, whose name is what /proc/<pid>/fd shows.
 * Locks:  none.
 * Above:  eventfd.c, eventpoll.c, memfd.c, pipe.c.   In Linux: fs/anon_inodes.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"

static struct vfsmount *anon_inode_mnt;	/* c */
static struct inode *anon_inode;	/* c */

/* anon_inodes.h */
int pseudo_mount(struct super_block *sb, const char *source, const char *data)
{
	sb->s_magic = sb->s_type->name[0] == 'p' ? PIPEFS_MAGIC : ANON_INODE_FS_MAGIC;
	sb->s_root = d_make_root(sb, new_inode(sb, S_IFDIR | 0555));
	return sb->s_root ? 0 : -ENOMEM;
}

static struct file_system_type anon_inode_fs = {
	.name = "anon_inodefs", .nodev = true, .mount = pseudo_mount, .internal = true,
};

/* anon_inodes.h */
void anon_inode_init(void)
{
	anon_inode_mnt = kern_mount(&anon_inode_fs);
	BUG_ON(IS_ERR(anon_inode_mnt));
	anon_inode = new_inode(anon_inode_mnt->mnt_sb, 0600);
	BUG_ON(!anon_inode);
}

/* anon_inodes.h */
int pseudo_path_init(struct path *path, struct vfsmount *mnt, const char *name, struct inode *inode)
{
	path->dentry = d_alloc_pseudo(mnt->mnt_sb, name);
	if (!path->dentry) {
		iput(inode);
		return -ENOMEM;
	}
	d_instantiate(path->dentry, inode);
	path->mnt = mntget(mnt);
	return 0;
}

/* anon_inodes.h */
struct file *anon_inode_getfile(const char *name, const struct file_operations *fops, void *private,
				int flags)
{
	struct file *file;
	struct path path;
	char text[48];
	int err;

	snprintf(text, sizeof(text), "anon_inode:%s", name);
	ihold(anon_inode);
	err = pseudo_path_init(&path, anon_inode_mnt, text, anon_inode);
	if (err)
		return ERR_PTR(err);
	file = alloc_file(&path, flags, fops);
	if (!IS_ERR(file)) {
		file->private_data = private;
		file->f_mode |= FMODE_STREAM;
	}
	return file;
}

/* anon_inodes.h */
int anon_inode_getfd(const char *name, const struct file_operations *fops, void *private, int flags)
{
	int fd = get_unused_fd_flags(flags);
	struct file *file;

	if (fd < 0)
		return fd;
	file = anon_inode_getfile(name, fops, private, flags & ~O_CLOEXEC);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}
