/*
 * termios.h - terminals as programs see them: modes, control characters, ioctls. Linux x86-64's.
 */
#pragma once

#include "kernel/lib/types.h"

typedef u8 cc_t;
typedef u32 tcflag_t;
#define NCCS 19

struct termios {			/* TCGETS */
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	cc_t c_line;
	cc_t c_cc[NCCS];
};
struct termios2 {			/* TCGETS2; the kernel's own form too */
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	cc_t c_line;
	cc_t c_cc[NCCS];
	u32 c_ispeed, c_ospeed;
};
_Static_assert(sizeof(struct termios) == 36 && sizeof(struct termios2) == 44, "termios layout");

struct termio {				/* TCGETA */
	u16 c_iflag, c_oflag, c_cflag, c_lflag;
	u8 c_line;
	u8 c_cc[8];
};
struct winsize { u16 ws_row, ws_col, ws_xpixel, ws_ypixel; };

/* c_cc */
enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VDISCARD,
       VWERASE, VLNEXT, VEOL2 };

enum { IGNBRK = 01, BRKINT = 02, IGNPAR = 04, PARMRK = 010, INPCK = 020, ISTRIP = 040, INLCR = 0100, IGNCR = 0200,
       ICRNL = 0400, IUCLC = 01000, IXON = 02000, IXANY = 04000, IXOFF = 010000, IMAXBEL = 020000, IUTF8 = 040000 };
enum { OPOST = 01, OLCUC = 02, ONLCR = 04, OCRNL = 010, ONOCR = 020, ONLRET = 040, TABDLY = 014000, XTABS = 014000 };
enum { CBAUD = 010017, CBAUDEX = 010000, BOTHER = 010000, CSIZE = 060, CS5 = 0, CS6 = 020, CS7 = 040, CS8 = 060,
       CSTOPB = 0100, CREAD = 0200, PARENB = 0400, PARODD = 01000, HUPCL = 02000, CLOCAL = 04000 };
enum { B0 = 0, B1200 = 011, B1800 = 012, B2400 = 013, B4800 = 014, B9600 = 015, B19200 = 016, B38400 = 017,
       B57600 = 010001, B115200 = 010002, B230400 = 010003 };
enum { ISIG = 01, ICANON = 02, XCASE = 04, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100, NOFLSH = 0200,
       TOSTOP = 0400, ECHOCTL = 01000, ECHOPRT = 02000, ECHOKE = 04000, FLUSHO = 010000, PENDIN = 040000,
       IEXTEN = 0100000, EXTPROC = 0200000 };

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCGETA 0x5405
#define TCSETA 0x5406
#define TCSETAW 0x5407
#define TCSETAF 0x5408
#define TCSBRK 0x5409
#define TCXONC 0x540A
#define TCFLSH 0x540B
#define TIOCEXCL 0x540C
#define TIOCNXCL 0x540D
#define TIOCSCTTY 0x540E
#define TIOCGPGRP 0x540F
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCSTI 0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCMGET 0x5415
#define TIOCMBIS 0x5416
#define TIOCMBIC 0x5417
#define TIOCMSET 0x5418
#define TIOCINQ 0x541B
#define TIOCLINUX 0x541C
#define TIOCCONS 0x541D
#define TIOCGSERIAL 0x541E
#define TIOCSSERIAL 0x541F
#define TIOCNOTTY 0x5422
#define TIOCSETD 0x5423
#define TIOCGETD 0x5424
#define TCSBRKP 0x5425
#define TIOCSBRK 0x5427
#define TIOCCBRK 0x5428
#define TIOCGSID 0x5429
#define TCGETS2 0x802C542A
#define TCSETS2 0x402C542B
#define TCSETSW2 0x402C542C
#define TCSETSF2 0x402C542D
#define TIOCGDEV 0x80045432
/* Pseudo terminals' masters: ioctl_tty(2), tty_ioctl(4). */
#define TIOCPKT 0x5420
#define TIOCGPTN 0x80045430
#define TIOCSPTLCK 0x40045431
#define TIOCSIG 0x40045436
#define TIOCGPKT 0x80045438
#define TIOCGPTLCK 0x80045439
#define TIOCGPTPEER 0x5441
enum { TIOCPKT_DATA = 0, TIOCPKT_FLUSHREAD = 1, TIOCPKT_FLUSHWRITE = 2, TIOCPKT_STOP = 4, TIOCPKT_START = 8,
       TIOCPKT_NOSTOP = 16, TIOCPKT_DOSTOP = 32 };
#define TIOCVHANGUP 0x5437
#define TIOCGLCKTRMIOS 0x5456
#define TIOCSLCKTRMIOS 0x5457
#define TIOCGEXCL 0x80045440

enum { TCOOFF, TCOON, TCIOFF, TCION };			/* TCXONC */
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };			/* TCFLSH */
enum { TIOCM_DTR = 2, TIOCM_RTS = 4, TIOCM_CTS = 0x20, TIOCM_CAR = 0x40, TIOCM_DSR = 0x100 };

/* The screen: console_ioctl(4) */
#define KDGKBTYPE 0x4B33
#define KB_101 2
#define KDGETMODE 0x4B3B
#define KDSETMODE 0x4B3A
#define KDGKBMODE 0x4B44
#define K_XLATE 1
#define VT_GETSTATE 0x5603
struct vt_stat { u16 v_active, v_signal, v_state; };

/* TIOCGSERIAL: cttyhack(8) asks for the line. */
struct serial_struct {
	int type, line;
	unsigned int port;
	int irq, flags, xmit_fifo_size, custom_divisor, baud_base;
	unsigned short close_delay;
	char io_type, reserved_char[1];
	int hub6;
	unsigned short closing_wait, closing_wait2;
	void *iomem_base;
	unsigned short iomem_reg_shift;
	unsigned int port_high;
	unsigned long iomap_base;
};
_Static_assert(sizeof(struct serial_struct) == 72, "serial_struct layout");
