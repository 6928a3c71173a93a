/*
 * do_mounts.c - the root file system on a disk: root=, rootfstype=, rootflags=, ro, rw, rootwait.
 *
 * Idea:   an initramfs with an /init does all this itself. Without one the kernel mounts what
 *         root= names at /root of the rootfs, with each file system it knows until one takes
 *         it, mounts devtmpfs in it, and moves it over "/". So a disk made with `mke2fs -d` boots.
 * Locks:  none: process 1, before the first program.
 * Above:  kernel/proc/init.c.   Below: sys_mount.c.   In Linux: init/do_mounts.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/block/block.h"
#include "kernel/fs/do_mounts.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/task.h"
#include "kernel/x86/clock.h"

static char root_name[64], root_type[64], root_data[128];
static unsigned long root_flags = MS_RDONLY | MS_SILENT;	/* ro, unless rw is said */
static bool root_wait;

static int copy_param(char *to, size_t size, const char *value)
{
	return strscpy(to, value, size) < 0 ? -EINVAL : 0;
}
static int set_root(const char *value) { return copy_param(root_name, sizeof(root_name), value); }
static int set_type(const char *value) { return copy_param(root_type, sizeof(root_type), value); }
static int set_data(const char *value) { return copy_param(root_data, sizeof(root_data), value); }
static int set_wait(const char *value) { root_wait = true; return 0; }
static int set_ro(const char *value) { root_flags |= MS_RDONLY; return 0; }
static int set_rw(const char *value) { root_flags &= ~(unsigned long)MS_RDONLY; return 0; }
CTL_PARAM("root", set_root);
CTL_PARAM("rootfstype", set_type);
CTL_PARAM("rootflags", set_data);
CTL_PARAM("rootwait", set_wait);
CTL_PARAM("ro", set_ro);
CTL_PARAM("rw", set_rw);

/* do_mounts.h */
bool root_is_named(void)
{
	return *root_name;
}

/* "254:0", or "fe00": the number alone. 0: it is neither. */
static kdev_t parse_number(const char *name)
{
	char *end;
	unsigned long major = simple_strtoul(name, &end, 10), minor;

	if (end != name && *end == ':') {
		minor = simple_strtoul(end + 1, &end, 10);
		return *end ? 0 : MKDEV(major, minor);
	}
	minor = simple_strtoul(name, &end, 16);
	return end == name || *end ? 0 : MKDEV(minor >> 8, minor & 0xff);
}

/* The device that root= names; 0: there is none. */
static kdev_t find_root(void)
{
	const char *name = root_name;
	struct block_device *bdev;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	else if (parse_number(name))
		return parse_number(name);
	bdev = *name ? blkdev_get_by_name(name) : NULL;
	return bdev ? bdev->dev : 0;
}

static void print_disk(struct block_device *bdev, void *unused)
{
	printk("%02x%02x      %10llu %s \n", MAJOR(bdev->dev), MINOR(bdev->dev),
	       (unsigned long long)bdev->capacity >> 1, bdev->name);
}

static void __noreturn no_root(kdev_t dev, int err)
{
	if (err == -EINVAL) {
		printk("List of all partitions:\n");
		for_each_block_device(print_disk, NULL);
		printk("No filesystem could mount root, tried: \n");
		for (struct file_system_type *type = next_disk_filesystem(NULL); type;
		     type = next_disk_filesystem(type))
			printk(" %s\n", type->name);
	} else {
		printk("VFS: Cannot open root device \"%s\" or unknown-block(%u,%u): error %d\n",
		       root_name, MAJOR(dev), MINOR(dev), err);
		printk("Please append a correct \"root=\" boot option; here are the available "
		       "partitions:\n");
		for_each_block_device(print_disk, NULL);
	}
	panic("VFS: Unable to mount root fs on unknown-block(%u,%u)", MAJOR(dev), MINOR(dev));
}

/* Mounts the node /dev/root as @type. A disk that cannot be written is mounted read-only. */
static int try_type(const char *type)
{
	const char *data = *root_data ? root_data : NULL;
	int err = do_mount("/dev/root", "/root", type, root_flags, data);

	if (err == -EACCES && !(root_flags & MS_RDONLY)) {
		root_flags |= MS_RDONLY;
		err = do_mount("/dev/root", "/root", type, root_flags, data);
	}
	return err;
}

/* With rootfstype=a,b: those; else all that live on disks. The type's name; ERR_PTR. */
static const char *try_types(void)
{
	struct file_system_type *type;
	int err = -EINVAL;

	for (type = next_disk_filesystem(NULL); type; type = next_disk_filesystem(type)) {
		size_t len = strlen(type->name);
		const char *at = *root_type ? strstr(root_type, type->name) : NULL;

		if (*root_type && (!at || (at[len] && at[len] != ',') ||
				   (at != root_type && at[-1] != ',')))
			continue;
		err = try_type(type->name);
		if (!err)
			return type->name;
		if (err != -EINVAL)
			break;
	}
	return ERR_PTR(err);
}

/* /root becomes the root, for this process and the kernel's threads, which share it. */
static int enter_root(void)
{
	struct path root;
	int err;

	err = do_mount("devtmpfs", "/root/dev", "devtmpfs", MS_SILENT, NULL);
	if (err)
		pr_info("devtmpfs: error mounting %d\n", err);
	else
		pr_info("devtmpfs: mounted\n");
	err = filename_lookup(AT_FDCWD, "/root", LOOKUP_FOLLOW, &root);
	if (err)
		return err;
	err = do_mount("/root", "/", NULL, MS_MOVE, NULL);
	if (!err) {
		set_fs_pwd(current->fs, &root);
		set_fs_root(current->fs, &root);
	}
	path_put(&root);
	return err;
}

static void wait_a_little(void)
{
	current->__state = TASK_UNINTERRUPTIBLE;
	schedule_timeout_ns(5 * NSEC_PER_MSEC, "rootwait");
}

/* do_mounts.h */
void prepare_namespace(void)
{
	kdev_t dev = find_root();
	const char *type;
	int err;

	if (!dev && root_wait && *root_name) {
		pr_info("Waiting for root device %s...\n", root_name);
		while (!(dev = find_root()))
			wait_a_little();
	}
	if (!dev || !blkdev_get_by_dev(dev))
		no_root(dev, *root_name ? -ENODEV : -ENXIO);
	err = do_mknodat(AT_FDCWD, "/dev/root", S_IFBLK | 0600, dev);
	type = err ? ERR_PTR(err) : try_types();
	if (IS_ERR(type))
		no_root(dev, PTR_ERR(type));
	printk("VFS: Mounted root (%s filesystem)%s on device %u:%u.\n", type,
	       root_flags & MS_RDONLY ? " readonly" : "", MAJOR(dev), MINOR(dev));
	err = enter_root();
	if (err)
		panic("VFS: the root file system cannot be entered (error %d)", err);
}
