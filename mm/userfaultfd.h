/*
 * userfaultfd.h - page faults that a program serves itself.
 *
 * Locks:  ctx->wq.lock: who waits; mmap_lock for writing: which VMAs belong to it.
 */
#pragma once

#include "kernel/abi/userfaultfd.h"
#include "kernel/sched/wait.h"
#include "mm/mm_types.h"

/* One userfaultfd(2). Guards: w wq.lock   c set once   a atomic */
struct userfaultfd_ctx {
	_Atomic int count;		/* a: the file, and each VMA of it */
	struct mm_struct *mm;		/* c: a reference (mmgrab): it may be without users */
	unsigned int flags;		/* c: UFFD_USER_MODE_ONLY */
	_Atomic unsigned long features;	/* a: UFFD_FEATURE_*, UFFD_READY once UFFDIO_API was done */
	bool released;			/* w: the file is closed */
	struct wait_queue_head wq;	/* readers and pollers */
	struct list_head pending;	/* w: faults that nobody has read */
	struct list_head told;		/* w: faults that were read, and wait */
};
#define UFFD_READY (1UL << 63)

/* NULL without memory; current's address space. The file's reference is the caller's. */
struct userfaultfd_ctx *userfaultfd_ctx_alloc(unsigned int flags);
/* The last one frees it. => any context that may free memory; NULL is nothing */
void userfaultfd_ctx_put(struct userfaultfd_ctx *ctx);
/* A copy of a VMA: one more reference (NULL: none). */
void userfaultfd_ctx_get(struct userfaultfd_ctx *ctx);
/* @vma, which nobody sees yet, shall have no more to do with it: fork, mremap. */
void userfaultfd_forget(struct vm_area_struct *vma);
/* The file is closed: its VMAs are ordinary again, who waits goes on. */
void userfaultfd_release(struct userfaultfd_ctx *ctx);

/*
 * A page is missing in a VMA of it: waits until somebody has served it. => mmap_lock for reading,
 * dropped if VM_FAULT_RETRY is returned; VM_FAULT_SIGBUS: it may not wait, or shall not
 */
vm_fault_t handle_userfault(struct vm_fault *vmf);

/* The next fault for a reader, which waits on. False: none. */
bool userfaultfd_next(struct userfaultfd_ctx *ctx, struct uffd_msg *msg);
/* Who waits for a page in [start, start + len) looks again. */
void userfaultfd_wake(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len);

/* Whole pages of user space? 0, -EINVAL */
int userfaultfd_check(unsigned long start, unsigned long len);
/* 0, -EINVAL, -EPERM, -EBUSY, -ENOMEM, -EINTR; -ESRCH: the process is gone */
int userfaultfd_register(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len);
int userfaultfd_unregister(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len);
/*
 * Fills [dst, dst + len) from the caller's @src, or (NULL) with zeroes. Bytes done, or -EEXIST (a
 * page is there), -ENOENT (not of one VMA of an userfaultfd), -EFAULT, -ENOMEM, -ESRCH
 */
long userfaultfd_fill(struct userfaultfd_ctx *ctx, unsigned long dst, const void __user *src,
		      unsigned long len);
