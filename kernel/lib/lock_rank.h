/*
 * lock_rank.h - THE lock order of the kernel, executable.
 *
 * Idea: every lock has a rank, given when it is initialised. A task (or an
 *       interrupt) that holds a lock may only take one of a HIGHER rank.
 *       Test builds check each acquisition (kernel/sched/lockcheck.c); where
 *       two locks of one rank are needed at once, the second is taken with
 *       the _nested form and the order is by address.
 *
 * Sleeping locks (mutex, rwsem) come first: none may be taken under a spinlock.
 */
#pragma once

enum lock_rank {
	LOCK_NONE = 0,

	/* --- sleeping locks --- */
	LOCK_FPOS,		/* a file's position */
	LOCK_SEQ,		/* an open /proc file's text; what it shows may take any other */
	LOCK_TRACE,		/* the trace rings' readers, and which events are on */
	LOCK_SWAPON,		/* swapon, swapoff: one at a time */
	LOCK_EPOLL_SET,		/* who takes an epoll set's events */
	LOCK_EPOLL,		/* all epoll sets; polls the files in them */
	LOCK_SOCK_BIND,		/* a socket gets its name */
	LOCK_OPEN,		/* device and tty open/close */
	LOCK_LOOP_CTL,		/* which loop devices there are */
	LOCK_LOOP,		/* a loop device's settings */
	LOCK_LOOP_CHAIN,	/* which file each loop device has */
	LOCK_BDEV_OPEN,		/* the openers of a block device; inside a mount, too */
	LOCK_SYSFS,		/* the tree of /sys */
	LOCK_LOOP_IO,		/* a loop device's file, while its worker is at it */
	LOCK_PIPE,		/* pipe->mutex; splice writes files with it held */
	LOCK_RENAME,		/* a directory tree's shape */
	LOCK_INODE,		/* inode->i_rwsem; parent before child */
	LOCK_CGROUP,		/* cgroup_mutex: the groups' tree */
	LOCK_THREADGROUP,	/* fork and release of tasks against moves between groups */
	LOCK_FS_COMMIT,		/* writing all metadata of a disk file system */
	LOCK_SB_SYNC,		/* writing a file system's dirty inodes */
	LOCK_SOCK_IO,		/* one reader of a socket */
	LOCK_TTY_READ,		/* one reader of the line discipline */
	LOCK_TTY_WRITE,		/* one writer of a tty */
	LOCK_MMAP,		/* mm->mmap_lock */
	LOCK_IPC,		/* System V IPC: one kind's table and objects; munmap detaches */
	LOCK_PAGE,		/* the page lock, PG_locked (a bit, not a struct) */
	LOCK_FS_TREE,		/* a disk file's block tree */
	LOCK_FS_ALLOC,		/* a disk file system's bitmaps; inside: its device's pages */
	LOCK_I_MMAP,		/* mapping->i_mmap_rwsem */
	LOCK_ANON_VMA,		/* anon_vma->rwsem */
	LOCK_SHRINKER,
	LOCK_OOM,		/* oom_lock */
	LOCK_OOM_ADJ,		/* oom_adj_mutex */
	LOCK_CPU_HOTPLUG,	/* bringing CPUs up */
	LOCK_VMAP_ALLOC,	/* vmalloc's areas */
	LOCK_RCU,		/* one grace period at a time */
	LOCK_SLEEP_LAST,

	/* --- spinlocks --- */
	LOCK_TASKLIST,		/* tasklist_lock, a rwlock */
	LOCK_FILES,		/* files_struct */
	LOCK_FS,		/* fs_struct: cwd, root, umask */
	LOCK_DCACHE,		/* names and their tree */
	LOCK_INODE_SPIN,	/* the inode cache */
	LOCK_MM_ARG,		/* small fields of an mm */
	LOCK_SOCK_GC,		/* descriptors in flight */
	LOCK_SOCK,		/* a socket's state and queue; a second one by address, _nested */
	LOCK_SOCK_TABLE,	/* sockets' names */
	LOCK_PTE,		/* a page table's lock */
	LOCK_PTE_NESTED,	/* the second one, in fork's copy and mremap */
	LOCK_PGD,		/* mm->page_table_lock: upper levels */
	LOCK_SWAP,		/* swap_lock: the list of areas */
	LOCK_SWAP_AREA,		/* one area's map */
	LOCK_I_PAGES,		/* mapping->i_pages */
	LOCK_SHADOW_NODES,	/* workingset.c's lists; inside: an i_lock is only tried */
	LOCK_LRU,		/* lruvec->lru_lock */
	LOCK_MEMCG,		/* the tree of memory groups that reclaim walks */
	LOCK_OBJCG,		/* who pays for the kernel's memory of removed groups */
	LOCK_BALLOON,		/* pages held for nobody */
	LOCK_TTY,		/* a tty's buffers and settings */
	LOCK_SIGHAND,		/* sighand->siglock */
	LOCK_PIDMAP,		/* which pids are in use */
	LOCK_FUTEX,		/* a futex hash bucket */
	LOCK_BLOCK_LIST,	/* the list of block devices */
	LOCK_SWAP_DEV,		/* swap requests still gathering pages */
	LOCK_BLOCK,		/* a block device's queue */
	LOCK_VIRTQ,		/* a virtqueue */
	LOCK_PSI,		/* a pressure group's averages and triggers */
	LOCK_WORKQUEUE,
	LOCK_FSNOTIFY,		/* inotify's watches and queues */
	LOCK_POLL,		/* what a poller waits on */
	LOCK_WAITQ,		/* a wait queue */
	LOCK_WAITQ_POLL,	/* a poller's own, woken from another */
	LOCK_PI,		/* a task's wake-up lock */
	LOCK_RUNQUEUE,		/* a CPU's run queue; a second is only tried */
	LOCK_CGROUP_TREE,	/* the groups' tree and who is in which */
	LOCK_TIMER,		/* a CPU's timers */
	LOCK_SLAB_LIST,		/* the list of slab caches */
	LOCK_SLAB,		/* a slab cache's node lists */
	LOCK_ZONE,		/* zone->lock */
	LOCK_VMAP,		/* kernel page tables */
	LOCK_IRQ_DESC,
	LOCK_PCI,		/* configuration space */
	LOCK_TLB,		/* one shootdown at a time for a CPU */
	LOCK_CLOCK,
	LOCK_PRINTK,		/* the log's ring */
	LOCK_CONSOLE,		/* a console's hardware */
	LOCK_MAX
};
