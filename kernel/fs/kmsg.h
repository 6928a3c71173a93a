/*
 * kmsg.h - the log as files: /dev/kmsg, /proc/kmsg.
 */
#pragma once

#include "kernel/fs/fs.h"

extern const struct file_operations kmsg_fops;		/* /dev/kmsg: records */
extern const struct file_operations proc_kmsg_fops;	/* /proc/kmsg: text, read once */
