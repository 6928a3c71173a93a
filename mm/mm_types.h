/*
 * mm_types.h - the four structs that mm/ is about: struct page, struct
 *              vm_area_struct, struct mm_struct, struct address_space.
 *
 * Idea:
 *
 *    task ──> mm_struct ──> VMAs (a tree by address) ──> address_space (a file's pages)
 *                 │             │                              │
 *                 └─> page tables ──> struct page <────────────┘
 *                                         │
 *                         mapping: the way back (rmap.c)
 *
 * Locks: guards by letter at the fields:
 *   a atomic · c set once · m mmap_lock (write to change, read to look) · p page lock ·
 *   l lruvec->lru_lock · z zone->lock · i i_pages.lock · P the page table's lock · u the owner
 *   alone
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/lib/xarray.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/memlayout.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/tlb.h"
#include "mm/mmzone.h"

struct anon_vma;
struct address_space;
struct file;			/* opaque here: kernel/fs */
struct inode;
struct kmem_cache;
struct mem_cgroup;
struct mempolicy;
struct seq_file;
struct shmem_inode_info;
struct writeback_control;
struct blk_request;		/* opaque here: kernel/block */

typedef struct { u64 val; } pte_t;
typedef struct { u64 val; } pmd_t;
typedef struct { u64 val; } pud_t;
typedef struct { u64 val; } pgd_t;
typedef struct { unsigned long val; } swp_entry_t;	/* swapfile.h: area and slot */
typedef struct { u64 val; } pgprot_t;

/*
 * One page frame; 64 bytes. The array is vmemmap: page - vmemmap is its number.
 * What a union member means is told by the flags:
 *   PG_buddy   free: lru links it, private is the order
 *   PG_slab    slab.c's
 *   PG_table   a page table: ptl, pt_mm
 *   else       a user's or the page cache's
 */
struct page {
	_Atomic unsigned long flags;	/* a: PG_* and, on top, zone and node (page-flags.h) */
	/* z on a buddy or pcp list, l on an LRU list; PG_slab: its cache's lock */
	struct list_head lru;
	union {
		/* anon_vma | PAGE_MAPPING_ANON, or address_space, or NULL. p; rmap.c */
		void *mapping;
		void *freelist;		/* PG_slab: first free object, the cache's lock */
		struct mm_struct *pt_mm;	/* PG_table */
	};
	union {
		unsigned long index;		/* p: page number within the mapping */
		struct kmem_cache *slab_cache;	/* PG_slab, first page of the slab: c */
		spinlock_t ptl;			/* PG_table: guards its entries (LOCK_PTE) */
	};
	/*
	 * z: order of a free block; p: swap entry in the swap cache; PG_slab: pages back to the
	 * slab's first
	 */
	unsigned long private;
	_Atomic int _mapcount;		/* a: PTEs that map it, minus 1 */
	_Atomic int _refcount;		/* a: 0 free */
	union {
		/*
		 * Who is charged, from before anybody can find the page until it is freed; NULL:
		 * the root. A page of the kernel's own: its obj_cgroup, with MEMCG_DATA_KMEM
		 */
		struct mem_cgroup *memcg;
		unsigned long memcg_data;
		struct { u16 inuse, objects; u32 slab_order; };	/* PG_slab: its cache's lock */
	};
};
#define MEMCG_DATA_KMEM 1UL
_Static_assert(sizeof(struct page) == 64, "vmemmap is indexed by shifts");

#define vmemmap ((struct page *)VMEMMAP_BASE)
static inline unsigned long page_to_pfn(const struct page *page) { return page - vmemmap; }
static inline struct page *pfn_to_page(unsigned long pfn) { return vmemmap + pfn; }
static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

/* What rss is counted as; Linux's order (/proc and the OOM report). */
enum rss_counter { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, NR_MM_COUNTERS };

#define VM_READ		0x00000001UL
#define VM_WRITE	0x00000002UL
#define VM_EXEC		0x00000004UL
#define VM_SHARED	0x00000008UL
#define VM_MAYREAD	0x00000010UL
#define VM_MAYWRITE	0x00000020UL
#define VM_MAYEXEC	0x00000040UL
#define VM_MAYSHARE	0x00000080UL
#define VM_GROWSDOWN	0x00000100UL
#define VM_UFFD_MISSING	0x00000200UL	/* a missing page is its userfaultfd's to bring */
#define VM_PFNMAP	0x00000400UL
#define VM_LOCKED	0x00002000UL
#define VM_IO		0x00004000UL
#define VM_SEQ_READ	0x00008000UL
#define VM_RAND_READ	0x00010000UL
#define VM_DONTCOPY	0x00020000UL
#define VM_DONTEXPAND	0x00040000UL
#define VM_LOCKONFAULT	0x00080000UL
#define VM_ACCOUNT	0x00100000UL
#define VM_NORESERVE	0x00200000UL
#define VM_WIPEONFORK	0x02000000UL
#define VM_DONTDUMP	0x04000000UL
#define VM_SOFTDIRTY	0x08000000UL	/* new since clear_refs was told 4: all of it counts as written */
#define VM_STACK	VM_GROWSDOWN
#define VM_ACCESS_FLAGS	(VM_READ | VM_WRITE | VM_EXEC)

typedef unsigned int vm_fault_t;
enum vm_fault_reason {
	VM_FAULT_OOM = 0x01,
	VM_FAULT_SIGBUS = 0x02,
	VM_FAULT_MAJOR = 0x04,
	VM_FAULT_SIGSEGV = 0x40,
	VM_FAULT_NOPAGE = 0x100,
	VM_FAULT_LOCKED = 0x200,
	VM_FAULT_RETRY = 0x400,
};
#define VM_FAULT_ERROR (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)
enum fault_flag {
	FAULT_FLAG_WRITE = 0x01,
	FAULT_FLAG_ALLOW_RETRY = 0x04,
	FAULT_FLAG_TRIED = 0x20,
	FAULT_FLAG_USER = 0x40,
};

/* One fault on its way; the control struct of memory.c. */
struct vm_fault {
	struct vm_area_struct *vma;	/* in */
	unsigned long address;		/* in: page aligned */
	unsigned long real_address;	/* in */
	unsigned long pgoff;		/* in: page of the file */
	unsigned int flags;		/* in: FAULT_FLAG_* */
	pmd_t *pmd;			/* found on the way */
	pte_t orig_pte;			/* what stood there */
	pte_t *pte;			/* valid while ptl is held */
	spinlock_t *ptl;
	/* out of vm_ops->fault: referenced, and locked if VM_FAULT_LOCKED */
	struct page *page;
};

/* (a) of DESIGN.md section 2: what a mapping's owner above does for it. */
struct vm_operations_struct {
	/* a copy of @vma came to be (split, fork): take references */
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);	/* it goes: drop them */
	/* 0: it may be cut in two, or its end moved; else -errno. NULL: it may */
	int (*may_split)(struct vm_area_struct *vma);
	/* NULL: filemap_fault's work is done by the mapping's owner */
	vm_fault_t (*fault)(struct vm_fault *vmf);
	/* a shared page becomes writable; may be NULL */
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
	/* msync(MS_SYNC), as fsync(2) of the file; NULL: the mapping's dirty pages are written */
	int (*fsync)(struct vm_area_struct *vma);
	/*
	 * MADV_REMOVE of the file's bytes [from, end), as fallocate(2); NULL: a mapping has no file.
	 * mmap_lock, held for reading, is dropped meanwhile.
	 */
	int (*remove)(struct vm_area_struct *vma, loff_t from, loff_t end);
	/* may the caller know which pages of the file are in memory? NULL: yes */
	bool (*may_mincore)(struct vm_area_struct *vma);
	/* The path, and the device and inode, of /proc/<pid>/maps. */
	void (*show_name)(struct vm_area_struct *vma, struct seq_file *m);
	void (*identify)(struct vm_area_struct *vma, kdev_t *dev, unsigned long *ino);
};

/*
 * A range of addresses of one kind.  Guard: mm->mmap_lock for all but shared.
 */
struct vm_area_struct {
	unsigned long vm_start, vm_end;	/* [start, end), page aligned */
	struct rb_node vm_rb;
	struct list_head vm_list;	/* in mm->mmap_list, by address */
	struct mm_struct *vm_mm;	/* c */
	unsigned long vm_flags;		/* VM_* */
	pgprot_t vm_page_prot;
	/* NULL until the first anonymous page; set under mmap_lock for reading + page_table_lock */
	struct anon_vma *anon_vma;
	struct list_head anon_vma_node;	/* anon_vma->rwsem */
	/* 0 without anon_vma. VMAs with anonymous pages merge if they have the same one: rmap.h */
	unsigned long anon_id;
	const struct vm_operations_struct *vm_ops;	/* NULL: anonymous, private */
	/* in pages; of an anonymous VMA: vm_start >> PAGE_SHIFT when it was made */
	unsigned long vm_pgoff;
	struct address_space *vm_mapping;	/* the file's pages, NULL for anonymous */
	struct file *vm_file;		/* opaque; a reference is held through vm_ops->open/close */
	struct list_head i_mmap_node;	/* mapping->i_mmap_rwsem */
	/* its own copy; NULL: the task's counts. mempolicy.c */
	struct mempolicy *vm_policy;
	struct userfaultfd_ctx *userfaultfd;	/* a reference; NULL: none. userfaultfd.c */
};

struct mm_struct {
	struct tlb_context tlb;		/* pgd and the CPUs that have it */
	struct rb_root mm_rb;		/* m */
	struct list_head mmap_list;	/* m: VMAs by address */
	/* m: changes when a VMA goes: tasks' vmacache is stale then */
	u64 vmacache_seq;
	int map_count;			/* m */
	/* a: tasks (and short uses of the address space): exit_mmap at 0 */
	_Atomic int mm_users;
	_Atomic int mm_count;		/* a: references to the struct; mm_users holds one */
	struct rw_semaphore mmap_lock;	/* LOCK_MMAP */
	spinlock_t page_table_lock;	/* LOCK_PGD: upper tables, vma->anon_vma */
	unsigned long mmap_base;	/* c: top-down mappings begin below it */
	/* c: mappings grow upwards from mmap_base (unlimited stack) */
	bool mmap_legacy;
	/*
	 * m: no hole that lies wholly above hole_cache (below it, if legacy) is longer than
	 * hole_max: mmap.c
	 */
	unsigned long hole_cache, hole_max;
	_Atomic long pgtables_bytes;	/* a */
	_Atomic long rss[NR_MM_COUNTERS];	/* a: pages */
	unsigned long hiwater_rss, hiwater_vm;	/* pages */
	unsigned long total_vm, locked_vm, data_vm, exec_vm, stack_vm;	/* m: pages */
	_Atomic long pinned_vm;
	unsigned long def_flags;	/* m: mlockall(MCL_FUTURE) */
	/* arg_lock */
	unsigned long start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;	/* arg_lock */
	spinlock_t arg_lock;		/* LOCK_MM_ARG */
	_Atomic unsigned long flags;	/* a: MMF_* */
	_Atomic unsigned int membarrier_state;	/* a: what membarrier(2) was registered for */
	/* arg_lock: opaque, kernel/proc/exec.c holds the reference */
	struct file *exe_file;
	unsigned long auxv[44];		/* c: /proc/<pid>/auxv */
	struct task_struct *owner;	/* a: whose group pays; its task_lock to change; may be NULL */
	struct mem_cgroup *memcg;	/* a: that group, a reference; NULL: the root */
};
enum mmf_bits {
	MMF_OOM_SKIP = 1 << 0,		/* it has given what it had: the OOM killer looks elsewhere */
	MMF_UNSTABLE = 1 << 1,		/* being reaped: what is missing may have been data */
	MMF_OOM_REAP_QUEUED = 1 << 2,
	MMF_MULTIPROCESS = 1 << 3	/* two processes live in it, or did: CLONE_VM */
};

/* What a file system (or swap, or a device) does with pages. */
struct address_space_operations {
	/*
	 * => page locked, not up to date; starts or does the read, unlocks it at its end. 0 or
	 * -errno. May sleep.
	 */
	int (*read_page)(struct address_space *mapping, struct page *page);
	/*
	 * The same for one of many: the request may stay open in *@open, so that the next page
	 * joins it; send() sends it. May be NULL.
	 */
	void (*read_batch)(struct address_space *mapping, struct page *page,
			   struct blk_request **open);
	void (*send)(struct blk_request **open);
	/* => page locked and clean for I/O; sets writeback, unlocks. 0 or -errno. */
	int (*writepage)(struct page *page, struct writeback_control *wbc);
	/* Marks a page dirty; NULL: set_page_dirty's plain way. True if it was clean. */
	bool (*dirty_page)(struct address_space *mapping, struct page *page);
	/* The page leaves the mapping (truncate or reclaim). May be NULL. */
	void (*free_page)(struct page *page);
	/*
	 * Before and after write(2) fills part of a page, which is locked from the one to the other;
	 * NULL: a ramfs-like mapping (a new page is zeroed). write_end: how many of the @copied
	 * bytes count: all, or none: they are to be written once more, as a part of a page.
	 */
	int (*write_begin)(struct address_space *mapping, loff_t pos, unsigned int len,
			   struct page **pagep);
	int (*write_end)(struct address_space *mapping, loff_t pos, unsigned int len,
			 unsigned int copied, struct page *page);
	/* A shared mapping is about to write to the page. => locked. 0, -ENOMEM, -ENOSPC, -EIO */
	int (*page_mkwrite)(struct address_space *mapping, struct page *page);
};

/* The pages of one file. Embedded in struct inode. */
struct address_space {
	struct inode *host;		/* c: opaque */
	/* i: pages by index; shmem keeps swap entries as values; swap cache: by slot */
	struct xarray i_pages;
	spinlock_t i_lock;		/* LOCK_I_PAGES, irqsave: guards i_pages */
	_Atomic unsigned long nrpages;	/* a */
	struct rw_semaphore i_mmap_rwsem;	/* LOCK_I_MMAP */
	struct list_head i_mmap;	/* i_mmap_rwsem: VMAs */
	const struct address_space_operations *a_ops;	/* c */
	_Atomic unsigned long flags;	/* a: AS_* */
	/* a: futex.c: no other mapping has or had this number; 0: none yet */
	_Atomic u64 futex_id;
	/* the owner's size in bytes; aligned, read with READ_ONCE */
	loff_t *i_size;
	_Atomic unsigned int wb_err;	/* errseq.h: the last error of writing it */
	_Atomic unsigned int *sb_err;	/* the same of all its file system; NULL: of none */
	/*
	 * backing-dev.c: the mappings with dirty pages; shmem.c: those with swapped ones. Their
	 * locks.
	 */
	struct list_head link;
	struct backing_dev_info *bdi;	/* c: its disk: backing-dev.h; with AS_DIRTY_ACCOUNTED */
	struct shmem_inode_info *shmem;	/* c: a tmpfs file's: shmem.h; NULL for all others */
	/* the first page's since it was clean, ns; backing-dev.c's lock */
	u64 dirtied_when;
};
enum as_flags {
	AS_UNEVICTABLE = 1 << 0 /* ramfs: no way out */,
	AS_SWAPBACKED = 1 << 1 /* shmem */,
	AS_SWAP = 1 << 2 /* the swap cache */,
	AS_EIO = 1 << 3,
	AS_ENOSPC = 1 << 4,
	AS_DIRTY_ACCOUNTED = 1 << 5 /* has writeback */,
	AS_LOWMEM = 1 << 7 /* its pages are read in place: none from HighMem */,
	AS_PAGE_ACCOUNTED =
		1
		<< 6 /* shmem: each page is charged to overcommit as it comes (tmpfs, MAP_NORESERVE) */
};

extern struct mm_struct init_mm;	/* the kernel's own page tables */
