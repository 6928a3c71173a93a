/*
 * vdso.c - [vdso] and [vvar]: a small library, and the clock that it reads, in every program.
 *
 * Idea:   the image (kernel/vdso, linked into ours as it is) lies in pages of its own, which all
 *         programs map read-only, as they would a file's; before them lies the time page.
 *
 *            VVAR_PAGES of [vvar]        │ VDSO_PAGES of [vdso]
 *            time page, then nothing     │ ELF header, symbols, code    <- AT_SYSINFO_EHDR
 *
 *         The place is random, and usually above the stack; where there is no room (norandmaps: the
 *         stack ends where user space does) it is an ordinary mapping's.
 * Locks:  mmap_lock for writing. The pages are never freed or written.
 * Above:  binfmt_elf.c.   Below: mm/special_mapping.c, kernel/x86/clock.c, which writes the time.
 *         In Linux: arch/x86/entry/vdso/vma.c.
 */
#include "kernel/proc/vdso.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/vdso/data.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/page.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/special_mapping.h"

extern const char vdso_image_start[], vdso_image_end[];	/* vdso_image.asm */

static struct page *vdso_pages[VDSO_PAGES];	/* c */
static bool vdso_enabled = true;		/* c */

/* vdso=0: programs call the kernel for the time, as with Linux's parameter. */
static int set_vdso(const char *value)
{
	vdso_enabled = !value || *value != '0';
	return 0;
}
CTL_PARAM("vdso", set_vdso);

void vdso_init(void)
{
	size_t left = vdso_image_end - vdso_image_start;

	BUG_ON(left > VDSO_PAGES * PAGE_SIZE);
	for (int i = 0; i < VDSO_PAGES; i++) {
		size_t n = MIN(left, PAGE_SIZE);

		vdso_pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		BUG_ON(!vdso_pages[i]);		/* boot: there is memory */
		memcpy(page_address(vdso_pages[i]), vdso_image_start + i * PAGE_SIZE, n);
		page_set(vdso_pages[i], PG_uptodate | PG_reserved);
		left -= n;
	}
}

static vm_fault_t vdso_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= VDSO_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = vdso_pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

/* Of [vvar]'s pages only the first is there: Linux's others are other machines' clocks. */
static vm_fault_t vvar_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf, virt_to_phys(&vdso_data_page) >> PAGE_SHIFT);
}

static void vdso_name(struct vm_area_struct *vma, struct seq_file *m) { seq_puts(m, "[vdso]"); }
static void vvar_name(struct vm_area_struct *vma, struct seq_file *m) { seq_puts(m, "[vvar]"); }

static const struct vm_operations_struct vdso_ops = {
	.fault = vdso_fault, .may_split = special_mapping_may_split, .show_name = vdso_name,
};
static const struct vm_operations_struct vvar_ops = {
	.fault = vvar_fault, .may_split = special_mapping_may_split, .show_name = vvar_name,
};

/*
 * Where to look for room: anywhere from the end of what exec has put on the stack to the end of
 * the page table that covers it, so that no page table is needed for it alone.
 */
static unsigned long vdso_addr(unsigned long start, unsigned long len)
{
	unsigned long end;

	start = PAGE_ALIGN(start);
	end = MIN((start + len + PMD_SIZE - 1) & ~(PMD_SIZE - 1), TASK_SIZE) - len;
	if (end > start)
		start += get_random_below(((end - start) >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
	return start;
}

static int map_vdso_locked(struct mm_struct *mm, unsigned long addr)
{
	int err = install_special_mapping(mm, addr, VVAR_PAGES,
					  VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP,
					  &vvar_ops);

	if (err)
		return err;
	/* VM_MAYWRITE: for debuggers' breakpoints, in a copy */
	return install_special_mapping(mm, addr + VVAR_PAGES * PAGE_SIZE, VDSO_PAGES,
				       VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
				       &vdso_ops);
}

int map_vdso(unsigned long stack, unsigned long *image)
{
	const unsigned long len = (VVAR_PAGES + VDSO_PAGES) * PAGE_SIZE;
	struct mm_struct *mm = current->mm;
	unsigned long addr;
	int err;

	*image = 0;
	if (!vdso_enabled)
		return 0;
	down_write(&mm->mmap_lock);
	addr = get_unmapped_area(mm, vdso_addr(stack, len), len, 0);
	err = IS_ERR((void *)addr) ? (int)addr : map_vdso_locked(mm, addr);
	up_write(&mm->mmap_lock);
	if (!err)
		*image = addr + VVAR_PAGES * PAGE_SIZE;
	return err;
}
