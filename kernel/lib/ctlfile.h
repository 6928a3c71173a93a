/*
 * ctlfile.h - /proc files and sysctls, declared next to the data they show.
 *
 * Idea: CTL_FILE() puts an entry into a linker section; kernel/fs/proc serves
 *       the section as files. So mm/vmstat.c holds /proc/vmstat and needs no
 *       file system. A show function prints the whole file into a seq_file;
 *       if the buffer was too small the file system calls it again with a
 *       larger one, so show must be repeatable. A long file is shown in parts,
 *       record by record, as far as its reader reads (in_parts).
 * Locks:  none here; show and write run in process context and may sleep.
 */
#pragma once

#include "kernel/lib/types.h"

struct task_struct;

/* The text being built. count > size is never stored: overflow says "more". */
struct seq_file {
	char *buf;
	size_t size;		/* bytes in buf */
	size_t count;		/* bytes used */
	bool overflow;		/* something did not fit */
	bool reader_capable;	/* the opener has CAP_SYS_ADMIN (addresses are shown) */
	u64 index;		/* in_parts: the record that comes next; SEQ_END: none */
};
#define SEQ_END (~0ULL)

void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
/* The bytes of @s, with those in @esc (and backslash) as \ooo. */
void seq_escape(struct seq_file *m, const char *s, const char *esc);
/* The same afterwards, to all that was put since m->count was @start; a backslash stays as it is. */
void seq_escape_tail(struct seq_file *m, size_t start, const char *esc);
void seq_write(struct seq_file *m, const void *data, size_t len);
void seq_vprintf(struct seq_file *m, const char *fmt, va_list args) __printf(2, 0);
/*
 * @num right-aligned in @width after @delimiter (a string, may be empty): much faster than
 * seq_printf.
 */
void seq_put_decimal_ull_width(struct seq_file *m, const char *delimiter, u64 num,
			       unsigned int width);
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, u64 num);
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, s64 num);
/* zero-padded */
void seq_put_hex_ll(struct seq_file *m, const char *delimiter, u64 v, unsigned int width);
/*
 * For a show of a file in parts, after each record: @before is m->count before it, @next the record
 * that follows. False: stop here, it is not the end; a record that did not fit is taken back, to be
 * the first of the next part (or, if it was the first of this one, to find a larger buffer).
 */
bool seq_record(struct seq_file *m, size_t before, u64 next);
/* spaces until the line that began at @line_start has @width bytes */
void seq_pad(struct seq_file *m, size_t line_start, size_t width);

/*
 * One file.
 * => show: 0 or -errno. NULL: not readable.
 * => write: @buf is a kernel copy, NUL-terminated after @len bytes; returns
 *    the bytes consumed or -errno. NULL: not writable.
 */
struct ctl_file {
	const char *path;	/* "/proc/vmstat" */
	umode_t mode;		/* 0444 … */
	int (*show)(struct seq_file *m);
	kssize_t (*write)(char *buf, size_t len);
	/*
	 * Instead of show, for what is no text: fills @buf with what stands at @pos. Bytes (at most
	 * @len, which is at most a page), 0 at the end, or -errno.
	 */
	kssize_t (*read_at)(void *buf, size_t len, loff_t pos);
};

/* A file of every process: /proc/<pid>/<name> (and /proc/<pid>/task/<tid>/<name>). */
struct ctl_pid_file {
	const char *name;
	umode_t mode;
	int (*show)(struct seq_file *m, struct task_struct *task);
	kssize_t (*write)(struct task_struct *task, char *buf, size_t len);
	/* As ctl_file's; @capable: the opener has CAP_SYS_ADMIN. */
	kssize_t (*read_at)(struct task_struct *task, void *buf, size_t len, loff_t pos,
			    bool capable);
	bool needs_ptrace;	/* readable by the same user or CAP_SYS_PTRACE only */
	/* show prints records from m->index on (0: the first) and keeps it by seq_record(). */
	bool in_parts;
};

/*
 * A sysctl holding one integer (int or unsigned long) or an array of them.
 * => after: called after a successful write, to apply it. May be NULL.
 * => A value outside [min, max] is EINVAL and is not stored.
 * => check: after that, of each value; 0 or -errno. It may change the value. May be NULL.
 * => forgiving: a write with a wrong value succeeds, what stood before it is stored.
 */
struct ctl_sysctl {
	const char *name;	/* "vm.swappiness" is /proc/sys/vm/swappiness */
	umode_t mode;
	enum ctl_type { CTL_INT, CTL_ULONG, CTL_INT_ARRAY, CTL_STRING } type;
	void *data;
	unsigned int len;	/* elements of an array, bytes of a string */
	long min, max;
	bool forgiving;
	int (*check)(long *value);
	void (*after)(void);
	/* Replaces the generic parser where a sysctl is special. May be NULL. */
	kssize_t (*write)(const struct ctl_sysctl *ctl, char *buf, size_t len);
	int (*show)(const struct ctl_sysctl *ctl, struct seq_file *m);
};

/*
 * A kernel parameter: "name=value" or "name" on the command line.
 * => set runs once, early (before the allocators), value "" if none was given;
 *    returns 0 or -EINVAL, which is reported.
 */
struct ctl_param {
	const char *name;
	int (*set)(const char *value);
};

#define CTL_PASTE2(a, b) a##b
#define CTL_PASTE(a, b) CTL_PASTE2(a, b)
#define CTL_FILE(path_, ...)                                                   \
	static const struct ctl_file CTL_PASTE(ctl_file_, __LINE__) __used     \
	__section(".ctl_file") __aligned(8) = { .path = path_, __VA_ARGS__ }
#define CTL_PID_FILE(name_, ...)                                               \
	static const struct ctl_pid_file CTL_PASTE(ctl_pid_, __LINE__) __used  \
	__section(".ctl_pid") __aligned(8) = { .name = name_, __VA_ARGS__ }
#define CTL_SYSCTL(name_, ...)                                                 \
	static const struct ctl_sysctl CTL_PASTE(ctl_sysctl_, __LINE__) __used \
	__section(".ctl_sysctl") __aligned(8) = { .name = name_, __VA_ARGS__ }
#define CTL_PARAM(name_, set_)                                                 \
	static const struct ctl_param CTL_PASTE(ctl_param_, __LINE__) __used   \
	__section(".ctl_param") __aligned(8) = { .name = name_, .set = set_ }
/* Short forms. */
#define CTL_SYSCTL_INT(name_, var, min_, max_, ...)                                                \
	CTL_SYSCTL(name_, .mode = 0644, .type = CTL_INT, .data = &(var), .len = 1, .min = min_,    \
		   .max = max_, __VA_ARGS__)
#define CTL_SYSCTL_ULONG(name_, var, min_, max_, ...)                                              \
	CTL_SYSCTL(name_, .mode = 0644, .type = CTL_ULONG, .data = &(var), .len = 1, .min = min_,  \
		   .max = max_, __VA_ARGS__)

/*
 * The sections' ends, from linker.ld. __aligned(8) above: else the compiler pads large structs,
 * and the array has holes.
 */
extern const struct ctl_file __ctl_file_start[], __ctl_file_end[];
extern const struct ctl_pid_file __ctl_pid_start[], __ctl_pid_end[];
extern const struct ctl_sysctl __ctl_sysctl_start[], __ctl_sysctl_end[];
extern const struct ctl_param __ctl_param_start[], __ctl_param_end[];
