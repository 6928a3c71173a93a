/*
 * pipe.h - pipes and FIFOs.
 */
#pragma once

#include "kernel/fs/fs.h"

long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg);	/* F_GETPIPE_SZ, F_SETPIPE_SZ */
void pipe_init(void);
