/*
 * keyboard.h - the PS/2 keyboard.
 */
#pragma once

#include "kernel/lib/types.h"

void keyboard_init(void);	/* => interrupts, vt_tty_init(); a machine without one is fine */
/* Ctrl-Alt-Del: true reboots at once, false sends SIGINT to init (reboot(2) CAD_OFF). */
extern bool ctrl_alt_del_reboots;
