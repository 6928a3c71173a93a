/*
 * proc_base.c - /proc/<pid>: a directory for each process, made when it is looked at.
 *
 * Idea:   nothing of it is kept: a look-up makes a dentry and an inode that hold a
 *         reference to the task, and both go with their last user (DCACHE_DYNAMIC).
 *         Most files are CTL_PID_FILE entries written elsewhere; the links to
 *         places (cwd, root, exe, fd/N) jump there without a name. A task that is
 *         gone gives ESRCH, one that has let go of its memory or files ENOENT.
 *
 *             1234/ ── CTL_PID_FILE names, cwd, root, exe
 *               ├─ fd/0 …      magic links
 *               ├─ fdinfo/0 …
 *               └─ task/1234/  the same again for each thread, without task/
 *
 * Locks:  tasklist_lock to find tasks and threads.
 * Above:  proc_root.c.   Below: fd.c, fs_struct.c, sched/task.h.   In Linux: fs/proc/base.c, fd.c.
 */
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/proc_fs.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/mmap.h"
#include "mm/slab.h"

#define PID_BATCH 64		/* pids found in one pass over the tasks */

/* What an inode below /proc/<pid> stands for. All c. */
struct pid_inode {
	struct task_struct *task;	/* a reference */
	kpid_t pid;
	bool thread;			/* below task/ */
	const struct ctl_pid_file *ctl;	/* a CTL_PID_FILE */
	unsigned int fd;		/* fd/N, fdinfo/N */
};

static const struct inode_operations pid_dir_operations, pid_fd_operations, pid_fdinfo_operations,
	pid_task_operations, pid_link_operations, pid_fd_link_operations, pid_plain_operations;
static const struct file_operations pid_dir_fops, pid_fd_dir_fops, pid_task_dir_fops, pid_file_fops,
	fdinfo_fops;

/* The fixed entries. */
static const struct pid_entry {
	const char *name;
	umode_t mode;
	const struct inode_operations *iop;
	const struct file_operations *fops;
	bool leader_only;		/* not below task/ */
} pid_entries[] = {
	{ "task", S_IFDIR | 0555, &pid_task_operations, &pid_task_dir_fops, true },
	{ "fd", S_IFDIR | 0500, &pid_fd_operations, &pid_fd_dir_fops, false },
	{ "fdinfo", S_IFDIR | 0555, &pid_fdinfo_operations, &pid_fd_dir_fops, false },
	{ "cwd", S_IFLNK | 0777, &pid_link_operations, NULL, false },
	{ "root", S_IFLNK | 0777, &pid_link_operations, NULL, false },
	{ "exe", S_IFLNK | 0777, &pid_link_operations, NULL, false },
	{ "mem", S_IFREG | 0600, NULL, &proc_mem_fops, false },
};

static struct pid_inode *pid_of(const struct inode *inode)
{
	return inode->i_private;
}

/* proc_internal.h */
struct task_struct *proc_task(const struct inode *inode)
{
	return pid_of(inode)->task;
}

/* Is it still the task of that number, not reaped? */
static bool task_alive(const struct pid_inode *pi)
{
	struct task_struct *t = find_get_task(pi->pid);
	bool same = t == pi->task;

	if (t)
		put_task_struct(t);
	return same;
}

static void pid_free(struct inode *inode)
{
	struct pid_inode *pi = pid_of(inode);

	put_task_struct(pi->task);
	kfree(pi);
}

/* Makes @dentry stand for something of @task. NULL: done; or ERR_PTR. */
static struct dentry *instantiate(struct dentry *dentry, struct task_struct *task,
				  const struct pid_inode *what, umode_t mode)
{
	struct pid_inode *pi = kmalloc(sizeof(*pi), GFP_KERNEL_ACCOUNT);
	struct inode *inode = pi ? new_inode(dentry->d_sb, mode) : NULL;

	if (!inode) {
		kfree(pi);
		return ERR_PTR(-ENOMEM);
	}
	*pi = *what;
	pi->task = get_task_struct(task);
	pi->pid = task->pid;
	inode->i_private = pi;
	inode->i_free = pid_free;
	inode->i_op = &pid_plain_operations;
	if (S_ISDIR(mode))
		inode->i_nlink = 2;
	fs_task_owner(task, mode, &inode->i_uid, &inode->i_gid);
	dentry->d_flags |= DCACHE_DYNAMIC;
	d_instantiate(dentry, inode);
	return NULL;
}

static void set_operations(struct dentry *dentry, const struct inode_operations *iop,
			   const struct file_operations *fops)
{
	if (iop)
		dentry->d_inode->i_op = iop;
	if (fops)
		dentry->d_inode->i_fop = fops;
}

/* The number that is all of @name: a pid or descriptor; -1: it is none. */
static long name_to_number(const char *name)
{
	long n = 0;

	if (!*name || (name[0] == '0' && name[1]))
		return -1;
	for (; *name; name++) {
		if (!isdigit(*name) || n > INT32_MAX / 10)
			return -1;
		n = n * 10 + (*name - '0');
	}
	return n <= INT32_MAX ? n : -1;
}

/* proc_internal.h: /proc/1234. A thread's number is found too, as on Linux, though not listed. */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode what = { .thread = false };
	long pid = name_to_number(dentry->d_name);
	struct task_struct *task = pid > 0 ? find_get_task(pid) : NULL;
	struct dentry *err;

	if (!task)
		return NULL;		/* negative */
	err = instantiate(dentry, task, &what, S_IFDIR | 0555);
	put_task_struct(task);
	if (!err)
		set_operations(dentry, &pid_dir_operations, &pid_dir_fops);
	return err;
}

/* A name in /proc/<pid>/. */
static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode *pi = pid_of(dir), what = { .thread = pi->thread };
	const struct ctl_pid_file *ctl;
	struct dentry *err;

	if (!task_alive(pi))
		return ERR_PTR(-ENOENT);
	for (unsigned int i = 0; i < ARRAY_SIZE(pid_entries); i++) {
		const struct pid_entry *e = &pid_entries[i];

		if (strcmp(e->name, dentry->d_name) || (e->leader_only && pi->thread))
			continue;
		err = instantiate(dentry, pi->task, &what, e->mode);
		if (!err)
			set_operations(dentry, e->iop, e->fops);
		return err;
	}
	for (ctl = __ctl_pid_start; ctl < __ctl_pid_end; ctl++) {
		if (strcmp(ctl->name, dentry->d_name))
			continue;
		what.ctl = ctl;
		err = instantiate(dentry, pi->task, &what, S_IFREG | ctl->mode);
		if (!err)
			set_operations(dentry, NULL, &pid_file_fops);
		return err;
	}
	return NULL;
}

/* "." at 0, ".." at 1. True: there is room for more. */
static bool emit_dots(struct file *file, struct dir_context *ctx)
{
	struct dentry *d = file->f_path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->actor(ctx, ".", 1, 0, d->d_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->actor(ctx, "..", 2, 1, d->d_parent->d_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 2;
	}
	return true;
}

/* Inode numbers are made anew at each look-up; what a listing shows only has to be distinct. */
static u64 fake_ino(u64 pid, u64 n)
{
	return pid << 16 | n;
}

static int pid_dir_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = pid_of(file->f_inode);
	unsigned int fixed = ARRAY_SIZE(pid_entries),
		     all = fixed + (__ctl_pid_end - __ctl_pid_start);

	if (!task_alive(pi))
		return -ENOENT;
	if (!emit_dots(file, ctx))
		return 0;
	for (; ctx->pos - 2 < all; ctx->pos++) {
		unsigned int i = ctx->pos - 2;
		const char *name =
			i < fixed ? pid_entries[i].name : __ctl_pid_start[i - fixed].name;
		umode_t mode = i < fixed ? pid_entries[i].mode : S_IFREG;

		if (i < fixed && pid_entries[i].leader_only && pi->thread)
			continue;
		if (!ctx->actor(ctx, name, strlen(name), ctx->pos, fake_ino(pi->pid, i + 2),
				(mode & S_IFMT) >> 12))
			return 0;
	}
	return 0;
}

/* The PID_BATCH smallest numbers seen, sorted. */
struct pid_batch { kpid_t pids[PID_BATCH]; unsigned int n; };

static void batch_add(struct pid_batch *b, kpid_t pid)
{
	unsigned int i;

	if (b->n == PID_BATCH && pid >= b->pids[b->n - 1])
		return;
	if (b->n < PID_BATCH)
		b->n++;
	for (i = b->n - 1; i > 0 && b->pids[i - 1] > pid; i--)
		b->pids[i] = b->pids[i - 1];
	b->pids[i] = pid;
}

/* The next numbers >= @from: of processes, or, with @pi, of its process's threads. */
static void next_pids(const struct pid_inode *pi, kpid_t from, struct pid_batch *b)
{
	struct task_struct *p, *t;

	b->n = 0;
	read_lock(&tasklist_lock);
	if (!pi) {
		for_each_process(p)
			if (p->pid >= from)
				batch_add(b, p->pid);
	} else if (find_task_by_pid(pi->pid) == pi->task) {
		for_each_thread(pi->task, t)
			if (t->pid >= from)
				batch_add(b, t->pid);
	}
	read_unlock(&tasklist_lock);
}

/* Lists numbers from ctx->pos - @base on. */
static int emit_pids(struct dir_context *ctx, const struct pid_inode *pi, loff_t base)
{
	struct pid_batch b;
	char name[16];

	for (;;) {
		next_pids(pi, ctx->pos - base, &b);
		if (!b.n)
			return 0;
		for (unsigned int i = 0; i < b.n; i++) {
			int len = snprintf(name, sizeof(name), "%d", b.pids[i]);

			ctx->pos = base + b.pids[i];
			if (!ctx->actor(ctx, name, len, ctx->pos, fake_ino(b.pids[i], 1), DT_DIR))
				return 0;
			ctx->pos++;
		}
	}
}

/* proc_internal.h */
int proc_pid_readdir(struct file *file, struct dir_context *ctx)
{
	return emit_pids(ctx, NULL, PROC_PID_POS);
}

/* /proc/<pid>/task/<tid> */
static struct dentry *task_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode *pi = pid_of(dir), what = { .thread = true };
	long tid = name_to_number(dentry->d_name);
	struct task_struct *task = tid > 0 ? find_get_task(tid) : NULL;
	struct dentry *err = NULL;

	if (!task)
		return NULL;
	if (task->tgid == pi->task->tgid) {
		err = instantiate(dentry, task, &what, S_IFDIR | 0555);
		if (!err)
			set_operations(dentry, &pid_dir_operations, &pid_dir_fops);
	}
	put_task_struct(task);
	return err;
}

static int task_dir_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = pid_of(file->f_inode);

	if (!task_alive(pi))
		return -ENOENT;
	return emit_dots(file, ctx) ? emit_pids(ctx, pi, 2) : 0;
}

/*
 * A file opened while that was allowed shows nothing of a set-uid program executed since. Asked after
 * the look, before which task_exec_id() was @exec. 0, -EACCES; -EAGAIN: an execve came in between
 */
static int still_allowed(const struct text_file *t, unsigned int exec)
{
	unsigned int now = task_exec_id(t->task);

	if (now == t->exec_id && !(now & 1))
		return 0;
	if (!fs_ptrace_may_access(t->task))
		return -EACCES;
	return task_exec_id(t->task) == exec ? 0 : -EAGAIN;
}

/* A CTL_PID_FILE. */
static int pid_file_show(struct text_file *t)
{
	const struct pid_inode *pi = t->entry;
	const struct seq_file start = t->m;
	unsigned int exec;
	int err, allowed;

	do {
		if (!task_alive(pi))
			return -ESRCH;
		t->m = start;
		exec = task_exec_id(pi->task);
		err = pi->ctl->show(&t->m, pi->task);
		allowed = !err && pi->ctl->needs_ptrace ? still_allowed(t, exec) : 0;
	} while (allowed == -EAGAIN);
	return err ? err : allowed;
}

static kssize_t pid_file_fill(struct text_file *t, void *buf, size_t len, loff_t pos)
{
	const struct pid_inode *pi = t->entry;
	unsigned int exec;
	int allowed;
	kssize_t n;

	do {
		if (!task_alive(pi))
			return -ESRCH;
		exec = task_exec_id(pi->task);
		n = pi->ctl->read_at(pi->task, buf, len, pos, t->m.reader_capable);
		allowed = n >= 0 && pi->ctl->needs_ptrace ? still_allowed(t, exec) : 0;
	} while (allowed == -EAGAIN);
	return allowed ? allowed : n;
}

static kssize_t pid_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	const struct pid_inode *pi = ((struct text_file *)file->private_data)->entry;

	if (pi->ctl->read_at)
		return words_read(file, buf, len, pos, pid_file_fill);
	return pi->ctl->show ? text_read(file, buf, len, pos) : -EINVAL;
}

static int pid_file_open(struct inode *inode, struct file *file)
{
	struct pid_inode *pi = pid_of(inode);
	unsigned int exec_id = task_exec_id(pi->task);
	int err;

	if (pi->ctl->needs_ptrace && file->f_mode & FMODE_READ && !fs_ptrace_may_access(pi->task))
		return -EACCES;
	err = text_open(file, pi->ctl->show ? pid_file_show : NULL, pi, pi->task);
	if (err)
		return err;
	((struct text_file *)file->private_data)->in_parts = pi->ctl->in_parts;
	((struct text_file *)file->private_data)->exec_id = exec_id;
	return 0;
}

static kssize_t pid_file_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct pid_inode *pi = ((struct text_file *)file->private_data)->entry;
	size_t looked_at = len;
	kssize_t n;
	char *text;

	if (!pi->ctl->write)
		return -EINVAL;
	text = copy_text(buf, &looked_at);
	if (IS_ERR(text))
		return PTR_ERR(text);
	n = task_alive(pi) ? pi->ctl->write(pi->task, text, looked_at) : -ESRCH;
	kfree(text);
	if (n == (kssize_t)looked_at)
		n = len;		/* all was taken: the rest, beyond a page, as well */
	if (n > 0)
		*pos += n;
	return n;
}

static int exe_path(struct task_struct *task, struct path *path)
{
	struct mm_struct *mm = get_task_mm(task);
	struct file *file = NULL;

	if (!mm)
		return -ENOENT;
	spin_lock(&mm->arg_lock);
	if (mm->exe_file)
		file = get_file(mm->exe_file);
	spin_unlock(&mm->arg_lock);
	mmput(mm);
	if (!file)
		return -ENOENT;
	*path = file->f_path;
	path_get(path);
	fput(file);
	return 0;
}

/*
 * What was found in @task may be shown: asked last, as it may have executed a set-uid program
 * meanwhile. @exec: task_exec_id() before the look. @err; -EACCES; -EAGAIN: look again
 */
static int if_allowed(struct task_struct *task, unsigned int exec, int err, struct path *jump)
{
	bool may = fs_ptrace_may_access(task);

	if (may && task_exec_id(task) == exec)
		return err;
	if (!err) {
		path_put(jump);
		*jump = (struct path){ NULL, NULL };
	}
	return may ? -EAGAIN : -EACCES;
}

/* cwd, root, exe: told apart by their first letter. */
static int pid_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	struct pid_inode *pi = pid_of(dentry->d_inode);
	unsigned int exec;
	int err;

	do {
		if (!task_alive(pi))
			return -ENOENT;
		exec = task_exec_id(pi->task);
		err = dentry->d_name[0] == 'e' ? exe_path(pi->task, jump)
					       : task_fs_path(pi->task, dentry->d_name[0] == 'r', jump);
		err = if_allowed(pi->task, exec, err, jump);
	} while (err == -EAGAIN);
	return err;
}

static int fd_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	struct pid_inode *pi = pid_of(dentry->d_inode);
	unsigned int flags, exec;
	struct file *file;
	int err;

	do {
		exec = task_exec_id(pi->task);
		file = fget_task(pi->task, pi->fd, &flags);
		if (file) {
			*jump = file->f_path;
			path_get(jump);
			fput(file);
		}
		err = if_allowed(pi->task, exec, file ? 0 : -ENOENT, jump);
	} while (err == -EAGAIN);
	return err;
}

/* fd/N: the link's bits say how the file is open. fdinfo/N: a file. */
static struct dentry *fd_lookup(struct inode *dir, struct dentry *dentry, bool info)
{
	struct pid_inode *pi = pid_of(dir), what = { .thread = pi->thread };
	long fd = name_to_number(dentry->d_name);
	umode_t mode = S_IFREG | 0444;
	unsigned int flags;
	struct dentry *err;
	struct file *file;

	if (fd < 0)
		return NULL;
	file = fget_task(pi->task, fd, &flags);
	if (!file)
		return NULL;
	if (!info) {
		mode = S_IFLNK;
		mode |= file->f_mode & FMODE_READ ? S_IRUSR | S_IXUSR : 0;
		mode |= file->f_mode & FMODE_WRITE ? S_IWUSR | S_IXUSR : 0;
	}
	fput(file);
	what.fd = fd;
	err = instantiate(dentry, pi->task, &what, mode);
	if (!err)
		set_operations(dentry, info ? NULL : &pid_fd_link_operations,
			       info ? &fdinfo_fops : NULL);
	return err;
}
static struct dentry *fd_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	return fd_lookup(dir, dentry, false);
}
static struct dentry *fdinfo_dir_lookup(struct inode *dir, struct dentry *dentry)
{
	return fd_lookup(dir, dentry, true);
}

static int fd_dir_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = pid_of(file->f_inode);
	unsigned int type = file->f_inode->i_op == &pid_fd_operations ? DT_LNK : DT_REG;
	char name[16];

	if (!task_alive(pi))
		return -ENOENT;
	if (!emit_dots(file, ctx))
		return 0;
	for (;; ctx->pos++) {
		unsigned int fd = ctx->pos - 2;
		int len;

		if (!task_next_fd(pi->task, &fd))
			return 0;
		ctx->pos = fd + 2;
		len = snprintf(name, sizeof(name), "%u", fd);
		if (!ctx->actor(ctx, name, len, ctx->pos, fake_ino(pi->pid, fd + 0x1000), type))
			return 0;
	}
}

/* One's own descriptors may always be looked at, whatever the owner of the directory. */
static int fd_dir_permission(struct inode *inode, int mask)
{
	struct pid_inode *pi = pid_of(inode);

	if (pi->task->tgid == current->tgid || fs_current_fsuid() == inode->i_uid)
		return 0;
	return fs_capable(CAP_DAC_READ_SEARCH) || fs_capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
}

/* 0, -ENOENT */
static int print_fdinfo(struct seq_file *m, const struct pid_inode *pi)
{
	unsigned int flags;
	struct file *file = fget_task(pi->task, pi->fd, &flags);

	if (!file)
		return -ENOENT;
	seq_printf(m, "pos:\t%lli\nflags:\t0%o\nmnt_id:\t%i\nino:\t%lu\n",
		   (long long)file->f_pos, flags, file->f_path.mnt->mnt_id, file->f_inode->i_ino);
	locks_show_fdinfo(m, file, pi->task->files);
	if (file->f_op->show_fdinfo)
		file->f_op->show_fdinfo(m, file);
	fput(file);
	return 0;
}

static int fdinfo_show(struct text_file *t)
{
	const struct pid_inode *pi = t->entry;
	const struct seq_file start = t->m;
	unsigned int exec;
	int err;

	do {
		t->m = start;
		exec = task_exec_id(pi->task);
		err = print_fdinfo(&t->m, pi);
		if (!err)
			err = still_allowed(t, exec);
	} while (err == -EAGAIN);
	return err;
}

static int fdinfo_open(struct inode *inode, struct file *file)
{
	struct pid_inode *pi = pid_of(inode);
	unsigned int exec_id = task_exec_id(pi->task);
	int err;

	if (!fs_ptrace_may_access(pi->task))
		return -EACCES;
	err = text_open(file, fdinfo_show, pi, pi->task);
	if (!err)
		((struct text_file *)file->private_data)->exec_id = exec_id;
	return err;
}

/* An owner that somebody sets is that of the process again at the next look. */
static int pid_setattr(struct dentry *dentry, struct iattr *attr)
{
	return attr->valid & ATTR_MODE ? -EPERM : 0;
}

/* A process's directory is immutable, as Linux's. */
static int pid_dir_setattr(struct dentry *dentry, struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations pid_plain_operations = { .setattr = pid_setattr };
static const struct inode_operations pid_dir_operations = {
	.lookup = pid_dir_lookup, .setattr = pid_dir_setattr,
};
static const struct inode_operations pid_task_operations = {
	.lookup = task_dir_lookup, .setattr = pid_setattr,
};
static const struct inode_operations pid_fd_operations = {
	.lookup = fd_dir_lookup, .permission = fd_dir_permission, .setattr = pid_setattr,
};
static const struct inode_operations pid_fdinfo_operations = {
	.lookup = fdinfo_dir_lookup, .setattr = pid_setattr,
};
static const struct inode_operations pid_link_operations = {
	.readlink = pid_readlink, .setattr = pid_setattr,
};
static const struct inode_operations pid_fd_link_operations = {
	.readlink = fd_readlink, .setattr = pid_setattr,
};
static const struct file_operations pid_dir_fops = {
	.read = generic_read_dir, .iterate = pid_dir_readdir,
};
static const struct file_operations pid_task_dir_fops = {
	.read = generic_read_dir, .iterate = task_dir_readdir,
};
static const struct file_operations pid_fd_dir_fops = {
	.read = generic_read_dir, .iterate = fd_dir_readdir,
};
static const struct file_operations pid_file_fops = {
	.open = pid_file_open, .release = text_release, .read = pid_file_read, .write = pid_file_write,
};
static const struct file_operations fdinfo_fops = {
	.open = fdinfo_open, .release = text_release, .read = text_read,
};

/* proc_fs.h */
struct task_struct *tgid_pidfd_to_task(const struct file *file)
{
	if (file->f_op != &pid_dir_fops || pid_of(file->f_inode)->thread)
		return ERR_PTR(-EBADF);
	return task_alive(pid_of(file->f_inode)) ? get_task_struct(proc_task(file->f_inode)) : NULL;
}
