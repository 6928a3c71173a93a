/*
 * data.h - the time page: what the kernel tells every program without being called.
 *
 * Idea:  one page of the kernel's that all programs have mapped read-only ([vvar]), and code that
 *        the kernel gives them to read it with ([vdso], vgettime.c). Time is a pure function of
 *        the TSC, so the page is written at boot and by settimeofday(2), never by a tick; and since
 *        no two words of it change together (the one that does is the offset of the wall clock),
 *        a reader needs no sequence count: each word is read once, whole.
 * Locks: none. Guards at the fields: c set once, before the first program runs · a one aligned word
 * Above: kernel/x86/clock.c owns it, vgettime.c and kernel/proc/vdso.c show it.
 *        In Linux: include/vdso/datapage.h (there with a sequence count: its clock is steered).
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * What lies where: VVAR_PAGES of [vvar], the first of which is the time page (Linux has pages of
 * other clocks and of time namespaces behind it; here, too, they are SIGBUS), then [vdso]. vdso.ld
 * has the first number once more.
 */
#define VVAR_PAGES 4
#define VDSO_PAGES 2
/*
 * A segment whose limit says where we are: CPU | node << 12. LSL reads it in user mode, at Linux's
 * selector.
 */
#define CPUNODE_SELECTOR 0x7b
#define CPUNODE_BITS 12

#define VDSO_NS_SHIFT 32

enum vdso_clock {
	VDSO_CLOCK_NONE,	/* user space must ask the kernel */
	VDSO_CLOCK_TSC,
};

struct vdso_data {
	u64 clock_mode;		/* a: enum vdso_clock */
	u64 base_tsc;		/* c: the TSC when CLOCK_MONOTONIC was 0 */
	u64 ns_per_tsc;		/* c: << VDSO_NS_SHIFT */
	u64 tick_ns;		/* c: the coarse clocks show the time of the last tick */
	s64 real_offset_ns;	/* a: CLOCK_REALTIME - CLOCK_MONOTONIC */
	u64 timezone;		/* a: struct timezone's two ints */
};

/* The page as it is mapped: nothing of the kernel's shares it. */
union vdso_data_page {
	struct vdso_data data;
	u8 page[PAGE_SIZE];
};

/* CLOCK_MONOTONIC when the TSC shows @tsc. The same arithmetic in the kernel and in programs. */
static inline u64 vdso_tsc_to_ns(const struct vdso_data *d, u64 tsc)
{
	return (unsigned __int128)(tsc - d->base_tsc) * d->ns_per_tsc >> VDSO_NS_SHIFT;
}

/*
 * The TSC, read after everything before: a CPU that reads ahead could otherwise show a time from
 * before a word that another CPU wrote later. LFENCE: SDM vol. 3, 18.17.
 */
static inline u64 rdtsc_ordered(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (u64)high << 32 | low;
}
