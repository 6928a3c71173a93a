/*
 * tmpfs_file.c - the contents of tmpfs files: reading, writing, mapping, holes, seals.
 *
 * Idea:   the pages are mm/shmem.c's; here is what a file adds to them. Seals (memfd_create(2))
 *         are promises that a file will not shrink, grow or be written to any more; each way of
 *         doing so asks them. To seal against writing, no mapping may be able to write: they
 *         are counted, and the count is set to -1, so that none comes any more.
 * Locks:  the inode's i_rwsem for size and seals.
 * Above:  tmpfs.c, fcntl.c, attr.c.   Below: mm/shmem.c, mm/filemap.c.
 *         In Linux: mm/shmem.c, mm/memfd.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/tmpfs_internal.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/swapfile.h"
#include "mm/vmalloc.h"

#define SEALED_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | SEALED_WRITE)

/* --- writing --- */

/* a_ops->write_begin. => i_rwsem held; 0: *pagep locked, a reference; -EPERM, -ENOSPC … */
static int tmpfs_write_begin(struct address_space *mapping, loff_t pos, unsigned int len,
			     struct page **pagep)
{
	unsigned int seals = mapping->shmem->seals;

	if (seals & SEALED_WRITE)
		return -EPERM;
	if (seals & F_SEAL_GROW && pos + len > *mapping->i_size)
		return -EPERM;
	return shmem_getpage(mapping, pos >> PAGE_SHIFT, pagep, true);
}
const struct address_space_operations tmpfs_aops = {
	.writepage = shmem_writepage,
	.write_begin = tmpfs_write_begin,
};

static int tmpfs_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	unsigned int seals = inode->i_data.shmem->seals;

	if (attr->valid & ATTR_SIZE && S_ISREG(inode->i_mode) &&
	    ((attr->size < inode->i_size && seals & F_SEAL_SHRINK) ||
	     (attr->size > inode->i_size && seals & F_SEAL_GROW)))
		return -EPERM;
	return simple_setattr(dentry, attr);
}

static int tmpfs_getattr(struct dentry *dentry, struct kstat *stat)
{
	struct address_space *mapping = &dentry->d_inode->i_data;

	stat->blocks = (mapping->nrpages + mapping->shmem->swapped) * (PAGE_SIZE / 512);
	return 0;
}

/* --- holes --- */

/* Whole pages that are not there are holes; others are data, whatever is in them. */
static loff_t seek_hole_data(struct inode *inode, loff_t off, bool hole)
{
	struct address_space *mapping = &inode->i_data;
	loff_t size = READ_ONCE(inode->i_size);
	unsigned long index = off >> PAGE_SHIFT, next;

	if (off < 0 || off >= size)
		return -ENXIO;
	for (;; index++) {
		next = shmem_next_page(mapping, index);
		if (!hole || next != index)
			break;
		cond_resched();
	}
	if (hole)
		return MIN(MAX(off, (loff_t)(index << PAGE_SHIFT)), size);
	if (next > (unsigned long)(size - 1) >> PAGE_SHIFT)
		return -ENXIO;
	return MAX(off, (loff_t)(next << PAGE_SHIFT));
}

static loff_t tmpfs_llseek(struct file *file, loff_t off, int whence)
{
	struct inode *inode = file->f_inode;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek(file, off, whence);
	down_read(&inode->i_rwsem);
	off = seek_hole_data(inode, off, whence == SEEK_HOLE);
	up_read(&inode->i_rwsem);
	if (off >= 0)
		file->f_pos = off;
	return off;
}

static long punch_hole(struct inode *inode, loff_t off, loff_t len)
{
	struct address_space *mapping = &inode->i_data;
	unsigned long first = DIV_ROUND_UP((unsigned long)off, PAGE_SIZE);
	unsigned long beyond = (unsigned long)(off + len) >> PAGE_SHIFT;

	if (mapping->shmem->seals & SEALED_WRITE)
		return -EPERM;
	if (first < beyond)
		unmap_mapping_pages(mapping, first, beyond - first, false);
	shmem_punch_hole(mapping, off, off + len);
	return 0;
}

/*
 * Makes page @index, dirty, so that reclaim keeps it. 0, -errno; *made: it was not there, and no
 * mapping has it. A page that was never written to is clean.
 */
static long fallocate_page(struct address_space *mapping, unsigned long index, bool *made)
{
	struct page *page;
	long err = shmem_getpage(mapping, index, &page, true);

	if (err)
		return err == -ENOMEM ? -ENOSPC : err;
	*made = !page_test(page, PG_dirty) && !page_mapped(page);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

/*
 * All of the pages [start, end), or those that were there before and those that a mapping wrote to
 * meanwhile. @made: a bit for each
 */
static long fallocate_pages(struct address_space *mapping, unsigned long start, unsigned long end,
			    unsigned long *made)
{
	unsigned long index;
	long err = 0;

	for (index = start; index < end && !err; index++) {
		bool new = false;

		err = signal_pending(current) ? -EINTR : fallocate_page(mapping, index, &new);
		if (new)
			__set_bit(index - start, made);
		cond_resched();
	}
	while (err && index-- > start)
		if (test_bit(index - start, made))
			shmem_drop_unused(mapping, index);
	return err;
}

static long allocate(struct inode *inode, int mode, loff_t off, loff_t len)
{
	struct address_space *mapping = &inode->i_data;
	unsigned long start = off >> PAGE_SHIFT, end = DIV_ROUND_UP(off + len, (loff_t)PAGE_SIZE);
	bool keep_size = mode & FALLOC_FL_KEEP_SIZE;
	unsigned long max = mapping->shmem->pool->max, *made;
	long err;

	if (!keep_size && off + len > inode->i_size && mapping->shmem->seals & F_SEAL_GROW)
		return -EPERM;
	if ((max && end - start > max) || end - start > totalram_pages() + total_swap_pages)
		return -ENOSPC;
	made = kvzalloc(DIV_ROUND_UP(end - start, 64) * sizeof(long), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	err = fallocate_pages(mapping, start, end, made);
	kvfree(made);
	if (!err && !keep_size && off + len > inode->i_size)
		WRITE_ONCE(inode->i_size, off + len);
	return err;
}

/* fops->fallocate. => off >= 0, len > 0, no overflow */
static long tmpfs_fallocate(struct file *file, int mode, loff_t off, loff_t len)
{
	struct inode *inode = file->f_inode;
	long err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	down_write(&inode->i_rwsem);
	err = mode & FALLOC_FL_PUNCH_HOLE ? punch_hole(inode, off, len) :
	      limit_file_size(file, off + len - 1, 1) < 0 ? -EFBIG : allocate(inode, mode, off, len);
	if (!err)
		inode_touch(inode);
	up_write(&inode->i_rwsem);
	return err;
}

/* --- mapping --- */

static bool counts_as_writer(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

/* One mapping more that can write. False: sealed. */
static bool count_writer(struct shmem_inode_info *info)
{
	long n = info->writable_maps;

	do {
		if (n < 0)
			return false;
	} while (!atomic_compare_exchange_weak(&info->writable_maps, &n, n + 1));
	return true;
}

static void tmpfs_vm_open(struct vm_area_struct *vma)
{
	if (counts_as_writer(vma))
		BUG_ON(!count_writer(vma->vm_mapping->shmem));	/* it was one already */
	generic_file_vm_ops.open(vma);
}

static void tmpfs_vm_close(struct vm_area_struct *vma)
{
	if (counts_as_writer(vma))
		BUG_ON(vma->vm_mapping->shmem->writable_maps-- <= 0);
	generic_file_vm_ops.close(vma);
}

static void tmpfs_vm_show_name(struct vm_area_struct *vma, struct seq_file *m)
{
	generic_file_vm_ops.show_name(vma, m);
}

static void tmpfs_vm_identify(struct vm_area_struct *vma, kdev_t *dev, unsigned long *ino)
{
	generic_file_vm_ops.identify(vma, dev, ino);
}

/* The inode's lock comes before mmap_lock: who writes to the file may have to fault. */
static int tmpfs_vm_remove(struct vm_area_struct *vma, loff_t from, loff_t end)
{
	struct file *file = get_file(vma->vm_file);
	struct mm_struct *mm = vma->vm_mm;
	long err;

	up_read(&mm->mmap_lock);
	err = tmpfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, end - from);
	if (!err)
		fsnotify_file(file, IN_MODIFY);
	fput(file);
	down_read(&mm->mmap_lock);
	return err;
}

/* No page_mkwrite: there is no disk to keep clean; a page is dirty if its PTEs say so. */
static const struct vm_operations_struct tmpfs_vm_ops = {
	.open = tmpfs_vm_open,
	.close = tmpfs_vm_close,
	.fault = shmem_fault,
	.remove = tmpfs_vm_remove,
	.may_mincore = file_vm_may_mincore,
	.show_name = tmpfs_vm_show_name,
	.identify = tmpfs_vm_identify,
};

static int tmpfs_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shmem_inode_info *info = file->f_mapping->shmem;
	int err;

	/* to be looked at only, now and after mprotect */
	if (info->seals & SEALED_WRITE && vma->vm_flags & VM_SHARED) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vma->vm_flags &= ~VM_MAYWRITE;
	}
	if (counts_as_writer(vma) && !count_writer(info))
		return -EPERM;
	err = generic_file_mmap(file, vma);
	if (err && counts_as_writer(vma))
		info->writable_maps--;
	if (!err)
		vma->vm_ops = &tmpfs_vm_ops;
	return err;
}

const struct file_operations tmpfs_file_operations = {
	.read = generic_file_read,
	.write = generic_file_write,
	.read_write_vector = generic_file_vector,
	.llseek = tmpfs_llseek,
	.mmap = tmpfs_mmap,
	.fallocate = tmpfs_fallocate,
};
const struct inode_operations tmpfs_file_inode_operations = {
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

/* --- symbolic links --- */

static int tmpfs_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	struct inode *inode = dentry->d_inode;
	kssize_t n;

	if (inode->i_private) {
		n = strscpy(buf, inode->i_private, size);
		return n < 0 ? -ENAMETOOLONG : n;
	}
	if ((loff_t)size <= inode->i_size)
		return -ENAMETOOLONG;
	n = filemap_read_kernel(&inode->i_data, 0, buf, inode->i_size);
	if (n >= 0)
		buf[n] = 0;
	return n;
}
const struct inode_operations tmpfs_symlink_inode_operations = {
	.readlink = tmpfs_readlink,
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

/* --- seals --- */

static long add_seals(struct file *file, unsigned long seals)
{
	struct shmem_inode_info *info = file->f_mapping->shmem;
	long none = 0;

	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (seals & ~(unsigned long)ALL_SEALS)
		return -EINVAL;
	if (info->seals & F_SEAL_SEAL)
		return -EPERM;
	if (seals & F_SEAL_WRITE && !(info->seals & F_SEAL_WRITE) &&
	    !atomic_compare_exchange_strong(&info->writable_maps, &none, -1))
		return -EBUSY;
	info->seals |= seals;
	return 0;
}

/* tmpfs.h */
long tmpfs_fcntl_seals(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	if (!file->f_mapping || !file->f_mapping->shmem)
		return -EINVAL;
	if (cmd == F_GET_SEALS)
		return file->f_mapping->shmem->seals;
	down_write(&file->f_inode->i_rwsem);
	ret = add_seals(file, arg);
	up_write(&file->f_inode->i_rwsem);
	return ret;
}
