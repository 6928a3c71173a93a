/*
 * init.c - the first program.
 *
 * Idea: Linux's order of candidates. Words of the command line that the kernel
 *       does not know are init's arguments and environment (kernel/lib/cmdline.h).
 * Locks:  none: pid 1 alone.
 * Above:  kernel/main.c.   Below: exec.c.   In Linux: init/main.c.
 */
#include "kernel/proc/init.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/fs/do_mounts.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exec.h"

static char rdinit[256] = "/init", init[256];

/* Arguments given before init= are the boot loader's for another init: Linux drops them too. */
static int set_program(char *to, const char *value)
{
	if (!*value || strscpy(to, value, 256) < 0)
		return -EINVAL;
	for (int i = 1; i < MAX_INIT_ARGS; i++)
		argv_init[i] = NULL;
	return 0;
}
static int set_init(const char *value) { return set_program(init, value); }
static int set_rdinit(const char *value) { return set_program(rdinit, value); }
CTL_PARAM("init", set_init);
CTL_PARAM("rdinit", set_rdinit);

void default_rootfs(void)
{
	int err = do_mkdirat(AT_FDCWD, "/dev", 0755);

	if (!err)
		err = do_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, 5 << 20 | 1);
	if (!err)
		err = do_mkdirat(AT_FDCWD, "/root", 0700);
	if (err)
		pr_warn("Failed to create a rootfs\n");
}

/* Descriptors 0, 1 and 2. */
static void console_on_rootfs(void)
{
	struct file *file = filp_open("/dev/console", O_RDWR, 0);

	if (unshare_files())	/* kernel threads share the table of process 0 */
		panic("no memory for init's descriptors");
	if (IS_ERR(file)) {
		pr_err("Warning: unable to open an initial console.\n");
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd = get_unused_fd_flags(0);

		if (fd < 0)
			break;
		fd_install(fd, get_file(file));
	}
	fput(file);
}

static int run_init_process(const char *path)
{
	argv_init[0] = path;
	pr_info("Run %s as init process\n", path);
	return kernel_execve(path, argv_init, envp_init);
}

static int try_to_run_init_process(const char *path)
{
	int err = run_init_process(path);

	if (err && err != -ENOENT)
		pr_err("Starting init: %s exists but couldn't execute it (error %d)\n", path, err);
	return err;
}

/* Is there such a program in the initramfs at all? */
static bool program_exists(const char *path)
{
	struct path p;

	if (filename_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &p))
		return false;
	path_put(&p);
	return true;
}

int run_init(void)
{
	int err;

	console_on_rootfs();
	if (program_exists(rdinit)) {
		err = run_init_process(rdinit);
		if (!err)
			return 0;
		pr_err("Failed to execute %s (error %d)\n", rdinit, err);
	} else {
		prepare_namespace();
	}
	if (*init) {
		err = run_init_process(init);
		if (!err)
			return 0;
		panic("Requested init %s failed (error %d).", init, err);
	}
	if (!try_to_run_init_process("/sbin/init") || !try_to_run_init_process("/etc/init") ||
	    !try_to_run_init_process("/bin/init") || !try_to_run_init_process("/bin/sh"))
		return 0;
	panic("No working init found.  Try passing init= option to kernel. "
	      "See Linux Documentation/admin-guide/init.rst for guidance.");
}
