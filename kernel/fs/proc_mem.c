/*
 * proc_mem.c - /proc/<pid>/mem: another process's memory as a file, an address being an offset.
 *
 * Idea:   opening it asks whether the opener may trace the process, once and for all; reading and
 *         writing then have a tracer's hand (FOLL_FORCE): what a mapping could be allowed by
 *         mprotect(2) is readable, and a write to private memory that is read-only makes a private
 *         copy, whatever its rights say. A shared mapping that is read-only stays so: EIO.
 *         The file keeps the mm_struct, not its contents: when the process is gone, or has called
 *         execve, it is empty. Addresses are unsigned, so are the offsets: the upper half of
 *         them can be sought for, only nobody has a page there.
 * Locks:  none of its own; mm/ takes mmap_lock.
 * Above:  proc_base.c.   Below: mm/gup.c.   In Linux: part of fs/proc/base.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"

/* 0; -EACCES: not ours to look into. A kernel thread has no memory: its file is empty. */
static int mem_open(struct inode *inode, struct file *file)
{
	struct task_struct *task = proc_task(inode);
	struct mm_struct *mm;
	unsigned int exec;
	bool may;

	/* as mm_access(): no execve between the look and the question */
	for (;;) {
		exec = task_exec_id(task);
		mm = get_task_mm(task);
		may = !mm || fs_ptrace_may_access(task);
		if (may && task_exec_id(task) == exec)
			break;
		if (mm)
			mmput(mm);
		if (!may)
			return -EACCES;
	}
	if (mm) {
		mmgrab(mm);		/* the struct: the process may go meanwhile */
		mmput(mm);
	}
	file->private_data = mm;
	file->f_mode |= FMODE_UNSIGNED_OFFSET;
	return 0;
}

static int mem_release(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = file->private_data;

	if (mm)
		mmdrop(mm);
	return 0;
}

/* Any address is an offset, those above LONG_MAX as well. */
static loff_t mem_lseek(struct file *file, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off = (loff_t)((u64)file->f_pos + (u64)off);
	else if (whence != SEEK_SET)
		return -EINVAL;
	return file->f_pos = off;
}

/* One page's worth through @page. Bytes, -EFAULT (the caller's buffer), -EIO: nothing is there. */
static kssize_t mem_piece(struct mm_struct *mm, char __user *buf, size_t len, u64 addr, char *page,
			  bool write)
{
	int n;

	if (write && copy_from_user(page, buf, len))
		return -EFAULT;
	n = access_remote_vm(mm, addr, page, (int)len, FOLL_FORCE | (write ? FOLL_WRITE : 0));
	if (!n)
		return -EIO;
	return !write && copy_to_user(buf, page, n) ? -EFAULT : n;
}

/* Bytes, as far as memory goes; 0: the process has none any more; -EIO, -EFAULT, -ENOMEM. */
static kssize_t mem_rw(struct file *file, char __user *buf, size_t len, loff_t *pos, bool write)
{
	struct mm_struct *mm = file->private_data;
	kssize_t done = 0, n = 0;
	struct page *page;

	if (!mm || !len)
		return 0;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (mmget_not_zero(mm)) {
		while ((size_t)done < len && n >= 0) {
			n = mem_piece(mm, buf + done, MIN(len - done, PAGE_SIZE), (u64)*pos,
				      page_address(page), write);
			if (n > 0) {
				done += n;
				*pos = (loff_t)((u64)*pos + (u64)n);
			}
			cond_resched();
		}
		mmput(mm);
	}
	put_page(page);
	/* A bad buffer is told even if something was done; the end of memory if nothing was. */
	return n == -EFAULT || (n < 0 && !done) ? n : done;
}

static kssize_t mem_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return mem_rw(file, buf, len, pos, false);
}

static kssize_t mem_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return mem_rw(file, (char __user *)buf, len, pos, true);
}

const struct file_operations proc_mem_fops = {
	.open = mem_open, .release = mem_release, .read = mem_read, .write = mem_write,
	.llseek = mem_lseek,
};
