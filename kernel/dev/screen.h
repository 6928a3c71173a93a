/*
 * screen.h - the picture: a grid of characters, shown by VGA text or a framebuffer.
 */
#pragma once

#include "kernel/lib/types.h"

/* A character and its colours: bits 0-7 the character, 8-11 foreground, 12-15 background (VGA's
 * numbers). */
typedef u16 cell_t;

struct screen {
	unsigned int cols, rows;	/* c: 0: there is no screen */
	/* => LOCK_CONSOLE held */
	void (*draw)(struct screen *s, unsigned int x, unsigned int y, cell_t cell);
	void (*cursor)(struct screen *s, int x, int y);	/* x < 0: hidden */
};

struct screen *screen_probe(void);	/* NULL: none. => ioremap works */
