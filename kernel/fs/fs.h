/*
 * fs.h - files: inode, dentry, file, and the operations that each kind supplies.
 *
 * Idea: Linux's four objects, kept small. An inode is the thing, a dentry a
 *       name for it in a directory, a file an open use of it, a mount joins a
 *       tree to a directory of another. RAM file systems keep their dentries
 *       for ever: the dentry tree IS the directory. Disk file systems (those with
 *       super_operations) have copies: inodes and dentries that nobody uses stay
 *       until memory is short.
 * Locks:  guards by letter: i inode->i_rwsem · d dcache_lock · a atomic · c set once · f
 * file->f_pos_lock
 */
#pragma once

#include "kernel/abi/stat.h"
#include "kernel/abi/time.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "mm/mm_types.h"

struct cgroup;
struct file;
struct inode;
struct dentry;
struct super_block;
struct vfsmount;
struct poll_table;
struct cred;
struct dir_context;
struct file_locks;
struct block_device;
struct seq_file;
struct iovec;
struct statfs;

#define NAME_MAX 255
#define PATH_MAX 4096

struct path { struct vfsmount *mnt; struct dentry *dentry; };

/* What chmod, chown, truncate and utimes change: the fields that @valid names. */
enum attr_valid {
	ATTR_MODE = 1,
	ATTR_UID = 2,
	ATTR_GID = 4,
	ATTR_SIZE = 8,
	ATTR_ATIME = 16,
	ATTR_MTIME = 32,
	ATTR_CTIME = 64
};
struct iattr {
	unsigned int valid;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	loff_t size;
	struct timespec atime, mtime, ctime;
};
/* What stat(2) needs. */
struct kstat {
	kdev_t dev, rdev;
	u64 ino;
	umode_t mode;
	unsigned int nlink;
	kuid_t uid;
	kgid_t gid;
	loff_t size;
	u64 blocks;			/* 512 bytes each */
	u32 blksize;
	struct timespec atime, mtime, ctime;
	u64 mnt_id;
	bool mount_root;
};

struct inode_operations {
	/* dynamic directories (proc); NULL: dcache is all. Fills or leaves negative; ERR_PTR. */
	struct dentry *(*lookup)(struct inode *dir, struct dentry *dentry);
	int (*create)(struct inode *dir, struct dentry *dentry, umode_t mode);
	int (*link)(struct dentry *old, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, umode_t mode);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*mknod)(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t rdev);
	int (*rename)(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n,
		      unsigned int flags);
	/* chmod, chown, truncate, utimes; NULL: refused */
	int (*setattr)(struct dentry *dentry, struct iattr *attr);
	int (*getattr)(struct dentry *dentry, struct kstat *stat);	/* NULL: from the inode */
	int (*permission)(struct inode *inode, int mask);	/* NULL: mode bits */
	/*
	 * The target into @buf (NUL-terminated): length or -errno. Magic links (/proc/<pid>/exe,
	 * fd) set @jump instead and return 0.
	 */
	int (*readlink)(struct dentry *dentry, char *buf, size_t size, struct path *jump);
	/*
	 * Where block @block (of i_sb->s_blocksize bytes) of a regular file lies on i_sb->s_bdev,
	 * in such blocks; *phys 0: a hole. *run: how many blocks are asked for (1 at least), and
	 * how many were found to lie there one behind the other. 0, -EIO. NULL: the file is on no
	 * device.
	 */
	int (*bmap)(struct inode *inode, u64 block, u64 *phys, u32 *run);
	/* O_TMPFILE: a file with i_nlink 0, one reference; ERR_PTR. NULL: -EOPNOTSUPP */
	struct inode *(*tmpfile)(struct inode *dir, umode_t mode);
};

struct file_operations {
	kssize_t (*read)(struct file *file, char __user *buf, size_t len, loff_t *pos);
	kssize_t (*write)(struct file *file, const char __user *buf, size_t len, loff_t *pos);
	/* readv, writev in one piece (but with O_DIRECT); NULL: segment by segment */
	kssize_t (*read_write_vector)(struct file *file, const struct iovec *vec, size_t n,
				      loff_t *pos, bool write);
	/* NULL: generic; no_llseek: -ESPIPE */
	loff_t (*llseek)(struct file *file, loff_t off, int whence);
	int (*iterate)(struct file *file, struct dir_context *ctx);
	/* EPOLL* bits; NULL: always ready */
	unsigned int (*poll)(struct file *file, struct poll_table *pt);
	long (*ioctl)(struct file *file, unsigned int cmd, unsigned long arg);	/* NULL: -ENOTTY */
	/* NULL: -ENODEV. Sets vm_ops */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	int (*open)(struct inode *inode, struct file *file);
	/* the last reference went */
	int (*release)(struct inode *inode, struct file *file);
	int (*flush)(struct file *file);				/* each close(2) */
	int (*fsync)(struct file *file, bool data_only);
	long (*truncate)(struct file *file, loff_t size);		/* NULL: by setattr */
	void (*show_fdinfo)(struct seq_file *m, struct file *file);	/* more lines; may be NULL */
	/* FALLOC_FL_*; takes i_rwsem itself. NULL: -EOPNOTSUPP */
	long (*fallocate)(struct file *file, int mode, loff_t off, loff_t len);
	/* From kernel memory, for splice: of devices without pages; may be NULL. */
	kssize_t (*write_kernel)(struct file *file, const void *buf, size_t len, loff_t *pos);
};

struct inode {
	umode_t i_mode;			/* i */
	kuid_t i_uid;			/* i */
	kgid_t i_gid;
	unsigned int i_nlink;		/* i */
	unsigned long i_ino;		/* c */
	loff_t i_size;			/* i for writing; READ_ONCE */
	kdev_t i_rdev;			/* c: of a device node */
	struct timespec i_atime, i_mtime, i_ctime;	/* i */
	_Atomic int i_count;		/* a: references: dentries, mappings */
	struct rw_semaphore i_rwsem;	/* LOCK_INODE */
	const struct inode_operations *i_op;	/* c */
	const struct file_operations *i_fop;	/* c */
	struct super_block *i_sb;	/* c */
	struct address_space i_data;	/* its pages */
	void *i_private;		/* the file system's, a device's */
	struct pipe_inode_info *i_pipe;	/* pipe_ref_lock: of a FIFO that is open, on any file system */
	_Atomic int i_writecount;	/* a: > 0 open for writing, < 0 being executed: ETXTBSY */
	void (*i_free)(struct inode *inode);	/* c: as it goes; may be NULL */
	bool i_unnamed;			/* c: made by O_TMPFILE, may get its first name */
	struct file_locks *i_flctx;	/* locks.c; NULL: never locked. Set once */
	_Atomic unsigned int i_flags;	/* a: S_* */
	/* of disk file systems: inode_cache.c. Guard: inode_lock */
	unsigned int i_state;		/* I_* */
	struct hlist_node i_hash;	/* by superblock and number */
	struct list_head i_sb_list;	/* sb->s_inodes */
	struct list_head i_lru;		/* nobody refers to it: it may go */
	struct list_head i_dirty_list;	/* sb->s_dirty, the oldest first */
	u64 i_dirtied_when;		/* ns */
	struct hlist_head i_watches;	/* fsnotify_lock: inotify's */
	struct dentry *i_alias;		/* d: a directory's one name in the dcache; no reference */
};
enum inode_flags { S_SWAPFILE = 1 /* pages are swapped to it: not to be written, cut, removed */ };
static inline bool IS_SWAPFILE(const struct inode *inode) { return inode->i_flags & S_SWAPFILE; }

struct dentry {
	_Atomic int d_count;		/* a */
	struct dentry *d_parent;	/* d */
	struct inode *d_inode;		/* d: NULL: negative */
	struct hlist_node d_hash;	/* d: by parent and name */
	struct list_head d_child, d_subdirs;	/* d: in the order of creation */
	u64 d_seq;			/* d: the order's number: readdir's position */
	unsigned int d_flags;		/* d: DCACHE_* */
	u32 d_namehash;
	char *d_name;			/* d: NUL-terminated; d_iname if it is short */
	char d_iname[40];
	struct super_block *d_sb;	/* c */
	struct list_head d_lru;		/* d: DCACHE_CACHED ones that nobody uses */
	void *d_fsdata;
};
enum {
	DCACHE_MOUNTED = 1,
	DCACHE_UNHASHED = 2,
	DCACHE_DYNAMIC = 4 /* dropped with its last reference: /proc */,
	DCACHE_PSEUDO = 8 /* nameless: "pipe:[12]" */,
	DCACHE_CACHED = 16 /* a copy of what is on disk: stays unpinned, may go any time */,
	DCACHE_REFERENCED = 32 /* looked up since it came to the LRU list */
};

/* What a disk file system does for its inodes; NULL for the others. */
struct super_operations {
	/* The inode's fields into the page cache of its device. 0, -EIO. May sleep. */
	int (*write_inode)(struct inode *inode);
	/*
	 * The last use is over. i_nlink 0: it goes from the disk, too (may sleep); else only what
	 * hangs on it in memory (may not sleep). => its pages are gone
	 */
	void (*evict_inode)(struct inode *inode);
	/* Superblock and the like into the device's pages. 0, -errno. */
	int (*sync_fs)(struct super_block *sb);
	/* MS_REMOUNT: new options; sb->s_rdonly is to become @rdonly. 0, -errno. */
	int (*remount)(struct super_block *sb, bool rdonly, const char *data);
	void (*show_options)(struct seq_file *m, struct super_block *sb);	/* ",errors=…" */
};

struct super_block {
	const struct super_operations *s_op;	/* c: NULL: all of it is in memory */
	struct block_device *s_bdev;	/* c: NULL: none */
	unsigned int s_blocksize;	/* c: bytes; 0: no blocks */
	_Atomic unsigned int s_wb_err;	/* a: the last write error of anything in it (errseq.h) */
	bool s_coarse_times;		/* c: its times are whole seconds */
	bool s_rdonly;			/* the mount's or an error's doing; READ_ONCE */
	bool s_readonly_remount;	/* d: it is about to become so: no change begins; READ_ONCE */
	struct list_head s_mounts;	/* d: all that show it */
	struct mutex s_sync;		/* LOCK_SB_SYNC: one at a time writes inodes */
	struct list_head s_inodes, s_dirty;	/* inode_lock */
	struct list_head s_list;	/* sb_lock: all of them */
	const struct file_system_type *s_type;	/* c */
	struct dentry *s_root;		/* c */
	kdev_t s_dev;			/* c */
	_Atomic unsigned long s_next_ino;	/* a */
	struct kmem_cache *s_inode_cache;	/* c: where its inodes are from; NULL: inode_cache */
	unsigned long s_magic;		/* c: statfs(2)'s type */
	_Atomic int s_count;		/* a: mounts */
	_Atomic int s_walkers;		/* a: for_each_super()s that look at it: its end waits for them */
	_Atomic int s_pruning;		/* a: names of it that the shrinker has in its hands */
	bool s_singleton;		/* c: every mount shows the same tree: proc, devtmpfs */
	int (*s_statfs)(struct super_block *sb, struct statfs *st);	/* c: NULL: sizes are 0 */
	/* c: remount with new options (NULL: none): 0, -errno; NULL: all are accepted */
	int (*s_remount)(struct super_block *sb, const char *data);
	/* c: ",size=4k" for /proc/mounts; no sleep; may be NULL */
	void (*s_show_options)(struct seq_file *m, struct super_block *sb);
	void *s_private;
};
struct file_system_type {
	const char *name;		/* "proc"; /proc/filesystems */
	bool nodev;
	/* makes s_root: 0, -errno. sb->s_rdonly tells what was asked for */
	int (*mount)(struct super_block *sb, const char *source, const char *data);
	/* a singleton is mounted once more: 0, -errno; NULL: options are not looked at */
	int (*mount_again)(struct super_block *sb, const char *data);
	/* the last mount went: frees what mount made; may be NULL */
	void (*kill_sb)(struct super_block *sb);
	bool internal;			/* not mountable by programs: pipefs */
	struct super_block *singleton;	/* one tree for all mounts; NULL: each mount is a new one */
	struct list_head link;
};

struct file {
	_Atomic long f_count;		/* a */
	unsigned int f_flags;		/* O_*; fcntl changes it */
	unsigned int f_mode;		/* c: FMODE_* */
	loff_t f_pos;			/* f */
	loff_t f_prev_pos;		/* where the last read ended; not guarded: filemap_read() */
	struct mutex f_pos_lock;	/* LOCK_FPOS: regular files and directories */
	struct path f_path;		/* c */
	struct inode *f_inode;		/* c */
	const struct file_operations *f_op;	/* c */
	struct address_space *f_mapping;	/* c: NULL: no pages */
	const struct cred *f_cred;	/* c: of the opener */
	kpid_t f_owner;			/* F_SETOWN */
	struct hlist_head f_ep;		/* epoll_mutex: the epoll sets it is in */
	/* the last write errors it was told of (errseq.h): by fsync(2), of its pages and … */
	unsigned int f_wb_err;
	unsigned int f_meta_err;	/* … of its device's; by syncfs(2): */
	unsigned int f_sb_err;
	void *private_data;
};
enum {
	FMODE_READ = 1,
	FMODE_WRITE = 2,
	FMODE_EXEC = 4,
	FMODE_PATH = 8,
	FMODE_LSEEK = 16,
	FMODE_STREAM = 32,
	FMODE_ATOMIC_POS = 64 /* f_pos is shared with care: regular files, directories */,
	FMODE_WRITER = 128 /* counted in i_writecount */,
	FMODE_OPENED = 256 /* release() is due */,
	FMODE_UNSIGNED_OFFSET = 512 /* a negative position is one of the upper half */
};

struct dir_context {
	loff_t pos;
	/* false: no more room. */
	bool (*actor)(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		      unsigned int type);
};

/* --- file_table.c, fd.c: open files and descriptors --- */
struct file *fget(unsigned int fd);		/* a reference, or NULL; not O_PATH */
struct file *fget_raw(unsigned int fd);
void fput(struct file *file);			/* may sleep with the last reference */
struct file *get_file(struct file *file);
/* takes over @path's references; ERR_PTR */
struct file *alloc_file(const struct path *path, unsigned int flags,
			const struct file_operations *fops);
int get_unused_fd_flags(unsigned int flags);	/* -EMFILE, -ENOMEM */
void fd_install(unsigned int fd, struct file *file);
void put_unused_fd(unsigned int fd);
int close_fd(unsigned int fd);			/* 0, -EBADF */
struct files_struct *dup_files(struct files_struct *old, int *error);
struct files_struct *get_files(struct files_struct *files);	/* CLONE_FILES */
void put_files_struct(struct files_struct *files);
void do_close_on_exec(struct files_struct *files);
int unshare_files(void);			/* exec: a private table: 0, -ENOMEM */
struct fs_struct *copy_fs_struct(struct fs_struct *old);	/* NULL */
struct fs_struct *get_fs_struct(struct fs_struct *fs);
void put_fs_struct(struct fs_struct *fs);
/* For /proc/<pid>/fd: *fd is the first open descriptor at or after it. False: there is none. */
bool task_next_fd(struct task_struct *task, unsigned int *fd);

/* --- open.c, namei.c --- */
/* kernel pointer; ERR_PTR */
struct file *filp_open(const char *path, int flags, umode_t mode);
/* regular, executable, deny-write: ERR_PTR(-EACCES, -ENOENT …) */
struct file *open_exec(const char *path);
/* the same for execveat(2) */
struct file *open_exec_at(int dfd, const char *path, bool follow, bool empty);
void allow_write_access(struct file *file);
kssize_t kernel_read(struct file *file, void *buf, size_t len, loff_t *pos);
kssize_t kernel_write(struct file *file, const void *buf, size_t len, loff_t *pos);
/* ERR_PTR(-ENAMETOOLONG); " (deleted)" */
char *d_path(const struct path *path, char *buf, int size);
char *file_path(struct file *file, char *buf, int size);
int vfs_getattr(const struct path *path, struct kstat *stat);
/* What mmap(2) needs from a file: the setup function of mm's struct mmap_request. */
int file_mmap_setup(struct vm_area_struct *vma, struct file *file);
extern const struct vm_operations_struct generic_file_vm_ops;
/* vm_ops->may_mincore of a file's mapping: only who could write to it. mmap.c */
bool file_vm_may_mincore(struct vm_area_struct *vma);

/* --- poll.h's part: see kernel/fs/poll.h --- */
/* caches, rootfs (ramfs) mounted, current->fs set; needs slab */
void vfs_init(void);
/* unpacks the initramfs; frees its memory: 0, -errno (logged) */
int populate_rootfs(void);
void devfs_init(void);			/* the devtmpfs tree; nodes appear as drivers register */
/* and its node in devtmpfs */
int register_chrdev(unsigned int major, unsigned int minor, const char *name, umode_t mode,
		    const struct file_operations *fops, void *private);
/* All minors of @major are @fops's; no nodes. 0, -EBUSY, -ENOMEM */
int register_chrdev_major(unsigned int major, const struct file_operations *fops);
int register_filesystem(struct file_system_type *type);
void procfs_init(void);
void sysfs_init(void);
void tracefs_init(void);
void tracefs_boot_events(void);		/* trace_event=; => all CPUs are up */
/*
 * CLONE_INTO_CGROUP: *into is the group of directory @fd, and cgroup_mutex is held until _end().
 * @process: not a thread. -EBADF: no such file, or no group; -ENOENT: removed; -EACCES, -EBUSY, -EOPNOTSUPP
 */
int cgroup_clone_into_begin(int fd, bool process, struct cgroup **into);
void cgroup_clone_into_end(void);
void cgroup2_init(void);			/* the tree of groups as a file system; => cgroup_init() */
/* "vm.swappiness", "10": 0, -ENOENT, -EACCES, -EINVAL; for apply_boot_sysctls() */
int sysctl_write_by_name(const char *name, const char *value);
