/*
 * memcontrol_files.c - the files of a memory group: limits and protection, use, events, reclaim.
 *
 * Idea:   a table of files, each a function that shows and one that stores. A limit takes bytes
 *         (K, M, G …) or "max" and is kept in pages. Lowering memory.max or memory.high below
 *         the present use reclaims at once, in the writer; max goes as far as killing.
 * Locks:  none: a limit is one word, and whoever charges reads it anew.
 * Above:  kernel/fs/cgroup2.c serves the table.   Below: page_counter.c, vmscan.c.
 *         In Linux: mm/memcontrol.c (memory_files, swap_files).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "mm/memcontrol.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

bool cgroup_memory_recursiveprot, cgroup_memory_localevents;

static void show_pages(struct seq_file *m, unsigned long pages)
{
	seq_printf(m, "%lu\n", pages * PAGE_SIZE);
}

static void show_limit(struct seq_file *m, unsigned long pages)
{
	if (pages >= PAGE_COUNTER_MAX)
		seq_puts(m, "max\n");
	else
		show_pages(m, pages);
}

/* --- use --- */

static int current_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_pages(m, page_counter_read(&mem_cgroup_from_css(css)->memory));
	return 0;
}

static int peak_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_pages(m, READ_ONCE(mem_cgroup_from_css(css)->memory.watermark));
	return 0;
}

static int swap_current_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_pages(m, page_counter_read(&mem_cgroup_from_css(css)->swap));
	return 0;
}

/* --- protection and limits --- */

/* One function to show and one to parse for each word of a page_counter. */
#define SHOW_LIMIT(file, field)                                                                    \
	static int file##_show(struct seq_file *m, struct cgroup_subsys_state *css)                \
	{                                                                                          \
		show_limit(m, READ_ONCE(mem_cgroup_from_css(css)->field));                         \
		return 0;                                                                          \
	}
SHOW_LIMIT(min, memory.min)
SHOW_LIMIT(low, memory.low)
SHOW_LIMIT(high, memory.high)
SHOW_LIMIT(max, memory.max)
SHOW_LIMIT(swap_high, swap.high)
SHOW_LIMIT(swap_max, swap.max)

static kssize_t min_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	page_counter_set_min(&mem_cgroup_from_css(css)->memory, pages);
	return len;
}

static kssize_t low_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	page_counter_set_low(&mem_cgroup_from_css(css)->memory, pages);
	return len;
}

/* Reclaims until @memcg uses no more than @high pages, or that does not help any more. */
static void reclaim_down_to_high(struct mem_cgroup *memcg, unsigned long high)
{
	int retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	for (;;) {
		unsigned long usage = page_counter_read(&memcg->memory);

		if (usage <= high || signal_pending(current))
			return;
		if (!drained) {
			mem_cgroup_drain_stocks(memcg);
			drained = true;
		} else if (!try_to_free_mem_cgroup_pages(memcg, usage - high, GFP_KERNEL,
							 MEMCG_RECLAIM_MAY_SWAP) &&
			   !retries--) {
			return;
		}
		cond_resched();
	}
}

static kssize_t high_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	WRITE_ONCE(memcg->memory.high, pages);
	reclaim_down_to_high(memcg, pages);
	return len;
}

/* As for high; and what cannot be reclaimed is killed, until nobody is left who can be. */
static void shrink_to_max(struct mem_cgroup *memcg, unsigned long max)
{
	int retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	for (;;) {
		unsigned long usage = page_counter_read(&memcg->memory);

		if (usage <= max || signal_pending(current))
			return;
		if (!drained) {
			mem_cgroup_drain_stocks(memcg);
			drained = true;
		} else if (retries) {
			if (!try_to_free_mem_cgroup_pages(memcg, usage - max, GFP_KERNEL,
							  MEMCG_RECLAIM_MAY_SWAP))
				retries--;
		} else {
			memcg_memory_event(memcg, MEMCG_OOM);
			if (!mem_cgroup_out_of_memory(memcg, GFP_KERNEL, 0))
				return;
		}
		cond_resched();		/* the victim has to run, to go */
	}
}

static kssize_t max_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	WRITE_ONCE(memcg->memory.max, pages);
	shrink_to_max(memcg, pages);
	return len;
}

static kssize_t swap_high_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	WRITE_ONCE(mem_cgroup_from_css(css)->swap.high, pages);
	return len;
}

/* No page is brought back: only new slots are refused. */
static kssize_t swap_max_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	unsigned long pages;
	int error = page_counter_memparse(buf, "max", &pages);

	if (error)
		return error;
	WRITE_ONCE(mem_cgroup_from_css(css)->swap.max, pages);
	return len;
}

/* --- events --- */

static void show_events(struct seq_file *m, const _Atomic unsigned long *events)
{
	static const char *const names[] = {
		[MEMCG_LOW] = "low", [MEMCG_HIGH] = "high", [MEMCG_MAX] = "max",
		[MEMCG_OOM] = "oom", [MEMCG_OOM_KILL] = "oom_kill",
		[MEMCG_OOM_GROUP_KILL] = "oom_group_kill",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		seq_printf(m, "%s %lu\n", names[i], (unsigned long)events[i]);
}

static int events_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_events(m, mem_cgroup_from_css(css)->memory_events);
	return 0;
}

static int events_local_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	show_events(m, mem_cgroup_from_css(css)->memory_events_local);
	return 0;
}

static int swap_events_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	const struct mem_cgroup *memcg = mem_cgroup_from_css(css);

	seq_printf(m, "high %lu\nmax %lu\nfail %lu\n",
		   (unsigned long)memcg->memory_events[MEMCG_SWAP_HIGH],
		   (unsigned long)memcg->memory_events[MEMCG_SWAP_MAX],
		   (unsigned long)memcg->memory_events[MEMCG_SWAP_FAIL]);
	return 0;
}

/* --- the rest --- */

static int oom_group_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	seq_printf(m, "%d\n", READ_ONCE(mem_cgroup_from_css(css)->oom_group));
	return 0;
}

static kssize_t oom_group_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	int value, error = kstrtoint(buf, 0, &value);

	if (error)
		return error;
	if (value != 0 && value != 1)
		return -EINVAL;
	WRITE_ONCE(mem_cgroup_from_css(css)->oom_group, value);
	return len;
}

/*
 * memory.reclaim: so many bytes, now. -EAGAIN if there was less to be had; it is gone all the same.
 * A quarter of what is missing at a time: the last pass of a run knows what it is to get, not what
 * those before it got, and what they started to write is there for it to take as well.
 */
static kssize_t reclaim_write(struct cgroup_subsys_state *css, char *buf, size_t len)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	unsigned long wanted, done = 0;
	int retries = MAX_RECLAIM_RETRIES, error = page_counter_memparse(buf, "", &wanted);

	if (error)
		return error;
	while (done < wanted) {
		unsigned long reclaimed;

		if (signal_pending(current))
			return -EINTR;
		/* the last try: what CPUs still have in their batches, too */
		if (!retries)
			lru_add_drain_all();
		reclaimed = try_to_free_mem_cgroup_pages(memcg, DIV_ROUND_UP(wanted - done, 4),
							 GFP_KERNEL,
							 MEMCG_RECLAIM_MAY_SWAP |
							 MEMCG_RECLAIM_PROACTIVE);
		if (!reclaimed && !retries--)
			return -EAGAIN;
		done += reclaimed;
	}
	return len;
}

/*
 * page_memcg_ino: see memcontrol.h. A hint: the page may be freed meanwhile, or become a slab, whose
 * counts look like a pointer. (A slab's first page says that it is one before it puts them there, and
 * clears the word before it takes that back.) So the word is followed only if the page was no slab
 * after it was read, and it is still the same then.
 */
u64 page_memcg_ino(const struct page *page)
{
	struct mem_cgroup *memcg = NULL;
	unsigned long data;
	u64 ino = 0;

	rcu_read_lock();
	data = READ_ONCE(page->memcg_data);
	if (data && !page_test(page, PG_slab) && READ_ONCE(page->memcg_data) == data)
		memcg = memcg_of_data(data);
	if (memcg)
		ino = cgroup_ino(memcg->css.cgroup);
	rcu_read_unlock();
	if (ino)
		return ino;
	/* A user's page in the root group. */
	return root_mem_cgroup && page_test(page, PG_lru) ? cgroup_ino(root_mem_cgroup->css.cgroup)
							  : 0;
}

#define NOT_ON_ROOT(file, ...) { .name = file, .flags = CFTYPE_NOT_ON_ROOT, __VA_ARGS__ }
/* In the order in which Linux makes them. */
const struct cftype memory_files[] = {
	NOT_ON_ROOT("current", .show = current_show),
	NOT_ON_ROOT("peak", .show = peak_show),
	NOT_ON_ROOT("min", .show = min_show, .write = min_write),
	NOT_ON_ROOT("low", .show = low_show, .write = low_write),
	NOT_ON_ROOT("high", .show = high_show, .write = high_write),
	NOT_ON_ROOT("max", .show = max_show, .write = max_write),
	NOT_ON_ROOT("events", .show = events_show,
		    .file_offset = offsetof(struct mem_cgroup, events_file)),
	NOT_ON_ROOT("events.local", .show = events_local_show,
		    .file_offset = offsetof(struct mem_cgroup, events_local_file)),
	{ .name = "stat", .show = memory_stat_show },
	{ .name = "numa_stat", .show = memory_numa_stat_show },
	NOT_ON_ROOT("oom.group", .show = oom_group_show, .write = oom_group_write),
	{ .name = "reclaim", .write = reclaim_write },
	NOT_ON_ROOT("swap.current", .show = swap_current_show),
	NOT_ON_ROOT("swap.high", .show = swap_high_show, .write = swap_high_write),
	NOT_ON_ROOT("swap.max", .show = swap_max_show, .write = swap_max_write),
	NOT_ON_ROOT("swap.events", .show = swap_events_show,
		    .file_offset = offsetof(struct mem_cgroup, swap_events_file)),
	{ .name = NULL },
};
