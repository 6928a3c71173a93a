/*
 * fdtable.h - a process's table of descriptors.
 *
 * Idea: while only one task has the table (the usual case) it may look a file
 *       up and use it without taking a reference: nobody else can close it.
 *       fdget() does that; a shared table costs a lock and a reference.
 * Locks: files->file_lock, LOCK_FILES: all changes, and look-ups by others.
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/lib/bitops.h"

#define NR_OPEN_DEFAULT 64

/* Guards: l file_lock   a atomic */
struct files_struct {
	_Atomic int count;		/* a: tasks that share it; the last closes what is open */
	_Atomic int refs;		/* a: those together, and who looks in from outside: its memory */
	spinlock_t file_lock;
	unsigned int max_fds;		/* l */
	unsigned int next_fd;		/* l: no free one below it */
	struct file **fd;		/* l */
	unsigned long *open_fds, *close_on_exec;	/* l: bitmaps of max_fds bits */
	struct file *fd_array[NR_OPEN_DEFAULT];
	unsigned long open_init, cloexec_init;
};

struct fd { struct file *file; bool need_put; };
struct fd fdget(unsigned int fd);	/* file NULL: -EBADF. Not O_PATH */
struct fd fdget_raw(unsigned int fd);	/* O_PATH as well */
struct fd fdget_pos(unsigned int fd);	/* with f_pos_lock, if it could be shared */
void fdput_pos(struct fd f);
static inline void fdput(struct fd f)
{
	if (unlikely(f.need_put))
		fput(f.file);
}
bool fd_leads_to(unsigned int fd, const struct file *file);	/* current's @fd is @file */
/* A reference to the file behind @fd of @task, its flags for fdinfo; or NULL. */
struct file *fget_task(struct task_struct *task, unsigned int fd, unsigned int *flags);
/* the descriptor; drops @file on failure */
int receive_fd_install(struct file *file, unsigned int flags);
extern struct files_struct init_files;
extern int sysctl_nr_open;
void files_init(void);			/* caches */
long nr_open_files(void);
unsigned long get_max_files(void);	/* fs.file-max */
void put_filp(struct file *file);	/* one that never opened */
struct file *alloc_empty_file(unsigned int flags);	/* ERR_PTR(-ENFILE, -ENOMEM) */
/* F_DUPFD, F_DUPFD_CLOEXEC */
long fcntl_dupfd(unsigned int fd, unsigned int cmd, unsigned long arg);
/* F_GETFD, F_SETFD */
long fcntl_fd_flags(unsigned int fd, unsigned int cmd, unsigned long arg);
