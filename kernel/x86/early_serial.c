/*
 * early_serial.c - COM1 for a panic that comes before any console is up.
 *
 * Idea:  115200 8N1, polled, and never for long: a machine without the port
 *        loses characters, not time. The log is kept from the first line on
 *        and shown in full by the first console that registers; only if the
 *        kernel dies before that, panic() shows it here.
 * Locks: the console lock (printk.h).   Source: 16550 datasheet.
 */
#include "kernel/x86/early_serial.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/io.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/process.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/upcalls.h"

enum {
	COM1 = 0x3f8,
	UART_DATA = 0,
	UART_IER = 1,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_SCRATCH = 7,
	LSR_THR_EMPTY = 0x20,
	LCR_DLAB = 0x80,
	LCR_8N1 = 3,
	FIFO_BYTES = 16,
	MAX_POLLS = 100000
};

static bool present;

static void wait_empty(void)
{
	for (int i = 0; i < MAX_POLLS && !(inb(COM1 + UART_LSR) & LSR_THR_EMPTY); i++)
		;
}

static void put(char c, int *room)
{
	if (!*room) {
		wait_empty();
		*room = FIFO_BYTES;	/* an empty FIFO takes sixteen without asking */
	}
	outb(c, COM1 + UART_DATA);
	(*room)--;
}

static void write_text(struct console *con, const char *text, size_t len)
{
	int room = 0;

	if (!present)
		return;
	for (; len; len--, text++) {
		if (*text == '\n')
			put('\r', &room);
		put(*text, &room);
	}
	wait_empty();
}

struct console early_serial_console = { .name = "earlyser",
					.write = write_text,
					.from_start = true };

static unsigned long irq_save(void) { return local_irq_save(); }
static void irq_restore(unsigned long flags) { local_irq_restore(flags); }
static u32 caller(void)
{
	kpid_t pid = 0;
	const char *comm, *work;

	if (current_thread())
		describe_current(&pid, &comm, &work);
	return pid;
}

/* => GS.base is set: cpu_init_boot() came before */
void early_serial_init(void)
{
	printk_ops.irq_save = irq_save;
	printk_ops.irq_restore = irq_restore;
	printk_ops.cpu = smp_processor_id;
	printk_ops.caller = caller;
}

/* => from panic(): the others are not to be trusted */
void early_serial_last_resort(void)
{
	if (console_is_registered(NULL))
		return;
	outb(0x5a, COM1 + UART_SCRATCH);
	present = inb(COM1 + UART_SCRATCH) == 0x5a;
	if (!present)
		return;
	outb(0, COM1 + UART_IER);
	outb(LCR_DLAB, COM1 + UART_LCR);
	outb(1, COM1 + UART_DATA);	/* 115200 / 1 */
	outb(0, COM1 + UART_IER);
	outb(LCR_8N1, COM1 + UART_LCR);
	outb(7, COM1 + UART_FCR);	/* FIFOs on and cleared */
	outb(3, COM1 + UART_MCR);	/* DTR, RTS */
	register_console(&early_serial_console);
}
