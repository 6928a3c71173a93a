/*
 * console.c - console= parameters.
 *
 * Idea:   every console= adds a device that shows the kernel's messages; the last
 *         one is also /dev/console. Without any it is the screen; on a machine
 *         without a screen, the first serial port.
 * Locks:  none: written while the command line is parsed.
 * Above:  serial.c, vt.c ask; main.c calls console_init().
 * In Linux: kernel/printk/printk.c (console_setup), Documentation/admin-guide/serial-console.rst.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/console.h"
#include "kernel/dev/serial.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"

#define MAX_CONSOLES 8

static struct { char name[16]; char options[32]; } consoles[MAX_CONSOLES];
static unsigned int nr_consoles;

static int set_console(const char *value)
{
	const char *comma = strchrnul(value, ',');
	size_t len = comma - value;

	if (nr_consoles == MAX_CONSOLES || len == 0 || len >= sizeof(consoles[0].name))
		return -EINVAL;
	memcpy(consoles[nr_consoles].name, value, len);
	if (*comma)
		strscpy(consoles[nr_consoles].options, comma + 1, sizeof(consoles[0].options));
	/* "tty" is tty0. */
	if (!strcmp(consoles[nr_consoles].name, "tty"))
		strscpy(consoles[nr_consoles].name, "tty0", sizeof(consoles[0].name));
	nr_consoles++;
	return 0;
}
CTL_PARAM("console", set_console);

bool console_wanted(const char *name, const char **options)
{
	for (unsigned int i = nr_consoles; i-- > 0;)
		if (!strcmp(consoles[i].name, name)) {
			if (options)
				*options = consoles[i].options;
			return true;
		}
	if (options)
		*options = "";
	return nr_consoles == 0 && !strcmp(name, "tty0");
}

/* tty0 and tty1 are the same screen here. */
bool console_is_preferred(const char *name)
{
	const char *last = nr_consoles ? consoles[nr_consoles - 1].name : "tty0";

	if (!strcmp(last, "tty0"))
		last = "tty1";
	return !strcmp(last, name);
}

void console_init(void) { serial_console_init(); }

void console_no_screen(void)
{
	if (nr_consoles == 0) {
		set_console("ttyS0");
		serial_console_init();
	}
}

/* The consoles' names, the preferred one last: cttyhack(8) reads it. */
static int show_active(struct seq_file *m)
{
	if (nr_consoles == 0)
		seq_puts(m, "tty0");
	for (unsigned int i = 0; i < nr_consoles; i++)
		seq_printf(m, "%s%s", i ? " " : "", consoles[i].name);
	seq_putc(m, '\n');
	return 0;
}
CTL_FILE("/sys/class/tty/console/active", .mode = 0444, .show = show_active);
