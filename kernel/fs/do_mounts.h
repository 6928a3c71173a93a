/*
 * do_mounts.h - the root file system on a disk.
 */
#pragma once

/*
 * Mounts what root= names and makes it the root; panics if it cannot. => process 1, no /init in the
 * initramfs
 */
void prepare_namespace(void);
