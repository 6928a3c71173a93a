/*
 * debug.h - showing pages and VMAs, and assertions that do so.
 */
#pragma once

#include "kernel/lib/bug.h"
#include "mm/mm_types.h"

/* @reason says why; may be NULL. Any context. */
void dump_page(const struct page *page, const char *reason);
void dump_vma(const struct vm_area_struct *vma);
void dump_mm(const struct mm_struct *mm);
/*
 * Walks every free list of every zone; BUG on a page that does not belong there. Slow. Boot's end,
 * tests.
 */
void check_free_lists(void);

/* Checked only with CHECKS. The message shows the object. */
#define VM_BUG_ON(cond) do { if (CHECKS) BUG_ON(cond); } while (0)
#define VM_WARN_ON_ONCE(cond) do { if (CHECKS) WARN_ON_ONCE(cond); } while (0)
#define VM_BUG_ON_PAGE(cond, page)                                             \
	do {                                                                   \
		if (CHECKS && unlikely(cond)) {                                \
			dump_page(page, "VM_BUG_ON_PAGE(" #cond ")");          \
			BUG();                                                 \
		}                                                              \
	} while (0)
#define VM_BUG_ON_VMA(cond, vma)                                               \
	do {                                                                   \
		if (CHECKS && unlikely(cond)) {                                \
			dump_vma(vma);                                         \
			BUG();                                                 \
		}                                                              \
	} while (0)
