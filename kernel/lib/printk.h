/*
 * printk.h - the kernel's log.
 *
 * Idea: a message becomes one record (level, time, text) in a ring; consoles
 *       print records whose level is below console_loglevel; /dev/kmsg and
 *       syslog(2) read the ring. Whoever finds the consoles busy leaves its
 *       record to the one who is printing.
 * Locks:  its own two, taken with interrupts off through printk_ops, below
 *         everything else: printk may be called in any context.
 * Above:  kernel/x86 sets printk_ops; kernel/dev registers consoles.
 */
#pragma once

#include "kernel/lib/format.h"
#include "kernel/lib/types.h"

#define KERN_SOH "\001"		/* starts a level */
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_DEFAULT ""
#define KERN_CONT KERN_SOH "c"	/* goes on with the last record, if it had no newline and is ours */
enum { LOGLEVEL_EMERG, LOGLEVEL_ALERT, LOGLEVEL_CRIT, LOGLEVEL_ERR, LOGLEVEL_WARNING,
       LOGLEVEL_NOTICE, LOGLEVEL_INFO, LOGLEVEL_DEBUG };

/* The characters of the message, the level left out. */
int printk(const char *fmt, ...) __printf(1, 2);
int vprintk(const char *fmt, va_list args) __printf(1, 0);
/* A record with facility and level given: what user space writes to /dev/kmsg. */
void printk_store(int facility, int level, const char *text, size_t len);

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt, ##__VA_ARGS__)
#define printk_once(fmt, ...)                                                  \
	({ static bool pr_done;                                                \
	   if (!__atomic_exchange_n(&pr_done, true, __ATOMIC_RELAXED))         \
		printk(fmt, ##__VA_ARGS__); })
#define pr_warn_once(fmt, ...) printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_once(fmt, ...) printk_once(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)

/* What the log needs of the machine; any may be NULL until it is there. Set by kernel/x86 (c). */
struct printk_ops {
	u64 (*clock)(void);			/* ns since boot */
	unsigned long (*irq_save)(void);
	void (*irq_restore)(unsigned long flags);
	int (*cpu)(void);			/* this CPU's number */
	u32 (*caller)(void);			/* whose half-line a KERN_CONT continues: the pid */
	/* a record came: wake /dev/kmsg's readers. Any context. */
	void (*readers)(void);
};
extern struct printk_ops printk_ops;

/*
 * One output. write() is called with interrupts off, one caller at a time
 * (but for a panic, which breaks in after a while); @text is whole lines.
 */
struct console {
	const char *name;		/* "ttyS0": what console= names */
	void (*write)(struct console *con, const char *text, size_t len);
	struct console *next;		/* c */
	u64 seq;			/* console lock: the next record to print */
	bool from_start;		/* set before registering: print the log so far as well */
	void *data;			/* the driver's */
};
void register_console(struct console *con);	/* prints at once what it has not shown */
void unregister_console(struct console *con);
bool console_is_registered(const char *name);	/* NULL: any */
/* from now on locks are broken after a while, and every level is printed */
void printk_panic(void);
void console_flush(void);
/* Keeps the consoles for a caller who writes to their hardware itself (kernel/dev's tty). */
bool console_trylock(unsigned long *flags);
void console_unlock(unsigned long flags);	/* prints what came meanwhile */

/* /proc/sys/kernel/printk: the four numbers. */
extern int console_printk[4];
#define console_loglevel (console_printk[0])
#define default_message_loglevel (console_printk[1])
#define minimum_console_loglevel (console_printk[2])
#define default_console_loglevel (console_printk[3])
#define CONSOLE_LOGLEVEL_QUIET 4
#define CONSOLE_LOGLEVEL_DEFAULT 7
#define CONSOLE_LOGLEVEL_MOTORMOUTH 15
#define LOG_LINE_MAX 1024			/* a record's text; longer ones are cut */
#define LOG_TEXT_MAX (LOG_LINE_MAX * 4 + 64)	/* what any reader's format makes of it */
/* … of lines with their prefixes: further lines of a long record are not shown, as on Linux */
#define LOG_SHOWN_MAX 1024
extern bool printk_time;			/* "[    5.603735] " */

/*
 * Readers. A position is the number of the next record; 0 is the first ever.
 * kmsg_read: the record at *@seq in /dev/kmsg's format ("6,339,5140900,-;text\n"), *@seq advanced.
 *   The bytes, 0: nothing there yet, -EPIPE: records were lost, *@seq is the oldest now; -EINVAL:
 *   @size is too small.
 */
kssize_t kmsg_read(u64 *seq, char *buf, size_t size);
u64 kmsg_first_seq(void);		/* the oldest record kept */
u64 kmsg_next_seq(void);		/* the one to come */
u64 kmsg_clear_seq(void);		/* the first after the last "clear" */
/*
 * syslog(2). The text is "<6>[    5.603735] line\n".
 * syslog_read: unread text, consumed; bytes, 0 if none.  syslog_read_all: the last @size bytes'
 * worth
 * of whole records since "clear"; @clear then clears.
 */
kssize_t syslog_read(char *buf, size_t size);
kssize_t syslog_read_all(char *buf, size_t size, bool clear);
void syslog_clear(void);
/*
 * The same without a large buffer: where such a reading starts, and one record at a time (as
 * kmsg_read).
 */
u64 syslog_first_seq(size_t size);
kssize_t syslog_record(u64 *seq, char *buf, size_t size);
size_t syslog_unread(void);		/* bytes that syslog_read would give */
size_t syslog_buffer_size(void);

/* ratelimit.c */
struct ratelimit_state {
	u64 interval;			/* ns; 0: no limit */
	int burst;
	int printed, missed;		/* lock */
	u64 begin;			/* lock: ns, 0: not begun */
	int lock;
};
#define RATELIMIT_STATE_INIT(interval_ns, burst_) { .interval = (interval_ns), .burst = (burst_) }
#define DEFINE_RATELIMIT_STATE(name, interval_ns, burst_) \
	struct ratelimit_state name = RATELIMIT_STATE_INIT(interval_ns, burst_)
#define DEFAULT_RATELIMIT_INTERVAL 5000000000ULL
#define DEFAULT_RATELIMIT_BURST 10
/* True: go ahead. Says "@func: N callbacks suppressed" when an interval ends. */
bool ratelimit(struct ratelimit_state *rs, const char *func);
#define __ratelimit(rs) ratelimit(rs, __func__)
bool printk_ratelimit(void);
#define printk_ratelimited(fmt, ...)                                           \
	({ static DEFINE_RATELIMIT_STATE(pr_rs, DEFAULT_RATELIMIT_INTERVAL,    \
					 DEFAULT_RATELIMIT_BURST);             \
	   if (ratelimit(&pr_rs, __func__))                                    \
		printk(fmt, ##__VA_ARGS__); })
#define pr_err_ratelimited(fmt, ...) printk_ratelimited(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_ratelimited(fmt, ...) printk_ratelimited(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...) printk_ratelimited(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
