/*
 * process_mm.c - one process's hand on the memory of another: process_madvise, process_mrelease,
 *                process_vm_readv, process_vm_writev.
 *
 * Idea:   each finds the other process (by pidfd or by number), asks whether it
 *         may, borrows its mm and lets mm/ do the work. Data goes between our memory, by its
 *         addresses, and the other's pages, which are held meanwhile.
 * Locks:  none of its own; mm/ takes the other mm's mmap_lock.
 * Above:  the system call table.
 * Below:  pidfd.c, cred.c; mm/madvise.c, mm/oom_reaper.c, mm/gup.c.   In Linux: mm/madvise.c,
 * mm/oom_kill.c, mm/process_vm_access.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/uio.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/read_write.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/filemap.h"
#include "mm/gup.h"
#include "mm/highmem.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

/* cred.h. An execve may come in between: then it was the wrong mm, or the wrong question. */
struct mm_struct *mm_access(struct task_struct *t, bool (*may)(struct task_struct *t))
{
	for (;;) {
		unsigned int exec = task_exec_id(t);
		struct mm_struct *mm = get_task_mm(t);
		bool allowed;

		if (!mm)
			return ERR_PTR(-ESRCH);
		allowed = mm == current->mm || may(t);
		if (allowed && task_exec_id(t) == exec)
			return mm;
		mmput(mm);
		if (!allowed)
			return ERR_PTR(-EACCES);
	}
}

/* --- process_madvise --- */

/* Advice about others' memory may cost them time, never data. */
static bool advice_is_harmless(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* Range by range until one fails: what was done before counts. Bytes, or -errno. */
static long madvise_vector(struct mm_struct *mm, const struct iovec *vec, size_t n, int advice)
{
	long done = 0;

	for (size_t i = 0; i < n; i++) {
		int err = do_madvise(mm, (unsigned long)vec[i].iov_base, vec[i].iov_len, advice);

		if (err)
			return done ? done : err;
		done += vec[i].iov_len;
	}
	return done;
}

/* => @t referenced. As Linux asks: is the advice allowed, may we look, may we slow it down? */
static long madvise_task(struct task_struct *t, const struct iovec *vec, size_t n, int advice)
{
	struct mm_struct *mm;
	long ret;

	if (!advice_is_harmless(advice))
		return -EINVAL;
	mm = mm_access(t, ptrace_may_access);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = capable(CAP_SYS_NICE) ? madvise_vector(mm, vec, n, advice) : -EPERM;
	mmput(mm);
	return ret;
}

long sys_process_madvise(int pidfd, const struct iovec __user *uvec, size_t n, int advice,
			 unsigned int flags)
{
	struct iovec fast[UIO_FASTIOV], *vec;
	struct task_struct *t;
	long ret;

	if (flags)
		return -EINVAL;
	vec = import_iovec(uvec, n, fast);
	if (IS_ERR(vec))
		return PTR_ERR(vec);
	t = pidfd_get_task(pidfd, NULL);
	if (IS_ERR(t)) {
		ret = PTR_ERR(t);
	} else {
		ret = madvise_task(t, vec, n, advice);
		put_task_struct(t);
	}
	free_iovec(vec, fast);
	return ret;
}

/* --- process_mrelease --- */

long sys_process_mrelease(int pidfd, unsigned int flags)
{
	struct task_struct *t;
	long ret;

	if (flags)
		return -EINVAL;
	t = pidfd_get_task(pidfd, NULL);
	if (IS_ERR(t))
		return PTR_ERR(t);
	ret = release_dying_mm(t);
	put_task_struct(t);
	return ret;
}

/* --- process_vm_readv, process_vm_writev --- */

/* A place in a vector. */
struct iov_cursor {
	const struct iovec *vec;
	size_t n;			/* segments left, the present one included */
	size_t offset;			/* into the present one */
};

/* Steps over what is used up. Bytes left in the segment; 0: the end. */
static size_t cursor_room(struct iov_cursor *c)
{
	while (c->n && c->offset == c->vec->iov_len) {
		c->vec++;
		c->n--;
		c->offset = 0;
	}
	return c->n ? c->vec->iov_len - c->offset : 0;
}

/* The present address; the cursor moves on by @len. */
static unsigned long cursor_take(struct iov_cursor *c, size_t len)
{
	unsigned long addr = (unsigned long)c->vec->iov_base + c->offset;

	c->offset += len;
	return addr;
}

enum { PVM_PAGES = 16 };	/* of the other's memory, held at once while data goes to or from them */

/* Up to @len bytes into @to, and nothing there is changed behind what came. Bytes; may sleep */
static size_t copy_from_local(char *to, const char __user *from, size_t len)
{
	size_t done = 0;
	char probe;

	while (done < len) {
		done = len - copy_from_user_inatomic(to + done, from + done, len - done);
		if (done < len && get_user(probe, from + done))
			break;		/* the byte that stopped it cannot be had: not a page that was out */
	}
	(void)probe;
	return done;
}

/* @len bytes between a page of the other's and our segments. Bytes: fewer where ours cannot be used. */
static size_t copy_part(struct page *page, size_t offset, size_t len, struct iov_cursor *local,
			bool write)
{
	char *map = (char *)kmap_local_page(page) + offset;
	size_t done = 0, got, n;

	do {
		void __user *at;

		n = MIN(cursor_room(local), len - done);
		at = (void __user *)cursor_take(local, n);
		got = write ? copy_from_local(map + done, at, n)
			    : n - copy_to_user(at, map + done, n);
		done += got;
	} while (got == n && done < len);
	kunmap_local(map);
	return done;
}

/* What was written to is dirty, also if its PTE is gone by now. The references go. */
static void unpin_pages(struct page **pages, int nr, bool dirty)
{
	for (int i = 0; i < nr; i++) {
		if (dirty) {
			lock_page(pages[i]);	/* no PTE keeps truncate away any more */
			set_page_dirty(pages[i]);
			unlock_page(pages[i]);
		}
		put_page(pages[i]);
	}
}

/* @len bytes at @addr of @mm, within PVM_PAGES pages: what can be had. Bytes: fewer is -EFAULT */
static size_t copy_batch(struct mm_struct *mm, unsigned long addr, size_t len,
			 struct iov_cursor *local, bool write)
{
	struct page *pages[PVM_PAGES];
	unsigned long offset = addr & ~PAGE_MASK;
	int nr = pin_user_pages(mm, addr & PAGE_MASK, DIV_ROUND_UP(offset + len, PAGE_SIZE), write,
				pages);
	size_t done = 0;

	for (int i = 0; i < nr; i++) {
		size_t n = MIN(len - done, PAGE_SIZE - offset);
		size_t got = copy_part(pages[i], offset, n, local, write);

		done += got;
		if (got < n)
			break;
		offset = 0;
	}
	unpin_pages(pages, nr, write);
	return done;
}

/* Bytes, fewer if something stopped it in the middle; else -errno. */
static long copy_vectors(struct mm_struct *mm, struct iov_cursor local, struct iov_cursor remote,
			 bool write)
{
	size_t left = iovec_bytes(local.vec, local.n), room, len, got;
	unsigned long from;
	long done = 0;

	while ((room = MIN(left - done, cursor_room(&remote)))) {
		if (fatal_signal_pending(current))
			return done ? done : -EINTR;
		from = cursor_take(&remote, 0);
		len = MIN(room, PVM_PAGES * PAGE_SIZE - (from & ~PAGE_MASK));
		cursor_take(&remote, len);
		got = copy_batch(mm, from, len, &local, write);
		done += got;
		if (got < len)
			return done ? done : -EFAULT;
		cond_resched();
	}
	return done;
}

static bool vector_is_empty(const struct iovec *vec, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vec[i].iov_len)
			return false;
	return true;
}

/* Both vectors are the kernel's copies by now. */
static long process_vm_rw(kpid_t pid, struct iov_cursor local, struct iov_cursor remote, bool write)
{
	struct task_struct *t;
	struct mm_struct *mm;
	long ret;

	if (vector_is_empty(remote.vec, remote.n))
		return 0;
	t = find_get_task(pid);
	if (!t)
		return -ESRCH;
	mm = mm_access(t, ptrace_may_access_real);
	put_task_struct(t);
	if (IS_ERR(mm))
		return PTR_ERR(mm) == -EACCES ? -EPERM : PTR_ERR(mm);
	ret = copy_vectors(mm, local, remote, write);
	mmput(mm);
	return ret;
}

static long do_process_vm(kpid_t pid, const struct iovec __user *lvec, unsigned long ln,
			  const struct iovec __user *rvec, unsigned long rn, bool write)
{
	struct iovec lfast[UIO_FASTIOV], rfast[UIO_FASTIOV], *local, *remote;
	long ret = 0;

	local = import_iovec(lvec, ln, lfast);
	if (IS_ERR(local))
		return PTR_ERR(local);
	if (!vector_is_empty(local, ln)) {
		/* Not checked against our own address space: it is about another's. */
		remote = copy_iovec(rvec, rn, rfast);
		if (IS_ERR(remote)) {
			ret = PTR_ERR(remote);
		} else {
			ret = process_vm_rw(pid, (struct iov_cursor){ local, ln, 0 },
					    (struct iov_cursor){ remote, rn, 0 }, write);
			free_iovec(remote, rfast);
		}
	}
	free_iovec(local, lfast);
	return ret;
}

long sys_process_vm_readv(kpid_t pid, const struct iovec __user *lvec, unsigned long ln,
			  const struct iovec __user *rvec, unsigned long rn, unsigned long flags)
{
	return flags ? -EINVAL : do_process_vm(pid, lvec, ln, rvec, rn, false);
}

long sys_process_vm_writev(kpid_t pid, const struct iovec __user *lvec, unsigned long ln,
			   const struct iovec __user *rvec, unsigned long rn, unsigned long flags)
{
	return flags ? -EINVAL : do_process_vm(pid, lvec, ln, rvec, rn, true);
}
