/*
 * memcontrol.h - memory cgroups: whose memory a page is, and what each group may use.
 *
 * Idea: page->memcg, mm->memcg and lruvec->memcg name a group, or NULL for the root group,
 *       which has no limits: so a machine without groups pays for a test of one pointer
 *       here and there, and its pages stand on the nodes' own lists.
 */
#pragma once

#include "kernel/sched/cgroup.h"
#include "kernel/sched/workqueue.h"
#include "mm/gfp.h"
#include "mm/list_lru.h"
#include "mm/page-flags.h"
#include "mm/page_counter.h"
#include "mm/swapfile.h"

/* memory.events and memory.swap.events, in the order of their lines. */
enum memcg_memory_event {
	MEMCG_LOW,
	MEMCG_HIGH,
	MEMCG_MAX,
	MEMCG_OOM,
	MEMCG_OOM_KILL,
	MEMCG_OOM_GROUP_KILL,
	MEMCG_SWAP_HIGH,
	MEMCG_SWAP_MAX,
	MEMCG_SWAP_FAIL,
	NR_MEMCG_MEMORY_EVENTS
};

/* pages a CPU charges at once, to hand them out one by one */
#define MEMCG_CHARGE_BATCH 64U
#define MEMCG_ID_MAX 65536		/* groups with an id: alive, or with pages left in swap */

/* A group's share of a node. */
struct mem_cgroup_per_node {
	struct lruvec lruvec;
	/*
	 * a: as the node's own counters, of this group and all below it; slab memory (NR_SLAB_*)
	 * is in bytes
	 */
	_Atomic long stat[NR_VM_NODE_STAT_ITEMS];
};

/*
 * Who pays for pages and objects of the kernel: obj_cgroup.c.
 *
 * Guards: a atomic   o objcg_lock to change, RCU to read
 */
struct obj_cgroup {
	struct mem_cgroup *memcg;		/* o: the group, or what is left above; NULL: the root */
	_Atomic long refcnt;			/* a: pages, objects, stocks; and 1 until rmdir */
	_Atomic unsigned long spare_bytes;	/* a: charged for objects, no object has them */
	struct list_head list;			/* o: in memcg->objcgs */
	struct obj_cgroup *next_dead;
};

/*
 * Guards: a atomic   c set once   o objcg_lock   t memcg_tree_lock   w the writer of a file; read
 * one word at a time
 */
struct mem_cgroup {
	struct cgroup_subsys_state css;		/* first: the group's other half (sched/cgroup.h) */
	struct mem_cgroup *up;			/* c: the parent; NULL if that is the root */
	struct list_head children, sibling;	/* t: removed groups too, while pages are theirs */
	struct obj_cgroup *objcg;		/* RCU: a reference; NULL: not yet, or removed */
	struct list_head objcgs;		/* o: its own, and those of removed groups below */
	u16 id;					/* c: in the swap map and in shadows; 0: the root */
	_Atomic int id_users;			/* a: 1 until rmdir, and one for each swap slot */

	struct page_counter memory;
	struct page_counter swap;		/* slots; swap.max and swap.high are its limits */
	int oom_group;				/* w */
	_Atomic unsigned long memory_events[NR_MEMCG_MEMORY_EVENTS];	/* a: with those below */
	_Atomic unsigned long memory_events_local[NR_MEMCG_MEMORY_EVENTS];	/* a */
	_Atomic unsigned long vm_events[NR_VM_EVENT_ITEMS];	/* a: with those below */
	_Atomic long kmem_pages;		/* a: charged for the kernel; with those below */
	_Atomic long vmalloc_pages;		/* a: … of them in vmalloc areas */
	struct cgroup_file events_file, events_local_file, swap_events_file;
	struct work_struct high_work;
	/* the caches' locks: unused objects that it pays for; the root's are in struct list_lru */
	struct list_lru_one lrus[MAX_LIST_LRUS];
	/* c; the root's: NULL, it is the node */
	struct mem_cgroup_per_node *nodeinfo[MAX_NUMNODES];
};

/* a: groups besides the root, removed ones with pages too */
extern _Atomic int memcg_groups;
extern struct mem_cgroup *root_mem_cgroup;	/* c: NULL before mem_cgroup_init() */
void mem_cgroup_init(void);			/* after cgroup_init() */

static inline struct mem_cgroup *mem_cgroup_from_css(struct cgroup_subsys_state *css)
{
	return container_of(css, struct mem_cgroup, css);
}
static inline bool mem_cgroup_is_root(const struct mem_cgroup *memcg)
{
	return !memcg || !memcg->css.parent;
}
static inline struct mem_cgroup *parent_mem_cgroup(const struct mem_cgroup *memcg)
{
	return memcg->css.parent ? mem_cgroup_from_css(memcg->css.parent) : NULL;
}
static inline void mem_cgroup_put(struct mem_cgroup *memcg)
{
	if (memcg)
		css_put(&memcg->css);
}
bool mem_cgroup_is_descendant(const struct mem_cgroup *memcg, const struct mem_cgroup *root);
/* The group of a task, with a reference; NULL: the root. Any context. */
struct mem_cgroup *get_mem_cgroup_from_task(struct task_struct *task);

/*
 * Walks @root (NULL: the root group) and all below it, parents first, removed groups too. @prev
 * NULL begins, NULL ends; the reference on each goes with the next step. To stop: mem_cgroup_put().
 */
struct mem_cgroup *mem_cgroup_iter(struct mem_cgroup *root, struct mem_cgroup *prev);

/* --- charging users' pages: memcontrol.c --- */

int __mem_cgroup_charge(struct page *page, struct mm_struct *mm, gfp_t gfp);
/*
 * A page that nobody can find yet becomes that of @mm's group (NULL: the root's). May sleep,
 * reclaim and kill as @gfp says. 0, -ENOMEM; the page's freeing undoes it.
 */
static inline int mem_cgroup_charge(struct page *page, struct mm_struct *mm, gfp_t gfp)
{
	return likely(!memcg_groups) ? 0 : __mem_cgroup_charge(page, mm, gfp);
}
/* Pages that are freed, gathered by group. */
struct uncharge_gather { struct mem_cgroup *memcg; unsigned long nr; };
void uncharge_gather_page(struct uncharge_gather *ug, struct page *page);
void uncharge_flush(struct uncharge_gather *ug);
/* => @page is on no list and has a group. Any context. */
void mem_cgroup_uncharge(struct page *page);
/* @page's group, as it was charged; the new one is in no cache and on no list. */
void mem_cgroup_swapin_charge(struct page *page, swp_entry_t entry, int *error, gfp_t gfp);

/* mm->memcg: the group of mm->owner. */
void mem_cgroup_mm_init(struct mm_struct *mm);	/* a new mm: current's group */
void mem_cgroup_mm_exit(struct mm_struct *mm);	/* nobody lives in it any more */
/* => task_lock of @task held, or it is not visible yet: its mm's owner, and so its group */
void mm_set_owner(struct mm_struct *mm, struct task_struct *task);
/* @task leaves @mm: some other user becomes the owner. => tasklist_lock not held */
void mm_update_next_owner(struct mm_struct *mm, struct task_struct *task);

/* For memcontrol_*.c: => a reference on @memcg, not the root. 0, -ENOMEM. */
int try_charge_memcg(struct mem_cgroup *memcg, gfp_t gfp, unsigned int nr_pages);
void mem_cgroup_drain_stocks(struct mem_cgroup *root);	/* may wait for other CPUs */
unsigned long mem_cgroup_margin(struct mem_cgroup *memcg);
/*
 * Current's group: its pages that are dirty or being written, and how many could be: its file pages
 * and the room below the nearest limit (without one: far more than the machine has). False: the root.
 */
bool mem_cgroup_dirty_state(unsigned long *dirty, unsigned long *dirtyable);
static inline void css_get_many(struct cgroup_subsys_state *css, long n) { css->refcnt += n; }

/* --- the kernel's own memory: memcontrol_kmem.c --- */

/* obj_cgroup.c */
int obj_cgroup_online(struct mem_cgroup *memcg);
void memcg_reparent_objcgs(struct mem_cgroup *memcg);
struct obj_cgroup *get_obj_cgroup(struct mem_cgroup *memcg);
static inline void obj_cgroup_get(struct obj_cgroup *objcg) { objcg->refcnt++; }
void obj_cgroup_put(struct obj_cgroup *objcg);

static inline bool page_is_kmem(const struct page *page)
{
	return page->memcg_data & MEMCG_DATA_KMEM;
}
/* The group that page->memcg_data names; NULL: the root. Of the kernel's: => rcu_read_lock() */
static inline struct mem_cgroup *memcg_of_data(unsigned long data)
{
	return likely(!(data & MEMCG_DATA_KMEM))
		? (struct mem_cgroup *)data
		: READ_ONCE(((struct obj_cgroup *)(data - MEMCG_DATA_KMEM))->memcg);
}
/* @page's group, as above. => it is the caller's, or cannot go. No slab's page. */
static inline struct mem_cgroup *page_memcg(const struct page *page)
{
	return memcg_of_data(READ_ONCE(page->memcg_data));
}

int mem_cgroup_charge_kmem_page(struct page *page, gfp_t gfp, unsigned int order);
void mem_cgroup_free_page(struct page *page, unsigned int order);
bool mem_cgroup_charge_object(struct obj_cgroup **owner, unsigned int size, gfp_t gfp, int nid,
			      enum node_stat_item item);
void mem_cgroup_uncharge_object(struct obj_cgroup *objcg, unsigned int size, int nid,
				enum node_stat_item item);
int mem_cgroup_charge_stack(struct obj_cgroup **owner, unsigned int pages, int nid);
void mem_cgroup_uncharge_stack(struct obj_cgroup *objcg, unsigned int pages, int nid);
void mem_cgroup_count_vmalloc(struct page *page, long pages);
void mem_cgroup_drain_objects(struct mem_cgroup *root);	/* this CPU's. => interrupts off */

/* --- swap: memcontrol_swap.c --- */

int mem_cgroup_alloc_id(struct mem_cgroup *memcg);	/* => cgroup_mutex. 0, -ENOMEM, -ENOSPC */
void mem_cgroup_put_id(struct mem_cgroup *memcg, int n);
struct mem_cgroup *mem_cgroup_from_id(u16 id);	/* => rcu_read_lock(); NULL: none, or the root */
/* The slot becomes @page's group's. 0, -ENOMEM: swap.max */
int mem_cgroup_charge_swap(struct page *page, swp_entry_t entry);
void mem_cgroup_uncharge_swap(u16 id);
void mem_cgroup_swap_failed(struct page *page);	/* no slot is left on the whole machine */
long mem_cgroup_nr_swap_pages(struct mem_cgroup *memcg);
bool mem_cgroup_swap_full(struct page *page);	/* are copies of pages in memory worth slots? */

/* --- counters: memcontrol_stat.c --- */

void mod_memcg_node_state(struct mem_cgroup *memcg, int nid, enum node_stat_item item, long delta);
unsigned long memcg_node_state(struct mem_cgroup *memcg, int nid, enum node_stat_item item);
void mod_memcg_kmem(struct mem_cgroup *memcg, long pages);
void add_memcg_events(struct mem_cgroup *memcg, enum vm_event_item item, unsigned long n);
static inline void count_memcg_events(struct mem_cgroup *memcg, enum vm_event_item item,
				      unsigned long n)
{
	if (unlikely(memcg))
		add_memcg_events(memcg, item, n);
}
void add_memcg_event_mm(struct mm_struct *mm, enum vm_event_item item);
static inline void count_memcg_event_mm(struct mm_struct *mm, enum vm_event_item item)
{
	if (unlikely(memcg_groups))
		add_memcg_event_mm(mm, item);
}
size_t memory_stat_format(struct mem_cgroup *memcg, struct seq_file *m);
int memory_stat_show(struct seq_file *m, struct cgroup_subsys_state *css);
int memory_numa_stat_show(struct seq_file *m, struct cgroup_subsys_state *css);

/* --- limits at work --- */

/* vmscan.c: reclaims from @memcg and all below it. Pages freed. May sleep. */
enum { MEMCG_RECLAIM_MAY_SWAP = 1, MEMCG_RECLAIM_PROACTIVE = 2 };
unsigned long try_to_free_mem_cgroup_pages(struct mem_cgroup *memcg, unsigned long nr_pages,
					   gfp_t gfp, unsigned int options);
/* memcontrol_high.c */
void mem_cgroup_handle_over_high(void);
void mem_cgroup_note_over_high(struct mem_cgroup *memcg, unsigned int nr_pages, gfp_t gfp);
void mem_cgroup_high_init(struct mem_cgroup *memcg);
/* memcontrol_oom.c */
void memcg_memory_event(struct mem_cgroup *memcg, enum memcg_memory_event event);
bool mem_cgroup_oom(struct mem_cgroup *memcg, gfp_t gfp, unsigned int nr_pages);
bool mem_cgroup_out_of_memory(struct mem_cgroup *memcg, gfp_t gfp, int order);
unsigned long mem_cgroup_get_max(struct mem_cgroup *memcg);
void mem_cgroup_oom_killed(struct mm_struct *mm);
/* A reference, NULL. => the victim has not been killed yet */
struct mem_cgroup *mem_cgroup_get_oom_group(struct task_struct *victim,
					    struct mem_cgroup *oom_domain);
void mem_cgroup_print_oom_group(struct mem_cgroup *memcg);
void mem_cgroup_print_oom_meminfo(struct mem_cgroup *memcg);
/* ",oom_memcg=/a,task_memcg=/a/b" or ",global_oom,task_memcg=/a/b" into @buf. */
void mem_cgroup_print_oom_context(char *buf, size_t size, struct mem_cgroup *memcg,
				  struct task_struct *victim);
void mem_cgroup_scan_tasks(struct mem_cgroup *memcg,
			   bool (*fn)(struct task_struct *task, void *arg), void *arg);
/* memcontrol_files.c */
extern const struct cftype memory_files[];
/* mount options: see page_counter_effective(); memory.events without those of groups below */
extern bool cgroup_memory_recursiveprot, cgroup_memory_localevents;
/* /proc/kpagecgroup: the ino of the group that @page is charged to; 0: none. */
u64 page_memcg_ino(const struct page *page);

/* --- lists --- */

static inline struct lruvec *mem_cgroup_lruvec(struct mem_cgroup *memcg, struct pglist_data *pgdat)
{
	return likely(mem_cgroup_is_root(memcg)) ? &pgdat->lruvec :
						   &memcg->nodeinfo[pgdat->node_id]->lruvec;
}
/* The lists of the page's group on its node. => the page is charged for good: see page->memcg */
static inline struct lruvec *page_lruvec(const struct page *page)
{
	return likely(!page->memcg) ? &page_pgdat(page)->lruvec :
				      &page->memcg->nodeinfo[page_to_nid(page)]->lruvec;
}
/* The parent group's; NULL above the node's own. */
static inline struct lruvec *parent_lruvec(struct lruvec *lruvec)
{
	return lruvec->memcg ? mem_cgroup_lruvec(lruvec->memcg->up, lruvec->pgdat) : NULL;
}
/* memcontrol_stat.c: the group's (with those below it), or the node's */
void mod_lruvec_state(struct lruvec *lruvec, enum node_stat_item item, long delta);
unsigned long lruvec_page_state(struct lruvec *lruvec, enum node_stat_item item);
