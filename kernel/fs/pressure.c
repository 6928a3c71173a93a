/*
 * pressure.c - /proc/pressure/{cpu,io,memory}: reading, and triggers by write and poll.
 *
 * Idea:   a program writes "some 150000 1000000" and polls for EPOLLPRI. The trigger belongs to the
 *         open file: one for each, gone with it.
 * Locks:  text_file.lock (LOCK_SEQ) while a trigger is set.
 * Above:  proc_root.c, cgroup2_files.c.   Below: kernel/sched/psi.h.   In Linux: kernel/sched/psi.c.
 */
#include "kernel/fs/pressure.h"
#include "kernel/abi/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/uaccess.h"

#define TRIGGER_MAX 32		/* bytes that are looked at; the last is not */

/* pressure.h */
kssize_t pressure_write(struct file *file, const char __user *ubuf, size_t len,
			struct psi_group *group, enum psi_res res)
{
	struct pressure_file *pf = file->private_data;
	char buf[TRIGGER_MAX];
	size_t n = MIN(len, sizeof(buf));
	struct psi_trigger *t;
	kssize_t ret = len;

	if (!len)
		return -EINVAL;
	if (copy_from_user(buf, ubuf, n))
		return -EFAULT;
	buf[n - 1] = 0;		/* a newline or a NUL: a file's text ends so */
	mutex_lock(&pf->text.lock);
	t = pf->trigger ? ERR_PTR(-EBUSY)
			: psi_trigger_create(group, buf, res, fs_capable(CAP_SYS_RESOURCE));
	if (IS_ERR(t))
		ret = PTR_ERR(t);
	else	/* pollers look without the lock */
		__atomic_store_n(&pf->trigger, t, __ATOMIC_RELEASE);
	mutex_unlock(&pf->text.lock);
	return ret;
}

/* pressure.h. Without a trigger nothing will ever come: EPOLLERR. */
unsigned int pressure_poll(struct file *file, struct poll_table *pt)
{
	const unsigned int ready = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
	struct pressure_file *pf = file->private_data;
	struct psi_trigger *t = __atomic_load_n(&pf->trigger, __ATOMIC_ACQUIRE);

	if (!t)
		return ready | EPOLLERR | EPOLLPRI;
	poll_wait(file, psi_trigger_wait(t), pt);
	return psi_trigger_event(t) ? ready | EPOLLPRI : ready;
}

/* pressure.h */
int pressure_release(struct inode *inode, struct file *file)
{
	struct pressure_file *pf = file->private_data;

	psi_trigger_destroy(pf->trigger);
	return text_release(inode, file);
}

/* --- /proc --- */

static const struct machine_file { const char *path; enum psi_res res; } machine_files[] = {
	{ "pressure/io", PSI_IO }, { "pressure/memory", PSI_MEM }, { "pressure/cpu", PSI_CPU },
};

static int machine_show(struct text_file *t)
{
	const struct machine_file *mf = t->entry;

	return psi_show(&t->m, NULL, mf->res);
}

static int machine_open(struct inode *inode, struct file *file)
{
	return text_open_size(file, sizeof(struct pressure_file), machine_show, inode->i_private);
}

static kssize_t machine_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct machine_file *mf = ((struct text_file *)file->private_data)->entry;

	return pressure_write(file, buf, len, NULL, mf->res);
}

static const struct file_operations machine_fops = {
	.open = machine_open,
	.release = pressure_release,
	.read = text_read,
	.write = machine_write,
	.poll = pressure_poll,
};

/* pressure.h */
void pressure_init(struct super_block *sb)
{
	for (unsigned int i = 0; psi_is_enabled() && i < ARRAY_SIZE(machine_files); i++)
		WARN_ON(!tree_add(sb, machine_files[i].path, S_IFREG | 0666, &machine_fops,
				  (void *)&machine_files[i]));
}
