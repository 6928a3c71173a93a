/*
 * init.h - from kernel thread 1 to the first program.
 */
#pragma once

/* /dev, /dev/console, /root: before populate_rootfs(), as Linux's built-in cpio */
void default_rootfs(void);
/*
 * => process 1, after populate_rootfs(). Opens the console and becomes the first program that
 * works: rdinit= (or /init), init=, /sbin/init … 0; panics if there is none.
 */
int run_init(void);
