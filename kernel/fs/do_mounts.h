/*
 * do_mounts.h - the root file system on a disk.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Mounts what root= names and makes it the root; panics if it cannot. => process 1, no /init in the
 * initramfs
 */
void prepare_namespace(void);
bool root_is_named(void);	/* root= is on the command line */
