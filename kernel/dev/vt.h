/*
 * vt.h - the screen as a terminal: tty1 (and tty0).
 */
#pragma once

#include "kernel/lib/types.h"

/* => ioremap, kmalloc: finds the screen; it shows the log if console= lets it */
void vt_init(void);
void vt_tty_init(void);		/* => tty_init(): the screen becomes tty1 */
/* keyboard.c: typed characters. Any context */
void vt_key_input(const char *keys, unsigned int len);
bool vt_application_cursor_keys(void);	/* arrows as ESC O A instead of ESC [ A */
