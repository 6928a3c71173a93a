/*
 * sys_mm.c - decoding mmap(2) and its relatives.
 *
 * Idea: here descriptors become files and flags are checked that need one;
 *       everything about memory is in mm/.
 * Locks:  none.
 * Above:  the system call table.   Below: mm/mmap.h.   In Linux: the SYSCALL_DEFINEs of mm/.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/mount.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/mount.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "mm/mmap.h"

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      unsigned long fd, unsigned long offset)
{
	struct mmap_request req = { .addr = addr, .len = len, .prot = prot, .flags = flags,
				    .pgoff = offset >> PAGE_SHIFT };
	struct file *file = NULL;
	long ret;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (flags & MAP_ANONYMOUS)	/* there are no huge pages */
		return flags & MAP_HUGETLB ? -EINVAL : (long)vm_mmap(&req);
	file = fget(fd);
	if (!file)
		return -EBADF;
	req.file = file;
	req.mapping = file->f_mapping;
	req.setup = file_mmap_setup;
	req.file_readable = file->f_mode & FMODE_READ;
	req.file_writable = file->f_mode & FMODE_WRITE;
	if (S_ISREG(file->f_inode->i_mode) || S_ISBLK(file->f_inode->i_mode))
		req.max_pages = (~0UL >> 1) >> PAGE_SHIFT;	/* offsets are signed */
	req.file_noexec = file->f_path.mnt && file->f_path.mnt->mnt_flags & MS_NOEXEC;
	ret = flags & MAP_HUGETLB ? -EINVAL : (long)vm_mmap(&req);
	fput(file);
	return ret;
}

long sys_munmap(unsigned long addr, size_t len) { return vm_munmap(addr, len); }
long sys_mprotect(unsigned long start, size_t len, unsigned long prot)
{
	return do_mprotect(start, len, prot);
}
long sys_brk(unsigned long brk) { return do_brk(brk); }
long sys_madvise(unsigned long start, size_t len, int advice)
{
	return do_madvise(current->mm, start, len, advice);
}
long sys_mlock(unsigned long start, size_t len) { return do_mlock(start, len, false); }
long sys_munlock(unsigned long start, size_t len) { return do_munlock(start, len); }
long sys_mlockall(int flags) { return do_mlockall(flags); }
long sys_munlockall(void) { return do_munlockall(); }
long sys_mincore(unsigned long start, size_t len, u8 __user *vec)
{
	return do_mincore(start, len, vec);
}
long sys_msync(unsigned long start, size_t len, int flags) { return do_msync(start, len, flags); }

long sys_mlock2(unsigned long start, size_t len, int flags)
{
	return flags & ~MLOCK_ONFAULT ? -EINVAL : do_mlock(start, len, flags & MLOCK_ONFAULT);
}

long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr)
{
	return do_mremap(addr, old_len, new_len, flags, new_addr);
}

long sys_remap_file_pages(unsigned long start, size_t size, unsigned long prot, unsigned long pgoff,
			  unsigned long flags)
{
	return do_remap_file_pages(start, size, prot, pgoff, flags);
}

/* As on a CPU without protection keys: there is none to give, and key -1 means mprotect(2). */
long sys_pkey_alloc(unsigned int flags, unsigned long rights)
{
	return flags || rights & ~3UL ? -EINVAL : -ENOSPC;
}
long sys_pkey_free(int key) { return -EINVAL; }
long sys_pkey_mprotect(unsigned long start, size_t len, unsigned long prot, int key)
{
	return key == -1 ? do_mprotect(start, len, prot) : -EINVAL;
}
