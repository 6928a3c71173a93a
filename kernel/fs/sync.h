/*
 * sync.h - writing everything back.
 */
#pragma once

void ksys_sync(void);		/* every device's dirty pages; waits. sysrq s, reboot, umount */
void sync_init(void);		/* drop_caches' list of mappings */
