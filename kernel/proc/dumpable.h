/*
 * dumpable.h - may others look into this process, and may it leave a core? PR_SET_DUMPABLE; kept in
 *              mm->flags.
 *
 * Locks:  the bits change atomically.
 */
#pragma once

#include "kernel/abi/prctl.h"
#include "kernel/sched/task.h"
#include "mm/mm_types.h"

/* kernel/proc's bits of mm->flags, above enum mmf_bits; a child and a new program inherit them. */
#define MMF_DUMPABLE_SHIFT 16		/* two bits: SUID_DUMP_* */
#define MMF_DUMPABLE_MASK (3UL << MMF_DUMPABLE_SHIFT)
#define MMF_DISABLE_THP (1UL << 18)	/* PR_SET_THP_DISABLE: kept for who asks */
/* What of the memory goes into a core: /proc/<pid>/coredump_filter; the bits are core(5)'s. */
#define MMF_DUMP_FILTER_SHIFT 19
#define MMF_DUMP_FILTER_MASK (0x1ffUL << MMF_DUMP_FILTER_SHIFT)
enum mmf_dump {
	MMF_DUMP_ANON_PRIVATE = 1 << (MMF_DUMP_FILTER_SHIFT + 0),
	MMF_DUMP_ANON_SHARED = 1 << (MMF_DUMP_FILTER_SHIFT + 1),
	MMF_DUMP_MAPPED_PRIVATE = 1 << (MMF_DUMP_FILTER_SHIFT + 2),
	MMF_DUMP_MAPPED_SHARED = 1 << (MMF_DUMP_FILTER_SHIFT + 3),
	MMF_DUMP_ELF_HEADERS = 1 << (MMF_DUMP_FILTER_SHIFT + 4),
	MMF_DUMP_HUGETLB_PRIVATE = 1 << (MMF_DUMP_FILTER_SHIFT + 5),
};
#define MMF_DUMP_FILTER_DEFAULT                                                                    \
	(MMF_DUMP_ANON_PRIVATE | MMF_DUMP_ANON_SHARED | MMF_DUMP_ELF_HEADERS |                     \
	 MMF_DUMP_HUGETLB_PRIVATE)

extern int suid_dumpable;	/* fs.suid_dumpable: what a program that changed its ids becomes */

static inline void set_mm_flags(struct mm_struct *mm, unsigned long mask, unsigned long bits)
{
	unsigned long old = mm->flags;

	while (!__atomic_compare_exchange_n((unsigned long *)&mm->flags, &old,
					    (old & ~mask) | bits, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
}
/* SUID_DUMP_DISABLE, _USER, _ROOT */
static inline int get_dumpable(struct mm_struct *mm)
{
	return (mm->flags & MMF_DUMPABLE_MASK) >> MMF_DUMPABLE_SHIFT;
}
static inline void set_dumpable(struct mm_struct *mm, int value)
{
	set_mm_flags(mm, MMF_DUMPABLE_MASK, (unsigned long)value << MMF_DUMPABLE_SHIFT);
}
/* A kernel thread is. Who dies keeps what his mm said: his files may be there yet. */
static inline bool task_dumpable(struct task_struct *t)
{
	bool yes;

	task_lock(t);
	yes = t->mm ? get_dumpable(t->mm) == SUID_DUMP_USER : !t->mm_was_private;
	task_unlock(t);
	return yes;
}
