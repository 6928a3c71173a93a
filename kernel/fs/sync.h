/*
 * sync.h - writing everything back.
 */
#pragma once

struct file;
struct super_block;
void ksys_sync(void);		/* every device's dirty pages; waits. sysrq s, reboot, umount */
/* all of one file system, to the medium: 0, or the first error. A RAM file system's is nothing. */
int sync_filesystem(struct super_block *sb);
/* An open file begins: it is to be told of write errors from now on (and of those nobody knows of). */
void file_sample_wb_err(struct file *file);
/* fsync(2)'s answer: 0, or an error since it was asked last. => one caller at a time is told */
int file_check_wb_err(struct file *file);
void sync_init(void);		/* drop_caches' list of mappings */
