/*
 * balloon.c - memory that the kernel holds for nobody, and lets go of before anybody dies.
 *
 * Idea:   on a virtual machine a balloon driver takes pages out of use for the host;
 *         when the guest runs out it gives some back, from the OOM notifier chain, a
 *         thousandth of a second before a process would have been killed. There is no
 *         host here: vm.balloon_kbytes (Brink's own) inflates and deflates it by hand,
 *         so that the chain has a client and can be watched.
 * Locks:  balloon_lock guards the list of pages.
 * Above:  the sysctl; oom_kill.c's notifier chain.
 * Below:  page_alloc.c.   In Linux: drivers/virtio/virtio_balloon.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc.h"
#include "mm/vmstat.h"

/* What one OOM gets back: 1 MiB, as much as virtio's balloon. */
#define BALLOON_OOM_PAGES 256UL
/* It must never push anybody out: no reserves, no second try, no complaint. */
#define BALLOON_GFP (GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

static LIST_HEAD(balloon_pages);		/* balloon_lock: by lru */
static unsigned long nr_balloon_pages;		/* balloon_lock */
static spinlock_t balloon_lock = SPINLOCK_INIT(LOCK_BALLOON);

/* Up to @nr pages back to the allocator. How many. */
static unsigned long deflate(unsigned long nr)
{
	unsigned long freed = 0;

	for (; freed < nr; freed++) {
		struct page *page;

		spin_lock(&balloon_lock);
		page = list_first_entry_or_null(&balloon_pages, struct page, lru);
		if (page) {
			list_del(&page->lru);
			nr_balloon_pages--;
		}
		spin_unlock(&balloon_lock);
		if (!page)
			break;
		__free_pages(page, 0);
	}
	return freed;
}

/* Until it has @target pages, or memory is short: then it stays as it is. 0, -EINTR */
static int inflate_to(unsigned long target)
{
	while (READ_ONCE(nr_balloon_pages) < target) {
		struct page *page = alloc_page(BALLOON_GFP);

		if (!page)
			return 0;
		spin_lock(&balloon_lock);
		list_add(&page->lru, &balloon_pages);
		nr_balloon_pages++;
		spin_unlock(&balloon_lock);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* => oom_lock held. Pages given back. */
static unsigned long balloon_oom_notify(struct oom_notifier *unused)
{
	return deflate(BALLOON_OOM_PAGES);
}
static struct oom_notifier balloon_notifier = { .notify = balloon_oom_notify };

static kssize_t balloon_write(const struct ctl_sysctl *ctl, char *buf, size_t len)
{
	static _Atomic bool registered;
	unsigned long kbytes, have = READ_ONCE(nr_balloon_pages);
	char *end;
	int err;

	kbytes = simple_strtoul(strim(buf), &end, 0);
	if (*end || end == buf || kbytes >> (PAGE_SHIFT - 10) > totalram_pages())
		return -EINVAL;
	if (!atomic_exchange(&registered, true))
		register_oom_notifier(&balloon_notifier);
	kbytes >>= PAGE_SHIFT - 10;		/* pages from here on */
	if (kbytes < have)
		deflate(have - kbytes);
	err = inflate_to(kbytes);
	return err ? err : (kssize_t)len;
}

static int balloon_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%lu\n", READ_ONCE(nr_balloon_pages) << (PAGE_SHIFT - 10));
	return 0;
}
CTL_SYSCTL("vm.balloon_kbytes", .mode = 0644, .type = CTL_STRING, .write = balloon_write,
	   .show = balloon_show);
