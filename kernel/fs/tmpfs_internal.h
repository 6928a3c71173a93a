/*
 * tmpfs_internal.h - between tmpfs.c (names), tmpfs_file.c (contents), tmpfs_options.c (mounting).
 */
#pragma once

#include "kernel/fs/tmpfs.h"
#include "mm/shmem.h"

struct seq_file;

/* One mounted tmpfs. Guards: a atomic   c set once */
struct tmpfs_sb {
	struct shmem_pool pool;			/* pages used and allowed */
	_Atomic unsigned long used_inodes;	/* a: and further names */
	_Atomic unsigned long max_inodes;	/* a: 0: no limit */
	umode_t mode;				/* c: the root's, as the mount said */
	kuid_t uid;				/* c */
	kgid_t gid;				/* c */
};
static inline struct tmpfs_sb *tmpfs_sb(const struct super_block *sb) { return sb->s_private; }

struct tmpfs_options {
	unsigned long blocks, inodes;
	bool blocks_given, inodes_given;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

/* tmpfs_options.c */
void tmpfs_default_options(struct tmpfs_options *opt);
/* "size=10m,mode=755": changes what it names. 0, -EINVAL (logged) */
int tmpfs_parse_options(const char *data, struct tmpfs_options *opt);
int tmpfs_remount(struct super_block *sb, const char *data);
void tmpfs_show_options(struct seq_file *m, struct super_block *sb);

/* tmpfs_file.c */
extern const struct inode_operations tmpfs_file_inode_operations, tmpfs_symlink_inode_operations;
extern const struct address_space_operations tmpfs_aops;
