/*
 * pipe.h - pipes and FIFOs.
 */
#pragma once

#include "kernel/fs/fs.h"

/* F_GETPIPE_SZ, F_SETPIPE_SZ */
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg);
void pipe_init(void);
/*
 * splice(2)'s three ways, and tee(2). A file that is no pipe has pages, or is written to by
 * splice_write(). => Bytes, 0 at the end of the data, -EAGAIN, -EPIPE, -ERESTARTSYS …
 */
bool is_pipe(const struct file *file);
long pipe_to_file(struct file *in, struct file *out, loff_t *pos, size_t len, bool nonblock);
long file_to_pipe(struct file *in, loff_t *pos, struct file *out, size_t len, bool nonblock);
long pipe_to_pipe(struct file *in, struct file *out, size_t len, bool nonblock, bool keep);
/* read(2) and write(2) of one, for vmsplice(2). */
kssize_t pipe_read_user(struct file *file, char __user *buf, size_t len, bool nonblock);
kssize_t pipe_write_user(struct file *file, const char __user *buf, size_t len, bool nonblock);
/* splice.c: a file's data in kernel memory, -EINVAL: this kind of file cannot. */
kssize_t splice_write(struct file *out, const void *buf, size_t len, loff_t *pos);
