/*
 * fremap.c - remap_file_pages(2): another part of the same file at this place of a shared mapping.
 *
 * Idea:   a page table is no place for file offsets (as it was long ago): the range
 *         gets a mapping of its own, made exactly as mmap(MAP_FIXED) would make it. The old
 *         VMA's file is held by a copy of that VMA meanwhile, for the range may be all of it.
 * Locks:  mmap_lock for writing.
 * Above:  the system call table.   Below: mmap.c.   In Linux: the end of mm/mmap.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "mm/gup.h"
#include "mm/mmap.h"
#include "mm/vma.h"

/* do_mmap()'s upcall; the "file" is the VMA that the new one is modelled on. */
static int setup_like(struct vm_area_struct *vma, struct file *model_vma)
{
	const struct vm_area_struct *model = (const void *)model_vma;

	vma->vm_file = model->vm_file;
	vma->vm_mapping = model->vm_mapping;
	vma->vm_ops = model->vm_ops;
	if (vma->vm_ops->open)
		vma->vm_ops->open(vma);
	return 0;
}

/* Is [start, start + size) covered, from @vma on, by VMAs of one file and kind without a hole? */
static bool covered(const struct vm_area_struct *vma, unsigned long end)
{
	const struct vm_area_struct *next = vma;

	while (next->vm_end < end) {
		unsigned long reached = next->vm_end;

		next = vma_next((struct vm_area_struct *)next);
		if (!next || next->vm_start != reached || next->vm_file != vma->vm_file ||
		    next->vm_mapping != vma->vm_mapping || next->vm_flags != vma->vm_flags)
			return false;
	}
	return true;
}

static int remap_locked(struct mm_struct *mm, struct mmap_request *req)
{
	struct vm_area_struct *vma = find_vma(mm, req->addr), *model;
	unsigned long ret;

	if (!vma || vma->vm_start > req->addr || !(vma->vm_flags & VM_SHARED) || !vma->vm_mapping ||
	    !vma->vm_ops || !covered(vma, req->addr + req->len))
		return -EINVAL;
	model = vm_area_dup(vma);
	if (!model)
		return -ENOMEM;
	if (model->vm_ops->open)
		model->vm_ops->open(model);
	req->prot = (vma->vm_flags & VM_READ ? PROT_READ : 0) |
		    (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0) |
		    (vma->vm_flags & VM_EXEC ? PROT_EXEC : 0);
	req->flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE | (req->flags & MAP_NONBLOCK) |
		     (vma->vm_flags & VM_LOCKED ? MAP_LOCKED : 0);
	req->file = (struct file *)(void *)model;
	req->mapping = vma->vm_mapping;
	req->file_readable = true;
	req->file_writable = vma->vm_flags & VM_MAYWRITE;
	req->setup = setup_like;
	ret = do_mmap(mm, req);
	if (model->vm_ops->close)
		model->vm_ops->close(model);
	vm_area_free(model);
	return IS_ERR((void *)ret) ? (int)ret : 0;
}

/*
 * do_remap_file_pages: [start, start + size) of a shared mapping shows its file from page @pgoff on.
 *
 * => @prot must be 0. 0, or -EINVAL: no such mapping, a hole, an end before the start; mmap's errors
 */
int do_remap_file_pages(unsigned long start, size_t size, unsigned long prot, unsigned long pgoff,
			unsigned long flags)
{
	struct mmap_request req = { .flags = flags, .pgoff = pgoff };
	struct mm_struct *mm = current->mm;
	int ret;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || start + size <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	req.addr = start;
	req.len = size;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	ret = remap_locked(mm, &req);
	up_write(&mm->mmap_lock);
	if (!ret && req.populate)
		mm_populate(start, size);
	return ret;
}
