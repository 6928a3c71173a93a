/*
 * proc_root.c - the file system "proc": its root, and what in it is no CTL_FILE.
 *
 * Locks:  none of its own.
 * Above:  mount(2), main.c.   Below: proc_generic.c, proc_sysctl.c, proc_base.c.   In Linux:
 * fs/proc/root.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/kmsg.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/pressure.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/format.h"
#include "kernel/sched/task.h"

static int cmdline_show(struct seq_file *m)
{
	seq_printf(m, "%s\n", saved_command_line);
	return 0;
}
CTL_FILE("/proc/cmdline", .mode = 0444, .show = cmdline_show);

static int self_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	return scnprintf(buf, size, "%d", current->tgid);
}
static int thread_self_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	return scnprintf(buf, size, "%d/task/%d", current->tgid, current->pid);
}
static const struct inode_operations self_operations = {
	.readlink = self_readlink, .setattr = fixed_setattr,
};
static const struct inode_operations thread_self_operations = {
	.readlink = thread_self_readlink, .setattr = fixed_setattr,
};

/* First what is always there, then the processes. */
static int proc_root_readdir(struct file *file, struct dir_context *ctx)
{
	if (ctx->pos < PROC_PID_POS) {
		if (dcache_readdir(file, ctx))
			return 0;	/* the buffer is full */
		ctx->pos = PROC_PID_POS;
	}
	return proc_pid_readdir(file, ctx);
}

static const struct file_operations proc_root_fops = {
	.read = generic_read_dir, .iterate = proc_root_readdir,
};
static const struct inode_operations proc_root_operations = {
	.lookup = proc_pid_lookup, .setattr = tree_setattr,
};

static int proc_fill(struct super_block *sb)
{
	struct inode *self, *thread_self;

	tree_add_ctl_files(sb, "/proc/");
	proc_sysctl_add(sb);
	pressure_init(sb);
	self = tree_add(sb, "self", S_IFLNK | 0777, NULL, NULL);
	thread_self = tree_add(sb, "thread-self", S_IFLNK | 0777, NULL, NULL);
	if (!self || !thread_self || !tree_symlink(sb, "mounts", "self/mounts") ||
	    !tree_add(sb, "kmsg", S_IFREG | 0400, &proc_kmsg_fops, NULL))
		return -ENOMEM;
	self->i_op = &self_operations;
	thread_self->i_op = &thread_self_operations;
	sb->s_root->d_inode->i_op = &proc_root_operations;
	sb->s_root->d_inode->i_fop = &proc_root_fops;
	return 0;
}

static int proc_mount(struct super_block *sb, const char *source, const char *data)
{
	int err = tree_mount(sb, PROC_SUPER_MAGIC);

	return err ? err : proc_fill(sb);
}

static struct file_system_type proc_fs_type = { .name = "proc",
						.nodev = true,
						.mount = proc_mount };

/* fs.h */
void procfs_init(void)
{
	register_filesystem(&proc_fs_type);
	/* One tree for all mounts, made now: a later shortage of memory cannot take it away. */
	BUG_ON(IS_ERR(kern_mount(&proc_fs_type)));
}
