/*
 * mem.c - devices that are not there: null, zero, full, random, urandom, kmsg.
 *
 * Locks:  none; a reader of kmsg has its position in its file.
 * Above:  devfs.c registers them.   In Linux: drivers/char/mem.c, random.c, kernel/printk.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/kmsg.h"
#include "kernel/fs/mem.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/shmem.h"

#define MEM_MAJOR 1		/* Linux's devices.txt */

static kssize_t read_null(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return 0;
}
static kssize_t write_null(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return len;
}
static kssize_t write_full(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return -ENOSPC;
}
static loff_t null_llseek(struct file *file, loff_t off, int whence)
{
	return file->f_pos = 0;
}

/* Page by page, so that a read of gigabytes gives way to others and to signals. */
static kssize_t read_zero(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	size_t done = 0;

	while (done < len) {
		size_t n = MIN(len - done, PAGE_SIZE), left = clear_user(buf + done, n);

		done += n - left;
		if (left)
			return done ? (kssize_t)done : -EFAULT;
		if (signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

/* Private: plain anonymous memory. Shared: as MAP_SHARED | MAP_ANONYMOUS. */
static int mmap_zero(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_SHARED)
		return shmem_zero_setup(vma);
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vma->vm_ops = NULL;
	return 0;
}

static kssize_t read_random(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	size_t done = 0;
	u8 block[256];

	while (done < len) {
		size_t n = MIN(len - done, sizeof(block)), left;

		get_random_bytes(block, n);
		left = copy_to_user(buf + done, block, n);
		done += n - left;
		if (left)
			return done ? (kssize_t)done : -EFAULT;
		if (!(done % PAGE_SIZE)) {
			if (signal_pending(current))
				break;
			cond_resched();
		}
	}
	return done;
}

static kssize_t write_random(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	size_t done = 0;
	u8 block[64];

	while (done < len) {
		size_t n = MIN(len - done, sizeof(block));

		if (copy_from_user(block, buf + done, n))
			return -EFAULT;
		random_add_entropy(block, n);
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* splice's end */
static kssize_t kernel_to_null(struct file *file, const void *buf, size_t len, loff_t *pos)
{
	return len;
}

static const struct file_operations null_fops = {
	.read = read_null, .write = write_null, .llseek = null_llseek,
	.write_kernel = kernel_to_null,
};
static const struct file_operations zero_fops = {
	.read = read_zero, .write = write_null, .llseek = null_llseek, .mmap = mmap_zero,
	.write_kernel = kernel_to_null,
};
static const struct file_operations full_fops = {
	.read = read_zero, .write = write_full, .llseek = null_llseek,
};
static const struct file_operations random_fops = {
	.read = read_random, .write = write_random,
};

static const struct {
	unsigned int minor;
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
} mem_devices[] = {
	{ 3, "null", 0666, &null_fops }, { 5, "zero", 0666, &zero_fops },
	{ 7, "full", 0666, &full_fops }, { 8, "random", 0666, &random_fops },
	{ 9, "urandom", 0666, &random_fops }, { 11, "kmsg", 0644, &kmsg_fops },
};

/* mem.h */
void mem_devices_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mem_devices); i++)
		WARN_ON(register_chrdev(MEM_MAJOR, mem_devices[i].minor, mem_devices[i].name,
					mem_devices[i].mode, mem_devices[i].fops, NULL));
}
