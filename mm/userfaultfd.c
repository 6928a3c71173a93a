/*
 * userfaultfd.c - page faults that a program serves itself.
 *
 * Idea:   a range of private anonymous memory is registered with a file. Where a page is missing
 *         there, the fault does not make one: it puts itself on the file's list and sleeps,
 *         without mmap_lock. Another thread reads from the file which page is wanted, and puts
 *         one there (from its own memory, or zeroes); that wakes the sleeper, which tries again.
 *
 *             thread A                             thread B
 *             touches a page                       read(uffd) ── "fault at 0x7f…"
 *             do_anonymous_page                    ioctl(UFFDIO_COPY)
 *             handle_userfault: pending ─► told      userfaultfd_fill: the page, its PTE
 *             sleeps ◄───────────────────────────── userfaultfd_wake
 *
 *         Live migration of virtual machines and garbage collectors are made of it.
 * Locks:  mmap_lock; ctx->wq.lock for the lists; LOCK_PTE.
 * Above:  memory.c asks; kernel/fs/userfaultfd.c is the file.
 * Below:  vma.c, memory.c's mfill_anon_page().   In Linux: fs/userfaultfd.c, mm/userfaultfd.c.
 */
#include "mm/userfaultfd.h"

#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/debug.h"
#include "mm/highmem.h"
#include "mm/memcontrol.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/vma.h"

/* A fault that waits; on its task's stack. */
struct userfault {
	struct list_head list;		/* wq.lock: ctx->pending or ->told */
	struct task_struct *task;	/* c */
	unsigned long address;		/* c: page aligned */
	struct uffd_msg msg;		/* c */
	bool woken;			/* wq.lock */
};

/* --- the context --- */

struct userfaultfd_ctx *userfaultfd_ctx_alloc(unsigned int flags)
{
	struct userfaultfd_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);

	if (!ctx)
		return NULL;
	ctx->count = 1;
	ctx->mm = current->mm;
	mmgrab(ctx->mm);
	ctx->flags = flags;
	init_waitqueue_head(&ctx->wq);
	INIT_LIST_HEAD(&ctx->pending);
	INIT_LIST_HEAD(&ctx->told);
	return ctx;
}

void userfaultfd_ctx_get(struct userfaultfd_ctx *ctx)
{
	if (unlikely(ctx))
		ctx->count++;
}

void userfaultfd_ctx_put(struct userfaultfd_ctx *ctx)
{
	if (likely(!ctx) || --ctx->count)
		return;
	VM_BUG_ON(!list_empty(&ctx->pending) || !list_empty(&ctx->told));
	mmdrop(ctx->mm);
	kfree(ctx);
}

void userfaultfd_forget(struct vm_area_struct *vma)
{
	userfaultfd_ctx_put(vma->userfaultfd);
	vma->userfaultfd = NULL;
	vma->vm_flags &= ~VM_UFFD_MISSING;
}

/* --- waiting --- */

/* => wq.lock. Those of @list in the range go on. */
static void wake_list(struct list_head *list, unsigned long start, unsigned long len)
{
	struct userfault *uf, *n;

	list_for_each_entry_safe(uf, n, list, list) {
		if (uf->address - start >= len)
			continue;
		list_del_init(&uf->list);
		uf->woken = true;
		wake_up_process(uf->task);
	}
}

void userfaultfd_wake(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);

	wake_list(&ctx->pending, start, len);
	wake_list(&ctx->told, start, len);
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
}

/* Is the page still missing? It may have come since the fault looked. => mmap_lock for reading */
static bool must_wait(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	spinlock_t *ptl;
	bool missing = true;
	pte_t *ptep;

	ptep = pmd ? pte_offset_map_lock(mm, pmd, addr, &ptl) : NULL;
	if (ptep) {
		missing = pte_none(ptep_get(ptep));
		pte_unmap_unlock(ptep, ptl);
	}
	return missing;
}

static void fill_msg(struct uffd_msg *msg, const struct vm_fault *vmf, unsigned long features)
{
	memset(msg, 0, sizeof(*msg));
	msg->event = UFFD_EVENT_PAGEFAULT;
	msg->flags = vmf->flags & FAULT_FLAG_WRITE ? UFFD_PAGEFAULT_FLAG_WRITE : 0;
	msg->address = features & UFFD_FEATURE_EXACT_ADDRESS ? vmf->real_address : vmf->address;
	if (features & UFFD_FEATURE_THREAD_ID)
		msg->ptid = current->pid;
}

/* Sleeps until it is woken, or a signal comes. => @uf queued, the state set, mmap_lock dropped */
static void wait_for_page(struct userfaultfd_ctx *ctx, struct userfault *uf, bool missing)
{
	unsigned long flags;

	if (missing) {
		wake_up_key(&ctx->wq, TASK_NORMAL, 1, (void *)EPOLLIN);
		if (!READ_ONCE(uf->woken) && !signal_pending_state(current->__state))
			schedule_waiting("handle_userfault");
	}
	current->__state = TASK_RUNNING;
	flags = spin_lock_irqsave(&ctx->wq.lock);
	list_del_init(&uf->list);
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
}

vm_fault_t handle_userfault(struct vm_fault *vmf)
{
	struct userfaultfd_ctx *ctx = vmf->vma->userfaultfd;
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct userfault uf = { .task = current, .address = vmf->address };
	unsigned long flags;
	bool missing;

	if (ctx->features & UFFD_FEATURE_SIGBUS || !(vmf->flags & FAULT_FLAG_ALLOW_RETRY) ||
	    current->flags & PF_EXITING ||
	    (ctx->flags & UFFD_USER_MODE_ONLY && !(vmf->flags & FAULT_FLAG_USER)))
		return VM_FAULT_SIGBUS;
	fill_msg(&uf.msg, vmf, ctx->features);
	userfaultfd_ctx_get(ctx);
	flags = spin_lock_irqsave(&ctx->wq.lock);
	INIT_LIST_HEAD(&uf.list);
	if (ctx->released)
		uf.woken = true;
	else
		list_add_tail(&uf.list, &ctx->pending);
	/* a program's own access ends for any signal, the kernel's for a fatal one only */
	current->__state = vmf->flags & FAULT_FLAG_USER ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	missing = must_wait(mm, vmf->address);
	up_read(&mm->mmap_lock);
	wait_for_page(ctx, &uf, missing);
	userfaultfd_ctx_put(ctx);
	return VM_FAULT_RETRY;
}

bool userfaultfd_next(struct userfaultfd_ctx *ctx, struct uffd_msg *msg)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);
	struct userfault *uf = NULL;

	if (!list_empty(&ctx->pending)) {
		uf = list_first_entry(&ctx->pending, struct userfault, list);
		*msg = uf->msg;
		list_move_tail(&uf->list, &ctx->told);
	}
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	return uf;
}

/* --- which VMAs --- */

int userfaultfd_check(unsigned long start, unsigned long len)
{
	if ((start | len) & ~PAGE_MASK || !len || start < mmap_min_addr || start >= TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	return 0;
}

/*
 * => mmap_lock for writing. [start, end) of *@vma belongs to @ctx, or (NULL) to nobody: then those
 *    who wait there go on, whoever's it was
 */
static int change_vma(struct vm_area_struct **vma, struct userfaultfd_ctx *ctx, unsigned long start,
		      unsigned long end)
{
	struct userfaultfd_ctx *old = (*vma)->userfaultfd;
	int err;

	if (old == ctx)
		return 0;
	err = vma_carve(vma, MAX(start, (*vma)->vm_start), MIN(end, (*vma)->vm_end));
	if (err)
		return err;
	if (!ctx)
		userfaultfd_wake(old, (*vma)->vm_start, (*vma)->vm_end - (*vma)->vm_start);
	userfaultfd_ctx_get(ctx);
	(*vma)->userfaultfd = ctx;
	if (ctx)
		(*vma)->vm_flags |= VM_UFFD_MISSING;
	else
		(*vma)->vm_flags &= ~VM_UFFD_MISSING;
	*vma = vma_merge(*vma);
	userfaultfd_ctx_put(old);
	return 0;
}

/* => mmap_lock for writing */
static int change_range(struct mm_struct *mm, struct userfaultfd_ctx *ctx, unsigned long start,
			unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	int err = 0;

	while (vma && !err) {
		err = change_vma(&vma, ctx, start, end);
		start = vma->vm_end;
		vma = start < end ? find_vma_intersection(mm, start, end) : NULL;
	}
	return err;
}

/* May all of the range be registered with @ctx (or, NULL, be let go)? 0, -EINVAL, -EPERM, -EBUSY */
static int check_range(struct mm_struct *mm, const struct userfaultfd_ctx *ctx, unsigned long start,
		       unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);

	if (!vma)
		return -EINVAL;
	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		/* private anonymous memory alone */
		if (vma->vm_ops || vma->vm_flags & (VM_SHARED | VM_SPECIAL))
			return -EINVAL;
		if (ctx && !(vma->vm_flags & VM_MAYWRITE))
			return -EPERM;
		if (ctx && vma->userfaultfd && vma->userfaultfd != ctx)
			return -EBUSY;
	}
	return 0;
}

static int register_range(struct userfaultfd_ctx *ctx, struct userfaultfd_ctx *to,
			  unsigned long start, unsigned long len)
{
	struct mm_struct *mm = ctx->mm;
	int err;

	if (!mmget_not_zero(mm))
		return -ENOMEM;
	err = down_write_killable(&mm->mmap_lock);
	if (!err) {
		err = check_range(mm, to, start, start + len);
		if (!err)
			err = change_range(mm, to, start, start + len);
		up_write(&mm->mmap_lock);
	}
	mmput(mm);
	return err;
}

int userfaultfd_register(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len)
{
	return register_range(ctx, ctx, start, len);
}

int userfaultfd_unregister(struct userfaultfd_ctx *ctx, unsigned long start, unsigned long len)
{
	return register_range(ctx, NULL, start, len);
}

/* Its VMAs let go; those that cannot be cut out of anything are whole already. */
static void forget_all(struct userfaultfd_ctx *ctx)
{
	struct mm_struct *mm = ctx->mm;
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mm))
		return;
	down_write(&mm->mmap_lock);
	for (vma = find_vma(mm, 0); vma; vma = vma_next(vma)) {
		if (vma->userfaultfd != ctx)
			continue;
		userfaultfd_forget(vma);
		vma = vma_merge(vma);
	}
	up_write(&mm->mmap_lock);
	mmput(mm);
}

void userfaultfd_release(struct userfaultfd_ctx *ctx)
{
	unsigned long flags = spin_lock_irqsave(&ctx->wq.lock);

	ctx->released = true;
	spin_unlock_irqrestore(&ctx->wq.lock, flags);
	forget_all(ctx);
	userfaultfd_wake(ctx, 0, ~0UL);
	userfaultfd_ctx_put(ctx);
}

/* --- filling --- */

/* A page with what stands at @src. ERR_PTR */
static struct page *copied_page(const void __user *src)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	unsigned long left;
	char *map;

	if (!page)
		return ERR_PTR(-ENOMEM);
	map = kmap_local_page(page);
	left = copy_from_user(map, src, PAGE_SIZE);
	kunmap_local(map);
	if (left) {
		put_page(page);
		return ERR_PTR(-EFAULT);
	}
	return page;
}

/* The VMA that all of [dst, dst + len) must lie in. => mmap_lock for reading. NULL: none */
static struct vm_area_struct *find_target(struct mm_struct *mm, unsigned long dst,
					  unsigned long len)
{
	struct vm_area_struct *vma = find_vma(mm, dst);

	if (!vma || dst < vma->vm_start || dst + len > vma->vm_end || !vma->userfaultfd)
		return NULL;
	return vma;
}

/* One page to @addr; NULL: the page of zeroes. @page's reference is taken over, or dropped. */
static int place_page(struct mm_struct *mm, unsigned long addr, unsigned long len,
		      struct page *page)
{
	struct vm_area_struct *vma;
	int err = down_read_killable(&mm->mmap_lock);

	if (!err) {
		vma = find_target(mm, addr, len);
		err = vma ? mfill_anon_page(vma, addr, page) : -ENOENT;
		up_read(&mm->mmap_lock);
	}
	if (err && page)
		put_page(page);
	return err;
}

static long fill_pages(struct mm_struct *mm, unsigned long dst, const char __user *src,
		       unsigned long len)
{
	unsigned long done;
	int err = 0;

	for (done = 0; done < len; done += PAGE_SIZE) {
		struct page *page = src ? copied_page(src + done) : NULL;

		if (IS_ERR(page)) {
			err = PTR_ERR(page);
			break;
		}
		err = place_page(mm, dst + done, len - done, page);
		if (err)
			break;
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			done += PAGE_SIZE;
			break;
		}
	}
	return done ? (long)done : err;
}

long userfaultfd_fill(struct userfaultfd_ctx *ctx, unsigned long dst, const void __user *src,
		      unsigned long len)
{
	struct mm_struct *mm = ctx->mm;
	long ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	ret = fill_pages(mm, dst, src, len);
	mmput(mm);
	return ret;
}
