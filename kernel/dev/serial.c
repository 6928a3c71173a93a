/*
 * serial.c - serial ports of the 16550 kind.
 *
 * Idea:   a port has a ring of bytes to send, emptied into the chip's FIFO as
 *         far as the chip takes them at once, the rest by its interrupt.
 *         Kernel messages go out synchronously: first what is in the ring, so
 *         that the order on the wire is the order of events. Received bytes go
 *         to the line discipline; if that has no room they stay in the chip,
 *         whose sender waits then (QEMU does). A break, then a key within five
 *         seconds, is a sysrq.
 * Locks:  port->lock (LOCK_CONSOLE, irqsave): the chip and the ring. Nothing is
 *         woken under it.
 * Above:  tty.c, printk.   Source: National Semiconductor PC16550D datasheet.
 *         In Linux: drivers/tty/serial/8250/.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/console.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/uaccess.h"

enum uart_reg {
	UART_DATA = 0,
	UART_DLL = 0,
	UART_IER = 1,
	UART_DLM = 1,
	UART_IIR = 2,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7
};
enum { IER_RX = 1, IER_TX = 2, IER_LINE = 4 };
enum { IIR_NONE = 1 };
/* trigger level 1: no byte waits for others */
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_8N1 = 3, LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT2 = 8 /* lets the interrupt through */ };
enum { LSR_DATA = 1, LSR_BREAK = 0x10, LSR_THR_EMPTY = 0x20 };

#define UART_CLOCK 115200		/* baud at divisor 1 */
#define UART_FIFO 16
#define TX_SIZE 4096			/* bytes; a power of two */
#define SYSRQ_WINDOW_NSEC (5 * NSEC_PER_SEC)
#define NR_PORTS 2

struct uart_port {
	const char *name;		/* c */
	u16 io;				/* c */
	u8 irq;				/* c: ISA interrupt */
	bool probed, present;		/* c */
	bool is_console;		/* c */
	spinlock_t lock;
	u8 ier;				/* lock: what the register holds */
	char tx[TX_SIZE];		/* lock */
	unsigned int tx_head, tx_tail;	/* lock: free-running */
	u64 sysrq_until;		/* lock: a break came; keys until then are sysrqs */
	struct tty_struct *tty;		/* c: NULL until serial_init() */
	struct console console;
};

static struct uart_port ports[NR_PORTS] = {
	{ .name = "ttyS0", .io = 0x3f8, .irq = 4, .lock = SPINLOCK_INIT(LOCK_CONSOLE) },
	{ .name = "ttyS1", .io = 0x2f8, .irq = 3, .lock = SPINLOCK_INIT(LOCK_CONSOLE) },
};

static u8 uart_in(const struct uart_port *p, enum uart_reg reg) { return inb(p->io + reg); }
static void uart_out(const struct uart_port *p, enum uart_reg reg, u8 value)
{
	outb(value, p->io + reg);
}

/* --- the chip --- */

/* Is there one? An absent port reads as all ones; IER's upper half is always zero (datasheet,
 * 8.0). */
static bool uart_answers(const struct uart_port *p)
{
	u8 saved = uart_in(p, UART_IER), low, high;

	uart_out(p, UART_IER, 0);
	low = uart_in(p, UART_IER);
	uart_out(p, UART_IER, 0x0f);
	high = uart_in(p, UART_IER);
	uart_out(p, UART_IER, saved);
	return low == 0 && high == 0x0f;
}

/* => lock held, or nobody else yet */
static void set_line(struct uart_port *p, u32 baud, u8 lcr)
{
	unsigned int divisor = baud ? MAX(UART_CLOCK / baud, 1u) : 1;

	uart_out(p, UART_LCR, LCR_DLAB | lcr);
	uart_out(p, UART_DLL, divisor);
	uart_out(p, UART_DLM, divisor >> 8);
	uart_out(p, UART_LCR, lcr);
}

static bool uart_probe(struct uart_port *p, u32 baud)
{
	if (p->probed)
		return p->present;
	p->probed = true;
	p->present = uart_answers(p);
	if (!p->present)
		return false;
	uart_out(p, UART_IER, 0);
	set_line(p, baud, LCR_8N1);
	uart_out(p, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX);
	uart_out(p, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	return true;
}

/* "115200n8": 9600 if it says nothing, as Linux. */
static u32 console_baud(const char *options)
{
	u32 baud = simple_strtoul(options, NULL, 10);

	return baud ? baud : 9600;
}

static unsigned int tx_used(const struct uart_port *p) { return p->tx_head - p->tx_tail; }

/* Fills the chip's FIFO as long as it is empty at once; its interrupt goes on if bytes are
 * left. => lock held */
static void pump(struct uart_port *p)
{
	u8 ier = p->ier & ~IER_TX;

	while (tx_used(p) && uart_in(p, UART_LSR) & LSR_THR_EMPTY)
		for (int i = 0; i < UART_FIFO && tx_used(p); i++)
			uart_out(p, UART_DATA, p->tx[p->tx_tail++ % TX_SIZE]);
	if (tx_used(p) && p->tty)
		ier |= IER_TX;
	if (ier != p->ier)
		uart_out(p, UART_IER, p->ier = ier);
}

/* --- kernel messages --- */

static void put_polled(struct uart_port *p, char c)
{
	/* A dead line must not stop the kernel: 10,000 reads are at least 10 ms. */
	for (int i = 0; i < 10000 && !(uart_in(p, UART_LSR) & LSR_THR_EMPTY); i++)
		cpu_relax();
	uart_out(p, UART_DATA, c);
}

/* The FIFO holds 16 more once it is empty: one look at the status for as many bytes. */
static void write_polled(struct uart_port *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			put_polled(p, '\r');
		put_polled(p, text[i]);
	}
}

/* console.write: interrupts are off. In a panic the lock's holder may be stopped for good. */
static void serial_console_write(struct console *con, const char *text, size_t len)
{
	struct uart_port *p = con->data;
	bool locked = true;

	if (panic_in_progress)
		locked = spin_trylock(&p->lock);
	else
		spin_lock(&p->lock);
	while (tx_used(p))
		put_polled(p, p->tx[p->tx_tail++ % TX_SIZE]);
	write_polled(p, text, len);
	if (locked)
		spin_unlock(&p->lock);
}

void serial_console_init(void)
{
	for (int i = 0; i < NR_PORTS; i++) {
		struct uart_port *p = &ports[i];
		const char *options;

		if (p->is_console || !console_wanted(p->name, &options) ||
		    !uart_probe(p, console_baud(options)))
			continue;
		p->is_console = true;
		p->console = (struct console){ .name = p->name,
					       .write = serial_console_write,
					       .from_start = true,
					       .data = p };
		register_console(&p->console);
	}
}

/* --- the terminal --- */

static size_t serial_write(struct tty_struct *tty, const char *buf, size_t len)
{
	struct uart_port *p = tty->driver;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	size_t n = MIN(len, (size_t)(TX_SIZE - tx_used(p)));

	for (size_t i = 0; i < n; i++)
		p->tx[p->tx_head++ % TX_SIZE] = buf[i];
	pump(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static size_t serial_write_room(struct tty_struct *tty)
{
	struct uart_port *p = tty->driver;

	return TX_SIZE - (READ_ONCE(p->tx_head) - READ_ONCE(p->tx_tail));
}

/*
 * With the lock: who is told that some are left sleeps, and only if they really are is there an
 * interrupt to wake him.
 */
static size_t serial_chars_in_buffer(struct tty_struct *tty)
{
	struct uart_port *p = tty->driver;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	size_t n = tx_used(p);

	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

static void serial_flush_buffer(struct tty_struct *tty)
{
	struct uart_port *p = tty->driver;
	unsigned long flags = spin_lock_irqsave(&p->lock);

	p->tx_tail = p->tx_head;
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_set_termios(struct tty_struct *tty)
{
	struct uart_port *p = tty->driver;
	tcflag_t c = tty->termios.c_cflag;
	u8 lcr = (c & CSIZE) >> 4 | (c & CSTOPB ? 4 : 0) | (c & PARENB ? 8 : 0) |
		 (c & PARENB && !(c & PARODD) ? 0x10 : 0);
	unsigned long flags;

	if ((c & CBAUD) == B0)		/* hang up the modem: there is none */
		return;
	flags = spin_lock_irqsave(&p->lock);
	set_line(p, tty->termios.c_ospeed, lcr);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_unthrottle(struct tty_struct *tty)
{
	struct uart_port *p = tty->driver;
	unsigned long flags = spin_lock_irqsave(&p->lock);

	p->ier |= IER_RX | IER_LINE;
	uart_out(p, UART_IER, p->ier);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_send_break(struct tty_struct *tty, bool on)
{
	struct uart_port *p = tty->driver;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	u8 lcr = uart_in(p, UART_LCR) & ~LCR_BREAK;

	uart_out(p, UART_LCR, on ? lcr | LCR_BREAK : lcr);
	spin_unlock_irqrestore(&p->lock, flags);
}

static long serial_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	struct uart_port *p = tty->driver;
	struct serial_struct s = { .type = 4 /* 16550A */,
				   .line = p - ports,
				   .port = p->io,
				   .irq = p->irq,
				   .xmit_fifo_size = UART_FIFO,
				   .baud_base = UART_CLOCK };

	switch (cmd) {
	case TIOCGSERIAL:
		return copy_to_user((void __user *)arg, &s, sizeof(s)) ? -EFAULT : 0;
	case TIOCMGET:
		return put_user(TIOCM_DTR | TIOCM_RTS | TIOCM_CAR | TIOCM_CTS | TIOCM_DSR,
				(int __user *)arg);
	case TIOCSBRK: case TIOCCBRK:
		serial_send_break(tty, cmd == TIOCSBRK);
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct tty_driver_ops serial_ops = {
	.write = serial_write,
	.write_room = serial_write_room,
	.chars_in_buffer = serial_chars_in_buffer,
	.flush_buffer = serial_flush_buffer,
	.set_termios = serial_set_termios,
	.unthrottle = serial_unthrottle,
	.send_break = serial_send_break,
	.ioctl = serial_ioctl,
};

/* --- the interrupt --- */

/* => lock held. Up to @room bytes into @buf; *sysrq: a key that followed a break, 0. *more: the
 * chip has further ones. */
static size_t drain_rx(struct uart_port *p, u8 *buf, size_t room, char *sysrq, bool *more)
{
	size_t n = 0;

	*sysrq = 0;
	*more = false;
	for (;;) {
		u8 lsr, c;

		if (n == room || *sysrq) {
			*more = true;	/* before LSR is read: that forgets a break */
			break;
		}
		lsr = uart_in(p, UART_LSR);
		if (!(lsr & (LSR_DATA | LSR_BREAK)))
			break;
		c = uart_in(p, UART_DATA);
		if (lsr & LSR_BREAK) {
			p->sysrq_until = p->is_console ? ktime_get_ns() + SYSRQ_WINDOW_NSEC : 0;
		} else if (p->sysrq_until) {
			if (ktime_get_ns() < p->sysrq_until && c)
				*sysrq = c;
			else
				buf[n++] = c;
			p->sysrq_until = 0;
		} else {
			buf[n++] = c;
		}
	}
	return n;
}

/* No room above: the receive interrupt is off until there is. The order matters: off first,
 * then ask for the call. */
static size_t room_or_throttle(struct uart_port *p)
{
	size_t room = tty_receive_room(p->tty);
	unsigned long flags;

	if (likely(room))
		return room;
	flags = spin_lock_irqsave(&p->lock);
	p->ier &= ~(IER_RX | IER_LINE);
	uart_out(p, UART_IER, p->ier);
	spin_unlock_irqrestore(&p->lock, flags);
	room = tty_throttle(p->tty);
	if (room)
		serial_unthrottle(p->tty);
	return room;
}

static void receive(struct uart_port *p)
{
	u8 buf[64];
	bool more = true;

	while (more) {
		size_t room = room_or_throttle(p), n;
		unsigned long flags;
		char sysrq;

		if (room == 0)
			return;
		flags = spin_lock_irqsave(&p->lock);
		n = drain_rx(p, buf, MIN(room, sizeof(buf)), &sysrq, &more);
		spin_unlock_irqrestore(&p->lock, flags);
		if (n)
			tty_receive(p->tty, buf, n);
		if (sysrq)
			handle_sysrq(sysrq);
	}
}

/* Bounded: a chip that never stops asking is left to the next interrupt. */
static void serial_interrupt(void *arg)
{
	struct uart_port *p = arg;

	for (int i = 0; i < 64 && !(uart_in(p, UART_IIR) & IIR_NONE); i++) {
		unsigned long flags;
		bool wake;

		receive(p);
		flags = spin_lock_irqsave(&p->lock);
		wake = p->ier & IER_TX;
		pump(p);
		wake = wake && tx_used(p) < TX_SIZE / 2;
		uart_in(p, UART_MSR);	/* acknowledges modem lines */
		spin_unlock_irqrestore(&p->lock, flags);
		if (wake)
			tty_wakeup(p->tty);
	}
}

static void start_port(struct uart_port *p, unsigned int minor)
{
	const char *options;
	u32 baud;
	unsigned long flags;
	int error;

	console_wanted(p->name, &options);
	baud = console_baud(options);
	if (!uart_probe(p, baud))
		return;
	p->tty = tty_register(p->name, 4, 64 + minor, &serial_ops, p);
	if (!p->tty)
		return;
	/* not known: programs ask by cursor report */
	p->tty->winsize = (struct winsize){ .ws_row = 0, .ws_col = 0 };
	p->tty->termios.c_cflag = (baud == 115200  ? B115200
				   : baud == 38400 ? B38400
				   : baud == 57600 ? B57600
				   : baud == 19200 ? B19200
						   : B9600) |
				  CS8 | CREAD | HUPCL | CLOCAL;
	p->tty->termios.c_ispeed = p->tty->termios.c_ospeed = baud;
	error = request_irq(isa_irq_to_gsi(p->irq), serial_interrupt, p, p->name);
	if (error)
		pr_err("%s: no interrupt %u: error %d\n", p->name, p->irq, error);
	flags = spin_lock_irqsave(&p->lock);
	p->ier = IER_RX | IER_LINE;
	uart_out(p, UART_IER, p->ier);
	spin_unlock_irqrestore(&p->lock, flags);
	pr_info("serial8250: %s at I/O 0x%x (irq = %u, base_baud = 115200) is a 16550A\n", p->name,
		p->io, p->irq);
}

void serial_init(void)
{
	for (unsigned int i = 0; i < NR_PORTS; i++)
		start_port(&ports[i], i);
}
