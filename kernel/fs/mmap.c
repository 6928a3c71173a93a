/*
 * mmap.c - files mapped into memory: what mm/ asks a file for.
 *
 * Idea:   a VMA of a file holds a reference to the file and reads its pages
 *         through the page cache; everything else is mm's.
 * Locks:  called with mmap_lock held for writing (open, close, setup).
 * Above:  mm/mmap.c, through vm_operations_struct.   In Linux: mm/filemap.c, fs/.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/ctlfile.h"
#include "mm/filemap.h"
#include "mm/slab.h"

static void file_vm_open(struct vm_area_struct *vma)
{
	get_file(vma->vm_file);
}

static void file_vm_close(struct vm_area_struct *vma)
{
	fput(vma->vm_file);
}

static void file_vm_show_name(struct vm_area_struct *vma, struct seq_file *m)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *p;

	p = buf ? file_path(vma->vm_file, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	if (!IS_ERR(p))
		for (; *p; p++) {
			if (*p == '\n')
				seq_puts(m, "\\012");
			else
				seq_putc(m, *p);
		}
	kfree(buf);
}

static void file_vm_identify(struct vm_area_struct *vma, kdev_t *dev, unsigned long *ino)
{
	struct inode *inode = vma->vm_file->f_inode;

	*dev = inode->i_sb->s_dev;
	*ino = inode->i_ino;
}

static int file_vm_fsync(struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;

	return file->f_op->fsync ? file->f_op->fsync(file, true) : 0;
}

/* fs.h */
bool file_vm_may_mincore(struct vm_area_struct *vma)
{
	struct inode *inode = vma->vm_file->f_inode;

	return inode_owner_or_capable(inode) || !inode_permission(inode, MAY_WRITE);
}

const struct vm_operations_struct generic_file_vm_ops = {
	.open = file_vm_open,
	.close = file_vm_close,
	.fault = filemap_fault,
	.page_mkwrite = filemap_page_mkwrite,
	.fsync = file_vm_fsync,
	.may_mincore = file_vm_may_mincore,
	.show_name = file_vm_show_name,
	.identify = file_vm_identify,
};

/* read_write.h. The VMA's reference to the file is taken here and dropped by vm_ops->close. */
int generic_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!file->f_mapping)
		return -ENODEV;
	if (IS_SWAPFILE(file->f_inode) && vma->vm_flags & VM_SHARED && vma->vm_flags & VM_MAYWRITE)
		return -ETXTBSY;
	touch_atime(file);
	vma->vm_file = get_file(file);
	vma->vm_mapping = file->f_mapping;
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}

/* fs.h. A device's mmap may leave the VMA anonymous (/dev/zero): then vm_file stays NULL. */
int file_mmap_setup(struct vm_area_struct *vma, struct file *file)
{
	return file->f_op->mmap ? file->f_op->mmap(file, vma) : -ENODEV;
}
