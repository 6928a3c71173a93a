/*
 * vfs.c - bringing the file systems up.
 *
 * Locks:  none: the boot alone runs.
 * Above:  kernel/main.c.   In Linux: fs/dcache.c vfs_caches_init(), fs/namespace.c mnt_init().
 */
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/devpts.h"
#include "kernel/fs/do_mounts.h"
#include "kernel/fs/ext2/ext2_fs.h"
#include "kernel/fs/eventpoll.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount_internal.h"
#include "kernel/fs/nameidata.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/socket.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/sync.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/task.h"

/*
 * The root of everything, under every other mount for ever. An initramfs lives in it, whose pages
 * can be swapped then; where root= names a disk it is a ramfs, and stays nearly empty.
 */
static int rootfs_fill_super(struct super_block *sb, const char *source, const char *data)
{
	return root_is_named() ? ramfs_fill_super(sb, source, data) :
				 tmpfs_fill_super(sb, source, data);
}

static struct file_system_type rootfs_type = {
	.name = "rootfs", .nodev = true, .mount = rootfs_fill_super, .internal = true,
};

static void mount_rootfs(void)
{
	struct vfsmount *mnt;
	struct path root;

	register_filesystem(&rootfs_type);
	mnt = kern_mount(&rootfs_type);
	BUG_ON(IS_ERR(mnt));
	spin_lock(&dcache_lock);
	list_add_tail(&mnt->mnt_list, &mount_list);
	spin_unlock(&dcache_lock);
	root = (struct path){ mnt, mnt->mnt_root };
	set_fs_root(&init_fs, &root);
	set_fs_pwd(&init_fs, &root);
}

/* fs.h */
void vfs_init(void)
{
	dcache_init();
	inode_init();
	files_init();
	namei_init();
	current->fs = &init_fs;
	current->files = &init_files;
	mount_rootfs();
	ramfs_init();
	ext2_init();
	tmpfs_init();
	devpts_init();
	anon_inode_init();
	pipe_init();
	sock_fs_init();
	sync_init();
	inotify_boot();
	eventpoll_boot();
}
