/*
 * uio.h - readv(2), writev(2). Linux x86-64's.
 */
#pragma once

#include "kernel/lib/types.h"

#define UIO_MAXIOV 1024
struct iovec { void *iov_base; size_t iov_len; };
#define RWF_HIPRI 1
#define RWF_DSYNC 2
#define RWF_SYNC 4
#define RWF_NOWAIT 8
#define RWF_APPEND 16
/* read and write never do more at once: Linux's MAX_RW_COUNT. */
#define MAX_RW_COUNT (0x7fffffffUL & PAGE_MASK)
