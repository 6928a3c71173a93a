/*
 * trace_print.c - a trace event in words, as ftrace prints it.
 *
 *                 TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
 *              big_mm-95      [001] d....     3.695878: mm_page_free: page=… pfn=0x1d7d0 order=0
 *
 *         The five marks: d interrupts off · N wants to be rescheduled · h in an interrupt · how
 *         deep preemption and migration are disabled (a CPU of Brink's is never preempted inside
 *         the kernel, so the first of them counts where sleeping is forbidden by intent).
 *
 * Locks:  none.
 * Above:  kernel/fs/tracefs.c; the dump at a panic.   In Linux: kernel/trace/trace_output.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/trace.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/reboot.h"

/* trace.h */
const char *trace_symbol(long value, const struct trace_symbol *symbols, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (symbols[i].value == value)
			return symbols[i].name;
	return "";
}

/* trace.h: the lines that `cat trace` begins with. */
void trace_print_header(struct seq_file *m, u64 entries, u64 written)
{
	seq_puts(m, "# tracer: nop\n#\n");
	seq_printf(m, "# entries-in-buffer/entries-written: %lu/%lu   #P:%d\n",
		   (unsigned long)entries, (unsigned long)written, nr_cpus);
	seq_puts(m, "#\n"
		    "#                                _-----=> irqs-off/BH-disabled\n"
		    "#                               / _----=> need-resched\n"
		    "#                              | / _---=> hardirq/softirq\n"
		    "#                              || / _--=> preempt-depth\n"
		    "#                              ||| / _-=> migrate-disable\n"
		    "#                              |||| /     delay\n"
		    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
		    "#              | |         |   |||||     |         |\n");
}

static char depth_char(unsigned int depth) { return depth ? "0123456789abcdef"[depth] : '.'; }

/* trace.h */
void trace_print_record(struct seq_file *m, const struct trace_record *rec, int cpu)
{
	u64 us = (rec->time + 500) / 1000;
	size_t from;

	seq_printf(m, "%16.16s-%-7d [%03d] %c%c%c%c%c %5lu.%06lu: ",
		   rec->pid ? rec->comm : "<idle>", rec->pid, cpu,
		   rec->flags & TRACE_FLAG_IRQS_OFF ? 'd' : '.',
		   rec->flags & TRACE_FLAG_NEED_RESCHED ? 'N' : '.',
		   rec->flags & TRACE_FLAG_HARDIRQ ? 'h' : '.', depth_char(rec->preempt & 15),
		   depth_char(rec->preempt >> 4), (unsigned long)(us / 1000000),
		   (unsigned long)(us % 1000000));
	seq_printf(m, "%s: ", rec->event->name);
	from = m->count;
	rec->event->print(m, rec->entry);
	if (m->overflow || m->count == from || m->buf[m->count - 1] != '\n')
		seq_putc(m, '\n');
}

/* --- at a panic: ftrace_dump_on_oops --- */

#define DUMP_LINES 200		/* what a person may read; Linux prints all */

static bool dump_on_oops;

/* The records in time's order: calls fn for each but the first @skip; how many there are. */
static unsigned long walk_all(unsigned long skip, void (*fn)(const struct trace_record *r, int cpu))
{
	static struct { struct trace_record r; u8 rest[TRACE_ENTRY_MAX]; } rec, next;
	static u64 pos[MAX_CPUS];
	unsigned long n = 0;
	int cpu, first;

	memset(pos, 0, sizeof(pos));
	for (;; n++) {
		first = -1;
		for_each_online_cpu(cpu) {
			if (!trace_peek(cpu, &pos[cpu], ~0UL, &rec.r))
				continue;
			if (first >= 0 && rec.r.time >= next.r.time)
				continue;
			memcpy(&next, &rec, rec.r.size);
			first = cpu;
		}
		if (first < 0)
			return n;
		pos[first] += next.r.size;
		if (fn && n >= skip)
			fn(&next.r, first);
	}
}

static void dump_line(const struct trace_record *rec, int cpu)
{
	static char line[TRACE_RECORD_MAX + 256];
	struct seq_file m = { .buf = line, .size = sizeof(line) };

	trace_print_record(&m, rec, cpu);
	pr_emerg("%.*s", (int)m.count, line);
}

/* The last events before the end. => the other CPUs are stopped; nothing is locked */
static void dump_trace(void)
{
	unsigned long n;

	tracing_on = false;
	n = walk_all(0, NULL);
	pr_emerg("Dumping ftrace buffer:\n");
	if (!n) {
		pr_emerg("   (ftrace buffer empty)\n");
		return;
	}
	pr_emerg("---------------------------------\n");
	walk_all(n > DUMP_LINES ? n - DUMP_LINES : 0, dump_line);
	pr_emerg("---------------------------------\n");
}

static int set_dump_on_oops(const char *value)
{
	dump_on_oops = true;
	panic_dump = dump_trace;
	return 0;
}
CTL_PARAM("ftrace_dump_on_oops", set_dump_on_oops);
