/*
 * trace_read.c - the trace as text: trace, trace_pipe, per_cpu/cpuN/…
 *
 * Idea:   a reader has a position in each CPU's ring; the record with the earliest time is the
 *         next line. `trace` shows what is there and leaves it; it goes no further than the ends
 *         it saw when it was opened, so that it ends. `trace_pipe` takes what it shows, and waits
 *         for more.
 * Locks:  the reader's own (LOCK_SEQ), then trace_lock.
 * Above:  tracefs.c makes the files.   Below: kernel/sched/trace.c, trace_print.c.
 *         In Linux: kernel/trace/trace.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/tracefs.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define LINE_SIZE (TRACE_RECORD_MAX + 512)	/* the longest line, and the header */

struct record_buf { struct trace_record r; u8 rest[TRACE_ENTRY_MAX]; };

/* An open reader. Guards: c set at open   l lock, and trace_lock for what is in the rings */
struct trace_iterator {
	struct mutex lock;		/* LOCK_SEQ */
	int cpu;			/* c: -1: all */
	bool pipe;			/* c */
	bool header_done;		/* l */
	bool any;			/* l: trace_pipe: has shown something */
	u64 pos[MAX_CPUS];		/* l: where it stands */
	u64 end[MAX_CPUS];		/* l: how far it goes; ~0: on and on */
	u64 overrun[MAX_CPUS];		/* l: lost events that have been told */
	struct record_buf next, other;	/* l: of those that compete to be the next line */
	char line[LINE_SIZE];		/* l: the line that is being handed out */
	size_t len, off;		/* l */
};

static bool wants(const struct trace_iterator *it, int cpu)
{
	return it->cpu < 0 || it->cpu == cpu;
}

static int iterator_open(struct inode *inode, struct file *file, bool pipe)
{
	struct trace_iterator *it = kvzalloc(sizeof(*it), GFP_KERNEL_ACCOUNT);
	struct trace_stats stats;
	int cpu;

	if (!it)
		return -ENOMEM;
	mutex_init(&it->lock, LOCK_SEQ);
	it->cpu = (long)inode->i_private - 1;
	it->pipe = it->header_done = pipe;
	mutex_lock(&trace_lock);
	for_each_online_cpu(cpu) {
		it->end[cpu] = pipe ? ~0UL : trace_ring_end(cpu);
		trace_ring_stats(cpu, &stats);
		it->overrun[cpu] = stats.overrun;
	}
	mutex_unlock(&trace_lock);
	file->private_data = it;
	file->f_mapping = NULL;
	return 0;
}

static int iterator_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

static void add_header(struct trace_iterator *it, struct seq_file *m)
{
	struct trace_stats stats;
	u64 entries = 0, written = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		if (!wants(it, cpu))
			continue;
		trace_ring_stats(cpu, &stats);
		entries += stats.entries;
		written += stats.entries + stats.overrun;
	}
	trace_print_header(m, entries, written);
	it->header_done = true;
}

/* The CPU whose ring has the earliest of the records to come, now in it->next; -1: there is none. */
static int find_next(struct trace_iterator *it)
{
	int cpu, first = -1;

	for_each_online_cpu(cpu) {
		if (!wants(it, cpu) ||
		    !trace_peek(cpu, &it->pos[cpu], it->end[cpu], &it->other.r))
			continue;
		if (first >= 0 && it->other.r.time >= it->next.r.time)
			continue;
		memcpy(&it->next, &it->other, it->other.r.size);
		first = cpu;
	}
	return first;
}

/* Says once how many events were overwritten before they could be shown. */
static void add_lost(struct trace_iterator *it, struct seq_file *m, int cpu)
{
	struct trace_stats stats;

	trace_ring_stats(cpu, &stats);
	if (stats.overrun > it->overrun[cpu])
		seq_printf(m, "CPU:%d [LOST %lu EVENTS]\n", cpu,
			   (unsigned long)(stats.overrun - it->overrun[cpu]));
	it->overrun[cpu] = stats.overrun;
}

/* Puts the next line (or the header) into it->line. => it->lock held. False: there is none. */
static bool next_line(struct trace_iterator *it)
{
	struct seq_file m = { .buf = it->line, .size = sizeof(it->line) };
	int cpu;

	mutex_lock(&trace_lock);
	if (!it->header_done) {
		add_header(it, &m);
	} else {
		cpu = find_next(it);
		if (cpu >= 0) {
			add_lost(it, &m, cpu);
			trace_print_record(&m, &it->next.r, cpu);
			it->pos[cpu] += it->next.r.size;
			if (it->pipe)
				trace_consume(cpu, it->pos[cpu]);
		}
	}
	mutex_unlock(&trace_lock);
	it->len = m.count;
	it->off = 0;
	return m.count != 0;
}

/* What fits of the lines to come. => it->lock held. Bytes or -EFAULT */
static kssize_t copy_lines(struct trace_iterator *it, char __user *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n;

		if (it->off == it->len && !next_line(it))
			break;
		n = MIN(len - done, it->len - it->off);
		if (copy_to_user(buf + done, it->line + it->off, n))
			return done ? (kssize_t)done : -EFAULT;
		it->off += n;
		done += n;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* --- trace --- */

/* Opened with O_TRUNC, as by a shell's ">": the rings are emptied. */
static int trace_open(struct inode *inode, struct file *file)
{
	long only = (long)inode->i_private - 1;
	int cpu;

	if (file->f_mode & FMODE_WRITE && file->f_flags & O_TRUNC) {
		mutex_lock(&trace_lock);
		for_each_online_cpu(cpu)
			if (only < 0 || only == cpu)
				trace_reset_ring(cpu);
		mutex_unlock(&trace_lock);
	}
	return file->f_mode & FMODE_READ ? iterator_open(inode, file, false) : 0;
}

static kssize_t trace_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct trace_iterator *it = file->private_data;
	kssize_t n;

	mutex_lock(&it->lock);
	n = copy_lines(it, buf, len);
	mutex_unlock(&it->lock);
	if (n > 0)
		*pos += n;
	return n;
}

/* The text does not matter: it was opening it that emptied it. */
static kssize_t trace_write_nothing(struct file *file, const char __user *buf, size_t len,
				    loff_t *pos)
{
	*pos += len;
	return len;
}

const struct file_operations trace_fops = {
	.open = trace_open, .release = iterator_release, .read = trace_read,
	.write = trace_write_nothing, .llseek = no_llseek,
};

/* --- trace_pipe --- */

static int pipe_open(struct inode *inode, struct file *file)
{
	int err = iterator_open(inode, file, true);

	if (!err)
		trace_pipe_readers++;
	return err;
}

static int pipe_release(struct inode *inode, struct file *file)
{
	trace_pipe_readers--;
	return iterator_release(inode, file);
}

static bool pipe_has_data(const struct trace_iterator *it)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (wants(it, cpu) && !trace_ring_empty(cpu))
			return true;
	return false;
}

/*
 * Nothing is left once tracing is off: the end, for one who has seen something (Linux's rule, so
 * that `cat trace_pipe` ends).
 */
static bool pipe_at_end(const struct trace_iterator *it)
{
	return it->any && !READ_ONCE(tracing_on);
}

static kssize_t tracing_read_pipe(struct file *file, char __user *buf, size_t len,
				  loff_t *pos)
{
	struct trace_iterator *it = file->private_data;
	kssize_t n;

	if (!len)
		return 0;
	for (;;) {
		mutex_lock(&it->lock);
		n = copy_lines(it, buf, len);
		it->any |= n > 0;
		mutex_unlock(&it->lock);
		if (n)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (pipe_at_end(it))
			return 0;
		if (wait_event_interruptible(trace_wait, pipe_has_data(it) || pipe_at_end(it),
					     "trace_pipe"))
			return -ERESTARTSYS;
	}
}

static unsigned int pipe_poll(struct file *file, struct poll_table *pt)
{
	struct trace_iterator *it = file->private_data;

	poll_wait(file, &trace_wait, pt);
	return it->off < it->len || pipe_has_data(it) ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct file_operations trace_pipe_fops = {
	.open = pipe_open, .release = pipe_release, .read = tracing_read_pipe, .poll = pipe_poll,
	.llseek = no_llseek,
};

/* --- per_cpu/cpuN/stats --- */

static void show_time(struct seq_file *m, const char *what, u64 ns)
{
	seq_printf(m, "%s %5lu.%06lu\n", what, (unsigned long)(ns / NSEC_PER_SEC),
		   (unsigned long)(ns % NSEC_PER_SEC / 1000));
}

static int stats_show(struct text_file *t)
{
	struct record_buf *rec = kmalloc(sizeof(*rec), GFP_KERNEL);
	int cpu = (long)t->entry - 1;
	struct trace_stats s;
	u64 pos = 0;

	if (!rec)
		return -ENOMEM;
	mutex_lock(&trace_lock);
	trace_ring_stats(cpu, &s);
	if (!trace_peek(cpu, &pos, ~0UL, &rec->r))
		rec->r.time = 0;
	mutex_unlock(&trace_lock);
	seq_printf(&t->m, "entries: %lu\noverrun: %lu\ncommit overrun: 0\nbytes: %lu\n",
		   (unsigned long)s.entries, (unsigned long)s.overrun, (unsigned long)s.bytes);
	show_time(&t->m, "oldest event ts:", rec->r.time);
	show_time(&t->m, "now ts:", ktime_get_ns());
	seq_printf(&t->m, "dropped events: %lu\nread events: %lu\n", (unsigned long)s.dropped,
		   (unsigned long)s.read);
	kfree(rec);
	return 0;
}

static int stats_open(struct inode *inode, struct file *file)
{
	return text_open(file, stats_show, inode->i_private, NULL);
}

const struct file_operations trace_stats_fops = {
	.open = stats_open, .release = text_release, .read = text_read,
};
