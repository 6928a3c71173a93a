/*
 * tty.c - terminals as files: opening, ioctls, hang-up, and the way from a driver's
 *         interrupt to the line discipline.
 *
 * Idea:   a terminal is registered once and lives for ever, so a pointer to it
 *         needs no reference. Each open file has a struct tty_file; a hang-up
 *         marks those, and from then on they read 0 bytes and write EIO, while a
 *         new open starts afresh. Files of /dev/console are spared, as in Linux.
 * Locks:  tty->lock (LOCK_TTY, irqsave) for everything in it; ttys_lock, of the
 *         same rank and never held with it, for the list.
 * Above:  programs; kernel/proc by tty.h's functions.
 * Below:  n_tty.c, tty_jobctl.c, the drivers.   In Linux: drivers/tty/tty_io.c.
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/console.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define TTYAUX_MAJOR 5			/* 0: tty, 1: console */
#define TTY_MAJOR 4			/* 0: the screen in front; 1 …: screens; 64 …: ttyS */

struct tty_file {
	struct tty_struct *tty;		/* c */
	struct list_head link;		/* tty->lock */
	bool hung_up;			/* tty->lock for writing */
	bool console;			/* c: opened as /dev/console */
};

static LIST_HEAD(ttys);			/* ttys_lock; only grows */
static spinlock_t ttys_lock = SPINLOCK_INIT(LOCK_TTY);
struct tty_struct *console_tty;

static struct tty_file *tty_file(const struct file *file) { return file->private_data; }
static bool file_hung_up(struct file *file) { return READ_ONCE(tty_file(file)->hung_up); }
bool tty_hung_up(struct file *file) { return file_hung_up(file); }	/* tty.h */

struct tty_struct *tty_find(kdev_t dev)
{
	struct tty_struct *tty, *found = NULL;
	unsigned long flags = spin_lock_irqsave(&ttys_lock);

	list_for_each_entry(tty, &ttys, link)
		if (tty->dev == dev)
			found = tty;
	spin_unlock_irqrestore(&ttys_lock, flags);
	return found;
}

/* --- from and to the driver --- */

size_t tty_receive_room(struct tty_struct *tty)
{
	return TTY_RAW_SIZE - (READ_ONCE(tty->raw_head) - READ_ONCE(tty->raw_tail));
}

size_t tty_throttle(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	size_t room = tty_receive_room(tty);

	if (room == 0)
		tty->throttled = true;
	spin_unlock_irqrestore(&tty->lock, flags);
	return room;
}

size_t tty_receive(struct tty_struct *tty, const u8 *buf, size_t len)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	size_t n = MIN(len, tty_receive_room(tty));

	for (size_t i = 0; i < n; i++)
		tty->bufs->raw[tty->raw_head++ % TTY_RAW_SIZE] = buf[i];
	spin_unlock_irqrestore(&tty->lock, flags);
	if (n)
		schedule_work(&tty->work);
	return n;
}

void tty_wakeup(struct tty_struct *tty) { wake_up_interruptible_all(&tty->write_wait); }

/* --- open and close --- */

/* What the device number @dev stands for. NULL: nothing (yet). */
static struct tty_struct *resolve(kdev_t dev)
{
	if (dev == MKDEV(TTYAUX_MAJOR, 0))
		return get_current_tty();
	if (dev == MKDEV(TTYAUX_MAJOR, 1))
		return console_tty;
	if (dev == MKDEV(TTY_MAJOR, 0))
		return tty_find(MKDEV(TTY_MAJOR, 1));
	return tty_find(dev);
}

/* True if a session leader's open of @dev makes it its controlling terminal. */
static bool may_become_ctty(kdev_t dev, unsigned int flags)
{
	return !(flags & O_NOCTTY) && dev != MKDEV(TTYAUX_MAJOR, 1) && dev != MKDEV(TTY_MAJOR, 0);
}

static int tty_open(struct inode *inode, struct file *file)
{
	kdev_t dev = inode->i_rdev;
	struct tty_struct *tty = resolve(dev);
	struct tty_file *tf;
	unsigned long flags;
	int error;

	if (!tty)
		return dev == MKDEV(TTYAUX_MAJOR, 0) ? -ENXIO : -ENODEV;
	if (tty->exclusive && !fs_capable(CAP_SYS_ADMIN))
		return -EBUSY;
	tf = kzalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	tf->tty = tty;
	tf->console = dev == MKDEV(TTYAUX_MAJOR, 1);
	flags = spin_lock_irqsave(&tty->lock);
	error = tty->ops->open ? tty->ops->open(tty) : 0;
	if (!error)
		list_add_tail(&tf->link, &tty->files);
	spin_unlock_irqrestore(&tty->lock, flags);
	if (error) {
		kfree(tf);
		return error;
	}
	file->private_data = tf;
	if (may_become_ctty(dev, file->f_flags) && file->f_mode & FMODE_READ)
		tty_open_ctty(tty, file);
	return 0;
}

static int tty_release(struct inode *inode, struct file *file)
{
	struct tty_file *tf = tty_file(file);
	struct tty_struct *tty = tf->tty;
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	list_del(&tf->link);
	if (list_empty(&tty->files)) {
		tty->exclusive = false;
		tty_stop(tty, false);
	}
	spin_unlock_irqrestore(&tty->lock, flags);
	if (tty->ops->closed)
		tty->ops->closed(tty);
	kfree(tf);
	return 0;
}

/* tty.h */
bool tty_has_files(struct tty_struct *tty) { return !list_empty(&tty->files); }

/* tty.h */
bool tty_is_open(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	struct tty_file *tf;
	bool open = false;

	list_for_each_entry(tf, &tty->files, link)
		open |= !tf->hung_up;
	spin_unlock_irqrestore(&tty->lock, flags);
	return open;
}

void tty_hangup(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	struct tty_file *tf;

	list_for_each_entry(tf, &tty->files, link)
		if (!tf->console)
			WRITE_ONCE(tf->hung_up, true);
	tty->hangups++;
	tty_stop(tty, false);
	spin_unlock_irqrestore(&tty->lock, flags);
	tty_session_gone(tty, true);
	n_tty_flush_input(tty);
	wake_up_all(&tty->read_wait);
	wake_up_all(&tty->write_wait);
	if (tty->ops->closed)
		tty->ops->closed(tty);
}

/* --- read, write, poll --- */

static kssize_t tty_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	if (file_hung_up(file))
		return 0;
	return n_tty_read(tty_file(file)->tty, file, file_hung_up, buf, len);
}

static kssize_t tty_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	if (file_hung_up(file))
		return -EIO;
	return n_tty_write(tty_file(file)->tty, file, file_hung_up, buf, len);
}

static unsigned int tty_poll(struct file *file, struct poll_table *pt)
{
	struct tty_struct *tty = tty_file(file)->tty;
	unsigned int mask = 0;
	unsigned long flags;

	poll_wait(file, &tty->read_wait, pt);
	poll_wait(file, &tty->write_wait, pt);
	if (file_hung_up(file))
		return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM;
	if (n_tty_input_ready(tty))
		mask |= EPOLLIN | EPOLLRDNORM;
	flags = spin_lock_irqsave(&tty->lock);
	if (!tty->stopped && tty->ops->write_room(tty) > TTY_ECHO_RESERVE + 8)
		mask |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock_irqrestore(&tty->lock, flags);
	return mask;
}

/* --- ioctls --- */

static size_t unsent(struct tty_struct *tty)
{
	return tty->ops->chars_in_buffer ? tty->ops->chars_in_buffer(tty) : 0;
}

static int wait_until_sent(struct tty_struct *tty)
{
	return wait_event_interruptible(tty->write_wait, unsent(tty) == 0, "tty_wait_until_sent");
}

static void flush_output(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	if (tty->ops->flush_buffer)
		tty->ops->flush_buffer(tty);
	spin_unlock_irqrestore(&tty->lock, flags);
	tty_wakeup(tty);
}

static tcflag_t unlocked_bits(tcflag_t old, tcflag_t new, tcflag_t locked)
{
	return (new & ~locked) | (old & locked);
}

/* What is locked becomes in @new what it is in @old. */
static void keep_locked(struct termios2 *new, const struct termios2 *old,
			const struct termios *locked)
{
	new->c_iflag = unlocked_bits(old->c_iflag, new->c_iflag, locked->c_iflag);
	new->c_oflag = unlocked_bits(old->c_oflag, new->c_oflag, locked->c_oflag);
	new->c_cflag = unlocked_bits(old->c_cflag, new->c_cflag, locked->c_cflag);
	new->c_lflag = unlocked_bits(old->c_lflag, new->c_lflag, locked->c_lflag);
	if (locked->c_line)
		new->c_line = old->c_line;
	for (unsigned int i = 0; i < NCCS; i++)
		if (locked->c_cc[i])
			new->c_cc[i] = old->c_cc[i];
}

static void apply_termios(struct tty_struct *tty, const struct termios2 *new)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	struct termios2 old = tty->termios;

	tty->termios = *new;
	keep_locked(&tty->termios, &old, &tty->locked);
	n_tty_set_termios(tty, &old);
	spin_unlock_irqrestore(&tty->lock, flags);
	schedule_work(&tty->work);
}

static const struct {
	tcflag_t code;
	u32 baud;
} bauds[] = {
	{ B1200, 1200 },     { B1800, 1800 },	  { B2400, 2400 },   { B4800, 4800 },
	{ B9600, 9600 },     { B19200, 19200 },	  { B38400, 38400 }, { B57600, 57600 },
	{ B115200, 115200 }, { B230400, 230400 },
};

/* The speed that c_cflag names; BOTHER: c_ospeed as it is. */
static void fill_speed(struct termios2 *t)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bauds); i++)
		if ((t->c_cflag & CBAUD) == bauds[i].code)
			t->c_ispeed = t->c_ospeed = bauds[i].baud;
}

/* TCSETS* and TCSETS*2. @wait: until output is sent; @flush: unread input goes. */
static long set_termios(struct tty_struct *tty, const void __user *arg, bool two, bool wait,
			bool flush)
{
	struct termios2 new = tty->termios;
	long error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (copy_from_user(&new, arg, two ? sizeof(struct termios2) : sizeof(struct termios)))
		return -EFAULT;
	if (!two || (new.c_cflag & CBAUD) != BOTHER)
		fill_speed(&new);
	if (flush)
		n_tty_flush_input(tty);
	if (wait) {
		error = wait_until_sent(tty);
		if (error)
			return error;
	}
	apply_termios(tty, &new);
	return 0;
}

/* TCSETA*: System V's shorter form. */
static long set_termio(struct tty_struct *tty, const void __user *arg, bool wait, bool flush)
{
	struct termios2 new = tty->termios;
	struct termio old;
	long error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (copy_from_user(&old, arg, sizeof(old)))
		return -EFAULT;
	new.c_iflag = (new.c_iflag & ~0xffffu) | old.c_iflag;
	new.c_oflag = (new.c_oflag & ~0xffffu) | old.c_oflag;
	new.c_cflag = (new.c_cflag & ~0xffffu) | old.c_cflag;
	new.c_lflag = (new.c_lflag & ~0xffffu) | old.c_lflag;
	memcpy(new.c_cc, old.c_cc, sizeof(old.c_cc));
	fill_speed(&new);
	if (flush)
		n_tty_flush_input(tty);
	if (wait) {
		error = wait_until_sent(tty);
		if (error)
			return error;
	}
	apply_termios(tty, &new);
	return 0;
}

static long get_termio(struct tty_struct *tty, void __user *arg)
{
	const struct termios2 *t = &tty->termios;
	struct termio old;

	memset(&old, 0, sizeof(old));	/* the hole in it goes to the user, too */
	old.c_iflag = t->c_iflag;
	old.c_oflag = t->c_oflag;
	old.c_cflag = t->c_cflag;
	old.c_lflag = t->c_lflag;
	old.c_line = t->c_line;
	memcpy(old.c_cc, t->c_cc, sizeof(old.c_cc));
	return copy_to_user(arg, &old, sizeof(old)) ? -EFAULT : 0;
}

static long get_locked(struct tty_struct *tty, void __user *arg)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	struct termios locked = tty->locked;

	spin_unlock_irqrestore(&tty->lock, flags);
	return copy_to_user(arg, &locked, sizeof(locked)) ? -EFAULT : 0;
}

/* It binds everybody, root too, until it is taken back. */
static long set_locked(struct tty_struct *tty, const void __user *arg)
{
	struct termios locked;
	unsigned long flags;

	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&locked, arg, sizeof(locked)))
		return -EFAULT;
	flags = spin_lock_irqsave(&tty->lock);
	tty->locked = locked;
	spin_unlock_irqrestore(&tty->lock, flags);
	return 0;
}

static long termios_ioctl(struct tty_struct *tty, unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case TCGETS:
		return copy_to_user(arg, &tty->termios, sizeof(struct termios)) ? -EFAULT : 0;
	case TCGETS2:
		return copy_to_user(arg, &tty->termios, sizeof(struct termios2)) ? -EFAULT : 0;
	case TCSETS: case TCSETSW: case TCSETSF:
		return set_termios(tty, arg, false, cmd != TCSETS, cmd == TCSETSF);
	case TCSETS2: case TCSETSW2: case TCSETSF2:
		return set_termios(tty, arg, true, cmd != TCSETS2, cmd == TCSETSF2);
	case TCGETA:
		return get_termio(tty, arg);
	case TCSETA: case TCSETAW: case TCSETAF:
		return set_termio(tty, arg, cmd != TCSETA, cmd == TCSETAF);
	case TIOCGLCKTRMIOS:
		return get_locked(tty, arg);
	case TIOCSLCKTRMIOS:
		return set_locked(tty, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

void tty_resize(struct tty_struct *tty, const struct winsize *ws)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	bool changed = memcmp(&tty->winsize, ws, sizeof(*ws));
	kpid_t pgrp = tty->pgrp;

	tty->winsize = *ws;
	spin_unlock_irqrestore(&tty->lock, flags);
	if (changed && pgrp)
		kill_pgrp(pgrp, SIGWINCH, NULL);
}

static long set_winsize(struct tty_struct *tty, const void __user *arg)
{
	struct winsize ws;

	if (copy_from_user(&ws, arg, sizeof(ws)))
		return -EFAULT;
	tty_resize(tty, &ws);
	return 0;
}

static void suspend_output(struct tty_struct *tty, bool stop)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	tty_stop(tty, stop);
	spin_unlock_irqrestore(&tty->lock, flags);
}

static long flow_ioctl(struct tty_struct *tty, unsigned long arg)
{
	char c = tty->termios.c_cc[arg == TCIOFF ? VSTOP : VSTART];
	long error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (arg > TCION)
		return -EINVAL;
	if (arg == TCOOFF || arg == TCOON) {
		suspend_output(tty, arg == TCOOFF);
	} else if (c) {
		unsigned long flags = spin_lock_irqsave(&tty->lock);

		tty->ops->write(tty, &c, 1);
		spin_unlock_irqrestore(&tty->lock, flags);
	}
	return 0;
}

static long flush_ioctl(struct tty_struct *tty, unsigned long arg)
{
	long error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (arg > TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH)
		n_tty_flush_input(tty);
	if (arg != TCIFLUSH)
		flush_output(tty);
	return 0;
}

/* TCSBRK: a break of 0.25 s, or with a non-zero argument just wait for output: tcdrain(3). */
static long break_ioctl(struct tty_struct *tty, bool send)
{
	long error = tty_check_change(tty, SIGTTOU);

	if (!error)
		error = wait_until_sent(tty);
	if (error || !send || !tty->ops->send_break)
		return error;
	tty->ops->send_break(tty, true);
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(NSEC_PER_SEC / 4, "send_break");
	tty->ops->send_break(tty, false);
	return 0;
}

static long queue_length(struct tty_struct *tty, bool input, int __user *arg)
{
	unsigned long flags = spin_lock_irqsave(&tty->lock);
	int n = input ? n_tty_readable(tty) : unsent(tty);

	spin_unlock_irqrestore(&tty->lock, flags);
	return put_user(n, arg);
}

/* The rest: small ones. */
static long misc_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case TIOCGWINSZ:
		return copy_to_user(p, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ:
		return set_winsize(tty, p);
	case TIOCINQ:
		return queue_length(tty, true, p);
	case TIOCOUTQ:
		return queue_length(tty, false, p);
	case TCXONC:
		return flow_ioctl(tty, arg);
	case TCFLSH:
		return flush_ioctl(tty, arg);
	case TCSBRK:
		return break_ioctl(tty, arg == 0);
	case TCSBRKP:
		return break_ioctl(tty, true);
	case TIOCEXCL: case TIOCNXCL:
		tty->exclusive = cmd == TIOCEXCL;
		return 0;
	case TIOCGEXCL:
		return put_user((int)tty->exclusive, (int __user *)p);
	case TIOCGETD:
		return put_user(0, (int __user *)p);	/* N_TTY, the only one */
	case TIOCSETD: {
		int disc;

		return get_user(disc, (int __user *)p) ? -EFAULT : disc == 0 ? 0 : -EINVAL;
	}
	case TIOCGDEV: {
		u32 major = tty->dev >> 20, minor = tty->dev & 0xfffff;

		return put_user((minor & 0xff) | major << 8 | (minor & ~0xffu) << 12,
				(u32 __user *)p);
	}
	case TIOCVHANGUP:
		if (!fs_capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	default:
		return tty->ops->ioctl ? tty->ops->ioctl(tty, cmd, arg) : -ENOTTY;
	}
}

/* tty.h */
long tty_other_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	long error = termios_ioctl(tty, cmd, (void __user *)arg);

	return error == -ENOIOCTLCMD ? misc_ioctl(tty, cmd, arg) : error;
}

static long tty_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tty_struct *tty = tty_file(file)->tty;
	long error;

	if (file_hung_up(file))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	error = tty_jobctrl_ioctl(tty, file, cmd, arg);
	return error == -ENOIOCTLCMD ? tty_other_ioctl(tty, cmd, arg) : error;
}

static const struct file_operations tty_fops = {
	.read = tty_read,
	.write = tty_write,
	.llseek = no_llseek,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.open = tty_open,
	.release = tty_release,
};

/* --- registration --- */

/* tty.h */
struct tty_struct *tty_alloc(const char *name, unsigned int major, unsigned int minor,
			     const struct tty_driver_ops *ops, void *driver)
{
	struct tty_struct *tty = kvzalloc(sizeof(*tty), GFP_KERNEL);
	unsigned long flags;

	if (!tty)
		return NULL;
	strscpy(tty->name, name, sizeof(tty->name));
	tty->dev = MKDEV(major, minor);
	tty->ops = ops;
	tty->driver = driver;
	mutex_init(&tty->read_lock, LOCK_TTY_READ);
	mutex_init(&tty->write_lock, LOCK_TTY_WRITE);
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	spin_lock_init(&tty->lock, LOCK_TTY);
	INIT_LIST_HEAD(&tty->files);
	tty->work = (struct work_struct)WORK_INIT(tty->work, n_tty_cook);
	n_tty_reset(tty);
	flags = spin_lock_irqsave(&ttys_lock);
	list_add_tail(&tty->link, &ttys);
	spin_unlock_irqrestore(&ttys_lock, flags);
	return tty;
}

/* tty.h */
int tty_register_major(unsigned int major)
{
	return register_chrdev_major(major, &tty_fops);
}

struct tty_struct *tty_register(const char *name, unsigned int major, unsigned int minor,
				const struct tty_driver_ops *ops, void *driver)
{
	struct tty_buffers *bufs = kvzalloc(sizeof(*bufs), GFP_KERNEL);
	struct tty_struct *tty = bufs ? tty_alloc(name, major, minor, ops, driver) : NULL;

	if (!tty) {
		kvfree(bufs);
		return NULL;
	}
	tty->bufs = bufs;
	if (register_chrdev(major, minor, name, 0600, &tty_fops, tty))
		pr_err("%s: no device node\n", name);
	if (console_is_preferred(name))
		console_tty = tty;
	return tty;
}

void tty_init(void)
{
	if (register_chrdev(TTYAUX_MAJOR, 0, "tty", 0666, &tty_fops, NULL) ||
	    register_chrdev(TTYAUX_MAJOR, 1, "console", 0600, &tty_fops, NULL) ||
	    register_chrdev(TTY_MAJOR, 0, "tty0", 0620, &tty_fops, NULL))
		pr_err("tty: no device nodes\n");
}

struct file *console_open(void)
{
	return filp_open("/dev/console", O_RDWR, 0);
}
