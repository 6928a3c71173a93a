/*
 * task.h - struct task_struct: one thread, as the scheduler and everybody
 *          above it see it; and struct signal_struct, the process it belongs to.
 *
 * Idea: Linux's names and split: a task is a thread; what the threads of a
 *       process share hangs off signal_struct (and mm, files, fs, sighand).
 *       Rooms above add pointers to their own structs, opaque here.
 * Locks:  the letters below; order in kernel/lib/lock_rank.h.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/nodemask.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/ptregs.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/tlb.h"
#include "kernel/sched/wait.h"
#include "kernel/sched/timer.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/resource.h"

struct mm_struct;
struct files_struct;
struct fs_struct;
struct cred;
struct vm_area_struct;
struct reclaim_state;
struct mempolicy;
struct sem_undo_list;
struct tty_struct;
struct fpu_state;
struct file;
struct cgroup;

#define TASK_COMM_LEN 16

/* task->__state; Linux's values, /proc/<pid>/stat shows their letters. */
enum task_state {
	TASK_RUNNING = 0,
	TASK_INTERRUPTIBLE = 1,		/* S: any signal wakes it */
	TASK_UNINTERRUPTIBLE = 2,	/* D: only its event */
	TASK_STOPPED = 4,		/* T */
	TASK_TRACED = 8,		/* t: for its tracer, which alone wakes it */
	TASK_WAKEKILL = 0x100,		/* with another: a fatal signal wakes it */
	TASK_DEAD = 0x80,
	TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE,
	TASK_STATE_STOPPED = TASK_WAKEKILL | TASK_STOPPED,
	TASK_STATE_TRACED = TASK_WAKEKILL | TASK_TRACED,
	TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE,
};
enum exit_state {
	EXIT_NONE = 0, EXIT_DEAD = 0x10, EXIT_ZOMBIE = 0x20,
	EXIT_TRACE = EXIT_ZOMBIE | EXIT_DEAD	/* a zombie that goes from its tracer to its parent */
};

/* task->flags: written by the task itself only. Linux's values (/proc/<pid>/stat shows them). */
enum task_flags {
	PF_IDLE = 0x2,
	PF_EXITING = 0x4,
	PF_POSTCOREDUMP = 0x8,		/* past coredump_task_exit(): no dump waits for it */
	PF_FORKNOEXEC = 0x40,
	PF_SUPERPRIV = 0x100,
	PF_DUMPCORE = 0x200,
	PF_SIGNALED = 0x400,
	PF_MEMALLOC = 0x800,		/* allocating on reclaim's behalf: below all watermarks */
	PF_KSWAPD = 0x20000,
	PF_KTHREAD = 0x200000,
	PF_MEMALLOC_NOIO = 0x80000,
	PF_LOCAL_THROTTLE = 0x100000,	/* dirties pages to make others clean: page-writeback.c */
	PF_WQ_WORKER = 0x20,
};

/* task->tif: atomic bits; entry.asm looks at TIF_WORK_MASK before it returns to user space. */
enum tif_bits {
	TIF_NEED_RESCHED = 1 << 0,
	TIF_SIGPENDING = 1 << 1,
	TIF_NOTIFY_RESUME = 1 << 2,
	TIF_RESTORE_SIGMASK = 1 << 3,
	TIF_MEMDIE = 1 << 4,		/* an OOM victim: may use the reserves */
	TIF_SYSCALL_TRACE = 1 << 5,	/* its tracer looks at each system call */
	TIF_SINGLESTEP = 1 << 6,
	TIF_SYSCALL_WORK = TIF_SYSCALL_TRACE | TIF_SINGLESTEP,
	TIF_WORK_MASK = TIF_NEED_RESCHED | TIF_SIGPENDING | TIF_NOTIFY_RESUME | TIF_RESTORE_SIGMASK,
};

/* A batch of signals: one siginfo each while memory lasts, always the bit. Guard: siglock. */
struct sigpending {
	struct list_head list;		/* struct sigqueue */
	u64 signal;			/* bit n-1: signal n */
};

struct sighand_struct {
	_Atomic int count;
	spinlock_t siglock;		/* LOCK_SIGHAND, irqsave */
	struct k_sigaction action[NSIG];	/* siglock */
};

/* CPU time: TSC-clock nanoseconds, split by where the tick found the task. */
struct task_times { u64 utime, stime; };
struct cgroup_times { u64 runtime /* as measured */, utime, stime; };

/* An alarm on a process's CPU time; ns of it. */
struct cpu_itimer { u64 expires /* 0: off */, interval; };

/* What a task has read and written; /proc/<pid>/io. Guard: the task itself, or siglock for a sum. */
struct task_io {
	u64 rchar, wchar;		/* bytes by read(2) and write(2), from wherever */
	u64 syscr, syscw;		/* such calls */
	u64 read_bytes;			/* asked of disks */
	u64 write_bytes;		/* made dirty in the page cache: a disk's in the end */
	u64 cancelled_write_bytes;	/* of them, thrown away before they were written */
};

static inline void add_task_io(struct task_io *sum, const struct task_io *io)
{
	sum->rchar += io->rchar;
	sum->wchar += io->wchar;
	sum->syscr += io->syscr;
	sum->syscw += io->syscw;
	sum->read_bytes += io->read_bytes;
	sum->write_bytes += io->write_bytes;
	sum->cancelled_write_bytes += io->cancelled_write_bytes;
}

/*
 * What the threads of a process share.
 * Guards: s siglock   t tasklist_lock   a atomic   c set once   m oom_adj_mutex
 */
struct signal_struct {
	_Atomic int sigcnt;		/* a: references; the last frees it */
	_Atomic int live;		/* a: threads that have not begun to exit */
	int nr_threads;			/* t */
	struct list_head thread_head;	/* t: task->thread_node */
	struct task_struct *leader;	/* t; NULL once it was waited for */
	struct wait_queue_head wait_chldexit;	/* own lock: parents in wait4() */
	struct wait_queue_head pidfd_wait;	/* own lock: pollers of pidfds */
	struct sigpending shared_pending;	/* s */
	_Atomic int nr_sigqueue;	/* a: siginfos queued to its threads; RLIMIT_SIGPENDING */
	int group_exit_code;		/* s */
	struct task_struct *group_exec_task;	/* s: the thread doing execve */
	struct core_state *core_state;	/* s: it dumps core (kernel/proc/coredump.h); NULL: no */
	int notify_count;		/* s */
	int group_stop_count;		/* s: threads still to stop */
	unsigned int flags;		/* s: SIGNAL_* */
	kpid_t pgrp, session;		/* t */
	bool session_leader;		/* t */
	struct tty_struct *tty;		/* s: controlling terminal */
	struct rlimit rlim[RLIM_NLIMITS];	/* s for writing; read one word at a time */
	struct task_times times, ctimes;	/* s: of dead threads, of waited-for children */
	/* s */
	unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw, cnvcsw, cnivcsw;
	unsigned long maxrss, cmaxrss;	/* s: pages */
	struct task_io io;		/* s: of dead threads */
	struct timer_list real_timer;	/* ITIMER_REAL, alarm() */
	u64 it_real_incr;		/* s: ns */
	struct posix_timers *posix_timers;	/* kernel/proc/ */
	struct cpu_itimer it_cpu[2];	/* s: ITIMER_VIRTUAL, ITIMER_PROF */
	bool cpu_timers;		/* s for writing: the tick compares its CPU time with what it set */
	short oom_score_adj;		/* m */
	short oom_score_adj_min;	/* m: the lowest value set with CAP_SYS_RESOURCE */
	bool oom_flag_origin;		/* a: swapoff: choose me first */
	struct mm_struct *oom_mm;	/* c: a reference, from mark_oom_victim on */
	bool is_child_subreaper;
	unsigned int exec_id;		/* its threads' execve for writing: task_exec_id() */
};
enum {
	SIGNAL_STOP_STOPPED = 1,
	SIGNAL_STOP_CONTINUED = 2,
	SIGNAL_GROUP_EXIT = 4,
	SIGNAL_CLD_STOPPED = 0x10,
	SIGNAL_CLD_CONTINUED = 0x20,
	SIGNAL_UNKILLABLE = 0x40 /* init */
};

/* The scheduler's part of a task. Guard: its run queue's lock. */
struct sched_entity {
	struct rb_node run_node;
	u64 vruntime;			/* ns, weighted by nice */
	u64 exec_start;			/* ns: when it was last charged */
	u64 sum_exec_runtime;		/* ns */
	u64 prev_sum;			/* ns: sum_exec_runtime when it was last chosen */
	unsigned long weight;		/* 1024 for nice 0 */
	struct list_head rt_node;	/* in the run queue's list of real-time tasks */
	int rt_priority;		/* 1 … 99 for SCHED_FIFO and SCHED_RR, else 0 */
	u8 on_rq;			/* enum on_rq; r for writing, wakers look without */
	bool yielded;			/* real-time: its equals are to run before it */
};
enum on_rq { OFF_RQ, QUEUED, MIGRATING /* between two queues, or being requeued */ };

/* The sleeping locks a task holds; lockcheck.c. Without CHECKS it has no size. */
struct held_sleeping {
	unsigned int n;
	struct held_lock { const void *lock; unsigned long ip; u16 rank; } locks[CHECKS ? 12 : 0];
};

/*
 * Guards: u the task itself   s siglock   t tasklist_lock   r run queue's lock
 *         p pi_lock   a atomic   c set once   k task_lock (alloc_lock)
 *         G cgroup_tree_lock, read under rcu_read_lock()
 */
struct task_struct {
	/* entry.asm knows these offsets (build/asm-offsets.inc) */
	unsigned long kernel_rsp;	/* r: saved stack pointer while it does not run */
	/* c: lowest address of the kernel stack, there while stack_users; 0: it went before */
	unsigned long stack;
	_Atomic unsigned int tif;	/* a: TIF_* */
	/* u: > 0: must not sleep (kmap held in atomic sections …) */
	int preempt_depth;

	_Atomic int __state;		/* p: enum task_state */
	unsigned int flags;		/* u: PF_* */
	int cpu;			/* r, p: where it runs or last ran */
	_Atomic int on_cpu;		/* a: 1 while a CPU uses its stack */
	int migrate_disabled;		/* u: > 0: stays on its CPU (kmap_local slots) */
	u64 cpus_allowed;		/* r */
	struct sched_entity se;
	int static_nice;		/* r: -20 … 19 */
	int policy;			/* r: SCHED_* */
	spinlock_t pi_lock;		/* LOCK_PI */
	struct tlb_context *tlb;	/* c, mm: NULL for a kernel thread */
	unsigned long fs_base, gs_base;	/* u: user's, saved at a switch */
	union user_segments segments;	/* u: user's, saved at a switch */
	/* u: the last exception that became a signal, for signal frames */
	unsigned long trap_nr, trap_error, fault_address;
	/* u: NULL until exec or for kernel threads; kernel/x86/fpu.h */
	struct fpu_state *fpu;

	struct mm_struct *mm, *active_mm;	/* k: NULL mm for a kernel thread */
	bool mm_was_private;		/* k: the mm that it had as it died was not dumpable */
	struct files_struct *files;	/* k */
	struct fs_struct *fs;		/* k */
	/* u for writing (a new one is swapped in), readers take task_lock */
	const struct cred *cred;
	spinlock_t alloc_lock;		/* LOCK_MM_ARG: task_lock() */

	kpid_t pid, tgid;		/* c */
	_Atomic int usage;		/* a: references */
	/* a: references to its stack; one is its own, until its last switch */
	_Atomic int stack_users;
	struct task_struct *group_leader;	/* t */
	struct task_struct *real_parent, *parent;	/* t */
	struct list_head children, sibling;	/* t */
	struct list_head thread_node;	/* t: in signal->thread_head */
	struct list_head tasks;		/* t: all group leaders, from init_task.tasks */
	struct hlist_node pid_link;	/* t: the pid hash */
	int exit_state;			/* t */
	int exit_code, exit_signal;	/* t */
	int pdeath_signal;		/* u */

	struct signal_struct *signal;	/* c while it lives */
	struct sighand_struct *sighand;	/* s, t */
	u64 blocked, real_blocked, saved_sigmask;	/* s for writing by itself */
	struct sigpending pending;	/* s */
	unsigned long sas_ss_sp;	/* u: sigaltstack */
	size_t sas_ss_size;
	unsigned int sas_ss_flags;
	unsigned int jobctl;		/* s: JOBCTL_* */

	char comm[TASK_COMM_LEN];	/* k */
	struct task_times times;	/* u, its CPU's tick */
	unsigned long min_flt, maj_flt;	/* u */
	unsigned long nvcsw, nivcsw;	/* r */
	struct task_io io;		/* u */
	u64 start_time;			/* c: ns since boot */

	struct cgroup *cgroup;		/* G: a reference (users); cgroup.h */
	struct list_head cg_list;	/* t: in its group's tasks */
	struct cgroup *cgroup_ns;	/* u: what it sees as "/", a reference (refcnt); NULL: the root */
	bool cgroup_exited;		/* G: it does not count as living there any more */
	bool cgroup_frozen;		/* u for writing, with G: runs no program: frozen, stopped */
	struct cgroup_times cgroup_base;	/* G: its CPU time when it came into the group */

	int *set_child_tid, *clear_child_tid;	/* u: user addresses */
	struct completion *vfork_done;	/* k */
	void *robust_list;		/* u: user address */
	struct sem_undo_list *sem_undo;	/* u: kernel/proc/sem.c; NULL: none */
	struct restart_block {		/* u: restart_syscall(2) */
		long (*fn)(struct restart_block *);
		u64 expires;		/* ns, CLOCK_MONOTONIC */
		unsigned long args[5];
	} restart_block;

	/* memory */
	struct reclaim_state *reclaim_state;	/* u */
	nodemask_t mems_allowed;	/* a: one word; mm/cpuset.c writes it */
	/* k; read by the task itself without; mm/mempolicy.c. NULL: local first */
	struct mempolicy *mempolicy;
	short il_prev;			/* u: the node that interleaving used last */
	struct vm_area_struct *vmacache;	/* u: valid while vmacache_seq == mm's */
	u64 vmacache_seq;
	int kmap_depth;			/* u: slots in use; mm/highmem.c */
	u64 kmap_pte[4];		/* u: saved across a switch */
	unsigned int memcg_nr_pages_over_high;	/* u: charged over memory.high, to be paid for */
	bool in_user_fault;		/* u: OOM waits in the fault, as memcg's will */
	struct task_struct *oom_reaper_list;
	struct timer_list oom_reaper_timer;

	/* what it waits for, in words: /proc/<pid>/wchan and sysrq t */
	const char *wchan;		/* u */
	u64 wait_since;			/* u: ns */
	bool in_iowait;			/* u: sleeps for a disk */
	struct blk_request **unsent;	/* u: kernel/block: what it keeps open, or NULL; goes as it sleeps */
	bool in_memstall;		/* u, r: loses time for want of memory: psi.h */
	u8 psi_flags;			/* r: as what its groups count it, on its CPU */
	struct held_sleeping held;	/* u: lockcheck.c, CHECKS only */
	/* ptrace(2): kernel/proc/ptrace.h */
	unsigned int ptrace;		/* s, t for writing: PT_*; 0: nobody traces it */
	struct list_head ptraced, ptrace_entry;	/* t: whom it traces; its place with its tracer */
	unsigned long ptrace_message;	/* u, read by the tracer of a stopped task */
	struct siginfo *last_siginfo;	/* s: of the signal it stopped for, or NULL */
	/* kernel/proc's */
	unsigned int personality;	/* u: personality(2) */
	unsigned short ioprio;		/* u: ioprio_set(2): kept, not used */
	u64 timer_slack_ns;		/* u: PR_SET_TIMERSLACK: kept, not used; 0: the default */

};

DECLARE_PER_CPU(struct task_struct *, current_task);
static __always_inline struct task_struct *get_current(void) { return this_cpu_read(current_task); }
#define current get_current()

extern struct task_struct init_task;	/* pid 0, CPU 0's idle task */
extern rwlock_t tasklist_lock;

/* Under tasklist_lock. Group leaders, init_task (pid 0) left out. */
#define for_each_process(p) list_for_each_entry(p, &init_task.tasks, tasks)
#define for_each_thread(p, t) list_for_each_entry(t, &(p)->signal->thread_head, thread_node)

static inline bool thread_group_leader(const struct task_struct *t) { return t->group_leader == t; }
static inline void task_lock(struct task_struct *t) { spin_lock(&t->alloc_lock); }
static inline void task_unlock(struct task_struct *t) { spin_unlock(&t->alloc_lock); }
/*
 * Counts as an execve begins to change something, and at its end, when the new program's credentials
 * and dumpability are there: odd in between. Who looks into a process, asks whether he may, and finds
 * the same number as before has asked about what he has looked at.
 */
static inline unsigned int task_exec_id(const struct task_struct *t)
{
	return READ_ONCE(t->signal->exec_id);
}
static inline unsigned long task_rlimit(const struct task_struct *t, int limit)
{
	return READ_ONCE(t->signal->rlim[limit].rlim_cur);
}
static inline unsigned long rlimit(int limit) { return task_rlimit(current, limit); }
static inline bool test_tif(struct task_struct *t, unsigned int bit) { return t->tif & bit; }
static inline void set_tif(struct task_struct *t, unsigned int bit) { t->tif |= bit; }
static inline void clear_tif(struct task_struct *t, unsigned int bit) { t->tif &= ~bit; }

/* sched/task.c: references and look-ups. */
struct task_struct *get_task_struct(struct task_struct *t);
void put_task_struct(struct task_struct *t);	/* the last frees it through task_free_hook */
extern void (*task_free_hook)(struct task_struct *t);	/* c: kernel/proc/fork.c */
/* => a reference to @t. false: it is dead, and its stack is gone */
bool try_get_task_stack(struct task_struct *t);
void put_task_stack(struct task_struct *t);	/* any context; the last frees it */
extern void (*stack_free_hook)(unsigned long stack);	/* c: kernel/proc/fork.c */
/* => tasklist_lock held; a thread or leader, or NULL */
struct task_struct *find_task_by_pid(kpid_t pid);
struct task_struct *find_get_task(kpid_t pid);	/* takes the lock and a reference */
void attach_pid(struct task_struct *t);		/* => tasklist_lock held for writing */
void detach_pid(struct task_struct *t);
/* next free one, wrapping at pid_max; -EAGAIN if none */
kpid_t alloc_pid(void);
void free_pid(kpid_t pid);
kpid_t last_pid_used(void);
/* attached pids: threads that exist, zombies included */
int nr_tasks(void);
extern int pid_max;				/* kernel.pid_max */

/*
 * Memory for what this room allocates itself (sigqueues, groups). Set by mm/slab.c.
 * => gfp 0: any context, spinlocks held. SCHED_ALLOC_SLEEP: zeroed, charged to current's memory
 *    group, may sleep. NULL is expected and handled.
 */
enum { SCHED_ALLOC_SLEEP = 1 };
extern void *(*sched_alloc)(size_t size, gfp_t gfp);
extern void (*sched_free)(void *p);
/*
 * kmap_local_page()'s windows of a task that is switched out or in while it has some (kmap_depth).
 * mm/highmem.c.
 */
extern void (*kmap_switch_out)(struct task_struct *prev);
extern void (*kmap_switch_in)(struct task_struct *next);
