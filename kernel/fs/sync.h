/*
 * sync.h - writing everything back.
 */
#pragma once

struct super_block;
void ksys_sync(void);		/* every device's dirty pages; waits. sysrq s, reboot, umount */
/* all of one file system, to the medium: 0, or the first error. A RAM file system's is nothing. */
int sync_filesystem(struct super_block *sb);
void sync_init(void);		/* drop_caches' list of mappings */
