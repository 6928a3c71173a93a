/*
 * kmsg.c - the kernel's log as files: /dev/kmsg and /proc/kmsg.
 *
 * Idea:   a reader of /dev/kmsg has a position of its own and gets one record a
 *         read; /proc/kmsg hands out text that is then gone for all. A record may
 *         be written in any context, even under a run queue's lock, so it wakes
 *         nobody: readers look again five times a second.
 * Locks:  printk's own, inside kmsg_read() and syslog_read().
 * Above:  mem.c, proc_root.c.   Below: kernel/lib/printk.h.   In Linux: kernel/printk/printk.c,
 * fs/proc/kmsg.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/kmsg.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

#define KMSG_RECORD_MAX 8192	/* Linux's CONSOLE_EXT_LOG_MAX */
#define LOG_FACILITY_USER 1	/* syslog.h: LOG_USER */
#define KMSG_LOOK_AGAIN (200 * NSEC_PER_MSEC)

static DECLARE_WAIT_QUEUE_HEAD(kmsg_wait);	/* nobody wakes it: for the time-outs */

struct kmsg_reader { u64 seq; };	/* the reader alone */

static int kmsg_open(struct inode *inode, struct file *file)
{
	struct kmsg_reader *r;

	file->f_mapping = NULL;
	if (!(file->f_mode & FMODE_READ))
		return 0;
	r = kmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->seq = kmsg_first_seq();
	file->private_data = r;
	return 0;
}

static int kmsg_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* 0, -EAGAIN, -ERESTARTSYS. */
static int wait_for_record(struct file *file, u64 seq)
{
	while (kmsg_next_seq() <= seq) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible_timeout(kmsg_wait, kmsg_next_seq() > seq, "kmsg_read",
						     KMSG_LOOK_AGAIN) < 0)
			return -ERESTARTSYS;
	}
	return 0;
}

static kssize_t kmsg_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct kmsg_reader *r = file->private_data;
	char *text;
	kssize_t n;

	n = wait_for_record(file, r->seq);
	if (n)
		return n;
	text = kmalloc(KMSG_RECORD_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = kmsg_read(&r->seq, text, MIN(len, (size_t)KMSG_RECORD_MAX));
	if (n > 0 && copy_to_user(buf, text, n))
		n = -EFAULT;
	kfree(text);
	return n ? n : -EAGAIN;
}

/* "<13>text": a number in front is facility and level. */
static kssize_t kmsg_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int level = default_message_loglevel, facility = LOG_FACILITY_USER;
	char line[LOG_LINE_MAX + 1], *text = line, *end;

	if (len > LOG_LINE_MAX)
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = 0;
	if (line[0] == '<') {
		unsigned long n = simple_strtoul(line + 1, &end, 10);

		if (end != line + 1 && *end == '>') {
			level = n & 7;
			facility = n >> 3 ? n >> 3 : facility;
			text = end + 1;
		}
	}
	printk_store(facility, level, text, line + len - text);
	return len;
}

static loff_t kmsg_llseek(struct file *file, loff_t off, int whence)
{
	struct kmsg_reader *r = file->private_data;

	if (!r)
		return -EBADF;
	if (off)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		r->seq = kmsg_first_seq();
		return 0;
	case SEEK_DATA:
		r->seq = kmsg_clear_seq();
		return 0;
	case SEEK_END:
		r->seq = kmsg_next_seq();
		return 0;
	default:
		return -EINVAL;
	}
}

static unsigned int kmsg_poll(struct file *file, struct poll_table *pt)
{
	struct kmsg_reader *r = file->private_data;

	if (!r)
		return EPOLLERR | EPOLLNVAL;
	poll_wait(file, &kmsg_wait, pt);
	return kmsg_next_seq() > r->seq ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct file_operations kmsg_fops = {
	.open = kmsg_open,
	.release = kmsg_release,
	.read = kmsg_file_read,
	.write = kmsg_file_write,
	.llseek = kmsg_llseek,
	.poll = kmsg_poll,
};

static kssize_t proc_kmsg_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	size_t size = MIN(len, PAGE_SIZE);
	char *text;
	kssize_t n;

	if (!len)
		return 0;
	while (!syslog_unread()) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible_timeout(kmsg_wait, syslog_unread(), "kmsg_read",
						     KMSG_LOOK_AGAIN) < 0)
			return -ERESTARTSYS;
	}
	text = kmalloc(size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = syslog_read(text, size);
	if (n > 0 && copy_to_user(buf, text, n))
		n = -EFAULT;
	kfree(text);
	return n;
}

static unsigned int proc_kmsg_poll(struct file *file, struct poll_table *pt)
{
	poll_wait(file, &kmsg_wait, pt);
	return syslog_unread() ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct file_operations proc_kmsg_fops = {
	.read = proc_kmsg_read, .poll = proc_kmsg_poll, .llseek = noop_llseek,
};
