/*
 * font.h - the letters of the framebuffer console, 8 x 16.
 */
#pragma once

#include "kernel/lib/types.h"

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16 };
void font_init(void);
/* 16 rows, bit 7 is the left pixel. Characters that the font lacks look like a box. */
const u8 *font_glyph(u8 c);
