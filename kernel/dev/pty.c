/*
 * pty.c - pseudo terminals: a terminal whose wire ends in a program.
 *
 * Idea:   the slave, /dev/pts/N, is a terminal like any other (tty.c, n_tty.c); its driver is
 *         this file, and what it "sends" goes into a ring that the master reads. What the
 *         master writes is received by the slave:
 *
 *           write(master) ──tty_receive──> line discipline ──> read(slave)
 *           read(master)  <──── ring <──── line discipline <── write(slave)
 *
 *         Terminals live for ever, so a pair that both sides have closed is kept, without what
 *         takes room (the ring, the slave's buffers), and is the next one of its number.
 *         Opening /dev/ptmx makes a pair and its name in devpts;
 *         closing that file hangs the slave up and takes the name away.
 * Locks:  ptys_lock (a mutex) for the table, and who has which number; the slave's tty->lock for
 *         the rest; master_lock makes a read(2) of the master whole.
 * Above:  programs; tty.c for the slave's files.   Below: tty.c, fs/devpts.c.
 *         In Linux: drivers/tty/pty.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/devpts.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define TTYAUX_MAJOR 5
#define PTMX_MINOR 2
#define PTY_SLAVE_MAJOR 136
#define NR_PTYS 1024		/* the table; kernel.pty.max is at most as large */
#define PTY_RING 8192		/* bytes on their way to the master */

/* Guards: l slave->lock   t ptys_lock   c set once */
struct pty {
	struct tty_struct *slave;	/* c */
	unsigned int index;		/* c */
	bool in_use;			/* t: there is a master file */
	bool master_open;		/* l: and slaves may be opened */
	bool locked;			/* l: until unlockpt(3) */
	bool slave_seen;		/* l: a slave was opened since the master was */
	bool packet;			/* l: TIOCPKT */
	u8 status;			/* l: TIOCPKT_* to be told */
	struct mutex master_lock;
	struct wait_queue_head read_wait, write_wait;	/* the master's */
	unsigned int head, tail;	/* l: of ring, free-running */
	char *ring;			/* l: PTY_RING bytes; NULL: nobody has the pair open */
};

static struct pty *ptys[NR_PTYS];	/* ptys_lock; entries stay for ever */
static DEFINE_MUTEX(ptys_lock, LOCK_OPEN);
static unsigned long pty_max = NR_PTYS, pty_nr;	/* pty_nr: t */
CTL_SYSCTL_ULONG("kernel.pty.max", pty_max, 0, NR_PTYS);
static int pty_nr_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%lu\n", pty_nr);
	return 0;
}
CTL_SYSCTL("kernel.pty.nr", .mode = 0444, .type = CTL_ULONG, .show = pty_nr_show);

/* --- the slave's driver --- */

static size_t ring_room(const struct pty *pty) { return PTY_RING - (pty->head - pty->tail); }

static size_t pty_write(struct tty_struct *tty, const char *buf, size_t len)
{
	struct pty *pty = tty->driver;
	size_t n = MIN(len, ring_room(pty));

	if (WARN_ON_ONCE(!pty->ring))	/* who writes has the slave open */
		return 0;
	for (size_t i = 0; i < n; i++)
		pty->ring[pty->head++ % PTY_RING] = buf[i];
	if (n)
		wake_up_interruptible_all(&pty->read_wait);
	return n;
}

static size_t pty_write_room(struct tty_struct *tty) { return ring_room(tty->driver); }

static void tell(struct pty *pty, u8 clear, u8 set)
{
	if (!pty->packet)
		return;
	pty->status = (pty->status & ~clear) | set;
	wake_up_interruptible_all(&pty->read_wait);
}

static void pty_flush_buffer(struct tty_struct *tty)
{
	struct pty *pty = tty->driver;

	pty->tail = pty->head;
	tell(pty, 0, TIOCPKT_FLUSHWRITE);
}

/* Does ^S stop the output, and ^Q start it? A remote login does that at its own end then. */
static void pty_set_termios(struct tty_struct *tty)
{
	struct pty *pty = tty->driver;
	const struct termios2 *t = &tty->termios;
	bool flow = t->c_iflag & IXON && t->c_cc[VSTOP] == 023 && t->c_cc[VSTART] == 021;

	tell(pty, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP, flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
}

static void pty_flow(struct tty_struct *tty, bool stop)
{
	tell(tty->driver, TIOCPKT_STOP | TIOCPKT_START, stop ? TIOCPKT_STOP : TIOCPKT_START);
}

static void pty_unthrottle(struct tty_struct *tty)
{
	struct pty *pty = tty->driver;

	wake_up_interruptible_all(&pty->write_wait);
}

/* => tty->lock held. 0, -EIO */
static int pty_slave_open(struct tty_struct *tty)
{
	struct pty *pty = tty->driver;

	if (!pty->master_open || pty->locked)
		return -EIO;
	pty->slave_seen = true;
	return 0;
}

/* What was allocated for an open pair. */
struct pty_room {
	struct tty_buffers *bufs;
	char *ring;
};

static void free_room(const struct pty_room *room)
{
	kvfree(room->bufs);
	kvfree(room->ring);
}

/* A side was closed: if it was the last, its buffers go. Who opens the next master brings new ones. */
static void drop_room(struct pty *pty)
{
	struct tty_struct *tty = pty->slave;
	struct pty_room room = { NULL, NULL };
	unsigned long flags = spin_lock_irqsave(&tty->lock);

	if (!pty->master_open && list_empty(&tty->files)) {
		room = (struct pty_room){ tty->bufs, pty->ring };
		tty->bufs = NULL;
		pty->ring = NULL;
		tty->raw_tail = tty->raw_head;
		tty->read_head = tty->read_tail = tty->canon_head = 0;
		pty->tail = pty->head;
	}
	spin_unlock_irqrestore(&tty->lock, flags);
	free_room(&room);
}

static void pty_slave_closed(struct tty_struct *tty)
{
	struct pty *pty = tty->driver;

	drop_room(pty);
	wake_up_interruptible_all(&pty->read_wait);
	wake_up_interruptible_all(&pty->write_wait);
}

static const struct tty_driver_ops pty_slave_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.flush_buffer = pty_flush_buffer,
	.set_termios = pty_set_termios,
	.unthrottle = pty_unthrottle,
	.open = pty_slave_open,
	.closed = pty_slave_closed,
	.flow = pty_flow,
};

/* --- pairs --- */

/* => ptys_lock held. A new pair; NULL without memory. */
static struct pty *make_pty(unsigned int index)
{
	struct pty *pty = kvzalloc(sizeof(*pty), GFP_KERNEL);
	char name[16];

	if (!pty)
		return NULL;
	pty->index = index;
	mutex_init(&pty->master_lock, LOCK_TTY_READ);
	init_waitqueue_head(&pty->read_wait);
	init_waitqueue_head(&pty->write_wait);
	snprintf(name, sizeof(name), "pts/%u", index);
	pty->slave = tty_alloc(name, PTY_SLAVE_MAJOR, index, &pty_slave_ops, pty);
	if (!pty->slave) {
		kvfree(pty);
		return NULL;
	}
	ptys[index] = pty;
	return pty;
}

/* A pair that is this master's from now on, as new. 0, -ENOMEM */
static int reset_pty(struct pty *pty)
{
	struct tty_struct *tty = pty->slave;
	struct pty_room old, room = {
		.bufs = kvzalloc(sizeof(*room.bufs), GFP_KERNEL),
		.ring = kvzalloc(PTY_RING, GFP_KERNEL),
	};
	unsigned long flags;

	if (!room.bufs || !room.ring) {
		free_room(&room);
		return -ENOMEM;
	}
	n_tty_flush_input(tty);
	flags = spin_lock_irqsave(&tty->lock);
	/* still there, if who closed last is just about to drop them */
	old = (struct pty_room){ tty->bufs, pty->ring };
	tty->bufs = room.bufs;
	pty->ring = room.ring;
	n_tty_reset(tty);
	tty->termios.c_cflag = B38400 | CS8 | CREAD;
	tty->winsize = (struct winsize){ 0 };
	tty->column = tty->canon_column = 0;
	tty->exclusive = false;
	pty->head = pty->tail = 0;
	pty->packet = pty->slave_seen = false;
	pty->status = 0;
	pty->locked = true;
	pty->master_open = true;
	spin_unlock_irqrestore(&tty->lock, flags);
	free_room(&old);
	return 0;
}

/* A pair that nobody uses, for a master. ERR_PTR(-ENOSPC, -ENOMEM) */
static struct pty *get_pty(void)
{
	struct pty *pty = ERR_PTR(-ENOSPC);

	mutex_lock(&ptys_lock);
	for (unsigned int i = 0; i < pty_max && IS_ERR(pty) && pty_nr < pty_max; i++) {
		if (ptys[i] && (ptys[i]->in_use || tty_has_files(ptys[i]->slave)))
			continue;	/* a hung-up slave keeps the number until it is closed */
		pty = ptys[i] ? ptys[i] : make_pty(i);
		if (!pty)
			pty = ERR_PTR(-ENOMEM);
		else
			pty->in_use = true;
		break;
	}
	pty_nr += !IS_ERR(pty);
	mutex_unlock(&ptys_lock);
	return pty;
}

static void put_pty(struct pty *pty)
{
	mutex_lock(&ptys_lock);
	pty->in_use = false;
	pty_nr--;
	mutex_unlock(&ptys_lock);
}

/* --- the master's file --- */

static void close_master(struct pty *pty)
{
	unsigned long flags = spin_lock_irqsave(&pty->slave->lock);

	pty->master_open = false;
	spin_unlock_irqrestore(&pty->slave->lock, flags);
	drop_room(pty);
}

static int ptmx_open(struct inode *inode, struct file *file)
{
	struct pty *pty = get_pty();
	int err;

	if (IS_ERR(pty))
		return PTR_ERR(pty);
	err = reset_pty(pty);
	if (!err)
		err = devpts_add(pty->index, MKDEV(PTY_SLAVE_MAJOR, pty->index));
	if (err) {
		close_master(pty);
		put_pty(pty);
		return err;
	}
	file->private_data = pty;
	return 0;
}

static int ptmx_release(struct inode *inode, struct file *file)
{
	struct pty *pty = file->private_data;

	devpts_remove(pty->index);
	close_master(pty);
	tty_hangup(pty->slave);		/* which tells pty_slave_closed() */
	put_pty(pty);
	return 0;
}

/* Has the slave been closed by all who had it open? */
static bool other_side_closed(struct pty *pty) { return pty->slave_seen && !tty_is_open(pty->slave); }

static bool something_to_read(struct pty *pty)
{
	return READ_ONCE(pty->head) != READ_ONCE(pty->tail) || READ_ONCE(pty->status);
}

/* Takes what is there, up to @len: bytes. In packet mode the first tells what follows. */
static size_t take_ring(struct pty *pty, char *buf, size_t len)
{
	unsigned long flags = spin_lock_irqsave(&pty->slave->lock);
	size_t n = 0;

	if (pty->packet) {
		buf[n++] = pty->status;		/* TIOCPKT_DATA is 0 */
		if (pty->status)
			len = 1;
		pty->status = 0;
	}
	while (n < len && pty->tail != pty->head)
		buf[n++] = pty->ring[pty->tail++ % PTY_RING];
	spin_unlock_irqrestore(&pty->slave->lock, flags);
	return n;
}

static int wait_for_output(struct pty *pty, struct file *file)
{
	int err = 0;

	while (!err && !something_to_read(pty)) {
		if (other_side_closed(pty))
			return something_to_read(pty) ? 0 : -EIO;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(pty->read_wait,
					       something_to_read(pty) || other_side_closed(pty),
					       "n_tty_read");
	}
	return err;
}

static kssize_t ptmx_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct pty *pty = file->private_data;
	char chunk[256];
	kssize_t total = 0;

	if (!len)
		return 0;
	if (mutex_lock_interruptible(&pty->master_lock))
		return -ERESTARTSYS;
	total = wait_for_output(pty, file);
	while (!total || (!pty->packet && total > 0 && (size_t)total < len)) {
		size_t n = take_ring(pty, chunk, MIN(len - total, sizeof(chunk)));

		if (!n)
			break;
		if (copy_to_user(buf + total, chunk, n)) {
			total = total ? total : -EFAULT;
			break;
		}
		total += n;
	}
	mutex_unlock(&pty->master_lock);
	tty_wakeup(pty->slave);
	return total;
}

static bool slave_can_receive(struct pty *pty) { return tty_throttle(pty->slave) != 0; }

static kssize_t ptmx_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct pty *pty = file->private_data;
	u8 chunk[256];
	size_t total = 0;
	int err = 0;

	while (total < len && !err) {
		size_t part = MIN(len - total, sizeof(chunk)), done = 0;

		if (copy_from_user(chunk, buf + total, part))
			err = -EFAULT;
		while (!err && done < part) {
			if (other_side_closed(pty)) {
				err = -EIO;
				break;
			}
			done += tty_receive(pty->slave, chunk + done, part - done);
			if (done == part)
				break;
			err = file->f_flags & O_NONBLOCK ? -EAGAIN :
			      wait_event_interruptible(pty->write_wait, slave_can_receive(pty) ||
						       other_side_closed(pty), "n_tty_write");
		}
		total += done;
		cond_resched();
	}
	return total ? (kssize_t)total : err;
}

static unsigned int ptmx_poll(struct file *file, struct poll_table *pt)
{
	struct pty *pty = file->private_data;
	unsigned int mask = 0;

	poll_wait(file, &pty->read_wait, pt);
	poll_wait(file, &pty->write_wait, pt);
	if (something_to_read(pty))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(pty->status))
		mask |= EPOLLPRI;
	if (slave_can_receive(pty))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (other_side_closed(pty))
		mask |= EPOLLHUP;
	return mask;
}

/* --- its ioctls --- */

/* TIOCGPTPEER: the slave, opened without its name. A descriptor, or -errno */
static long open_peer(struct pty *pty, int flags)
{
	char path[32];
	struct file *file;
	int fd;

	snprintf(path, sizeof(path), "/dev/pts/%u", pty->index);
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		return fd;
	file = filp_open(path, flags & ~O_CREAT, 0);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long set_flag(struct pty *pty, bool *flag, const int __user *arg)
{
	unsigned long flags;
	int on;

	if (get_user(on, arg))
		return -EFAULT;
	flags = spin_lock_irqsave(&pty->slave->lock);
	if (flag == &pty->packet && !pty->packet)
		pty->status = 0;
	*flag = on;
	spin_unlock_irqrestore(&pty->slave->lock, flags);
	return 0;
}

static long send_signal_to_slave(struct pty *pty, unsigned long sig)
{
	kpid_t pgrp = READ_ONCE(pty->slave->pgrp);

	if (sig < 1 || sig >= NSIG)
		return -EINVAL;
	if (pgrp)
		kill_pgrp(pgrp, sig, NULL);
	return 0;
}

static long ptmx_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pty *pty = file->private_data;
	int __user *p = (int __user *)arg;

	switch (cmd) {
	case TIOCGPTN:
		return put_user(pty->index, (unsigned int __user *)p);
	case TIOCSPTLCK:
		return set_flag(pty, &pty->locked, p);
	case TIOCGPTLCK:
		return put_user((int)pty->locked, p);
	case TIOCPKT:
		return set_flag(pty, &pty->packet, p);
	case TIOCGPKT:
		return put_user((int)pty->packet, p);
	case TIOCSIG:
		return send_signal_to_slave(pty, arg);
	case TIOCGPTPEER:
		return open_peer(pty, arg);
	case TIOCINQ:
		return put_user((int)(READ_ONCE(pty->head) - READ_ONCE(pty->tail)), p);
	case TIOCGPGRP:
		return put_user(READ_ONCE(pty->slave->pgrp), p);
	case TIOCGSID:
		return READ_ONCE(pty->slave->session) ?
			       put_user(READ_ONCE(pty->slave->session), p) : -ENOTTY;
	case TIOCSCTTY: case TIOCNOTTY: case TIOCSPGRP:
		return -ENOTTY;
	default:
		return tty_other_ioctl(pty->slave, cmd, arg);
	}
}

static const struct file_operations ptmx_fops = {
	.open = ptmx_open,
	.release = ptmx_release,
	.read = ptmx_read,
	.write = ptmx_write,
	.llseek = no_llseek,
	.poll = ptmx_poll,
	.ioctl = ptmx_ioctl,
};

/* tty.h */
void pty_init(void)
{
	if (register_chrdev(TTYAUX_MAJOR, PTMX_MINOR, "ptmx", 0666, &ptmx_fops, NULL) ||
	    tty_register_major(PTY_SLAVE_MAJOR))
		pr_err("pty: no device nodes\n");
}
