/*
 * devpts.h - /dev/pts: a name for each pseudo terminal's slave.
 */
#pragma once

#include "kernel/lib/types.h"

/* The name @index, owned by current, for device @dev. 0, -ENODEV (never mounted), -ENOMEM */
int devpts_add(unsigned int index, kdev_t dev);
void devpts_remove(unsigned int index);
void devpts_init(void);
