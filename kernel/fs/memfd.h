/*
 * memfd.h - the hidden RAM file system of memfd_create(2).
 */
#pragma once

void memfd_init(void);		/* after ramfs_init() */
