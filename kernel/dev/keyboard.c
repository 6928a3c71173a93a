/*
 * keyboard.c - the PS/2 keyboard behind an i8042, US layout.
 *
 * Idea:   the controller translates to scan code set 1: one byte a key, bit 7
 *         at release, 0xe0 before the keys that the first PC did not have. Two
 *         tables give the character; arrows and function keys become the
 *         escape sequences of TERM=linux.
 * Locks:  none: only its interrupt touches the state.
 * Above:  vt.c takes the characters, sysrq.c Alt-SysRq.
 * Source: IBM PS/2 technical reference, keyboard controller. In Linux:
 * drivers/input/serio/i8042.c,
 *         drivers/tty/vt/keyboard.c.
 */
#include "kernel/abi/signal.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/vt.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/io.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/reboot.h"

enum { KBD_DATA = 0x60, KBD_STATUS = 0x64, KBD_COMMAND = 0x64 };
enum { STATUS_OUT_FULL = 1, STATUS_IN_FULL = 2, STATUS_AUX = 0x20 };
enum {
	CMD_READ_CONFIG = 0x20,
	CMD_WRITE_CONFIG = 0x60,
	CMD_DISABLE_AUX = 0xa7,
	CMD_ENABLE_KBD = 0xae
};
enum { CONFIG_KBD_IRQ = 1, CONFIG_AUX_IRQ = 2, CONFIG_KBD_OFF = 0x10, CONFIG_TRANSLATE = 0x40 };
enum { KBD_ENABLE = 0xf4 };
enum {
	SC_CTRL = 0x1d,
	SC_LSHIFT = 0x2a,
	SC_RSHIFT = 0x36,
	SC_ALT = 0x38,
	SC_CAPS = 0x3a,
	SC_PRTSC = 0x37,
	SC_SYSRQ = 0x54,
	SC_DELETE = 0x53,
	SC_RELEASE = 0x80
};

/* By scan code, 0x00 to 0x39. */
static const char plain[] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* The keys that send sequences: F1 … F12, and the grey ones behind 0xe0 (or on the pad). */
static const struct {
	u8 code;
	const char *sequence;
} sequences[] = {
	{ 0x3b, "\033[[A" },  { 0x3c, "\033[[B" },  { 0x3d, "\033[[C" },  { 0x3e, "\033[[D" },
	{ 0x3f, "\033[[E" },  { 0x40, "\033[17~" }, { 0x41, "\033[18~" }, { 0x42, "\033[19~" },
	{ 0x43, "\033[20~" }, { 0x44, "\033[21~" }, { 0x57, "\033[23~" }, { 0x58, "\033[24~" },
	{ 0x47, "\033[1~" },  { 0x49, "\033[5~" },  { 0x4f, "\033[4~" },  { 0x51, "\033[6~" },
	{ 0x52, "\033[2~" },  { 0x53, "\033[3~" },  { 0x4a, "-" },	  { 0x4e, "+" },
};

static struct { bool lshift, rshift, ctrl, rctrl, alt, ralt, caps, e0, sysrq; u8 e1_left; } kbd;
bool ctrl_alt_del_reboots = true;

static void do_ctrl_alt_del(struct work_struct *work)
{
	struct task_struct *init;

	if (ctrl_alt_del_reboots)
		machine_restart();
	init = find_get_task(1);
	if (init) {
		do_send_sig_info_group(init, SIGINT);
		put_task_struct(init);
	}
}
static struct work_struct ctrl_alt_del_work = WORK_INIT(ctrl_alt_del_work, do_ctrl_alt_del);

static void send_arrow(char letter)
{
	char sequence[3] = { '\033', vt_application_cursor_keys() ? 'O' : '[', letter };

	vt_key_input(sequence, 3);
}

/* Keys without a character. True: @code was one. */
static bool special_key(u8 code)
{
	static const struct { u8 code; char letter; } arrows[] = {
		{ 0x48, 'A' }, { 0x50, 'B' }, { 0x4d, 'C' }, { 0x4b, 'D' },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(arrows); i++)
		if (arrows[i].code == code) {
			send_arrow(arrows[i].letter);
			return true;
		}
	for (unsigned int i = 0; i < ARRAY_SIZE(sequences); i++)
		if (sequences[i].code == code) {
			vt_key_input(sequences[i].sequence, strlen(sequences[i].sequence));
			return true;
		}
	return false;
}

/* What @c becomes with Ctrl. */
static char control_char(char c)
{
	c = toupper(c);
	if (c >= '@' && c <= '_')
		return c & 0x1f;
	return c == ' ' || c == '2' ? 0 : c == '/' ? 0x1f : c == 0x7f ? '\b' : c;
}

static void character_key(u8 code)
{
	bool shift = kbd.lshift || kbd.rshift;
	char out[2];
	unsigned int n = 0;
	char c;

	if (code >= sizeof(plain) - 1)
		return;
	c = shift ? shifted[code] : plain[code];
	if (!c)
		return;
	if (kbd.caps && isalpha(c))
		c ^= 0x20;
	if (kbd.ctrl || kbd.rctrl)
		c = control_char(c);
	if (kbd.alt || kbd.ralt)
		out[n++] = '\033';
	out[n++] = c;
	vt_key_input(out, n);
}

/* Shift, Ctrl, Alt, Caps Lock. True: @code is one of them. */
static bool modifier_key(u8 code, bool down, bool e0)
{
	switch (code) {
	case SC_LSHIFT:
		if (!e0)		/* e0 2a is a shift that the keyboard made up */
			kbd.lshift = down;
		return true;
	case SC_RSHIFT:
		if (!e0)
			kbd.rshift = down;
		return true;
	case SC_CTRL:
		*(e0 ? &kbd.rctrl : &kbd.ctrl) = down;
		return true;
	case SC_ALT:
		*(e0 ? &kbd.ralt : &kbd.alt) = down;
		if (!down)
			kbd.sysrq = false;
		return true;
	case SC_CAPS:
		kbd.caps ^= down;
		return true;
	default:
		return false;
	}
}

static void key_down(u8 code, bool e0)
{
	bool alt = kbd.alt || kbd.ralt, ctrl = kbd.ctrl || kbd.rctrl;

	if (code == SC_SYSRQ || (e0 && code == SC_PRTSC)) {
		kbd.sysrq = alt;
		return;
	}
	if (kbd.sysrq && alt) {
		if (code < sizeof(plain) - 1 && plain[code])
			handle_sysrq(plain[code]);
		return;
	}
	if (code == SC_DELETE && ctrl && alt) {
		schedule_work(&ctrl_alt_del_work);
		return;
	}
	if (e0 && code == 0x1c)
		vt_key_input("\r", 1);	/* the pad's Enter */
	else if (e0 && code == 0x35)
		vt_key_input("/", 1);
	else if (!special_key(code) && !e0)
		character_key(code);
}

static void scan_code(u8 sc)
{
	bool e0 = kbd.e0, down = !(sc & SC_RELEASE);

	if (kbd.e1_left) {		/* Pause: e1 and two more, twice */
		kbd.e1_left--;
		return;
	}
	if (sc == 0xe1) {
		kbd.e1_left = 2;
		return;
	}
	kbd.e0 = sc == 0xe0;
	if (kbd.e0 || sc == 0xfa || sc == 0xfe)	/* answers to commands */
		return;
	sc &= ~SC_RELEASE;
	if (!modifier_key(sc, down, e0) && down)
		key_down(sc, e0);
}

static void keyboard_interrupt(void *arg)
{
	u8 status;

	for (int i = 0; i < 32 && (status = inb(KBD_STATUS)) & STATUS_OUT_FULL; i++) {
		u8 data = inb(KBD_DATA);

		if (!(status & STATUS_AUX))
			scan_code(data);
	}
}

/* --- set-up, with a limit to each wait --- */

static bool wait_status(u8 mask, u8 value)
{
	for (int i = 0; i < 1000; i++) {
		if ((inb(KBD_STATUS) & mask) == value)
			return true;
		udelay(10);
	}
	return false;
}

static void command(u8 c)
{
	wait_status(STATUS_IN_FULL, 0);
	outb(c, KBD_COMMAND);
}

static void send_data(u8 d)
{
	wait_status(STATUS_IN_FULL, 0);
	outb(d, KBD_DATA);
}

void keyboard_init(void)
{
	u8 config;

	if (inb(KBD_STATUS) == 0xff) {
		pr_info("i8042: No controller found\n");
		return;
	}
	command(CMD_DISABLE_AUX);
	for (int i = 0; i < 32 && inb(KBD_STATUS) & STATUS_OUT_FULL; i++)
		inb(KBD_DATA);
	command(CMD_READ_CONFIG);
	if (!wait_status(STATUS_OUT_FULL, STATUS_OUT_FULL)) {
		pr_info("i8042: No controller found\n");
		return;
	}
	config = inb(KBD_DATA);
	config = (config | CONFIG_KBD_IRQ | CONFIG_TRANSLATE) & ~(CONFIG_KBD_OFF | CONFIG_AUX_IRQ);
	command(CMD_WRITE_CONFIG);
	send_data(config);
	command(CMD_ENABLE_KBD);
	if (request_irq(isa_irq_to_gsi(1), keyboard_interrupt, NULL, "i8042")) {
		pr_err("i8042: no interrupt\n");
		return;
	}
	send_data(KBD_ENABLE);
	pr_info("serio: i8042 KBD port at 0x60,0x64 irq 1\n");
}
