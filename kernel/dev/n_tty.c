/*
 * n_tty.c - the line discipline: what happens to a character between the wire
 *           and read(2), and between write(2) and the wire.
 *
 * Idea:   received bytes wait in tty->raw; a work item takes them one by one:
 *         signals and flow control are acted upon, in canonical mode a line is
 *         edited in place until it ends, everything else goes to read_buf, and
 *         each is echoed. One ring holds it all:
 *
 *           read_tail ....... canon_head ......... read_head
 *           | complete lines  | the line being typed |
 *
 * Locks:  tty->lock (irqsave) for all of it; read_lock and write_lock make a
 *         read or write(2) whole. Signals are sent after tty->lock is dropped.
 * Above:  tty.c.   Below: the driver's ops.   Source: POSIX.1-2017 chapter 11,
 *         termios(3).   In Linux: drivers/tty/n_tty.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"

#define DISABLED_CHAR '\0'		/* a c_cc of 0 is off; it also stands for EOF in read_buf */
#define MASK(pos) ((pos) & (N_TTY_BUF_SIZE - 1))

static bool iflag(const struct tty_struct *tty, tcflag_t f) { return tty->termios.c_iflag & f; }
static bool oflag(const struct tty_struct *tty, tcflag_t f) { return tty->termios.c_oflag & f; }
static bool lflag(const struct tty_struct *tty, tcflag_t f) { return tty->termios.c_lflag & f; }
static bool is_cc(const struct tty_struct *tty, int index, u8 c)
{
	return c != DISABLED_CHAR && tty->termios.c_cc[index] == c;
}

static unsigned int buffered(const struct tty_struct *tty)
{
	return tty->read_head - tty->read_tail;
}

/* ^C \ DEL U NUL: Linux's INIT_C_CC. */
static const cc_t default_cc[NCCS] = {
	3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0
};

void n_tty_reset(struct tty_struct *tty)
{
	tty->termios = (struct termios2){
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B38400 | CS8 | CREAD | HUPCL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_ispeed = 38400,
		.c_ospeed = 38400,
	};
	memcpy(tty->termios.c_cc, default_cc, sizeof(default_cc));
	tty->locked = (struct termios){ 0 };
}

/* --- output --- */

/* Straight to the driver; what does not fit is lost (echo only: a reserve is kept for it). =>
 * lock held */
static void put_raw(struct tty_struct *tty, const char *s, size_t len)
{
	tty->ops->write(tty, s, len);
}

/*
 * One character through OPOST into @out (room for 8): the bytes it became. => lock held
 */
static unsigned int process_output(struct tty_struct *tty, char c, char *out)
{
	unsigned int spaces;

	switch (c) {
	case '\n':
		if (oflag(tty, ONLRET))
			tty->column = 0;
		if (oflag(tty, ONLCR)) {
			tty->column = tty->canon_column = 0;
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		tty->canon_column = tty->column;
		break;
	case '\r':
		if (oflag(tty, ONOCR) && tty->column == 0)
			return 0;
		if (oflag(tty, OCRNL)) {
			out[0] = '\n';
			return 1;
		}
		tty->column = tty->canon_column = 0;
		break;
	case '\t':
		spaces = 8 - (tty->column & 7);
		tty->column += spaces;
		if (oflag(tty, TABDLY)) {
			memset(out, ' ', spaces);
			return spaces;
		}
		break;
	case '\b':
		if (tty->column > 0)
			tty->column--;
		break;
	default:
		if (oflag(tty, OLCUC))
			c = toupper(c);
		/* Control characters do not move; nor do the later bytes of a UTF-8 one. */
		if ((u8)c >= 0x20 && c != 0x7f && !(iflag(tty, IUTF8) && ((u8)c & 0xc0) == 0x80))
			tty->column++;
	}
	out[0] = c;
	return 1;
}

/* => lock held. Takes as much of @buf as the driver has room for: bytes taken. */
static size_t output_some(struct tty_struct *tty, const char *buf, size_t len)
{
	size_t room = tty->ops->write_room(tty), used = 0, n = 0;
	char out[256];

	room = room > TTY_ECHO_RESERVE ? MIN(room - TTY_ECHO_RESERVE, sizeof(out)) : 0;
	if (tty->stopped)
		return 0;
	if (!oflag(tty, OPOST))
		return room ? tty->ops->write(tty, buf, MIN(len, room)) : 0;
	while (n < len && used + 8 <= room)
		used += process_output(tty, buf[n++], out + used);
	put_raw(tty, out, used);
	return n;
}

/* => lock held. An echoed character, without ^X form. */
static void echo_raw(struct tty_struct *tty, char c)
{
	char out[8];

	if (oflag(tty, OPOST))
		put_raw(tty, out, process_output(tty, c, out));
	else
		put_raw(tty, &c, 1);
}

static bool shown_as_caret(const struct tty_struct *tty, u8 c)
{
	return lflag(tty, ECHOCTL) && (c < 0x20 || c == 0x7f) && c != '\t';
}

static void echo_char(struct tty_struct *tty, u8 c)
{
	if (shown_as_caret(tty, c)) {
		echo_raw(tty, '^');
		c ^= 0x40;
	}
	echo_raw(tty, c);
}

void tty_stop(struct tty_struct *tty, bool stop)
{
	if (tty->ops->flow && tty->stopped != stop)
		tty->ops->flow(tty, stop);
	tty->stopped = stop;
	if (!stop)
		wake_up_interruptible_all(&tty->write_wait);
}

/* --- editing --- */

static u8 last_char(const struct tty_struct *tty)
{
	return tty->bufs->read_buf[MASK(tty->read_head - 1)];
}

/* The column after the line being typed, as echoed. */
static unsigned int line_column(struct tty_struct *tty)
{
	unsigned int col = tty->canon_column;

	for (unsigned int i = tty->canon_head; i != tty->read_head; i++) {
		u8 c = tty->bufs->read_buf[MASK(i)];

		if (c == '\t')
			col = (col | 7) + 1;
		else if (shown_as_caret(tty, c))
			col += 2;
		else if (c >= 0x20 && c != 0x7f && !(iflag(tty, IUTF8) && (c & 0xc0) == 0x80))
			col++;
	}
	return col;
}

/* Takes the last character off the line, on the screen too. => there is one */
static void erase_char(struct tty_struct *tty)
{
	u8 c = last_char(tty);

	tty->read_head--;
	while (iflag(tty, IUTF8) && (c & 0xc0) == 0x80 && tty->read_head != tty->canon_head) {
		c = last_char(tty);
		tty->read_head--;
	}
	if (!lflag(tty, ECHO))
		return;
	if (!lflag(tty, ECHOE)) {
		echo_char(tty, tty->termios.c_cc[VERASE]);
	} else if (c == '\t') {
		unsigned int target = line_column(tty);

		for (unsigned int i = 0; i < 8 && tty->column > target; i++)
			echo_raw(tty, '\b');
	} else {
		for (int i = shown_as_caret(tty, c) ? 2 : c >= 0x20 ? 1 : 0; i > 0; i--) {
			echo_raw(tty, '\b');
			echo_raw(tty, ' ');
			echo_raw(tty, '\b');
		}
	}
}

static void erase_word(struct tty_struct *tty)
{
	bool seen = false;

	while (tty->read_head != tty->canon_head) {
		u8 c = last_char(tty);

		if (isalnum(c) || c == '_' || c >= 0x80)
			seen = true;
		else if (seen)
			break;
		erase_char(tty);
	}
}

static void kill_line(struct tty_struct *tty)
{
	if (lflag(tty, ECHO) && !(lflag(tty, ECHOK) && lflag(tty, ECHOKE) && lflag(tty, ECHOE))) {
		tty->read_head = tty->canon_head;
		echo_char(tty, tty->termios.c_cc[VKILL]);
		if (lflag(tty, ECHOK))
			echo_raw(tty, '\n');
		return;
	}
	while (tty->read_head != tty->canon_head)
		erase_char(tty);
}

static void reprint_line(struct tty_struct *tty)
{
	echo_char(tty, tty->termios.c_cc[VREPRINT]);
	echo_raw(tty, '\n');
	for (unsigned int i = tty->canon_head; i != tty->read_head; i++)
		echo_char(tty, tty->bufs->read_buf[MASK(i)]);
}

/* --- input --- */

static void wake_readers(struct tty_struct *tty) { wake_up_interruptible_all(&tty->read_wait); }

/* One slot is kept for the end of a line, so that a line that is too long can still be finished. */
static bool put_char(struct tty_struct *tty, u8 c)
{
	if (buffered(tty) >= N_TTY_BUF_SIZE - 1) {
		if (iflag(tty, IMAXBEL))
			put_raw(tty, "\a", 1);
		return false;
	}
	clear_bit(MASK(tty->read_head), tty->bufs->line_ends);
	tty->bufs->read_buf[MASK(tty->read_head++)] = c;
	return true;
}

static void end_line(struct tty_struct *tty, u8 c)
{
	if (buffered(tty) == N_TTY_BUF_SIZE)
		return;
	__set_bit(MASK(tty->read_head), tty->bufs->line_ends);
	tty->bufs->read_buf[MASK(tty->read_head++)] = c;
	tty->canon_head = tty->read_head;
	wake_readers(tty);
}

static void flush_input_locked(struct tty_struct *tty)
{
	tty->read_head = tty->read_tail = tty->canon_head = 0;
	tty->raw_tail = tty->raw_head;
	if (tty->bufs)
		memset(tty->bufs->line_ends, 0, sizeof(tty->bufs->line_ends));
	tty->lnext = false;
}

/* ^C and relatives: the signal to send, 0 for another character. */
static int isig_char(struct tty_struct *tty, u8 c)
{
	int sig = is_cc(tty, VINTR, c)	 ? SIGINT
		  : is_cc(tty, VQUIT, c) ? SIGQUIT
		  : is_cc(tty, VSUSP, c) ? SIGTSTP
					 : 0;

	if (!sig)
		return 0;
	if (!lflag(tty, NOFLSH)) {
		flush_input_locked(tty);
		if (tty->ops->flush_buffer)
			tty->ops->flush_buffer(tty);
		tty_wakeup(tty);
	}
	if (tty->stopped)
		tty_stop(tty, false);
	if (lflag(tty, ECHO))
		echo_char(tty, c);
	return sig;
}

/* Canonical mode's special characters. True: @c was one and is dealt with. */
static bool canon_char(struct tty_struct *tty, u8 c)
{
	bool extended = lflag(tty, IEXTEN);

	if (is_cc(tty, VERASE, c)) {
		if (tty->read_head != tty->canon_head)
			erase_char(tty);
	} else if (is_cc(tty, VKILL, c)) {
		kill_line(tty);
	} else if (extended && is_cc(tty, VWERASE, c)) {
		erase_word(tty);
	} else if (extended && is_cc(tty, VLNEXT, c)) {
		tty->lnext = true;
		if (lflag(tty, ECHO) && lflag(tty, ECHOCTL))
			put_raw(tty, "^\b", 2);
	} else if (extended && lflag(tty, ECHO) && is_cc(tty, VREPRINT, c)) {
		reprint_line(tty);
	} else if (c == '\n') {
		if (lflag(tty, ECHO | ECHONL))
			echo_raw(tty, '\n');
		end_line(tty, c);
	} else if (is_cc(tty, VEOF, c)) {
		end_line(tty, DISABLED_CHAR);
	} else if (is_cc(tty, VEOL, c) || (extended && is_cc(tty, VEOL2, c))) {
		if (lflag(tty, ECHO))
			echo_char(tty, c);
		end_line(tty, c);
	} else {
		return false;
	}
	return true;
}

static void plain_char(struct tty_struct *tty, u8 c)
{
	if (tty->read_head == tty->canon_head)
		tty->canon_column = tty->column;
	if (!put_char(tty, c))
		return;
	if (lflag(tty, ECHO)) {
		if (c == '\n')
			echo_raw(tty, c);
		else
			echo_char(tty, c);
	}
	if (iflag(tty, PARMRK) && c == 0xff)
		put_char(tty, c);
	if (!lflag(tty, ICANON))
		wake_readers(tty);
}

/* True: @c starts or stops output and goes no further. */
static bool flow_char(struct tty_struct *tty, u8 c)
{
	if (!iflag(tty, IXON))
		return false;
	if (is_cc(tty, VSTART, c)) {
		tty_stop(tty, false);
		return true;
	}
	if (is_cc(tty, VSTOP, c)) {
		tty_stop(tty, true);
		return true;
	}
	if (tty->stopped && iflag(tty, IXANY))
		tty_stop(tty, false);
	return false;
}

/*
 * receive_char: one character from the wire. => lock held
 * Returns the signal that the foreground group is to get, or 0.
 */
static int receive_char(struct tty_struct *tty, u8 c)
{
	int sig;

	if (iflag(tty, ISTRIP))
		c &= 0x7f;
	if (tty->lnext) {
		tty->lnext = false;
		plain_char(tty, c);
		return 0;
	}
	if (iflag(tty, IUCLC) && lflag(tty, IEXTEN))
		c = tolower(c);
	if (flow_char(tty, c))
		return 0;
	if (lflag(tty, ISIG)) {
		sig = isig_char(tty, c);
		if (sig)
			return sig;
	}
	if (c == '\r') {
		if (iflag(tty, IGNCR))
			return 0;
		if (iflag(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && iflag(tty, INLCR)) {
		c = '\r';
	}
	if (lflag(tty, ICANON) && canon_char(tty, c))
		return 0;
	plain_char(tty, c);
	return 0;
}

/* May the next raw byte be cooked? If lines wait to be read, a full buffer holds it back; an
 * endless line loses it. */
static bool room_to_cook(const struct tty_struct *tty)
{
	return buffered(tty) < N_TTY_BUF_SIZE - 1 ||
	       (lflag(tty, ICANON) && tty->canon_head == tty->read_tail);
}

void n_tty_cook(struct work_struct *work)
{
	struct tty_struct *tty = container_of(work, struct tty_struct, work);
	bool unthrottle = false;
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	while (tty->raw_tail != tty->raw_head && room_to_cook(tty)) {
		int sig = receive_char(tty, tty->bufs->raw[tty->raw_tail++ % TTY_RAW_SIZE]);
		kpid_t pgrp = tty->pgrp;

		/* Let interrupts in between characters; a signal needs the lock dropped anyhow. */
		spin_unlock_irqrestore(&tty->lock, flags);
		if (sig && pgrp)
			kill_pgrp(pgrp, sig, NULL);
		flags = spin_lock_irqsave(&tty->lock);
	}
	if (tty->throttled && tty->raw_head - tty->raw_tail < TTY_RAW_SIZE / 2) {
		tty->throttled = false;
		unthrottle = true;
	}
	spin_unlock_irqrestore(&tty->lock, flags);
	if (unthrottle && tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

void n_tty_flush_input(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	flush_input_locked(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
	schedule_work(&tty->work);	/* unthrottles */
}

/*
 * Into canonical mode, what was typed so far counts as a line; out of it, all can be read at once.
 */
void n_tty_set_termios(struct tty_struct *tty, const struct termios2 *old)
{
	if ((old->c_lflag ^ tty->termios.c_lflag) & ICANON) {
		memset(tty->bufs->line_ends, 0, sizeof(tty->bufs->line_ends));
		tty->canon_head = tty->read_tail;
		if (lflag(tty, ICANON) && buffered(tty)) {
			__set_bit(MASK(tty->read_head - 1), tty->bufs->line_ends);
			tty->canon_head = tty->read_head;
		}
		tty->lnext = false;
		wake_readers(tty);
	}
	if (!iflag(tty, IXON) && (old->c_iflag & IXON) && tty->stopped)
		tty_stop(tty, false);
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty);
}

/* --- read(2) --- */

/* Does an EOF character (^D) stand at @pos, a place in read_buf? */
static bool is_eof(const struct tty_struct *tty, unsigned int pos)
{
	return test_bit(pos, tty->bufs->line_ends) && tty->bufs->read_buf[pos] == DISABLED_CHAR;
}

size_t n_tty_readable(struct tty_struct *tty)
{
	size_t n = 0;

	if (!lflag(tty, ICANON))
		return buffered(tty);
	for (unsigned int i = tty->read_tail; i != tty->canon_head; i++)
		if (!is_eof(tty, MASK(i)))
			n++;
	return n;
}

/* Any context. */
bool n_tty_input_ready(struct tty_struct *tty)
{
	if (lflag(tty, ICANON))
		return READ_ONCE(tty->canon_head) != READ_ONCE(tty->read_tail);
	return buffered(tty) >=
	       (tty->termios.c_cc[VTIME] ? 1 : MAX(tty->termios.c_cc[VMIN], (cc_t)1));
}

/* Up to @len bytes of one line into @buf; *end: the line ended (by EOF, perhaps with 0 bytes).
 * => lock held */
static size_t take_line(struct tty_struct *tty, char *buf, size_t len, bool *end)
{
	size_t n = 0;

	*end = false;
	while (tty->read_tail != tty->canon_head && !*end) {
		unsigned int pos = MASK(tty->read_tail);
		bool eof = is_eof(tty, pos);

		if (n == len && !eof)
			break;		/* an EOF right behind a full buffer belongs to this read */
		*end = test_bit(pos, tty->bufs->line_ends);
		__clear_bit(pos, tty->bufs->line_ends);
		if (!eof)
			buf[n++] = tty->bufs->read_buf[pos];
		tty->read_tail++;
	}
	return n;
}

/* => lock held */
static size_t take_raw(struct tty_struct *tty, char *buf, size_t len)
{
	size_t n = 0;

	while (n < len && tty->read_tail != tty->read_head)
		buf[n++] = tty->bufs->read_buf[MASK(tty->read_tail++)];
	return n;
}

/*
 * Takes once what is there, through a small buffer, since user memory may fault. *done: a line
 * ended.
 * Bytes, or -EFAULT (they are lost, as in Linux).
 */
static kssize_t take_to_user(struct tty_struct *tty, char __user *buf, size_t len, bool *done)
{
	char chunk[256];
	kssize_t total = 0;

	*done = false;
	while (len && !*done) {
		unsigned long flags = spin_lock_irqsave(&tty->lock);
		size_t n = MIN(len, sizeof(chunk));

		n = lflag(tty, ICANON) ? take_line(tty, chunk, n, done) : take_raw(tty, chunk, n);
		spin_unlock_irqrestore(&tty->lock, flags);
		if (n == 0)
			break;
		if (copy_to_user(buf + total, chunk, n))
			return total ? total : -EFAULT;
		total += n;
		len -= n;
	}
	if (READ_ONCE(tty->raw_head) != READ_ONCE(tty->raw_tail))
		schedule_work(&tty->work);	/* held back while the buffer was full */
	return total;
}

/* How long and for how much a raw read waits: POSIX.1 11.1.7, cases A to D. */
struct read_wait { size_t minimum; s64 timeout; bool timed; };

static struct read_wait raw_wait(const struct tty_struct *tty, size_t got)
{
	size_t min = tty->termios.c_cc[VMIN];
	s64 time = tty->termios.c_cc[VTIME] * (NSEC_PER_SEC / 10);

	if (min == 0)
		return (struct read_wait){ .minimum = 1, .timeout = time, .timed = true };
	return (struct read_wait){ .minimum = min, .timeout = time, .timed = time && got };
}

/* Sleeps for input. 0: there may be some; -EAGAIN: time ran out or O_NONBLOCK; -ERESTARTSYS. */
static int wait_for_input(struct tty_struct *tty, struct file *file, bool (*hung_up)(struct file *),
			  size_t got)
{
	struct read_wait w = raw_wait(tty, got);
	bool timed = !lflag(tty, ICANON) && w.timed;
	unsigned int seen = READ_ONCE(tty->read_head);
	s64 left;

#define SOMETHING_CAME                                                                             \
	(n_tty_input_ready(tty) || hung_up(file) ||                                                \
	 (!lflag(tty, ICANON) && buffered(tty) && (READ_ONCE(tty->read_head) != seen || !got)))
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	if (!timed)
		return wait_event_interruptible(tty->read_wait, SOMETHING_CAME, "n_tty_read");
	left = w.timeout ? wait_event_interruptible_timeout(tty->read_wait, SOMETHING_CAME,
							    "n_tty_read", w.timeout)
			 : buffered(tty) != 0;
#undef SOMETHING_CAME
	return left > 0 ? 0 : left == 0 ? -ETIME : (int)left;
}

static kssize_t read_locked(struct tty_struct *tty, struct file *file,
			    bool (*hung_up)(struct file *), char __user *buf, size_t len)
{
	kssize_t got = 0, n;
	bool done;
	int error;

	for (;;) {
		bool canon = lflag(tty, ICANON);

		if (hung_up(file))
			return got;
		if (canon ? n_tty_input_ready(tty) : buffered(tty)) {
			n = take_to_user(tty, buf + got, len - got, &done);
			if (n < 0)
				return got ? got : n;
			got += n;
			if (canon && (got || done))
				return got;
		}
		if (got &&
		    (canon || (size_t)got == len || (size_t)got >= raw_wait(tty, got).minimum))
			return got;
		error = wait_for_input(tty, file, hung_up, got);
		if (error == -ETIME)
			return got;
		if (error)
			return got ? got : error;
	}
}

kssize_t n_tty_read(struct tty_struct *tty, struct file *file, bool (*hung_up)(struct file *),
		    char __user *buf, size_t len)
{
	kssize_t n = tty_check_change(tty, SIGTTIN);

	if (n || len == 0)
		return n;
	if (file->f_flags & O_NONBLOCK) {
		if (!mutex_trylock(&tty->read_lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&tty->read_lock)) {
		return -ERESTARTSYS;
	}
	n = read_locked(tty, file, hung_up, buf, len);
	mutex_unlock(&tty->read_lock);
	return n;
}

/* --- write(2) --- */

static bool may_output(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	bool ok = !tty->stopped && tty->ops->write_room(tty) >= TTY_ECHO_RESERVE + 8;

	spin_unlock_irqrestore(&tty->lock, flags);
	return ok;
}

/* All of @chunk, sleeping for room. Bytes written, or -errno if none. */
static kssize_t output_all(struct tty_struct *tty, struct file *file,
			   bool (*hung_up)(struct file *), const char *chunk, size_t len)
{
	size_t done = 0;
	int error;

	while (done < len) {
		unsigned long flags = spin_lock_irqsave(&tty->lock);
		size_t n = output_some(tty, chunk + done, len - done);

		spin_unlock_irqrestore(&tty->lock, flags);
		done += n;
		if (n)
			continue;
		if (file->f_flags & O_NONBLOCK)
			return done ? (kssize_t)done : -EAGAIN;
		error = wait_event_interruptible(tty->write_wait, may_output(tty) || hung_up(file),
						 "n_tty_write");
		if (!error && hung_up(file))
			error = -EIO;
		if (error)
			return done ? (kssize_t)done : error;
	}
	return done;
}

kssize_t n_tty_write(struct tty_struct *tty, struct file *file, bool (*hung_up)(struct file *),
		     const char __user *buf, size_t len)
{
	char chunk[256];
	kssize_t total = 0, n = lflag(tty, TOSTOP) ? tty_check_change(tty, SIGTTOU) : 0;

	if (n)
		return n;
	if (file->f_flags & O_NONBLOCK) {
		if (!mutex_trylock(&tty->write_lock))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&tty->write_lock)) {
		return -ERESTARTSYS;
	}
	while ((size_t)total < len) {
		size_t part = MIN(len - total, sizeof(chunk));

		n = -EFAULT;
		if (copy_from_user(chunk, buf + total, part))
			break;
		n = -EIO;
		if (hung_up(file))
			break;
		n = output_all(tty, file, hung_up, chunk, part);
		if (n > 0)
			total += n;
		if (n != (kssize_t)part)
			break;
		cond_resched();
	}
	mutex_unlock(&tty->write_lock);
	return total ? total : n;
}
