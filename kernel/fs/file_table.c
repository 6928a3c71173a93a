/*
 * file_table.c - open files: making them, counting, the end of the last reference.
 *
 * Locks:  f_count is atomic; everything else is set before the file is public.
 * Above:  fd.c, open.c, pipe.c.   In Linux: fs/file_table.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/eventpoll.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

static struct kmem_cache *filp_cache;
static _Atomic long nr_files;
/* NR_FILE; files_init: a tenth of memory at 1 KiB a file, if that is more */
static unsigned long sysctl_file_max = 8192;

static int file_nr_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%ld\t0\t%lu\n", (long)nr_files, sysctl_file_max);
	return 0;
}
CTL_SYSCTL_ULONG("fs.file-max", sysctl_file_max, 0, 0x7fffffffffffffffL);
CTL_SYSCTL("fs.file-nr", .mode = 0444, .type = CTL_ULONG, .show = file_nr_show);

/* fdtable.h */
void files_init(void)
{
	unsigned long pages = totalram_pages();

	filp_cache = kmem_cache_create("filp", sizeof(struct file), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
	sysctl_file_max = MAX(sysctl_file_max, pages * (PAGE_SIZE / 1024) / 10);
}

/* fdtable.h */
unsigned long get_max_files(void) { return sysctl_file_max; }

long nr_open_files(void)
{
	return nr_files;
}

static unsigned int flags_to_mode(unsigned int flags)
{
	if (flags & O_PATH)
		return FMODE_PATH;
	/* O_RDONLY 0, O_WRONLY 1, O_RDWR 2 */
	return (flags + 1) & (FMODE_READ | FMODE_WRITE);
}

/* fdtable.h */
struct file *alloc_empty_file(unsigned int flags)
{
	struct file *file;

	if (++nr_files > (long)sysctl_file_max && !fs_capable(CAP_SYS_ADMIN)) {
		nr_files--;
		pr_info_ratelimited("VFS: file-max limit %lu reached\n", sysctl_file_max);
		return ERR_PTR(-ENFILE);
	}
	file = kmem_cache_alloc(filp_cache, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!file) {
		nr_files--;
		return ERR_PTR(-ENOMEM);
	}
	file->f_count = 1;
	file->f_flags = flags;
	file->f_mode = flags_to_mode(flags);
	mutex_init(&file->f_pos_lock, LOCK_FPOS);
	file->f_cred = fs_get_current_cred();
	return file;
}

/* fs.h */
struct file *alloc_file(const struct path *path, unsigned int flags,
			const struct file_operations *fops)
{
	struct file *file = alloc_empty_file(flags);

	if (IS_ERR(file)) {
		path_put(path);
		return file;
	}
	file->f_path = *path;
	file->f_inode = path->dentry->d_inode;
	file->f_op = fops;
	file->f_mode |= FMODE_OPENED;
	return file;
}

/* fs.h */
struct file *get_file(struct file *file)
{
	BUG_ON(file->f_count <= 0);
	file->f_count++;
	return file;
}

/* fdtable.h */
void put_filp(struct file *file)
{
	fs_put_cred(file->f_cred);
	kmem_cache_free(filp_cache, file);
	nr_files--;
}

/* fs.h */
void fput(struct file *file)
{
	long left = --file->f_count;

	if (left)
		return;
	if (file->f_mode & FMODE_OPENED) {
		fsnotify_close(file);
		if (!hlist_empty(&file->f_ep))
			eventpoll_release_file(file);
		locks_remove_file(file);
		if (file->f_op->release)
			file->f_op->release(file->f_inode, file);
	}
	if (file->f_mode & FMODE_WRITER) {
		put_write_access(file->f_inode);
		mnt_drop_write(file->f_path.mnt);
	}
	path_put(&file->f_path);
	put_filp(file);
}
