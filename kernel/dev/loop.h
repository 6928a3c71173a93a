/*
 * loop.h - loop devices: disks made of files.
 */
#pragma once

/* The first eight, and /dev/loop-control. => devfs_init(); before the first program */
void loop_init(void);
