/*
 * ext2_fs.h - what the rest of the kernel knows of ext2.
 */
#pragma once

void ext2_init(void);		/* registers "ext2", and the names that Linux's driver serves, too */
