/*
 * screen.c - two ways to show a character: VGA text, and a linear framebuffer.
 *
 * Idea:   the terminal (vt.c) keeps the text and asks to draw single cells that
 *         changed; nothing is ever read back from the device, which is slow, and
 *         scrolling needs no copying of pixels.
 * Locks:  vt.c's lock, held by the caller.
 * Above:  vt.c.   Below: boot_info says what the loader set up.
 * Source: VGA: IBM VGA's CRT controller registers 0x0a, 0x0e, 0x0f. In Linux:
 * drivers/video/console/.
 */
#include "boot/boot_info.h"
#include "kernel/dev/font.h"
#include "kernel/dev/screen.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/io.h"
#include "mm/vmalloc.h"

#define VGA_TEXT_PHYS 0xb8000
#define CRTC_INDEX 0x3d4
enum { CRTC_CURSOR_START = 0x0a, CRTC_CURSOR_HIGH = 0x0e, CRTC_CURSOR_LOW = 0x0f };
#define CURSOR_OFF 0x20

/* --- VGA text --- */

static u16 *vga_cells;

static void vga_draw(struct screen *s, unsigned int x, unsigned int y, cell_t cell)
{
	writew(cell, &vga_cells[y * s->cols + x]);
}

static void crtc_write(u8 index, u8 value)
{
	outb(index, CRTC_INDEX);
	outb(value, CRTC_INDEX + 1);
}

static void vga_cursor(struct screen *s, int x, int y)
{
	unsigned int pos = y * s->cols + x;

	crtc_write(CRTC_CURSOR_START, x < 0 ? CURSOR_OFF : 13);
	if (x < 0)
		return;
	crtc_write(CRTC_CURSOR_HIGH, pos >> 8);
	crtc_write(CRTC_CURSOR_LOW, pos);
}

static struct screen vga_screen = {
	.cols = 80, .rows = 25, .draw = vga_draw, .cursor = vga_cursor
};

/* --- framebuffer --- */

static u8 *fb;
static const struct boot_framebuffer *fb_info;
static u32 palette[16];			/* in the framebuffer's own format */
static int cursor_x = -1, cursor_y;

/* A pixel's value for 8-bit colours. */
static u32 pack(u8 r, u8 g, u8 b)
{
	const struct boot_framebuffer *f = fb_info;

	return (u32)(r >> (8 - f->red_size)) << f->red_pos |
	       (u32)(g >> (8 - f->green_size)) << f->green_pos |
	       (u32)(b >> (8 - f->blue_size)) << f->blue_pos;
}

/* VGA's sixteen: intensity, red, green, blue bits; brown instead of dark yellow. */
static void make_palette(void)
{
	for (int i = 0; i < 16; i++) {
		u8 low = i & 8 ? 0x55 : 0;
		u8 r = (i & 4 ? 0xaa : 0) + low, g = (i & 2 ? 0xaa : 0) + low,
		   b = (i & 1 ? 0xaa : 0) + low;

		palette[i] = i == 6 ? pack(0xaa, 0x55, 0) : pack(r, g, b);
	}
}

static void put_pixel(u8 *p, u32 color)
{
	switch (fb_info->bpp) {
	case 32:
		*(volatile u32 *)p = color;
		break;
	case 24:
		p[0] = color;
		p[1] = color >> 8;
		p[2] = color >> 16;
		break;
	default:
		*(volatile u16 *)p = color;
	}
}

static void draw_glyph(unsigned int x, unsigned int y, const u8 *glyph, u32 fg, u32 bg,
		       unsigned int from_row)
{
	unsigned int bytes = (fb_info->bpp + 7) / 8;

	for (unsigned int row = from_row; row < FONT_HEIGHT; row++) {
		u8 *p = fb + (u64)(y * FONT_HEIGHT + row) * fb_info->pitch + x * FONT_WIDTH * bytes;

		for (u8 bit = 0x80; bit; bit >>= 1, p += bytes)
			put_pixel(p, glyph[row] & bit ? fg : bg);
	}
}

static void fb_draw(struct screen *s, unsigned int x, unsigned int y, cell_t cell)
{
	draw_glyph(x, y, font_glyph(cell & 0xff), palette[cell >> 8 & 15], palette[cell >> 12 & 15],
		   0);
	if ((int)x == cursor_x && (int)y == cursor_y)
		cursor_x = -1;		/* painted over */
}

/* An underline of two rows; the cell under it is drawn anew by vt.c when it moves away. */
static void fb_cursor(struct screen *s, int x, int y)
{
	static const u8 line[FONT_HEIGHT] = { [14] = 0xff, [15] = 0xff };

	cursor_x = x;
	cursor_y = y;
	if (x >= 0)
		draw_glyph(x, y, line, palette[7], palette[0], 14);
}

static struct screen fb_screen = { .draw = fb_draw, .cursor = fb_cursor };

static struct screen *probe_framebuffer(void)
{
	const struct boot_framebuffer *f = &boot_info.fb;

	if (!f->addr || f->width < 8 * FONT_WIDTH || f->height < 2 * FONT_HEIGHT ||
	    (f->bpp != 32 && f->bpp != 24 && f->bpp != 16 && f->bpp != 15) ||
	    f->pitch < (u64)f->width * ((f->bpp + 7) / 8) || f->red_size > 8 || f->green_size > 8 ||
	    f->blue_size > 8)
		return NULL;
	fb = ioremap(f->addr, (u64)f->pitch * f->height);
	if (!fb)
		return NULL;
	fb_info = f;
	font_init();
	make_palette();
	fb_screen.cols = f->width / FONT_WIDTH;
	fb_screen.rows = f->height / FONT_HEIGHT;
	pr_info("fbcon: %ux%u, %u bits per pixel at 0x%llx: %ux%u characters\n", f->width,
		f->height, f->bpp, (unsigned long long)f->addr, fb_screen.cols, fb_screen.rows);
	return &fb_screen;
}

/*
 * Is there a card? Its cursor register keeps what is written; without one the port gives ones
 * (the window at 0xb8000 proves nothing: plain memory may lie there then).
 */
static bool vga_answers(void)
{
	bool answers = true;

	for (u8 pattern = 0x55; pattern < 0x57 && answers; pattern++) {
		crtc_write(CRTC_CURSOR_LOW, pattern);
		answers = inb(CRTC_INDEX + 1) == pattern;
	}
	return answers;
}

struct screen *screen_probe(void)
{
	struct screen *s = probe_framebuffer();

	if (s || !boot_info.vga_text || !vga_answers())
		return s;
	vga_cells = ioremap(VGA_TEXT_PHYS, 80 * 25 * sizeof(u16));
	return vga_cells ? &vga_screen : NULL;
}
