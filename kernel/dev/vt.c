/*
 * vt.c - the terminal on the screen: characters, control characters and escape sequences of
 * TERM=linux.
 *
 * Idea:   text is a grid of cells in memory; a second grid holds what the
 *         screen shows. After each write the differences are drawn, so a
 *         hundred lines scrolled through in one write cost one redraw.
 * Locks:  vt_lock (LOCK_CONSOLE, irqsave). Answers (cursor report) are given to the
 *         line discipline after it is dropped.
 * Above:  tty.c, printk; keyboard.c types into it.   Below: screen.c.
 * Source: ECMA-48, console_codes(4).   In Linux: drivers/tty/vt/vt.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/console.h"
#include "kernel/dev/screen.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/vt.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define MAX_PARAMS 16
#define DEFAULT_ATTR 0x07		/* light grey on black */

/* All guarded by vt_lock. */
static struct {
	struct screen *screen;		/* c: NULL: none */
	cell_t *cells, *shown;		/* cols x rows */
	unsigned int cols, rows;	/* c */
	unsigned int x, y;
	/* the last column is filled: the next character goes to the next line */
	bool wrap_next;
	unsigned int top, bottom;	/* scrolling region, bottom exclusive */
	unsigned int saved_x, saved_y;
	u8 saved_fg, saved_bg;
	u8 fg, bg;			/* ANSI numbers, 0-7 */
	bool bold, reverse, underline, blink;
	bool cursor_visible, autowrap, app_cursor, insert, origin;
	int drawn_x, drawn_y;		/* where the cursor is shown, -1: nowhere */
	enum { NORMAL, ESC, CSI, CHARSET, OSC } state;
	bool question;			/* CSI ? … */
	unsigned int params[MAX_PARAMS], nr_params;
	unsigned int utf8_left;		/* bytes of a character still to come */
	char reply[32];
	unsigned int reply_len;
} vt;
static spinlock_t vt_lock = SPINLOCK_INIT(LOCK_CONSOLE);
static struct tty_struct *vt_tty;	/* c */

/* ANSI orders red, green, blue by rising bit, VGA the other way. */
static u8 vga_color(u8 ansi) { return (ansi & 2) | (ansi & 1) << 2 | (ansi & 4) >> 2; }

static u8 attribute(void)
{
	u8 fg = vga_color(vt.fg) | (vt.bold ? 8 : 0), bg = vga_color(vt.bg);

	if (vt.underline)
		fg = 3 | 8;		/* cyan stands for it, as on Linux's colour screens */
	return vt.reverse ? (u8)(fg << 4 | bg) & 0x7f : (u8)(bg << 4 | fg);
}

static cell_t blank(void) { return (cell_t)(vga_color(vt.bg) << 12 | DEFAULT_ATTR << 8 | ' '); }
static cell_t *cell_at(unsigned int x, unsigned int y) { return &vt.cells[y * vt.cols + x]; }

static void fill(unsigned int x, unsigned int y, unsigned int n)
{
	for (cell_t *c = cell_at(x, y); n > 0; n--)
		*c++ = blank();
}

/* --- moving text --- */

static void scroll_up(unsigned int top, unsigned int bottom, unsigned int n)
{
	n = MIN(n, bottom - top);
	memmove(cell_at(0, top), cell_at(0, top + n),
		(bottom - top - n) * vt.cols * sizeof(cell_t));
	fill(0, bottom - n, n * vt.cols);
}

static void scroll_down(unsigned int top, unsigned int bottom, unsigned int n)
{
	n = MIN(n, bottom - top);
	memmove(cell_at(0, top + n), cell_at(0, top),
		(bottom - top - n) * vt.cols * sizeof(cell_t));
	fill(0, top, n * vt.cols);
}

static void line_feed(void)
{
	vt.wrap_next = false;
	if (vt.y + 1 == vt.bottom)
		scroll_up(vt.top, vt.bottom, 1);
	else if (vt.y + 1 < vt.rows)
		vt.y++;
}

static void reverse_line_feed(void)
{
	vt.wrap_next = false;
	if (vt.y == vt.top)
		scroll_down(vt.top, vt.bottom, 1);
	else if (vt.y > 0)
		vt.y--;
}

static void go_to(int x, int y)
{
	vt.x = MIN(MAX(x, 0), (int)vt.cols - 1);
	vt.y = MIN(MAX(y, 0), (int)vt.rows - 1);
	vt.wrap_next = false;
}

static void insert_cells(unsigned int n)
{
	n = MIN(n, vt.cols - vt.x);
	memmove(cell_at(vt.x + n, vt.y), cell_at(vt.x, vt.y),
		(vt.cols - vt.x - n) * sizeof(cell_t));
	fill(vt.x, vt.y, n);
}

static void delete_cells(unsigned int n)
{
	n = MIN(n, vt.cols - vt.x);
	memmove(cell_at(vt.x, vt.y), cell_at(vt.x + n, vt.y),
		(vt.cols - vt.x - n) * sizeof(cell_t));
	fill(vt.cols - n, vt.y, n);
}

static void put_char(u8 c)
{
	if (vt.wrap_next && vt.autowrap) {
		vt.x = 0;
		line_feed();
	}
	if (vt.insert)
		insert_cells(1);
	*cell_at(vt.x, vt.y) = attribute() << 8 | c;
	if (vt.x + 1 < vt.cols)
		vt.x++;
	else
		vt.wrap_next = true;
}

/* --- escape sequences --- */

static void reset_terminal(void)
{
	vt.fg = 7;
	vt.bg = 0;
	vt.bold = vt.reverse = vt.underline = vt.blink = false;
	vt.cursor_visible = vt.autowrap = true;
	vt.app_cursor = vt.insert = vt.origin = false;
	vt.top = 0;
	vt.bottom = vt.rows;
	vt.state = NORMAL;
	vt.saved_x = vt.saved_y = 0;
	vt.saved_fg = 7;
	vt.saved_bg = 0;
	fill(0, 0, vt.cols * vt.rows);
	go_to(0, 0);
}

static void save_cursor(void)
{
	vt.saved_x = vt.x;
	vt.saved_y = vt.y;
	vt.saved_fg = vt.fg;
	vt.saved_bg = vt.bg;
}

static void restore_cursor(void)
{
	go_to(vt.saved_x, vt.saved_y);
	vt.fg = vt.saved_fg;
	vt.bg = vt.saved_bg;
}

/* Parameter @i, @missing if it was left out or 0. */
static unsigned int param(unsigned int i, unsigned int missing)
{
	return i < vt.nr_params && vt.params[i] ? vt.params[i] : missing;
}

/* 38;5;n and 38;2;r;g;b are read over: @i moves past them. */
static unsigned int skip_extended_color(unsigned int i)
{
	unsigned int kind = i + 1 < vt.nr_params ? vt.params[i + 1] : 0;

	return kind == 5 ? i + 2 : kind == 2 ? i + 4 : i;
}

static void select_graphic(unsigned int p)
{
	switch (p) {
	case 0:
		vt.fg = 7;
		vt.bg = 0;
		vt.bold = vt.reverse = vt.underline = vt.blink = false;
		break;
	case 1: vt.bold = true; break;
	case 2: case 22: vt.bold = false; break;
	case 4: vt.underline = true; break;
	case 24: vt.underline = false; break;
	case 7: vt.reverse = true; break;
	case 27: vt.reverse = false; break;
	case 30 ... 37: vt.fg = p - 30; break;
	case 39: vt.fg = 7; vt.underline = false; break;
	case 40 ... 47: vt.bg = p - 40; break;
	case 49: vt.bg = 0; break;
	case 90 ... 97: vt.fg = p - 90; vt.bold = true; break;
	case 100 ... 107: vt.bg = p - 100; break;
	}
}

static void csi_m(void)
{
	if (vt.nr_params == 0)
		select_graphic(0);
	for (unsigned int i = 0; i < vt.nr_params; i++) {
		if (vt.params[i] == 38 || vt.params[i] == 48)
			i = skip_extended_color(i);
		else
			select_graphic(vt.params[i]);
	}
}

static void erase_display(unsigned int how)
{
	unsigned int pos = vt.y * vt.cols + vt.x;

	if (how == 0)
		fill(vt.x, vt.y, vt.cols * vt.rows - pos);
	else if (how == 1)
		fill(0, 0, pos + 1);
	else if (how == 2 || how == 3)
		fill(0, 0, vt.cols * vt.rows);
}

static void erase_line(unsigned int how)
{
	if (how == 0)
		fill(vt.x, vt.y, vt.cols - vt.x);
	else if (how == 1)
		fill(0, vt.y, vt.x + 1);
	else if (how == 2)
		fill(0, vt.y, vt.cols);
}

static void set_mode(bool on)
{
	for (unsigned int i = 0; i < vt.nr_params; i++) {
		unsigned int p = vt.params[i];

		if (vt.question && p == 1)
			vt.app_cursor = on;
		else if (vt.question && p == 6)
			vt.origin = on;
		else if (vt.question && p == 7)
			vt.autowrap = on;
		else if (vt.question && p == 25)
			vt.cursor_visible = on;
		else if (!vt.question && p == 4)
			vt.insert = on;
	}
}

static void report(unsigned int what)
{
	if (what == 5)
		vt.reply_len = scnprintf(vt.reply, sizeof(vt.reply), "\033[0n");
	else if (what == 6)
		vt.reply_len =
			scnprintf(vt.reply, sizeof(vt.reply), "\033[%u;%uR", vt.y + 1, vt.x + 1);
}

static void set_region(void)
{
	unsigned int top = param(0, 1), bottom = param(1, vt.rows);

	if (top < bottom && bottom <= vt.rows) {
		vt.top = top - 1;
		vt.bottom = bottom;
		go_to(0, 0);
	}
}

static bool in_region(void) { return vt.y >= vt.top && vt.y < vt.bottom; }

/* Cursor movements. True: @c was one. */
static bool csi_move(char c)
{
	int n = param(0, 1);

	switch (c) {
	case 'A': go_to(vt.x, MAX((int)vt.y - n, vt.y >= vt.top ? (int)vt.top : 0)); break;
	case 'B':
	case 'e':
		go_to(vt.x, MIN((int)vt.y + n, (int)(vt.y < vt.bottom ? vt.bottom : vt.rows) - 1));
		break;
	case 'C': case 'a': go_to(vt.x + n, vt.y); break;
	case 'D': go_to((int)vt.x - n, vt.y); break;
	case 'E': go_to(0, vt.y + n); break;
	case 'F': go_to(0, (int)vt.y - n); break;
	case 'G': case '`': go_to(n - 1, vt.y); break;
	case 'd': go_to(vt.x, n - 1); break;
	case 'H':
	case 'f': go_to((int)param(1, 1) - 1, n - 1 + (vt.origin ? (int)vt.top : 0)); break;
	case 's': save_cursor(); break;
	case 'u': restore_cursor(); break;
	default: return false;
	}
	return true;
}

static void csi(char c)
{
	unsigned int n = param(0, 1), how = param(0, 0);

	if (!vt.question && csi_move(c))
		return;
	switch (c) {
	case 'm': csi_m(); break;
	case 'J': erase_display(how); break;
	case 'K': erase_line(how); break;
	case 'L': if (in_region()) scroll_down(vt.y, vt.bottom, n); break;
	case 'M': if (in_region()) scroll_up(vt.y, vt.bottom, n); break;
	case 'P': delete_cells(n); break;
	case '@': insert_cells(n); break;
	case 'X': fill(vt.x, vt.y, MIN(n, vt.cols - vt.x)); break;
	case 'S': scroll_up(vt.top, vt.bottom, n); break;
	case 'T': scroll_down(vt.top, vt.bottom, n); break;
	case 'r': if (!vt.question) set_region(); break;
	case 'h': case 'l': set_mode(c == 'h'); break;
	case 'n': if (!vt.question) report(how); break;
	case 'c':
		if (!vt.question)
			vt.reply_len = scnprintf(vt.reply, sizeof(vt.reply), "\033[?6c");
		break;
	}
}

static void csi_byte(u8 c)
{
	if (isdigit(c)) {
		if (vt.nr_params == 0)
			vt.nr_params = 1;
		unsigned int *p = &vt.params[vt.nr_params - 1];

		*p = MIN(*p * 10 + c - '0', 9999u);
	} else if (c == ';') {
		if (vt.nr_params == 0)
			vt.nr_params = 1;
		if (vt.nr_params < MAX_PARAMS)
			vt.params[vt.nr_params++] = 0;
	} else if (c == '?') {
		vt.question = true;
	} else if (c >= 0x40 && c < 0x7f) {
		vt.state = NORMAL;
		csi(c);
	}
}

static void esc_byte(u8 c)
{
	vt.state = NORMAL;
	switch (c) {
	case '[':
		vt.state = CSI;
		vt.question = false;
		vt.nr_params = 0;
		memset(vt.params, 0, sizeof(vt.params));
		break;
	case ']': vt.state = OSC; break;
	case '(': case ')': case '%': case '#': vt.state = CHARSET; break;
	case 'c': reset_terminal(); break;
	case 'D': line_feed(); break;
	case 'E': vt.x = 0; line_feed(); break;
	case 'M': reverse_line_feed(); break;
	case '7': save_cursor(); break;
	case '8': restore_cursor(); break;
	}
}

/* Control characters work inside sequences too. */
static bool control(u8 c)
{
	switch (c) {
	case '\b':
		if (vt.x > 0 && !vt.wrap_next)
			vt.x--;
		vt.wrap_next = false;
		return true;
	case '\t':
		vt.x = MIN((vt.x | 7) + 1, vt.cols - 1);
		return true;
	case '\n': case '\v': case '\f':
		line_feed();
		return true;
	case '\r':
		vt.x = 0;
		vt.wrap_next = false;
		return true;
	case 0x18: case 0x1a:
		vt.state = NORMAL;
		return true;
	case 0x1b:
		vt.state = ESC;
		return true;
	default:
		return c < 0x20 || c == 0x7f;
	}
}

/* A character beyond ASCII takes one cell: the font has none of them. */
static void utf8_byte(u8 c)
{
	if ((c & 0xc0) == 0x80) {
		if (vt.utf8_left && --vt.utf8_left == 0)
			put_char(0xfe);
		return;
	}
	vt.utf8_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
}

static void terminal_byte(u8 c)
{
	if (vt.state == OSC) {		/* a title: read over, to BEL or ESC */
		if (c == '\a')
			vt.state = NORMAL;
		else if (c == 0x1b)
			vt.state = CHARSET;	/* swallows the backslash */
		return;
	}
	if (control(c))
		return;
	switch (vt.state) {
	case ESC: esc_byte(c); break;
	case CSI: csi_byte(c); break;
	case CHARSET: vt.state = NORMAL; break;
	default:
		if (c >= 0x80)
			utf8_byte(c);
		else
			put_char(c);
	}
}

/* --- showing it --- */

/* => vt_lock held */
static void refresh(void)
{
	int x = vt.cursor_visible ? (int)vt.x : -1, y = vt.y;

	if (vt.drawn_x >= 0 && (vt.drawn_x != x || vt.drawn_y != y))
		vt.shown[vt.drawn_y * vt.cols + vt.drawn_x] = ~*cell_at(vt.drawn_x, vt.drawn_y);
	for (unsigned int row = 0; row < vt.rows; row++) {
		cell_t *now = cell_at(0, row), *was = &vt.shown[row * vt.cols];

		for (unsigned int col = 0; col < vt.cols; col++)
			if (now[col] != was[col]) {
				vt.screen->draw(vt.screen, col, row, now[col]);
				was[col] = now[col];
			}
	}
	vt.screen->cursor(vt.screen, x, y);
	vt.drawn_x = x;
	vt.drawn_y = y;
}

/* console.write. In a panic the lock's holder may be stopped for good. */
static void vt_console_write(struct console *con, const char *text, size_t len)
{
	bool locked = true;

	if (panic_in_progress)
		locked = spin_trylock(&vt_lock);
	else
		spin_lock(&vt_lock);
	vt.state = NORMAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			terminal_byte('\r');
		terminal_byte(text[i]);
	}
	refresh();
	if (locked)
		spin_unlock(&vt_lock);
}

static struct console vt_console = { .name = "tty0",
				     .write = vt_console_write,
				     .from_start = true };

void vt_init(void)
{
	struct screen *s = screen_probe();
	size_t n;

	if (!s) {
		console_no_screen();
		return;
	}
	n = s->cols * s->rows;
	vt.cells = kmalloc(n * sizeof(cell_t), GFP_KERNEL);
	vt.shown = kmalloc(n * sizeof(cell_t), GFP_KERNEL);
	if (!vt.cells || !vt.shown) {
		kfree(vt.cells);
		kfree(vt.shown);
		console_no_screen();
		return;
	}
	memset(vt.shown, 0xff, n * sizeof(cell_t));	/* unlike anything: all is drawn */
	vt.screen = s;
	vt.cols = s->cols;
	vt.rows = s->rows;
	vt.drawn_x = -1;
	reset_terminal();
	refresh();
	if (console_wanted("tty0", NULL) || console_wanted("tty1", NULL))
		register_console(&vt_console);
}

/* --- the terminal --- */

static size_t vt_write(struct tty_struct *tty, const char *buf, size_t len)
{
	unsigned long flags = spin_lock_irqsave(&vt_lock);
	char reply[sizeof(vt.reply)];
	unsigned int reply_len;

	for (size_t i = 0; i < len; i++)
		terminal_byte(buf[i]);
	refresh();
	reply_len = vt.reply_len;
	memcpy(reply, vt.reply, reply_len);
	vt.reply_len = 0;
	spin_unlock_irqrestore(&vt_lock, flags);
	/* tty->lock is held, and so the answer goes into its ring directly. */
	for (unsigned int i = 0; i < reply_len && tty_receive_room(tty); i++)
		tty->bufs->raw[tty->raw_head++ % TTY_RAW_SIZE] = reply[i];
	if (reply_len)
		schedule_work(&tty->work);
	return len;
}

static size_t vt_write_room(struct tty_struct *tty) { return 4096; }

static long vt_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	struct vt_stat stat = { .v_active = 1, .v_state = 2 };

	switch (cmd) {
	case VT_GETSTATE:
		return copy_to_user((void __user *)arg, &stat, sizeof(stat)) ? -EFAULT : 0;
	case KDGKBTYPE:
		return put_user(KB_101, (char __user *)arg);
	case KDGETMODE:
		return put_user(0, (int __user *)arg);	/* text */
	case KDGKBMODE:
		return put_user(K_XLATE, (int __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct tty_driver_ops vt_ops = { .write = vt_write,
					      .write_room = vt_write_room,
					      .ioctl = vt_ioctl };

void vt_tty_init(void)
{
	if (!vt.screen)
		return;
	vt_tty = tty_register("tty1", 4, 1, &vt_ops, NULL);
	if (vt_tty)
		vt_tty->winsize = (struct winsize){ .ws_row = vt.rows, .ws_col = vt.cols };
}

void vt_key_input(const char *keys, unsigned int len)
{
	if (vt_tty)
		tty_receive(vt_tty, (const u8 *)keys, len);
}

bool vt_application_cursor_keys(void) { return READ_ONCE(vt.app_cursor); }
