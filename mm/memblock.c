/*
 * memblock.c - memory before the allocators.
 *
 * Idea:   two sorted lists of ranges, what there is and what is taken. Free is
 *         the difference:
 *
 *           memory    |==========|        |=========================|
 *           reserved  |=|     |==|                |===|      |======|
 *           free        |=====|           |=======|   |======|
 *
 *         An allocation is a reservation; page_alloc.c gets what is free at the
 *         end. It takes the lowest fit above 16 MiB, so that the DMA zone stays
 *         whole and the image's neighbourhood fills without gaps.
 * Locks:  none: one CPU, before the scheduler.
 * Above:  mm_init.c; kernel/x86 through early_alloc.   In Linux: mm/memblock.c.
 */
#include "mm/memblock.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/page.h"

enum { MEMBLOCK_RANGES = 160 };		/* BOOT_MEM_REGIONS, and some for what is taken */
#define MEMBLOCK_FIRST (16UL << 20)	/* the end of the DMA zone: looked at from here first */

struct range {
	phys_addr_t start, end;
};
struct range_list {
	unsigned int nr;
	struct range r[MEMBLOCK_RANGES];	/* sorted, no two touch */
};

static struct range_list memory __section(".init.bss"), reserved __section(".init.bss");
static phys_addr_t current_limit = 1UL << 30;

static void remove_entry(struct range_list *list, unsigned int i)
{
	memmove(&list->r[i], &list->r[i + 1], (list->nr - i - 1) * sizeof(list->r[0]));
	list->nr--;
}

static void insert_entry(struct range_list *list, unsigned int i, phys_addr_t start,
			 phys_addr_t end)
{
	if (list->nr == MEMBLOCK_RANGES)
		panic("memblock: more than %d ranges", MEMBLOCK_RANGES);
	memmove(&list->r[i + 1], &list->r[i], (list->nr - i) * sizeof(list->r[0]));
	list->r[i] = (struct range){ start, end };
	list->nr++;
}

/* Joins [start, end) with all that it overlaps or touches. */
static void range_add(struct range_list *list, phys_addr_t start, phys_addr_t end)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	while (i < list->nr && list->r[i].end < start)
		i++;
	while (i < list->nr && list->r[i].start <= end) {
		start = MIN(start, list->r[i].start);
		end = MAX(end, list->r[i].end);
		remove_entry(list, i);
	}
	insert_entry(list, i, start, end);
}

static void range_remove(struct range_list *list, phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < list->nr; ) {
		struct range r = list->r[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		remove_entry(list, i);
		if (r.start < start)
			insert_entry(list, i++, r.start, start);
		if (r.end > end)
			insert_entry(list, i++, end, r.end);
	}
}

static bool range_contains(const struct range_list *list, phys_addr_t addr)
{
	for (unsigned int i = 0; i < list->nr; i++)
		if (addr >= list->r[i].start && addr < list->r[i].end)
			return true;
	return false;
}

void memblock_add(phys_addr_t base, u64 size) { range_add(&memory, base, base + size); }
void memblock_remove(phys_addr_t base, u64 size) { range_remove(&memory, base, base + size); }
void memblock_reserve(phys_addr_t base, u64 size) { range_add(&reserved, base, base + size); }
void memblock_free(phys_addr_t base, u64 size) { range_remove(&reserved, base, base + size); }
void memblock_set_current_limit(phys_addr_t limit) { current_limit = limit; }
bool memblock_is_reserved(phys_addr_t addr) { return range_contains(&reserved, addr); }
bool memblock_is_memory(phys_addr_t addr) { return range_contains(&memory, addr); }

phys_addr_t memblock_end_of_DRAM(void)
{
	return memory.nr ? memory.r[memory.nr - 1].end : 0;
}

/* The first reserved range that overlaps [start, end), or NULL. */
static const struct range *overlap(phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < reserved.nr; i++)
		if (reserved.r[i].start < end && reserved.r[i].end > start)
			return &reserved.r[i];
	return NULL;
}

/* The lowest free place in [min, max) of RAM; 0: none. */
static phys_addr_t find_free(phys_addr_t min, phys_addr_t max, u64 size, u64 align)
{
	for (unsigned int i = 0; i < memory.nr; i++) {
		phys_addr_t at = ALIGN_UP(MAX(memory.r[i].start, min), align);
		phys_addr_t end = MIN(memory.r[i].end, max);

		while (at + size <= end) {
			const struct range *hit = overlap(at, at + size);

			if (!hit)
				return at;
			at = ALIGN_UP(hit->end, align);
		}
	}
	return 0;
}

phys_addr_t memblock_phys_alloc(u64 size, u64 align)
{
	phys_addr_t at;

	BUG_ON(!size || !align || (align & (align - 1)));
	at = find_free(MEMBLOCK_FIRST, current_limit, size, align);
	if (!at)
		at = find_free(PAGE_SIZE, MEMBLOCK_FIRST, size, align);
	if (at)
		memblock_reserve(at, size);
	return at;
}

/* => @size is small, or a multiple of 8: it is cleared by quadwords */
void *memblock_alloc(u64 size, u64 align)
{
	phys_addr_t at = memblock_phys_alloc(size, align);

	if (!at)
		panic("memblock: no %lu bytes below %lx", size, current_limit);
	memset(phys_to_virt(at), 0, size);
	return phys_to_virt(at);
}

bool memblock_next_memory_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end)
{
	if (*i >= memory.nr)
		return false;
	*start = memory.r[*i].start;
	*end = memory.r[*i].end;
	(*i)++;
	return true;
}

bool memblock_next_reserved_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end)
{
	if (*i >= reserved.nr)
		return false;
	*start = reserved.r[*i].start;
	*end = reserved.r[*i].end;
	(*i)++;
	return true;
}

/*
 * *i is the number of the gap: the n-th free range; the lists are short, so it counts from the
 * start.
 */
bool memblock_next_free_range(unsigned int *i, phys_addr_t *start, phys_addr_t *end)
{
	unsigned int n = 0;

	for (unsigned int m = 0; m < memory.nr; m++) {
		phys_addr_t at = memory.r[m].start;

		while (at < memory.r[m].end) {
			const struct range *hit = overlap(at, memory.r[m].end);
			phys_addr_t stop = hit ? MAX(hit->start, at) : memory.r[m].end;

			if (stop > at && n++ == *i) {
				*start = at;
				*end = stop;
				(*i)++;
				return true;
			}
			at = hit ? hit->end : stop;
		}
	}
	return false;
}
