/*
 * oom_reaper.c - taking a victim's memory without its help.
 *
 * Idea:   a killed process frees its memory when it exits, and for that it must
 *         run; but it may be stuck in the kernel, waiting for a disk or for a
 *         lock whose holder waits for memory. So two seconds after the kill a
 *         thread looks whether the memory is still there, and if so unmaps it
 *         from outside, as madvise(MADV_DONTNEED) would. The victim will not
 *         miss it: its next step in user space is its death (MMF_UNSTABLE keeps
 *         anything else, like a copy to its memory, from seeing zeroes).
 *
 *         In any case MMF_OOM_SKIP is set in the end: this mm has given what it had, the next
 *         OOM may choose again.
 * Locks:  mmap_lock for reading, tried only: who holds it for writing may be waiting for memory.
 *         reaper_lock guards the list of victims (timers put them there).
 * Above:  oom_kill.c; main.c starts the thread.   Below: zap.c, mmu_gather.c.   In Linux:
 * mm/oom_kill.c.
 */
#include <stdatomic.h>

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/mmu_gather.h"
#include "mm/oom_kill.h"
#include "mm/trace.h"

#define OOM_REAPER_DELAY (2 * NSEC_PER_SEC)	/* what an orderly exit is given; Linux 6.1's */
#define MAX_OOM_REAP_RETRIES 10
#define OOM_REAP_RETRY_DELAY (NSEC_PER_SEC / 10)

static spinlock_t reaper_lock = SPINLOCK_INIT(LOCK_WORKQUEUE);	/* irqsave */
/* reaper_lock: by oom_reaper_list, each with a reference */
static struct task_struct *reaper_list;
static DECLARE_WAIT_QUEUE_HEAD(reaper_wait);

#define K(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

/*
 * fail_oom_reap=N: the first N attempts fail, as if somebody held mmap_lock for writing: a test's
 * way to the rare end where nothing can be taken.
 */
static unsigned int fail_oom_reap;
static int parse_fail_oom_reap(const char *value)
{
	char *end;

	fail_oom_reap = simple_strtoul(value, &end, 0);
	return *end ? -EINVAL : 0;
}
CTL_PARAM("fail_oom_reap", parse_fail_oom_reap);

/* Unmaps what is only the victim's. => mmap_lock held for reading */
static void __oom_reap_task_mm(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	/* from now on a fault in it is SIGBUS, not a page of zeroes */
	mm->flags |= MMF_UNSTABLE;
	for_each_vma(mm, vma) {
		struct mmu_gather tlb;

		if (vma->vm_flags & (VM_PFNMAP | VM_IO))
			continue;
		/*
		 * Shared memory is not freed by unmapping it, and its other users may need it.
		 * Locked memory is.
		 */
		if (vma->vm_mapping && (vma->vm_flags & VM_SHARED))
			continue;
		tlb_gather_mmu(&tlb, mm, false);
		unmap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
		tlb_finish_mmu(&tlb);
		cond_resched();
	}
}

/* One attempt. True: done, or there is nothing to do. */
static bool oom_reap_task_mm(struct task_struct *victim, struct mm_struct *mm)
{
	if (unlikely(fail_oom_reap)) {
		fail_oom_reap--;
		TRACE(skip_task_reaping, .pid = victim->pid);
		return false;
	}
	if (!down_read_trylock(&mm->mmap_lock)) {
		TRACE(skip_task_reaping, .pid = victim->pid);
		return false;
	}
	if (mm->flags & MMF_OOM_SKIP) {		/* exit_mmap() was here: it is an orderly exit */
		TRACE(skip_task_reaping, .pid = victim->pid);
		up_read(&mm->mmap_lock);
		return true;
	}
	TRACE(start_task_reaping, .pid = victim->pid);
	__oom_reap_task_mm(mm);
	pr_info("oom_reaper: reaped process %d (%s), now anon-rss:%lukB, file-rss:%lukB, "
		"shmem-rss:%lukB\n",
		victim->pid, victim->comm, K(get_mm_counter(mm, MM_ANONPAGES)),
		K(get_mm_counter(mm, MM_FILEPAGES)), K(get_mm_counter(mm, MM_SHMEMPAGES)));
	TRACE(finish_task_reaping, .pid = victim->pid);
	up_read(&mm->mmap_lock);
	return true;
}

/* A victim whose time is up. Its reference goes. */
static void oom_reap_task(struct task_struct *victim)
{
	struct mm_struct *mm = victim->signal->oom_mm;
	int attempts = 0;

	while (!(mm->flags & MMF_OOM_SKIP) && !oom_reap_task_mm(victim, mm)) {
		if (++attempts == MAX_OOM_REAP_RETRIES) {
			pr_info("oom_reaper: unable to reap pid:%d (%s)\n", victim->pid,
				victim->comm);
			break;
		}
		current->__state = TASK_INTERRUPTIBLE;
		schedule_timeout_ns(OOM_REAP_RETRY_DELAY, "oom_reaper");
	}
	victim->oom_reaper_list = NULL;
	mm->flags |= MMF_OOM_SKIP;
	put_task_struct(victim);
}

static struct task_struct *next_victim(void)
{
	unsigned long flags = spin_lock_irqsave(&reaper_lock);
	struct task_struct *victim = reaper_list;

	if (victim)
		reaper_list = victim->oom_reaper_list;
	spin_unlock_irqrestore(&reaper_lock, flags);
	return victim;
}

/* oom_reaper: the thread. Never returns. */
int oom_reaper(void *unused)
{
	for (;;) {
		struct task_struct *victim;

		wait_event_interruptible(reaper_wait, READ_ONCE(reaper_list), "oom_reaper");
		while ((victim = next_victim()))
			oom_reap_task(victim);
	}
}

/*
 * Two seconds are over. Timer interrupt; the thread looks whether there is anything to do, and
 * drops the reference.
 */
static void wake_oom_reaper(struct timer_list *timer)
{
	struct task_struct *victim = container_of(timer, struct task_struct, oom_reaper_timer);
	unsigned long flags;

	if (!(victim->signal->oom_mm->flags & MMF_OOM_SKIP))	/* else it went by itself */
		TRACE(wake_reaper, .pid = victim->pid);
	flags = spin_lock_irqsave(&reaper_lock);
	victim->oom_reaper_list = reaper_list;
	reaper_list = victim;
	spin_unlock_irqrestore(&reaper_lock, flags);
	/* The thread may be done with @victim already, and its memory somebody else's. */
	wake_up(&reaper_wait);
}

/*
 * queue_oom_reaper: @victim is to be reaped if it is still there in two seconds. Once for each mm.
 */
void queue_oom_reaper(struct task_struct *victim)
{
	struct mm_struct *mm = victim->signal->oom_mm;

	BUG_ON(!mm);
	if (atomic_fetch_or(&mm->flags, MMF_OOM_REAP_QUEUED) & MMF_OOM_REAP_QUEUED)
		return;
	get_task_struct(victim);
	timer_setup(&victim->oom_reaper_timer, wake_oom_reaper);
	mod_timer(&victim->oom_reaper_timer, ktime_get_ns() + OOM_REAPER_DELAY);
}

/*
 * release_dying_mm: process_mrelease(2): the reaper's work, asked for by a process that has killed
 * @task and will not wait for it to exit.
 *
 * => a reference to @task; may sleep
 * => 0: its memory is free, or it has none; -ESRCH: it had let go already; -EINVAL: it is not
 *    dying; -EINTR
 */
int release_dying_mm(struct task_struct *task)
{
	struct mm_struct *mm;
	struct task_struct *t;
	bool reap, gone;
	int error = 0;

	do {
		read_lock(&tasklist_lock);
		t = find_lock_task_mm(task);
		if (!t) {
			read_unlock(&tasklist_lock);
			return -ESRCH;
		}
		get_task_struct(t);
		mm = t->mm;
		mmgrab(mm);
		task_unlock(t);
		read_unlock(&tasklist_lock);
		/* This memory: the thread may execute another program, and that one be what is dying. */
		reap = task_will_free_mm(t, mm);
		gone = !reap && !READ_ONCE(t->mm);	/* it has let go: another thread may have it */
		if (!reap && !gone && !(mm->flags & MMF_OOM_SKIP))
			error = -EINVAL;
		put_task_struct(t);
		if (!reap)
			mmdrop(mm);
	} while (gone);
	if (!reap)
		return error;
	error = down_read_killable(&mm->mmap_lock) ? -EINTR : 0;
	/* exit_mmap() sets the bit before it takes the lock for writing: it was faster then. */
	if (!error) {
		if (!(mm->flags & MMF_OOM_SKIP))
			__oom_reap_task_mm(mm);
		up_read(&mm->mmap_lock);
	}
	mmdrop(mm);
	return error;
}
