/*
 * fd.c - descriptors: the table that turns numbers into open files.
 *
 * Idea:   an array of pointers and two bitmaps (taken, close-on-exec) that grow
 *         by doubling. The first 64 are inside the struct. A descriptor is taken
 *         first (get_unused_fd_flags) and its file installed later, when nothing
 *         can fail any more; in between the pointer is NULL and look-ups miss it.
 * Locks:  files->file_lock, LOCK_FILES; never held while a file is put.
 * Above:  open.c, fcntl.c, fork and exec in kernel/proc.   Below: file_table.c.   In Linux:
 * fs/file.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/slab.h"

int sysctl_nr_open = 1024 * 1024;	/* no RLIMIT_NOFILE goes above it */
CTL_SYSCTL_INT("fs.nr_open", sysctl_nr_open, 64, 0x7fffffc0);

struct files_struct init_files = {
	.count = 1,
	.refs = 1,
	.file_lock = SPINLOCK_INIT(LOCK_FILES),
	.max_fds = NR_OPEN_DEFAULT,
	.fd = init_files.fd_array,
	.open_fds = &init_files.open_init,
	.close_on_exec = &init_files.cloexec_init,
};

static struct files_struct *alloc_files(void)
{
	struct files_struct *files = kzalloc(sizeof(*files), GFP_KERNEL_ACCOUNT);

	if (!files)
		return NULL;
	files->count = files->refs = 1;
	spin_lock_init(&files->file_lock, LOCK_FILES);
	files->max_fds = NR_OPEN_DEFAULT;
	files->fd = files->fd_array;
	files->open_fds = &files->open_init;
	files->close_on_exec = &files->cloexec_init;
	return files;
}

static void free_table(struct file **fd)
{
	kvfree(fd);		/* the bitmaps lie behind the array */
}

/* One block: n pointers, n bits, n bits; all zero. */
static struct file **alloc_table(unsigned int n, unsigned long **open, unsigned long **cloexec)
{
	struct file **fd = kvzalloc(n * sizeof(*fd) + n / 4, GFP_KERNEL_ACCOUNT);

	if (!fd)
		return NULL;
	*open = (unsigned long *)(fd + n);
	*cloexec = *open + BITS_TO_LONGS(n);
	return fd;
}

/* Room for descriptor @nr. May sleep: the caller has dropped file_lock. 0, -EMFILE, -ENOMEM. */
static int expand_files(struct files_struct *files, unsigned int nr)
{
	unsigned long *open, *cloexec;
	struct file **fd, **old;
	unsigned int n = MAX(256u, (unsigned int)roundup_pow_of_two(nr + 1)), words;

	if (nr >= (unsigned int)sysctl_nr_open)
		return -EMFILE;
	fd = alloc_table(n, &open, &cloexec);
	if (!fd)
		return -ENOMEM;
	spin_lock(&files->file_lock);
	old = files->fd;
	if (files->max_fds >= n) {
		old = fd;		/* another thread was faster */
	} else {
		words = BITS_TO_LONGS(files->max_fds);
		memcpy(fd, files->fd, files->max_fds * sizeof(*fd));
		memcpy(open, files->open_fds, words * sizeof(long));
		memcpy(cloexec, files->close_on_exec, words * sizeof(long));
		files->fd = fd;
		files->open_fds = open;
		files->close_on_exec = cloexec;
		files->max_fds = n;
	}
	spin_unlock(&files->file_lock);
	if (old != files->fd_array)
		free_table(old);
	return 0;
}

/* The lowest free descriptor in [start, end), taken. */
static int alloc_fd(unsigned int start, unsigned int end, unsigned int flags)
{
	struct files_struct *files = current->files;
	unsigned int fd;
	int err;

	for (;;) {
		spin_lock(&files->file_lock);
		fd = find_next_zero_bit(files->open_fds, files->max_fds,
					MAX(start, files->next_fd));
		if (fd < files->max_fds || fd >= end)
			break;
		spin_unlock(&files->file_lock);
		err = expand_files(files, fd);
		if (err)
			return err;
	}
	if (fd >= end) {
		spin_unlock(&files->file_lock);
		return -EMFILE;
	}
	if (start <= files->next_fd)
		files->next_fd = fd + 1;
	__set_bit(fd, files->open_fds);
	if (flags & O_CLOEXEC)
		__set_bit(fd, files->close_on_exec);
	else
		__clear_bit(fd, files->close_on_exec);
	BUG_ON(files->fd[fd]);
	spin_unlock(&files->file_lock);
	return fd;
}

/* fs.h */
int get_unused_fd_flags(unsigned int flags)
{
	return alloc_fd(0, rlimit(RLIMIT_NOFILE), flags);
}

/* fs.h */
void fd_install(unsigned int fd, struct file *file)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	BUG_ON(files->fd[fd]);
	files->fd[fd] = file;
	spin_unlock(&files->file_lock);
}

static void release_fd_locked(struct files_struct *files, unsigned int fd)
{
	__clear_bit(fd, files->open_fds);
	__clear_bit(fd, files->close_on_exec);
	if (fd < files->next_fd)
		files->next_fd = fd;
}

/* fs.h */
void put_unused_fd(unsigned int fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->file_lock);
	release_fd_locked(files, fd);
	spin_unlock(&files->file_lock);
}

/* fdtable.h */
int receive_fd_install(struct file *file, unsigned int flags)
{
	int fd = get_unused_fd_flags(flags);

	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

/* What close(2) does besides freeing the number. */
static int filp_close(struct file *file, struct files_struct *files)
{
	int err = 0;

	if (file->f_op->flush)
		err = file->f_op->flush(file);
	locks_remove_posix(file, files);
	fput(file);
	return err;
}

static struct file *take_file(struct files_struct *files, unsigned int fd)
{
	struct file *file = NULL;

	spin_lock(&files->file_lock);
	if (fd < files->max_fds && files->fd[fd]) {
		file = files->fd[fd];
		files->fd[fd] = NULL;
		release_fd_locked(files, fd);
	}
	spin_unlock(&files->file_lock);
	return file;
}

/* fs.h */
int close_fd(unsigned int fd)
{
	struct file *file = take_file(current->files, fd);

	return file ? filp_close(file, current->files) : -EBADF;
}

static struct file *load_file(struct files_struct *files, unsigned int fd, unsigned int refused)
{
	struct file *file = fd < files->max_fds ? files->fd[fd] : NULL;

	return file && !(file->f_mode & refused) ? file : NULL;
}

static struct file *fget_mode(unsigned int fd, unsigned int refused)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->file_lock);
	file = load_file(files, fd, refused);
	if (file)
		file->f_count++;
	spin_unlock(&files->file_lock);
	return file;
}

/* fs.h */
struct file *fget(unsigned int fd) { return fget_mode(fd, FMODE_PATH); }
/* fs.h */
struct file *fget_raw(unsigned int fd) { return fget_mode(fd, 0); }

/* fdtable.h */
bool fd_leads_to(unsigned int fd, const struct file *file)
{
	struct files_struct *files = current->files;
	bool same;

	spin_lock(&files->file_lock);
	same = load_file(files, fd, 0) == file;
	spin_unlock(&files->file_lock);
	return same;
}

static struct fd fdget_mode(unsigned int fd, unsigned int refused)
{
	struct files_struct *files = current->files;

	if (files->count == 1)
		return (struct fd){ load_file(files, fd, refused), false };
	struct file *file = fget_mode(fd, refused);

	return (struct fd){ file, file != NULL };
}

/* fdtable.h */
struct fd fdget(unsigned int fd) { return fdget_mode(fd, FMODE_PATH); }
/* fdtable.h */
struct fd fdget_raw(unsigned int fd) { return fdget_mode(fd, 0); }

/* fdtable.h. f_count 1 and an unshared table: nobody else can move the position. */
struct fd fdget_pos(unsigned int nr)
{
	struct fd f = fdget(nr);

	if (f.file && f.file->f_mode & FMODE_ATOMIC_POS && (f.need_put || f.file->f_count > 1)) {
		if (!f.need_put) {
			/* one rule for fdput_pos: locked means referenced */
			get_file(f.file);
			f.need_put = true;
		}
		mutex_lock(&f.file->f_pos_lock);
	}
	return f;
}

/* fdtable.h */
void fdput_pos(struct fd f)
{
	if (!f.need_put)
		return;
	if (f.file->f_mode & FMODE_ATOMIC_POS)
		mutex_unlock(&f.file->f_pos_lock);
	fput(f.file);
}

/* Descriptors up to the highest that is open. => file_lock held. */
static unsigned int count_open(const struct files_struct *files)
{
	unsigned long last = find_last_bit(files->open_fds, files->max_fds);

	return last < files->max_fds ? last + 1 : 0;
}

static void copy_table_locked(struct files_struct *copy, struct files_struct *old, unsigned int n)
{
	unsigned int words = BITS_TO_LONGS(n);

	memcpy(copy->open_fds, old->open_fds, words * sizeof(long));
	memcpy(copy->close_on_exec, old->close_on_exec, words * sizeof(long));
	copy->next_fd = old->next_fd;
	for (unsigned int i = 0; i < n; i++) {
		copy->fd[i] = old->fd[i];
		if (copy->fd[i])
			get_file(copy->fd[i]);
		else
			release_fd_locked(copy, i);	/* taken, but not installed yet */
	}
}

/* fs.h */
struct files_struct *dup_files(struct files_struct *old, int *error)
{
	struct files_struct *copy = alloc_files();
	unsigned int n;

	*error = -ENOMEM;
	if (!copy)
		return NULL;
	for (;;) {
		spin_lock(&old->file_lock);
		n = count_open(old);
		if (n <= copy->max_fds)
			break;
		spin_unlock(&old->file_lock);
		*error = expand_files(copy, n - 1);
		if (*error) {
			put_files_struct(copy);
			return NULL;
		}
	}
	copy_table_locked(copy, old, n);
	spin_unlock(&old->file_lock);
	*error = 0;
	return copy;
}

/* fs.h */
struct files_struct *get_files(struct files_struct *files)
{
	files->count++;
	return files;
}

static void free_files(struct files_struct *files)
{
	if (--files->refs)
		return;
	if (files->fd != files->fd_array)
		free_table(files->fd);
	if (files != &init_files)
		kfree(files);
}

/* fs.h. Nobody changes the table any more, but /proc/<pid>/fd may look into it. */
void put_files_struct(struct files_struct *files)
{
	unsigned long fd;

	if (!files || --files->count)
		return;
	for_each_set_bit(fd, files->open_fds, files->max_fds) {
		struct file *file;

		spin_lock(&files->file_lock);
		file = files->fd[fd];
		files->fd[fd] = NULL;
		spin_unlock(&files->file_lock);
		if (file) {
			filp_close(file, files);
			cond_resched();
		}
	}
	free_files(files);
}

/* fs.h */
void do_close_on_exec(struct files_struct *files)
{
	for (unsigned long fd = 0;; fd++) {
		struct file *file;

		spin_lock(&files->file_lock);
		fd = find_next_bit(files->close_on_exec, files->max_fds, fd);
		if (fd >= files->max_fds) {
			spin_unlock(&files->file_lock);
			return;
		}
		file = files->fd[fd];
		files->fd[fd] = NULL;
		release_fd_locked(files, fd);
		spin_unlock(&files->file_lock);
		if (file)
			filp_close(file, files);
		cond_resched();
	}
}

/* fs.h */
int unshare_files(void)
{
	struct files_struct *old = current->files, *copy;
	int err;

	if (old->count == 1)
		return 0;
	copy = dup_files(old, &err);
	if (!copy)
		return err;
	task_lock(current);
	current->files = copy;
	task_unlock(current);
	put_files_struct(old);
	return 0;
}

/*
 * To be looked at, for free_files(). Whose it is closes his files when he goes, not who looks: that
 * one may hold any lock.
 */
static struct files_struct *get_task_files(struct task_struct *task)
{
	struct files_struct *files;

	task_lock(task);
	files = task->files;
	if (files)
		files->refs++;
	task_unlock(task);
	return files;
}

/* fs.h */
bool task_next_fd(struct task_struct *task, unsigned int *fd)
{
	struct files_struct *files = get_task_files(task);
	bool found = false;

	if (!files)
		return false;
	spin_lock(&files->file_lock);
	for (; *fd < files->max_fds && !found; *fd += !found)
		found = files->fd[*fd];
	spin_unlock(&files->file_lock);
	free_files(files);
	return found;
}

/* fdtable.h */
struct file *fget_task(struct task_struct *task, unsigned int fd, unsigned int *flags)
{
	struct files_struct *files = get_task_files(task);
	struct file *file = NULL;

	if (!files)
		return NULL;
	spin_lock(&files->file_lock);
	if (fd < files->max_fds && files->fd[fd]) {
		file = get_file(files->fd[fd]);
		*flags = file->f_flags & ~O_CLOEXEC;
		if (test_bit(fd, files->close_on_exec))
			*flags |= O_CLOEXEC;
	}
	spin_unlock(&files->file_lock);
	free_files(files);
	return file;
}

/* Puts @file (its reference) at @fd, closing what was there. */
static long do_dup2(struct file *file, unsigned int fd, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct file *old;
	int err = 0;

	if (fd >= rlimit(RLIMIT_NOFILE)) {
		fput(file);
		return -EBADF;
	}
	spin_lock(&files->file_lock);
	while (fd >= files->max_fds && !err) {
		spin_unlock(&files->file_lock);
		err = expand_files(files, fd);
		spin_lock(&files->file_lock);
	}
	old = err ? NULL : files->fd[fd];
	if (!err && !old && test_bit(fd, files->open_fds))
		err = -EBUSY;		/* another thread is opening it */
	if (err) {
		spin_unlock(&files->file_lock);
		fput(file);
		return err == -EMFILE ? -EBADF : err;
	}
	files->fd[fd] = file;
	__set_bit(fd, files->open_fds);
	if (flags & O_CLOEXEC)
		__set_bit(fd, files->close_on_exec);
	else
		__clear_bit(fd, files->close_on_exec);
	spin_unlock(&files->file_lock);
	if (old)
		filp_close(old, files);
	return fd;
}

/* System calls: syscalls.h. */
long sys_dup3(unsigned int fd, unsigned int to, int flags)
{
	struct file *file;

	if (flags & ~O_CLOEXEC || fd == to)
		return -EINVAL;
	file = fget_raw(fd);
	return file ? do_dup2(file, to, flags) : -EBADF;
}

long sys_dup2(unsigned int fd, unsigned int to)
{
	struct file *file;

	if (fd != to)
		return sys_dup3(fd, to, 0);
	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	fput(file);
	return to;
}

static long dup_from(unsigned int fd, unsigned int start, unsigned int flags)
{
	struct file *file = fget_raw(fd);
	int to;

	if (!file)
		return -EBADF;
	to = start >= rlimit(RLIMIT_NOFILE) ? -EINVAL
					    : alloc_fd(start, rlimit(RLIMIT_NOFILE), flags);
	if (to < 0)
		fput(file);
	else
		fd_install(to, file);
	return to;
}

long sys_dup(unsigned int fd)
{
	struct file *file = fget_raw(fd);

	return file ? receive_fd_install(file, 0) : -EBADF;
}

/* The fcntl commands about descriptors; see fcntl.c for those about files. */
long fcntl_dupfd(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	return dup_from(fd, MIN(arg, 0xffffffffUL), cmd == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0);
}

long fcntl_fd_flags(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct files_struct *files = current->files;
	long ret = 0;

	spin_lock(&files->file_lock);
	if (fd >= files->max_fds || !files->fd[fd])
		ret = -EBADF;
	else if (cmd == F_GETFD)
		ret = test_bit(fd, files->close_on_exec) ? FD_CLOEXEC : 0;
	else if (arg & FD_CLOEXEC)
		__set_bit(fd, files->close_on_exec);
	else
		__clear_bit(fd, files->close_on_exec);
	spin_unlock(&files->file_lock);
	return ret;
}

long sys_close(unsigned int fd)
{
	long ret = close_fd(fd);

	/* The descriptor is gone in any case: it must not be restarted. */
	return ret <= -ERESTARTSYS ? -EINTR : ret;
}

long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	struct files_struct *files;
	int err;

	if (first > last || flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		err = unshare_files();
		if (err)
			return err;
	}
	files = current->files;
	last = MIN(last, files->max_fds - 1);
	for (unsigned int fd = first; fd <= last; fd++) {
		cond_resched();
		if (flags & CLOSE_RANGE_CLOEXEC) {
			fcntl_fd_flags(fd, F_SETFD, FD_CLOEXEC);
			continue;
		}
		struct file *file = take_file(files, fd);

		if (file)
			filp_close(file, files);
	}
	return 0;
}
