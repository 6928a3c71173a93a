/*
 * memcontrol.c - memory cgroups: each page is charged to the group of the process that first
 *                touched it.
 *
 * Idea:   a group has a counter of pages with a limit (page_counter.c), and LRU
 *         lists of its own on each node. A fault (or a read of a file) charges the
 *         page to the group of the mm, before anybody can find the page; the last
 *         put_page() gives the charge back. In between page->memcg never changes,
 *         also not when the process moves to another group.
 *
 *         Adding to a counter of every ancestor for each page would be dear. So
 *         a CPU charges 64 pages at once and hands them out one by one:
 *
 *            fault ──> this CPU's stock ──empty──> try_charge: 64 pages (or 1)
 *                                                     │ over a limit
 *                          reclaim from the group that is over its limit,
 *                          empty the CPUs' stocks, again … and then its OOM
 *
 *         A group that is removed (rmdir) lives on, hidden, while pages of processes and files
 *         or swap slots are charged to it: each page holds a reference on its css. What the
 *         kernel has charged goes to the parent (obj_cgroup.c).
 * Locks:  LOCK_MEMCG guards the tree of groups that reclaim walks (it has the removed ones,
 *         which the cgroup core's has not). A CPU's stock: interrupts off.
 * Above:  memory.c, filemap.c, swap_state.c charge; swap.c, page_alloc.c uncharge.
 * Below:  page_counter.c, memcontrol_*.c, vmscan.c (try_to_free_mem_cgroup_pages), the tree of
 *         groups (sched/cgroup.h).
 *         In Linux: mm/memcontrol.c, Documentation/admin-guide/cgroup-v2.rst.
 */
#include "mm/memcontrol.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/sched/psi.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/smp.h"
#include "mm/debug.h"
#include "mm/mm_init.h"
#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/slab.h"
#include "mm/vmscan.h"
#include "mm/vmstat.h"

_Atomic int memcg_groups;
struct mem_cgroup *root_mem_cgroup;

/* Guards children and sibling. */
static spinlock_t memcg_tree_lock = SPINLOCK_INIT(LOCK_MEMCG);

/* Pages charged already and not yet given to anybody. Guard: its CPU, interrupts off. */
struct memcg_stock {
	struct mem_cgroup *memcg;	/* a reference; NULL: empty */
	unsigned int nr_pages;
};
static DEFINE_PER_CPU(struct memcg_stock, memcg_stock);

/* --- the tree --- */

/* mem_cgroup_is_descendant: does @memcg lie in the tree below @root (or is it @root)? */
bool mem_cgroup_is_descendant(const struct mem_cgroup *memcg, const struct mem_cgroup *root)
{
	if (mem_cgroup_is_root(root))
		return true;
	for (; memcg; memcg = memcg->up)
		if (memcg == root)
			return true;
	return false;
}

/* The next in pre-order, dying ones included; NULL: the end. => memcg_tree_lock held */
static struct mem_cgroup *next_in_tree(struct mem_cgroup *root, struct mem_cgroup *memcg)
{
	if (!list_empty(&memcg->children))
		return list_first_entry(&memcg->children, struct mem_cgroup, sibling);
	while (memcg != root) {
		struct mem_cgroup *parent = parent_mem_cgroup(memcg);

		if (!list_is_last(&memcg->sibling, &parent->children))
			return list_next_entry(memcg, sibling);
		memcg = parent;
	}
	return NULL;
}

/*
 * mem_cgroup_iter: see memcontrol.h. Whoever joins or leaves the tree meanwhile may be missed.
 *
 * => process context; the one it returns cannot be freed, so its place in the tree stays
 */
struct mem_cgroup *mem_cgroup_iter(struct mem_cgroup *root, struct mem_cgroup *prev)
{
	struct mem_cgroup *memcg;

	if (!root)
		root = root_mem_cgroup;
	spin_lock(&memcg_tree_lock);
	memcg = prev ? next_in_tree(root, prev) : root;
	/* One whose last reference is gone is about to leave the list: nothing is charged to it. */
	while (memcg && !css_tryget(&memcg->css))
		memcg = next_in_tree(root, memcg);
	spin_unlock(&memcg_tree_lock);
	mem_cgroup_put(prev);
	return memcg;
}

/* --- whose page --- */

struct mem_cgroup *get_mem_cgroup_from_task(struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_get_css(task, MEMORY_CGRP);
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);

	if (!mem_cgroup_is_root(memcg))
		return memcg;
	css_put(css);
	return NULL;
}

/* @mm's group with a reference; NULL: the root. @mm may be moved at any time. */
static struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	struct mem_cgroup *memcg = NULL;

	if (!mm)
		return NULL;
	rcu_read_lock();
	do {	/* Moved, and the old group freed, between the two steps: look again. */
		memcg = READ_ONCE(mm->memcg);
	} while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
	return memcg;
}

/* mem_cgroup_mm_init: a new address space belongs to the group of who made it. */
void mem_cgroup_mm_init(struct mm_struct *mm)
{
	mm->memcg = memcg_groups ? get_mem_cgroup_from_task(current) : NULL;
}

/* From now on @mm's faults are @memcg's, whose reference is handed over. */
static void mm_change_memcg(struct mm_struct *mm, struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = __atomic_exchange_n(&mm->memcg, memcg, __ATOMIC_SEQ_CST);

	mem_cgroup_put(old);
}

/* mem_cgroup_mm_exit: @mm's last user has gone; who still looks at it does not keep its group. */
void mem_cgroup_mm_exit(struct mm_struct *mm)
{
	if (mm->memcg)
		mm_change_memcg(mm, NULL);
}

void mm_set_owner(struct mm_struct *mm, struct task_struct *task)
{
	mm->owner = task;
	if (memcg_groups || mm->memcg)
		mm_change_memcg(mm, get_mem_cgroup_from_task(task));
}

/* Somebody else who lives in @mm. => tasklist_lock held */
static struct task_struct *find_other_user(struct mm_struct *mm, struct task_struct *task)
{
	struct task_struct *p, *t;

	for_each_thread(task, t)
		if (t != task && READ_ONCE(t->mm) == mm)
			return t;
	for_each_process(p) {
		if (p->flags & PF_KTHREAD)
			continue;
		for_each_thread(p, t)
			if (t != task && READ_ONCE(t->mm) == mm)
				return t;
	}
	return NULL;
}

void mm_update_next_owner(struct mm_struct *mm, struct task_struct *task)
{
	struct task_struct *next = NULL;

	if (mm->owner != task)
		return;
	if (mm->mm_users > 1) {
		read_lock(&tasklist_lock);
		next = find_other_user(mm, task);
		if (next)
			get_task_struct(next);
		read_unlock(&tasklist_lock);
	}
	if (!next) {
		WRITE_ONCE(mm->owner, NULL);
		return;
	}
	task_lock(next);
	if (next->mm == mm)
		mm_set_owner(mm, next);
	else	/* it has just left: nobody is there to be moved */
		WRITE_ONCE(mm->owner, NULL);
	task_unlock(next);
	put_task_struct(next);
}

/* The controller's attach: what @task touches from now on is charged to its new group. */
static void mem_cgroup_attach(struct cgroup_subsys_state *dst, struct cgroup_subsys_state *src,
			      struct task_struct *task)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(dst);

	if (mem_cgroup_is_root(memcg))
		memcg = NULL;
	task_lock(task);
	if (task->mm && task->mm->owner == task) {
		if (memcg)
			css_get(&memcg->css);
		mm_change_memcg(task->mm, memcg);
	}
	task_unlock(task);
}

/* --- a CPU's stock --- */

/* Empties it. => interrupts off; @stock is this CPU's */
static void drain_stock(struct memcg_stock *stock)
{
	struct mem_cgroup *memcg = stock->memcg;

	if (!memcg)
		return;
	if (stock->nr_pages)
		page_counter_uncharge(&memcg->memory, stock->nr_pages);
	stock->nr_pages = 0;
	stock->memcg = NULL;
	css_put(&memcg->css);
}

/* A page from this CPU's stock, if it is @memcg's. */
static inline bool consume_stock(struct mem_cgroup *memcg, unsigned int nr_pages)
{
	unsigned long flags = local_irq_save();
	struct memcg_stock *stock = this_cpu_ptr(memcg_stock);
	bool got = stock->memcg == memcg && stock->nr_pages >= nr_pages;

	if (likely(got))
		stock->nr_pages -= nr_pages;
	local_irq_restore(flags);
	return got;
}

/* Pages charged to @memcg that nobody needs yet. */
static void refill_stock(struct mem_cgroup *memcg, unsigned int nr_pages)
{
	unsigned long flags = local_irq_save();
	struct memcg_stock *stock = this_cpu_ptr(memcg_stock);

	/* A removed group's stocks have been emptied: one of them would keep it for ever. */
	if (unlikely(!(READ_ONCE(memcg->css.flags) & CSS_ONLINE))) {
		local_irq_restore(flags);
		page_counter_uncharge(&memcg->memory, nr_pages);
		return;
	}
	if (stock->memcg != memcg) {
		drain_stock(stock);
		css_get(&memcg->css);
		stock->memcg = memcg;
	}
	stock->nr_pages += nr_pages;
	if (stock->nr_pages > MEMCG_CHARGE_BATCH)
		drain_stock(stock);
	local_irq_restore(flags);
}

/* On each CPU that may have some of @root's. */
static void drain_this_cpu(void *root)
{
	unsigned long flags = local_irq_save();
	struct memcg_stock *stock = this_cpu_ptr(memcg_stock);

	mem_cgroup_drain_objects(root);
	if (stock->memcg && mem_cgroup_is_descendant(stock->memcg, root))
		drain_stock(stock);
	local_irq_restore(flags);
}

/*
 * mem_cgroup_drain_stocks: what CPUs have in stock for @root and the groups below it is free
 * again.
 *
 * => interrupts on, no spinlock held
 */
void mem_cgroup_drain_stocks(struct mem_cgroup *root)
{
	on_each_cpu(drain_this_cpu, root);
}

/* --- charging --- */

/* mem_cgroup_margin: how many pages @memcg may charge before its own limit. */
unsigned long mem_cgroup_margin(struct mem_cgroup *memcg)
{
	unsigned long usage = page_counter_read(&memcg->memory);
	unsigned long max = READ_ONCE(memcg->memory.max);

	return usage < max ? max - usage : 0;
}

/* One charge that met a limit; inputs first. */
struct charge_attempt {
	struct mem_cgroup *memcg;	/* in */
	gfp_t gfp;			/* in */
	unsigned int nr_pages;		/* in: wanted */
	struct mem_cgroup *over;	/* out: whose limit it was */
	int retries;
	bool drained, passed_oom;
};

/* @nr_pages at once. False: at->over is at its limit. */
static bool charge_counters(struct charge_attempt *at, unsigned int nr_pages)
{
	struct page_counter *fail;

	if (page_counter_try_charge(&at->memcg->memory, nr_pages, &fail))
		return true;
	at->over = container_of(fail, struct mem_cgroup, memory);
	return false;
}

/*
 * Makes room in at->over. True: it is worth another try; false: give up. Reclaim that frees
 * anything is worth a try; so is a killing.
 */
static bool make_room(struct charge_attempt *at)
{
	unsigned long reclaimed;
	bool outer;

	memcg_memory_event(at->over, MEMCG_MAX);
	psi_memstall_enter(&outer);
	reclaimed = try_to_free_mem_cgroup_pages(at->over, at->nr_pages, at->gfp,
						 MEMCG_RECLAIM_MAY_SWAP);
	psi_memstall_leave(&outer);
	if (mem_cgroup_margin(at->over) >= at->nr_pages)
		return true;
	if (!at->drained) {
		mem_cgroup_drain_stocks(at->over);
		at->drained = true;
		return true;
	}
	if (at->gfp & __GFP_NORETRY)
		return false;
	if (reclaimed && at->nr_pages <= 1 << PAGE_ALLOC_COSTLY_ORDER)
		return true;
	if (at->retries) {
		at->retries--;
		return true;
	}
	if (at->gfp & __GFP_RETRY_MAYFAIL)
		return false;
	/* It was killed already, or it is dying: let it go, its memory comes back that way. */
	if (at->passed_oom && task_is_dying())
		return false;
	if (!mem_cgroup_oom(at->over, at->gfp, at->nr_pages))
		return false;
	at->passed_oom = true;
	at->retries = MAX_RECLAIM_RETRIES;
	return true;
}

/*
 * try_charge_memcg: @nr_pages of @memcg's and its ancestors' limits.
 *
 * => may sleep, reclaim and kill if @gfp has __GFP_DIRECT_RECLAIM
 * => 0, -ENOMEM. Never fails for reclaim itself, __GFP_NOFAIL and __GFP_HIGH: they go over the
 *    limit.
 */
__noinline int try_charge_memcg(struct mem_cgroup *memcg, gfp_t gfp, unsigned int nr_pages)
{
	unsigned int batch = MAX(MEMCG_CHARGE_BATCH, nr_pages);
	struct charge_attempt at = { .memcg = memcg, .gfp = gfp, .nr_pages = nr_pages,
				     .retries = MAX_RECLAIM_RETRIES };

	VM_BUG_ON(mem_cgroup_is_root(memcg));
	for (;;) {
		if (consume_stock(memcg, nr_pages))
			return 0;
		if (charge_counters(&at, batch))
			break;
		if (batch > nr_pages) {
			batch = nr_pages;	/* only what is needed, then */
			continue;
		}
		if (!in_interrupt() && (current->flags & PF_MEMALLOC))
			goto force;		/* reclaim gives more than it takes */
		if (!(gfp & __GFP_DIRECT_RECLAIM) || in_interrupt() || !make_room(&at)) {
			if (!(gfp & (__GFP_NOFAIL | __GFP_HIGH)))
				return -ENOMEM;
			goto force;
		}
	}
	if (batch > nr_pages)
		refill_stock(memcg, batch - nr_pages);
	mem_cgroup_note_over_high(memcg, batch, gfp);
	return 0;
force:
	page_counter_charge(&memcg->memory, nr_pages);
	return 0;
}

/* The stock is empty, or another group's. @memcg: a reference, which the page takes over. */
static __noinline int charge_memcg(struct page *page, struct mem_cgroup *memcg, gfp_t gfp)
{
	int error = try_charge_memcg(memcg, gfp, 1);

	if (error)
		css_put(&memcg->css);
	else
		page->memcg = memcg;
	return error;
}

/*
 * __mem_cgroup_charge: mem_cgroup_charge() where there are groups. In the common case one page
 * of this CPU's stock changes hands.
 */
int __mem_cgroup_charge(struct page *page, struct mm_struct *mm, gfp_t gfp)
{
	struct mem_cgroup *memcg = mm ? READ_ONCE(mm->memcg) : NULL;
	struct memcg_stock *stock;
	unsigned long flags;

	VM_BUG_ON_PAGE(page->memcg || page_test(page, PG_lru), page);
	if (!memcg)
		return 0;
	flags = local_irq_save();
	stock = this_cpu_ptr(memcg_stock);
	if (likely(stock->memcg == memcg && stock->nr_pages)) {
		stock->nr_pages--;
		css_get(&memcg->css);	/* the stock's own reference keeps it alive until here */
		local_irq_restore(flags);
		page->memcg = memcg;
		return 0;
	}
	local_irq_restore(flags);
	memcg = get_mem_cgroup_from_mm(mm);
	return memcg ? charge_memcg(page, memcg, gfp) : 0;
}

/*
 * mem_cgroup_swapin_charge: @page is to hold what is in slot @entry: it belongs to whom the slot
 * is charged to; if that group was removed, to current's.
 */
void mem_cgroup_swapin_charge(struct page *page, swp_entry_t entry, int *error, gfp_t gfp)
{
	struct mem_cgroup *memcg;
	u16 id;

	*error = 0;
	if (likely(!memcg_groups))
		return;
	id = swap_slot_memcg(entry);
	rcu_read_lock();
	memcg = mem_cgroup_from_id(id);
	if (memcg && (!(memcg->css.flags & CSS_ONLINE) || !css_tryget(&memcg->css)))
		memcg = NULL;
	rcu_read_unlock();
	if (!memcg && id)
		memcg = get_mem_cgroup_from_mm(current->mm);
	if (memcg)
		*error = charge_memcg(page, memcg, gfp);
}

/* --- uncharging: any context --- */

/* uncharge_flush: what was gathered goes back to the counters at once. */
void uncharge_flush(struct uncharge_gather *ug)
{
	if (!ug->nr)
		return;
	page_counter_uncharge(&ug->memcg->memory, ug->nr);
	if (ug->nr > 1)
		css_get_many(&ug->memcg->css, 1 - (long)ug->nr);
	css_put(&ug->memcg->css);
	ug->nr = 0;
}

/* uncharge_gather_page: @page, which has a group, is freed. uncharge_flush() ends a series. */
void uncharge_gather_page(struct uncharge_gather *ug, struct page *page)
{
	VM_BUG_ON_PAGE(page_test(page, PG_lru | PG_slab) || page_is_kmem(page), page);
	if (ug->memcg != page->memcg) {
		uncharge_flush(ug);
		ug->memcg = page->memcg;
	}
	ug->nr++;
	page->memcg = NULL;
}

/* mem_cgroup_uncharge: one page. => off its list, unmapped, in no cache */
void mem_cgroup_uncharge(struct page *page)
{
	struct uncharge_gather ug = { .nr = 0 };

	uncharge_gather_page(&ug, page);
	uncharge_flush(&ug);
}

/* --- groups come and go --- */

static void free_mem_cgroup(struct mem_cgroup *memcg)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++)
		kfree(memcg->nodeinfo[nid]);
	kfree(memcg);
}

/* Its lists on each node. False: no memory. */
static bool alloc_nodeinfo(struct mem_cgroup *memcg)
{
	int nid;

	for_each_online_node(nid) {
		struct mem_cgroup_per_node *pn = kzalloc(sizeof(*pn), GFP_KERNEL);

		if (!pn)
			return false;
		lruvec_init(&pn->lruvec, NODE_DATA(nid), memcg);
		memcg->nodeinfo[nid] = pn;
	}
	return true;
}

static struct cgroup_subsys_state *mem_cgroup_css_alloc(struct cgroup_subsys_state *parent_css)
{
	struct mem_cgroup *parent = parent_css ? mem_cgroup_from_css(parent_css) : NULL;
	struct mem_cgroup *memcg = kzalloc(sizeof(*memcg), GFP_KERNEL);

	if (!memcg)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&memcg->children);
	INIT_LIST_HEAD(&memcg->sibling);
	INIT_LIST_HEAD(&memcg->objcgs);
	page_counter_init(&memcg->memory, parent ? &parent->memory : NULL);
	page_counter_init(&memcg->swap, parent ? &parent->swap : NULL);
	mem_cgroup_high_init(memcg);
	list_lru_init_group(memcg->lrus);
	init_waitqueue_head(&memcg->events_file.wait);
	init_waitqueue_head(&memcg->events_local_file.wait);
	init_waitqueue_head(&memcg->swap_events_file.wait);
	if (!parent) {
		root_mem_cgroup = memcg;
		return &memcg->css;
	}
	memcg->up = mem_cgroup_is_root(parent) ? NULL : parent;
	if (!alloc_nodeinfo(memcg)) {
		free_mem_cgroup(memcg);
		return ERR_PTR(-ENOMEM);
	}
	return &memcg->css;
}

/* It can be charged from now on. */
static int mem_cgroup_css_online(struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css), *parent = parent_mem_cgroup(memcg);
	int error;

	if (!parent)
		return 0;
	error = mem_cgroup_alloc_id(memcg);
	if (error)
		return error;
	error = obj_cgroup_online(memcg);
	if (error) {
		mem_cgroup_put_id(memcg, 1);
		return error;
	}
	spin_lock(&memcg_tree_lock);
	list_add_tail(&memcg->sibling, &parent->children);
	spin_unlock(&memcg_tree_lock);
	memcg_groups++;
	return 0;
}

/* rmdir: no task is in it. Pages stay its own, but nothing protects them any more. */
static void mem_cgroup_css_offline(struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);

	page_counter_set_min(&memcg->memory, 0);
	page_counter_set_low(&memcg->memory, 0);
	memcg_reparent_objcgs(memcg);
	list_lru_reparent(memcg);
	mem_cgroup_drain_stocks(memcg);
	mem_cgroup_put_id(memcg, 1);
}

/* No page or slot is charged to it any more; what the kernel charged has gone to the parent. */
static void mem_cgroup_css_free(struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	bool was_online = !list_empty(&memcg->sibling);

	WARN_ON((long)page_counter_read(&memcg->memory) != memcg->kmem_pages);
	WARN_ON(page_counter_read(&memcg->swap));
	WARN_ON(!list_empty(&memcg->objcgs) || !list_empty(&memcg->children));
	spin_lock(&memcg_tree_lock);
	list_del_init(&memcg->sibling);
	spin_unlock(&memcg_tree_lock);
	if (was_online)
		memcg_groups--;
	free_mem_cgroup(memcg);
}

static const struct cgroup_subsys memory_subsys = {
	.name = "memory",
	.id = MEMORY_CGRP,
	.css_alloc = mem_cgroup_css_alloc,
	.css_online = mem_cgroup_css_online,
	.css_offline = mem_cgroup_css_offline,
	.css_free = mem_cgroup_css_free,
	.attach = mem_cgroup_attach,
	.files = memory_files,
};

/* mem_cgroup_init: registers the controller. => cgroup_init() was called, slab works */
void mem_cgroup_init(void)
{
	cgroup_register_subsys(&memory_subsys);
}
