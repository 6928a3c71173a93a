/*
 * bug.h - assertions, and the way out when one fails.
 *
 * Idea: BUG_ON() is for what can only be a mistake of ours; the test is inline
 *       and the report is out of line and cold. WARN_ON() reports and goes on;
 *       its value is the condition, so it can guard an early return.
 * Locks: none; any context.
 */
#pragma once

#include "kernel/lib/types.h"

/* kernel/x86/panic.c */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);
void dump_stack(void);			/* a backtrace of the caller, at KERN_WARNING */

/* bug.c. What has happened to this kernel: kernel.tainted, and in the head of a backtrace */
#define TAINT_WARN (1UL << 9)		/* a WARN_ON was true: 'W' */
extern _Atomic unsigned long kernel_tainted;
void bug_report(const char *file, int line, const char *func) __noreturn __attribute__((cold));
void warn_report(const char *file, int line, const char *func) __attribute__((cold));

#define BUG() bug_report(__FILE__, __LINE__, __func__)
#define BUG_ON(cond) do { if (unlikely(cond)) BUG(); } while (0)
#define WARN_ON(cond)                                                          \
	({ bool warn_cond = !!(cond);                                          \
	   if (unlikely(warn_cond))                                            \
		warn_report(__FILE__, __LINE__, __func__);                     \
	   unlikely(warn_cond); })
#define WARN_ON_ONCE(cond)                                                     \
	({ static bool warn_done;                                              \
	   bool warn_cond = !!(cond);                                          \
	   if (unlikely(warn_cond) && !__atomic_exchange_n(&warn_done, true, __ATOMIC_RELAXED)) \
		warn_report(__FILE__, __LINE__, __func__);                     \
	   unlikely(warn_cond); })
/* WARN with a line of its own before the report. */
#define WARN(cond, ...)                                                        \
	({ bool warn_cond = !!(cond);                                          \
	   if (unlikely(warn_cond)) {                                          \
		warn_line(__VA_ARGS__);                                        \
		warn_report(__FILE__, __LINE__, __func__);                     \
	   }                                                                   \
	   unlikely(warn_cond); })
#define WARN_ONCE(cond, ...)                                                   \
	({ static bool warn_done;                                              \
	   bool warn_cond_once = !!(cond);                                     \
	   if (unlikely(warn_cond_once) && !__atomic_exchange_n(&warn_done, true, __ATOMIC_RELAXED)) \
		WARN(1, __VA_ARGS__);                                          \
	   unlikely(warn_cond_once); })
void warn_line(const char *fmt, ...) __printf(1, 2) __attribute__((cold));

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)
#define static_assert _Static_assert
#define unreachable() __builtin_unreachable()
