/*
 * pipe.h - pipes and FIFOs.
 */
#pragma once

#include "kernel/fs/fs.h"

/* F_GETPIPE_SZ, F_SETPIPE_SZ */
long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg);
void pipe_init(void);
