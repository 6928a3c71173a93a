/*
 * host.h - a machine for the kernel, in a host process.
 *
 * Idea: a test boots a machine of so much memory and then calls the kernel's
 *       own functions; its structs are where they always are, in fake RAM.
 *       Only what the machine itself does is played by host/: RAM and page
 *       tables (machine.c), the interrupt flag and spinlocks
 *       (kernel/x86/spinlock.h), the clock, and whoever is asleep (stubs.c).
 *       Include it first: libc's headers must come before the kernel's.
 * Locks: none.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#undef __always_inline /* libc's; the kernel has its own */
#include "kernel/lib/types.h"

struct task_struct;

/* For a group's setup; once a program. */
int host_init(void **state);
/* The kernel as the linker made it, with an empty log; no memory. For a test's setup. */
int host_reset(void **state);
/* After a test: no warning was logged, no lock is held, interrupts are on, no window is open. 0 or
 * -1. */
int host_check(void **state);

/* Boots: memory map, zones, free pages; not the slab. => host_reset() */
void host_boot(unsigned long mib, const char *cmdline, int cpus);

void host_run_on(int cpu); /* the test goes on as that CPU's idle task */
struct task_struct *host_idle(int cpu);
extern u64 host_clock_ns; /* what the kernel's clock shows */

const char *host_log(void); /* what was printed since host_reset() or host_clear_log() */
void host_clear_log(void);
const char *host_read(const char *path); /* the text of a CTL_FILE */
/* Writes @n numbers to a sysctl as /proc/sys does: 0, -EINVAL. */
int host_sysctl(const char *name, unsigned int n, const long *values);
int host_sysctl_set(const char *name, long value);

/* The next panic() is expected. Use: expect_panic(call, "words of its message or of the log"). */
extern jmp_buf host_panic_jmp;
extern bool host_panic_expected;
#define expect_panic(call, words)                                                                  \
	do {                                                                                       \
		if (!setjmp(host_panic_jmp)) {                                                     \
			host_panic_expected = true;                                                \
			call;                                                                      \
			host_panic_expected = false;                                               \
			fail_msg("no panic in %s", #call);                                         \
		}                                                                                  \
		host_after_panic(words);                                                           \
	} while (0)
void host_after_panic(const char *words);

/* Random numbers of a test: the same at each run. */
void host_seed(u64 seed);
u64 host_random(void);
static inline u64 host_below(u64 n)
{
	return host_random() % n;
}
