/*
 * tty.h - the terminal: line discipline, job control, and the drivers under it.
 *
 * Idea: one struct tty_struct per terminal (ttyS0, tty1), which lives for ever;
 *       a driver gives it received bytes with tty_receive() from its interrupt
 *       (they are cooked by a work item, so that ^C can signal a group) and takes
 *       output bytes through ops->write. /dev/console is the last console= of
 *       the command line.
 * Locks:  LOCK_TTY inside (irqsave), LOCK_TTY_READ / LOCK_TTY_WRITE (mutexes).
 */
#pragma once

#include "kernel/abi/termios.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/sched/workqueue.h"

struct tty_struct;
struct task_struct;
struct file;

#define TTY_RAW_SIZE 4096		/* bytes received, not cooked yet */
#define N_TTY_BUF_SIZE 4096		/* cooked, not read yet */
#define TTY_ECHO_RESERVE 256		/* of a driver's buffer: left for echoes by write(2) */

struct tty_driver_ops {
	/* Takes what fits, maybe nothing: bytes taken. => any context; tty->lock held.
	 * tty_wakeup() when there is room again. */
	size_t (*write)(struct tty_struct *tty, const char *buf, size_t len);
	size_t (*write_room)(struct tty_struct *tty);	/* => tty->lock held */
	/* taken, not sent. NULL: none ever */
	size_t (*chars_in_buffer)(struct tty_struct *tty);
	void (*flush_buffer)(struct tty_struct *tty);	/* drops those. NULL */
	void (*set_termios)(struct tty_struct *tty);	/* => tty->lock held. May be NULL */
	/* there is room to receive again. NULL: the driver drops what did not fit */
	void (*unthrottle)(struct tty_struct *tty);
	void (*send_break)(struct tty_struct *tty, bool on);	/* NULL */
	/* => tty->lock held. A file is about to be opened: 0, -errno. NULL: always */
	int (*open)(struct tty_struct *tty);
	void (*closed)(struct tty_struct *tty);		/* a file was closed or hung up. NULL */
	/* ^S or ^Q. => tty->lock held. NULL */
	void (*flow)(struct tty_struct *tty, bool stop);
	/* -ENOTTY: not mine. NULL */
	long (*ioctl)(struct tty_struct *tty, unsigned int cmd, unsigned long arg);
};

/* What is on its way from the driver to the readers. */
struct tty_buffers {
	u8 raw[TTY_RAW_SIZE];		/* ring */
	/* n_tty.c; positions run freely, taken modulo the size */
	char read_buf[N_TTY_BUF_SIZE];
	unsigned long line_ends[N_TTY_BUF_SIZE / 64];	/* bit: here a line ends */
};

/* Guards: l lock   r read_lock   w write_lock   c set once   o LOCK_OPEN's tty_mutex */
struct tty_struct {
	char name[16];			/* c */
	kdev_t dev;			/* c */
	const struct tty_driver_ops *ops;	/* c */
	void *driver;			/* c */
	struct list_head link;		/* c: all ttys */
	struct mutex read_lock, write_lock;
	struct wait_queue_head read_wait, write_wait;
	spinlock_t lock;		/* LOCK_TTY, irqsave */
	struct list_head files;		/* l: open files, struct tty_file */
	struct termios2 termios;	/* l for writing; one word at a time is read without */
	struct termios locked;		/* l: what is not 0 in it stays as it is in termios */
	struct winsize winsize;		/* l */
	kpid_t pgrp, session;		/* l: 0: none */
	bool exclusive;			/* l */
	bool stopped;			/* l: ^S */
	bool throttled;			/* l: the driver waits for unthrottle */
	unsigned int hangups;		/* l */

	struct work_struct work;	/* cooks */
	/* l: and what is in it; NULL: a pty that nobody has open. Then nothing is in it */
	struct tty_buffers *bufs;
	unsigned int raw_head, raw_tail;	/* l: free-running */
	unsigned int read_head, read_tail;	/* l */
	unsigned int canon_head;	/* l: behind the last complete line */
	bool lnext;			/* l: ^V: the next character is literal */
	unsigned int column;		/* l: the cursor's, as far as we know */
	unsigned int canon_column;	/* l: where the line being typed began */
};

/* NULL without memory; makes the node */
struct tty_struct *tty_register(const char *name, unsigned int major, unsigned int minor,
				const struct tty_driver_ops *ops, void *driver);
/*
 * The same without a node in devtmpfs and without buffers, for ptys; the numbers of @major are then
 * opened as terminals.
 */
struct tty_struct *tty_alloc(const char *name, unsigned int major, unsigned int minor,
			     const struct tty_driver_ops *ops, void *driver);
int tty_register_major(unsigned int major);	/* 0, -EBUSY, -ENOMEM */
bool tty_has_files(struct tty_struct *tty);	/* also hung-up ones */
bool tty_hung_up(struct file *file);	/* since it was opened; for good only with the tty's lock */
bool tty_is_open(struct tty_struct *tty);	/* by a file that is not hung up */
/* The ioctls that have nothing to do with sessions, for a pty's master. */
long tty_other_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg);
void pty_init(void);				/* /dev/ptmx; => devfs_init */
/* any context: bytes taken */
size_t tty_receive(struct tty_struct *tty, const u8 *buf, size_t len);
size_t tty_receive_room(struct tty_struct *tty);	/* any context */
/* any context: room; if that is 0, ops->unthrottle will be called */
size_t tty_throttle(struct tty_struct *tty);
void tty_wakeup(struct tty_struct *tty);	/* any context: the driver has room again */
/* /dev/tty, /dev/console; => devfs_init. Then serial_init(), vt_tty_init() */
void tty_init(void);
void tty_hangup(struct tty_struct *tty);	/* the line went dead, vhangup(2): may sleep */
/* SIGWINCH if it changed; process context */
void tty_resize(struct tty_struct *tty, const struct winsize *ws);
struct tty_struct *tty_find(kdev_t dev);	/* NULL */

/* --- tty_jobctl.c --- */
/* 0, or -EIO, -ERESTARTSYS for a background process */
int tty_check_change(struct tty_struct *tty, int sig);
/* -ENOIOCTLCMD: not one */
long tty_jobctrl_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd,
		       unsigned long arg);
/* current opened it by @file: a session leader without a terminal has one now, if it was free */
void tty_open_ctty(struct tty_struct *tty, struct file *file);
/* SIGHUP, SIGCONT to the leader; no process of the session keeps the tty */
void tty_session_gone(struct tty_struct *tty, bool exiting);
struct tty_struct *get_current_tty(void);	/* NULL */
/* --- n_tty.c --- */
void n_tty_reset(struct tty_struct *tty);	/* default modes */
/* => lock held, tty->termios new */
void n_tty_set_termios(struct tty_struct *tty, const struct termios2 *old);
kssize_t n_tty_read(struct tty_struct *tty, struct file *file, bool (*hung_up)(struct file *),
		    char __user *buf, size_t len);
kssize_t n_tty_write(struct tty_struct *tty, struct file *file, bool (*hung_up)(struct file *),
		     const char __user *buf, size_t len);
void n_tty_flush_input(struct tty_struct *tty);
size_t n_tty_readable(struct tty_struct *tty);	/* => lock held: bytes that a read would get */
bool n_tty_input_ready(struct tty_struct *tty);	/* a read would not block */
void n_tty_cook(struct work_struct *work);
void tty_stop(struct tty_struct *tty, bool stop);	/* ^S, ^Q. => lock held */

/* --- what kernel/proc needs --- */
/* the session leader exits or asks: SIGHUP, SIGCONT to the foreground group */
void disassociate_ctty(bool on_exit);
kdev_t tty_devnum(struct tty_struct *tty);	/* 0 for NULL */
kpid_t tty_foreground_pgrp(struct tty_struct *tty);	/* -1 if there is none */
struct file *console_open(void);	/* init's descriptors 0, 1, 2: ERR_PTR */
extern struct tty_struct *console_tty;	/* c: what /dev/console is; NULL: no such device came up */
/* --- sysrq.c --- */
/* any context; serial break + key, Alt-PrtSc + key; kernel.sysrq is obeyed */
void handle_sysrq(char key);
