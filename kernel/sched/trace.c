/*
 * trace.c - the rings that trace events are written to.
 *
 * Idea:   each CPU has a ring of bytes. Positions only grow; a position modulo the size is a
 *         place. The writer is the CPU itself, with interrupts off; where there is no room it
 *         gives up the oldest records:
 *
 *              tail           read             head
 *               v              v                v
 *           ... [rec][rec][rec][rec][rec][rec]  (free, or the oldest again)
 *
 *         Readers copy a record and look afterwards whether tail has passed it; if so, what they
 *         copied is worth nothing and they go on at the new tail. So nobody ever waits. `read` is
 *         how far trace_pipe has come: what lies before it is shown no more.
 *
 *         x86 keeps stores in order, and loads in order: tail is stored before the bytes that it
 *         gives up are overwritten, head after those it publishes; barrier() is for the compiler.
 *
 *         Events are written under any lock, the run queue's too, so the writer must not wake
 *         anybody. It sends its own CPU an interrupt, which comes when interrupts are on again.
 * Locks:  none. trace_wait's own, in that interrupt.
 * Above:  TRACE() everywhere; kernel/fs/tracefs.c reads.   In Linux: kernel/trace/ring_buffer.c.
 */
#include "kernel/sched/trace.h"

#include <stdatomic.h>

#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp.h"

/* What a write to trace_marker becomes; no program can switch it off. */
struct trace_marker_entry {
	u16 len;
	char buf[TRACE_MARKER_MAX];
};
static void print_marker(struct seq_file *m, const void *entry)
{
	const struct trace_marker_entry *marker = entry;

	seq_write(m, marker->buf, marker->len);
}
static const struct trace_event marker_event = { .name = "tracing_mark_write",
						 .print = print_marker };

/*
 * Guards: o the CPU itself, interrupts off   R the readers' lock (tracefs.c)   a written by the
 * CPU, read by all
 */
struct trace_ring {
	u8 *buf;			/* o: NULL: no ring */
	u64 size;			/* o */
	u64 head, tail;			/* a */
	u64 read;			/* R */
	u64 written, overrun, dropped;	/* a: events */
	u64 consumed;			/* R: events */
	u64 written_base, overrun_base, dropped_base;	/* R: as it was emptied last */
	bool busy;			/* o: an NMI may come in the middle */
	bool kicked;			/* o: the interrupt that wakes readers is on its way */
};
static DEFINE_PER_CPU(struct trace_ring, trace_rings);

bool tracing_on = true;
_Atomic int trace_pipe_readers;
DECLARE_WAIT_QUEUE_HEAD(trace_wait);

static struct trace_ring *ring_of(int cpu) { return per_cpu_ptr(trace_rings, cpu); }

static struct trace_record *record_at(const struct trace_ring *ring, u64 pos)
{
	return (struct trace_record *)(ring->buf + pos % ring->size);
}

/* The oldest records go until @need bytes are free. => o */
static void make_room(struct trace_ring *ring, u64 need)
{
	u64 tail = ring->tail;

	while (ring->head + need - tail > ring->size) {
		const struct trace_record *old = record_at(ring, tail);

		if (old->pid != -1 && tail >= READ_ONCE(ring->read))
			ring->overrun++;
		tail += old->size;
	}
	WRITE_ONCE(ring->tail, tail);
	barrier();
}

/* Room for a record of @size bytes in one piece, at ring->head. => o */
static struct trace_record *reserve(struct trace_ring *ring, u64 size)
{
	u64 left = ring->size - ring->head % ring->size;
	struct trace_record *rec;

	if (left < size) {		/* not in one piece: from the start of the buffer */
		make_room(ring, left);
		rec = record_at(ring, ring->head);
		rec->size = left;
		rec->pid = -1;
		barrier();
		WRITE_ONCE(ring->head, ring->head + left);
	}
	make_room(ring, size);
	return record_at(ring, ring->head);
}

static void fill_record(struct trace_record *rec, const struct trace_event *event, u64 size,
			bool irqs_off)
{
	struct task_struct *t = current;

	rec->size = size;
	rec->flags = (irqs_off ? TRACE_FLAG_IRQS_OFF : 0) |
		     (t->tif & TIF_NEED_RESCHED ? TRACE_FLAG_NEED_RESCHED : 0) |
		     (in_interrupt() ? TRACE_FLAG_HARDIRQ : 0);
	rec->preempt = MIN(t->preempt_depth, 15) | MIN(t->migrate_disabled, 15) << 4;
	rec->pid = t->pid;
	rec->time = ktime_get_ns();
	rec->event = event;
	memcpy(rec->comm, t->comm, sizeof(rec->comm));
}

/* Readers of trace_pipe are told as soon as this CPU takes interrupts. => o */
static void kick_readers(struct trace_ring *ring)
{
	smp_mb();			/* head is out; pairs with prepare_to_wait() */
	if (ring->kicked || !waitqueue_active(&trace_wait))
		return;
	ring->kicked = true;
	apic_send_ipi(smp_processor_id(), VECTOR_IRQ_WORK);
}

static void handle_kick(struct pt_regs *regs)
{
	this_cpu_ptr(trace_rings)->kicked = false;
	wake_up_all(&trace_wait);
}

/* trace.h */
void trace_write(const struct trace_event *event, const void *entry, size_t len)
{
	u64 size = (sizeof(struct trace_record) + len + 7) & ~7UL;
	bool irqs_off = irqs_disabled();
	struct trace_ring *ring;
	struct trace_record *rec;
	unsigned long flags;

	if (!READ_ONCE(tracing_on))
		return;
	flags = local_irq_save();
	ring = this_cpu_ptr(trace_rings);
	if (ring->busy) {
		ring->dropped++;
	} else if (ring->buf) {
		ring->busy = true;
		barrier();
		rec = reserve(ring, size);
		fill_record(rec, event, size, irqs_off);
		memcpy(rec->entry, entry, len);
		ring->written++;
		barrier();
		WRITE_ONCE(ring->head, ring->head + size);
		if (unlikely(trace_pipe_readers))
			kick_readers(ring);
		barrier();
		ring->busy = false;
	}
	local_irq_restore(flags);
}

/* trace.h */
void trace_marker(const char *text, size_t len)
{
	struct trace_marker_entry marker = { .len = len };

	BUG_ON(len > TRACE_MARKER_MAX);
	memcpy(marker.buf, text, len);
	trace_write(&marker_event, &marker, offsetof(struct trace_marker_entry, buf) + len);
}

/* --- reading --- */

/* trace.h */
bool trace_peek(int cpu, u64 *pos, u64 end, struct trace_record *out)
{
	const struct trace_ring *ring = ring_of(cpu);

	if (!ring->buf)
		return false;
	for (;;) {
		u64 first = MAX(READ_ONCE(ring->tail), READ_ONCE(ring->read)), at;
		const struct trace_record *rec;
		u16 size;

		*pos = at = MAX(*pos, first);
		if (at >= MIN(end, READ_ONCE(ring->head)))
			return false;
		barrier();
		rec = record_at(ring, at);
		size = READ_ONCE(rec->size);
		/* nonsense if it is being overwritten; then tail has moved */
		if (size >= 8 && size <= TRACE_RECORD_MAX &&
		    at % ring->size + size <= ring->size)
			memcpy(out, rec, size);
		barrier();
		if (READ_ONCE(ring->tail) > at)
			continue;
		if (out->pid != -1)
			return true;
		*pos = at + size;
	}
}

/* trace.h */
u64 trace_ring_end(int cpu)
{
	return READ_ONCE(ring_of(cpu)->head);
}

/* trace.h */
bool trace_ring_empty(int cpu)
{
	const struct trace_ring *ring = ring_of(cpu);

	return READ_ONCE(ring->read) >= READ_ONCE(ring->head);
}

/* trace.h */
void trace_consume(int cpu, u64 pos)
{
	struct trace_ring *ring = ring_of(cpu);

	WRITE_ONCE(ring->read, pos);
	ring->consumed++;
}

/* trace.h */
void trace_ring_stats(int cpu, struct trace_stats *stats)
{
	const struct trace_ring *ring = ring_of(cpu);
	u64 written = READ_ONCE(ring->written) - ring->written_base;
	u64 tail = READ_ONCE(ring->tail);

	stats->overrun = READ_ONCE(ring->overrun) - ring->overrun_base;
	stats->dropped = READ_ONCE(ring->dropped) - ring->dropped_base;
	stats->read = ring->consumed;
	stats->entries = written > stats->overrun + ring->consumed
				 ? written - stats->overrun - ring->consumed
				 : 0;
	stats->bytes = READ_ONCE(ring->head) - MAX(tail, ring->read);
}

/* --- setting up --- */

/* trace.h */
void trace_reset_ring(int cpu)
{
	struct trace_ring *ring = ring_of(cpu);

	ring->written_base = READ_ONCE(ring->written);
	ring->overrun_base = READ_ONCE(ring->overrun);
	ring->dropped_base = READ_ONCE(ring->dropped);
	ring->consumed = 0;
	WRITE_ONCE(ring->read, READ_ONCE(ring->head));
}

struct new_ring { void *buf; u64 size; };

/* On the ring's own CPU, interrupts off: so nobody is writing. */
static void swap_ring(void *arg)
{
	struct trace_ring *ring = this_cpu_ptr(trace_rings);
	struct new_ring *new = arg, old = { ring->buf, ring->size };

	ring->buf = new->buf;
	ring->size = new->size;
	ring->tail = ring->head;	/* any multiple of 8 is a good start */
	*new = old;
}

/* trace.h */
void *trace_set_ring(int cpu, void *buf, u64 size)
{
	struct new_ring ring = { buf, size };

	BUG_ON(size % 8 || (buf && size < 2 * TRACE_RECORD_MAX));
	on_each_cpu_mask(1UL << cpu, swap_ring, &ring);
	trace_reset_ring(cpu);
	return ring.buf;
}

/* trace.h */
void trace_init(void)
{
	struct trace_event *const *pos;
	u16 id = 0;

	for_each_trace_event(pos)
		(*pos)->id = ++id;
	set_system_vector(VECTOR_IRQ_WORK, handle_kick);
}
