/*
 * trace.h - trace events: what the kernel does, written down while it does it.
 *
 * Idea: TRACE_EVENT() declares an event, its fields and how it reads; TRACE(name, .field = value)
 *       stands where it happens. Off, that is a test of one byte, and the values are not even
 *       computed. On, they are copied into this CPU's ring (trace.c); words are made of them
 *       only when somebody reads (trace_print.c, kernel/fs/tracefs.c).
 *
 *           TRACE_EVENT(kmem, mm_page_free,
 *                       ((unsigned long, pfn), (unsigned int, order)),
 *                       "page=%p pfn=0x%lx order=%d", pfn_to_page(REC->pfn), REC->pfn, REC->order)
 *           ...
 *           TRACE(mm_page_free, .pfn = page_to_pfn(page), .order = order);
 *
 *       A room declares its events in one header; one .c of the room defines CREATE_TRACE_POINTS
 *       and includes it, which makes the events themselves. Names, fields and texts are Linux 6.1's.
 * Locks: none: a ring is written by its own CPU with interrupts off, read without stopping it.
 */
#pragma once

#include "kernel/lib/ctlfile.h"
#include "kernel/lib/types.h"

struct trace_field {
	const char *type, *name, *dim;	/* "char", "comm", "[16]" */
	u16 offset, size;
	bool is_signed;
};

struct trace_event {
	bool enabled;			/* a: the one byte that TRACE() looks at */
	u16 id;				/* c: trace_init() */
	u16 nr_fields;
	const char *system, *name;	/* "kmem", "mm_page_free" */
	const struct trace_field *fields;
	void (*print)(struct seq_file *m, const void *entry);
	const char *print_fmt;		/* the print's arguments as they stand in the source */
};

/* Writes an event into this CPU's ring. => any context; @size at most TRACE_ENTRY_MAX */
void trace_write(const struct trace_event *event, const void *entry, size_t size);

#define TRACE(name_, ...)                                                                     \
	do {                                                                                  \
		if (unlikely(trace_event_##name_.enabled)) {                                  \
			struct trace_##name_ trace_entry = { __VA_ARGS__ };                   \
			trace_write(&trace_event_##name_, &trace_entry, sizeof(trace_entry)); \
		}                                                                             \
	} while (0)
/* Is anybody interested? For events whose values take more than an expression. */
#define trace_enabled(name_) unlikely(trace_event_##name_.enabled)

/* --- the declaration: M(S, type, name, dim) for each of the (type, name, dim) --- */
#define TRACE_UNPACK(...) __VA_ARGS__
#define TRACE_CALL(M, ...) M(__VA_ARGS__)
#define TRACE_1(M, S, x) TRACE_CALL(M, S, TRACE_UNPACK x)
#define TRACE_2(M, S, x, ...) TRACE_1(M, S, x) TRACE_1(M, S, __VA_ARGS__)
#define TRACE_3(M, S, x, ...) TRACE_1(M, S, x) TRACE_2(M, S, __VA_ARGS__)
#define TRACE_4(M, S, x, ...) TRACE_1(M, S, x) TRACE_3(M, S, __VA_ARGS__)
#define TRACE_5(M, S, x, ...) TRACE_1(M, S, x) TRACE_4(M, S, __VA_ARGS__)
#define TRACE_6(M, S, x, ...) TRACE_1(M, S, x) TRACE_5(M, S, __VA_ARGS__)
#define TRACE_7(M, S, x, ...) TRACE_1(M, S, x) TRACE_6(M, S, __VA_ARGS__)
#define TRACE_8(M, S, x, ...) TRACE_1(M, S, x) TRACE_7(M, S, __VA_ARGS__)
#define TRACE_9(M, S, x, ...) TRACE_1(M, S, x) TRACE_8(M, S, __VA_ARGS__)
#define TRACE_10(M, S, x, ...) TRACE_1(M, S, x) TRACE_9(M, S, __VA_ARGS__)
#define TRACE_11(M, S, x, ...) TRACE_1(M, S, x) TRACE_10(M, S, __VA_ARGS__)
#define TRACE_12(M, S, x, ...) TRACE_1(M, S, x) TRACE_11(M, S, __VA_ARGS__)
#define TRACE_PICK(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, N, ...) N
#define TRACE_EACH(M, S, ...)                                                                   \
	TRACE_PICK(__VA_ARGS__, TRACE_12, TRACE_11, TRACE_10, TRACE_9, TRACE_8, TRACE_7,       \
		   TRACE_6, TRACE_5, TRACE_4, TRACE_3, TRACE_2, TRACE_1, )(M, S, __VA_ARGS__)
#define TRACE_MEMBER(S, type_, name_, ...) type_ name_ __VA_ARGS__;
#define TRACE_FIELD(S, type_, name_, ...)                                                       \
	{ #type_, #name_, #__VA_ARGS__, offsetof(struct S, name_),                              \
	  sizeof(((struct S *)0)->name_), (type_)-1 < (type_)1 },

#define TRACE_DECLARE(name_, fields_)                                                           \
	struct trace_##name_ { TRACE_EACH(TRACE_MEMBER, , TRACE_UNPACK fields_) };              \
	extern struct trace_event trace_event_##name_;

#ifndef CREATE_TRACE_POINTS
#define TRACE_EVENT(system_, name_, fields_, ...) TRACE_DECLARE(name_, fields_)
#else
/* A print function has room for one text that must be put together: TRACE_TEXT bytes, `text`. */
#define TRACE_EVENT(system_, name_, fields_, ...)                                               \
	TRACE_DECLARE(name_, fields_)                                                           \
	static const struct trace_field trace_fields_##name_[] = {                              \
		TRACE_EACH(TRACE_FIELD, trace_##name_, TRACE_UNPACK fields_)                    \
	};                                                                                      \
	static void trace_print_##name_(struct seq_file *m, const void *entry)                  \
	{                                                                                       \
		const struct trace_##name_ *REC = entry;                                        \
		char text[TRACE_TEXT] __attribute__((unused));                                           \
                                                                                                \
		seq_printf(m, __VA_ARGS__);                                                     \
	}                                                                                       \
	struct trace_event trace_event_##name_ = {                                              \
		.system = #system_, .name = #name_, .fields = trace_fields_##name_,             \
		.nr_fields = ARRAY_SIZE(trace_fields_##name_), .print = trace_print_##name_,    \
		.print_fmt = #__VA_ARGS__,                                                      \
	};                                                                                      \
	static struct trace_event *const trace_entry_##name_ __used                             \
		__section(".trace_event") = &trace_event_##name_;
#endif
#define TRACE_TEXT 256
#define TRACE_COMM_LEN 16

/* The name for @value of { value, name } pairs; "" if there is none. For print functions. */
struct trace_symbol { long value; const char *name; };
const char *trace_symbol(long value, const struct trace_symbol *symbols, unsigned int n);
#define TRACE_SYMBOL(value, ...)                                                                \
	trace_symbol(value, (const struct trace_symbol[]){ __VA_ARGS__ },                       \
		     sizeof((const struct trace_symbol[]){ __VA_ARGS__ }) /                     \
			     sizeof(struct trace_symbol))

/* --- all events, from linker.ld --- */
extern struct trace_event *const __trace_event_start[], *const __trace_event_end[];
#define for_each_trace_event(pos) for (pos = __trace_event_start; pos < __trace_event_end; pos++)

/* --- the rings: trace.c --- */

/* A record as it lies in a ring; the event's struct follows. */
struct trace_record {
	u16 size;			/* of all of it; a multiple of 8 */
	u8 flags;			/* enum trace_flags */
	u8 preempt;			/* low 4 bits: depth; high: migrate_disable */
	kpid_t pid;			/* -1: padding, the next record is at the ring's start */
	u64 time;			/* ns since boot */
	const struct trace_event *event;
	char comm[TRACE_COMM_LEN];
	u8 entry[0] __aligned(8);
};
enum trace_flags {
	TRACE_FLAG_IRQS_OFF = 1,
	TRACE_FLAG_NEED_RESCHED = 4,
	TRACE_FLAG_HARDIRQ = 8,
};
#define TRACE_MARKER_MAX 1024		/* bytes of a trace_marker text */
#define TRACE_ENTRY_MAX (TRACE_MARKER_MAX + 8)
#define TRACE_RECORD_MAX (sizeof(struct trace_record) + TRACE_ENTRY_MAX)

/* A ring's figures since it was emptied last. */
struct trace_stats {
	u64 entries;			/* in it now, not read by trace_pipe */
	u64 overrun;			/* overwritten before trace_pipe had read them */
	u64 dropped;			/* written while one was being written: an NMI's */
	u64 read;			/* by trace_pipe */
	u64 bytes;			/* of the entries */
};

extern bool tracing_on;			/* a: off: events are not written, enabled or not */
extern _Atomic int trace_pipe_readers;	/* a: > 0: writers wake trace_wait */
extern struct wait_queue_head trace_wait;	/* new events, for those who wait for some */

void trace_init(void);			/* numbers the events; => interrupts can be set up */
/*
 * Gives CPU @cpu a ring in @buf (a multiple of 8 bytes; NULL: none). Returns the old buffer, which
 * nobody writes or reads any more. => may sleep; readers are kept out by the caller
 */
void *trace_set_ring(int cpu, void *buf, u64 size);
void trace_reset_ring(int cpu);		/* forgets what is in it. => readers are kept out */
/*
 * The first record of @cpu's ring at or after *@pos and before @end: copied to @out
 * (TRACE_RECORD_MAX bytes), and *@pos is set to it. The one after it is at *@pos + out->size.
 * => false: there is none. Readers are kept out of trace_set_ring(), not of each other.
 */
bool trace_peek(int cpu, u64 *pos, u64 end, struct trace_record *out);
u64 trace_ring_end(int cpu);		/* where the next record will stand */
bool trace_ring_empty(int cpu);		/* trace_pipe has read all */
/* trace_pipe has read up to @pos: one event. => one such reader at a time */
void trace_consume(int cpu, u64 pos);
void trace_ring_stats(int cpu, struct trace_stats *stats);
/* A text of the user's: trace_marker. => @len at most TRACE_MARKER_MAX */
void trace_marker(const char *text, size_t len);

/* --- words: trace_print.c --- */
void trace_print_header(struct seq_file *m, u64 entries, u64 written);
void trace_print_record(struct seq_file *m, const struct trace_record *rec, int cpu);
