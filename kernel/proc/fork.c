/*
 * fork.c - a new task is a copy of current, part by part.
 *
 * Idea: copy_process() copies or shares each part (credentials, files, fs,
 *       signal handlers, process, address space) as the CLONE_* flags say. All
 *       that can fail comes first; then, under tasklist_lock, the child is made
 *       visible in one step. Kernel threads come the same way, with a function
 *       instead of user registers.
 * Locks:  tasklist_lock for writing, then siglock, around the last step.
 * Above:  the system call table; kernel/main.c starts kernel threads.
 * Below:  dup_mm() copies the address space, sched_fork() and alloc_pid() the rest.
 *         In Linux: kernel/fork.c, kernel/kthread.c.
 */
#include "kernel/proc/fork.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/futex.h"
#include "kernel/abi/sched.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cpu_timers.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/posix_timers.h"
#include "kernel/proc/sem.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/process.h"
#include "kernel/x86/uaccess.h"
#include "mm/cpuset.h"
#include "mm/memcontrol.h"
#include "mm/mempolicy.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

int nr_threads;
unsigned long total_forks;
int max_threads;
static struct kmem_cache *task_cache, *signal_cache, *sighand_cache, *fpu_cache;
static struct task_struct *kthreadd_task;	/* c once it runs */

CTL_SYSCTL_INT("kernel.threads-max", max_threads, 1, FUTEX_TID_MASK);

/* --- freeing: the last reference of a task went, anywhere --- */

static spinlock_t dead_lock = SPINLOCK_INIT(LOCK_WORKQUEUE);
static struct list_head dead_tasks = { &dead_tasks, &dead_tasks };	/* dead_lock: by ->tasks */

static void free_signal_struct(struct signal_struct *sig)
{
	struct process *proc = process_of(sig);

	if (sig->oom_mm)
		mmdrop(sig->oom_mm);
	put_sighand(proc->sighand);
	kmem_cache_free(signal_cache, proc);
}

void put_signal_struct(struct signal_struct *sig)
{
	if (!--sig->sigcnt)
		free_signal_struct(sig);
}

/* What dup_task_struct(), init_child() and copy_stack() made; all there is of a child not born. */
static void free_own_parts(struct task_struct *t)
{
	if (t->stack)		/* it never ran */
		free_kernel_stack(t->stack);
	if (t->fpu)
		kmem_cache_free(fpu_cache, t->fpu);
	mpol_put(t->mempolicy);
	put_cred(t->cred);
	cgroup_free(t);
	kmem_cache_free(task_cache, t);
}

static void free_task(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;

	free_own_parts(t);
	put_signal_struct(sig);
}

/* In the worker: what a switch with interrupts off left to free. */
static void free_dead_tasks(struct work_struct *work)
{
	for (;;) {
		struct task_struct *t = NULL;
		unsigned long flags = spin_lock_irqsave(&dead_lock);

		if (!list_empty(&dead_tasks)) {
			t = list_first_entry(&dead_tasks, struct task_struct, tasks);
			list_del(&t->tasks);
		}
		spin_unlock_irqrestore(&dead_lock, flags);
		if (!t)
			return;
		free_task(t);
	}
}
static struct work_struct free_work = WORK_INIT(free_work, free_dead_tasks);

/* task_free_hook: @t is off every list and every CPU. Any context. */
static void task_free(struct task_struct *t)
{
	unsigned long flags;

	if (!irqs_disabled()) {
		free_task(t);
		return;
	}
	flags = spin_lock_irqsave(&dead_lock);
	list_add_tail(&t->tasks, &dead_tasks);
	spin_unlock_irqrestore(&dead_lock, flags);
	schedule_work(&free_work);
}

void fork_init(void)
{
	struct rlimit *rlim = init_task.signal->rlim;
	const unsigned int flags = SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT;
	unsigned long threads;

	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 64, flags, NULL);
	signal_cache = kmem_cache_create("signal_cache", sizeof(struct process), 64, flags, NULL);
	sighand_cache =
		kmem_cache_create("sighand_cache", sizeof(struct sighand_struct), 64, flags, NULL);
	fpu_cache = kmem_cache_create("x86_fpu", fpu_state_size(), FPU_ALIGN, flags, NULL);
	task_free_hook = task_free;
	stack_free_hook = free_kernel_stack;
	exec_init();
	cpu_timers_init();
	/* An eighth of memory may go to kernel stacks. */
	threads = totalram_pages() * PAGE_SIZE / (KSTACK_SIZE * 8);
	max_threads = MIN(MAX(threads, 20UL), (unsigned long)FUTEX_TID_MASK);
	rlim[RLIMIT_NPROC] = (struct rlimit){ max_threads / 2, max_threads / 2 };
	rlim[RLIMIT_SIGPENDING] = rlim[RLIMIT_NPROC];
}

struct sighand_struct *alloc_sighand(void)
{
	struct sighand_struct *sighand = kmem_cache_alloc(sighand_cache, GFP_KERNEL);

	if (sighand) {
		sighand->count = 1;
		spin_lock_init(&sighand->siglock, LOCK_SIGHAND);
	}
	return sighand;
}

void put_sighand(struct sighand_struct *sighand)
{
	if (sighand && !--sighand->count)
		kmem_cache_free(sighand_cache, sighand);
}

struct fpu_state *alloc_fpu_state(void) { return kmem_cache_alloc(fpu_cache, GFP_KERNEL); }

void set_task_comm(struct task_struct *t, const char *name)
{
	task_lock(t);
	memset(t->comm, 0, sizeof(t->comm));
	strscpy(t->comm, name, sizeof(t->comm));
	task_unlock(t);
}

/* --- the parts --- */

/* The struct itself, with everything that is not inherited cleared. */
static struct task_struct *dup_task_struct(void)
{
	struct task_struct *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	memcpy(t, current, sizeof(*t));
	if (mpol_fork(t)) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->stack = 0;
	t->fpu = NULL;
	t->tif = 0;
	t->preempt_depth = 0;
	t->__state = TASK_RUNNING;
	t->on_cpu = 0;
	t->migrate_disabled = 0;
	t->usage = 2;		/* who reaps it, and the scheduler until its last switch */
	t->stack_users = 1;
	t->exit_state = EXIT_NONE;
	t->exit_code = 0;
	t->jobctl = 0;
	t->pdeath_signal = 0;
	t->robust_list = NULL;
	t->vfork_done = NULL;
	t->set_child_tid = t->clear_child_tid = NULL;
	t->reclaim_state = NULL;
	t->vmacache = NULL;
	t->kmap_depth = 0;
	t->in_user_fault = false;
	t->memcg_nr_pages_over_high = 0;
	t->oom_reaper_list = NULL;
	t->wchan = NULL;
	t->wait_since = 0;
	t->times = (struct task_times){ 0, 0 };
	t->min_flt = t->maj_flt = t->nvcsw = t->nivcsw = 0;
	memset(&t->io, 0, sizeof(t->io));
	t->mm = t->active_mm = NULL;
	t->tlb = NULL;
	return t;
}

/* What dup_task_struct() copied and must not stay shared. */
static void init_child(struct task_struct *t, const struct kernel_clone_args *args)
{
	spin_lock_init(&t->pi_lock, LOCK_PI);
	spin_lock_init(&t->alloc_lock, LOCK_MM_ARG);
	INIT_LIST_HEAD(&t->children);
	INIT_LIST_HEAD(&t->sibling);
	INIT_LIST_HEAD(&t->thread_node);
	INIT_LIST_HEAD(&t->tasks);
	INIT_LIST_HEAD(&t->pending.list);
	t->pending.signal = 0;
	t->restart_block.fn = do_no_restart_syscall;
	t->flags &= ~(PF_SUPERPRIV | PF_WQ_WORKER | PF_IDLE | PF_MEMALLOC | PF_KSWAPD |
		      PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE | PF_NPROC_EXCEEDED | PF_KTHREAD | PF_EXITING | PF_SIGNALED |
		      PF_DUMPCORE);
	t->flags |= PF_FORKNOEXEC | (args->fn ? PF_KTHREAD : 0);
	if (args->name)
		strscpy(t->comm, args->name, sizeof(t->comm));
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		t->sas_ss_sp = t->sas_ss_size = 0, t->sas_ss_flags = SS_DISABLE;
	if (args->flags & CLONE_CHILD_SETTID)
		t->set_child_tid = args->child_tid;
	if (args->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = args->child_tid;
}

static int copy_stack(struct task_struct *t, const struct kernel_clone_args *args)
{
	t->stack = alloc_kernel_stack();
	if (!t->stack)
		return -ENOMEM;
	if (args->fn) {
		t->kernel_rsp = kthread_frame(t->stack, args->fn, args->fn_arg);
		t->fs_base = t->gs_base = t->segments.all = 0;
		return 0;
	}
	t->fpu = alloc_fpu_state();
	if (!t->fpu)
		return -ENOMEM;
	fpu_copy_current(t->fpu, current->fpu);
	t->kernel_rsp = fork_frame(t->stack, current_pt_regs(), args->stack);
	t->fs_base = args->flags & CLONE_SETTLS ? args->tls : get_user_fs_base();
	t->gs_base = get_user_gs_base();
	t->segments = get_user_segments();
	if (args->flags & CLONE_SETTLS)
		t->segments.fs = 0;
	return 0;
}

static int copy_files(struct task_struct *t, u64 flags)
{
	int err = 0;

	if (!current->files)
		t->files = NULL;
	else if (flags & CLONE_FILES)
		t->files = get_files(current->files);
	else
		t->files = dup_files(current->files, &err);
	if (current->files && !t->files)
		return err ? err : -ENOMEM;
	return 0;
}

static int copy_fs(struct task_struct *t, u64 flags)
{
	if (current->fs)
		t->fs = flags & CLONE_FS ? get_fs_struct(current->fs) : copy_fs_struct(current->fs);
	return current->fs && !t->fs ? -ENOMEM : 0;
}

/*
 * A private copy of the handlers; with CLEAR_SIGHAND only what is ignored stays. NULL: no memory.
 */
static struct sighand_struct *dup_sighand(u64 flags)
{
	struct sighand_struct *sighand = alloc_sighand();

	if (!sighand)
		return NULL;
	spin_lock_irq(&current->sighand->siglock);
	memcpy(sighand->action, current->sighand->action, sizeof(sighand->action));
	spin_unlock_irq(&current->sighand->siglock);
	if (flags & CLONE_CLEAR_SIGHAND)
		flush_signal_handlers(sighand, false);
	return sighand;
}

static int copy_signal(struct task_struct *t, u64 flags)
{
	const struct signal_struct *old = current->signal;
	struct process *proc;
	struct signal_struct *sig;

	if (flags & CLONE_THREAD) {
		t->signal->sigcnt++;
		return 0;
	}
	proc = kmem_cache_alloc(signal_cache, GFP_KERNEL | __GFP_ZERO);
	if (!proc)
		return -ENOMEM;
	if (flags & CLONE_SIGHAND) {
		proc->sighand = current->sighand;
		proc->sighand->count++;
	} else {
		proc->sighand = dup_sighand(flags);
	}
	if (!proc->sighand) {
		kmem_cache_free(signal_cache, proc);
		return -ENOMEM;
	}
	if (t->flags & PF_KTHREAD)	/* even SIGKILL does nothing to a kernel thread */
		for (int i = 0; i < NSIG; i++)
			proc->sighand->action[i].sa.sa_handler = SIG_IGN;
	sig = &proc->signal;
	sig->sigcnt = sig->live = sig->nr_threads = 1;
	INIT_LIST_HEAD(&sig->thread_head);
	init_waitqueue_head(&sig->wait_chldexit);
	init_waitqueue_head(&sig->pidfd_wait);
	INIT_LIST_HEAD(&sig->shared_pending.list);
	timer_setup(&sig->real_timer, it_real_fn);
	memcpy(sig->rlim, old->rlim, sizeof(sig->rlim));
	cpu_timers_update(sig);
	sig->pgrp = old->pgrp;
	sig->session = old->session;
	sig->tty = old->tty;
	sig->oom_score_adj = old->oom_score_adj;
	sig->oom_score_adj_min = old->oom_score_adj_min;
	sig->leader = t;
	t->signal = sig;
	t->sighand = proc->sighand;
	return 0;
}

static int copy_mm(struct task_struct *t, u64 flags)
{
	struct mm_struct *mm = current->mm;

	if (!mm || t->flags & PF_KTHREAD)
		return 0;
	if (flags & CLONE_VM) {
		mmget(mm);
		if (!(flags & (CLONE_THREAD | CLONE_VFORK)))
			mm->flags |= MMF_MULTIPROCESS;
	} else {
		mm = dup_mm_exe(mm);
		if (!mm)
			return -ENOMEM;
		mm->owner = t;
	}
	t->mm = t->active_mm = mm;
	t->tlb = &mm->tlb;
	return 0;
}

/* CLONE_PIDFD's descriptor while the child is not visible yet; no file: none is wanted. */
struct child_pidfd { int fd; struct file *file; };

static void settle_pidfd(struct child_pidfd *pidfd, int err)
{
	if (!pidfd->file)
		return;
	if (!err) {
		fd_install(pidfd->fd, pidfd->file);
		return;
	}
	put_unused_fd(pidfd->fd);
	fput(pidfd->file);
}

static int copy_pidfd(struct task_struct *t, const struct kernel_clone_args *args,
		      struct child_pidfd *pidfd)
{
	if (!(args->flags & CLONE_PIDFD))
		return 0;
	pidfd->fd = pidfd_prepare(t, 0, &pidfd->file);
	if (pidfd->fd < 0) {
		pidfd->file = NULL;
		return pidfd->fd;
	}
	if (put_user(pidfd->fd, args->pidfd)) {
		settle_pidfd(pidfd, -EFAULT);
		return -EFAULT;
	}
	return 0;
}

/* --- checks --- */

#define CLONE_NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
			  CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/*
 * Linux's rules; namespaces but that of groups as a kernel built without them: EINVAL.
 */
static int clone_flags_valid(const struct kernel_clone_args *args)
{
	u64 flags = args->flags;

	if (flags & CLONE_NAMESPACES)
		return -EINVAL;
	if (flags & CLONE_NEWCGROUP && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
	    (flags & CLONE_SIGHAND && !(flags & CLONE_VM)))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && flags & CLONE_CLEAR_SIGHAND)
		return -EINVAL;
	/* A pidfd names a process, and clone()'s detached bit was given back for another use. */
	if (flags & CLONE_PIDFD && flags & (CLONE_THREAD | CLONE_DETACHED))
		return -EINVAL;
	if (flags & CLONE_PARENT && current->signal->flags & SIGNAL_UNKILLABLE)
		return -EINVAL;
	if (flags & CLONE_SETTLS && args->tls >= TASK_SIZE)
		return -EPERM;
	return 0;
}

/* May one more task of this user, and of the system, exist? Counts it. */
static int charge_task(struct user_struct *user)
{
	int n = ++user->processes;

	if ((unsigned long)n > rlimit(RLIMIT_NPROC) && user->uid && !capable(CAP_SYS_RESOURCE) &&
	    !capable(CAP_SYS_ADMIN)) {
		user->processes--;
		return -EAGAIN;
	}
	if (READ_ONCE(nr_threads) >= max_threads) {
		user->processes--;
		return -EAGAIN;
	}
	current->flags &= ~PF_NPROC_EXCEEDED;
	return 0;
}

/* => tasklist_lock. A process group or session outlives its leader and keeps the number. */
static bool pid_names_group(kpid_t pid)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pid || p->signal->session == pid)
			return true;
	return false;
}

/* A number that no task, group or session has; -EAGAIN. */
static kpid_t alloc_unused_pid(void)
{
	static kpid_t highest;	/* tasklist_lock: numbers above it were never given */
	kpid_t pid = alloc_pid(), next;
	bool taken;

	for (int tries = 0; pid > 0 && pid <= READ_ONCE(highest); tries++) {
		read_lock(&tasklist_lock);
		taken = pid_names_group(pid);
		read_unlock(&tasklist_lock);
		if (!taken)
			return pid;
		/* Once round, and all that are free name groups (a low kernel.pid_max): there is none. */
		next = tries < READ_ONCE(pid_max) ? alloc_pid() : -EAGAIN;
		free_pid(pid);
		pid = next;
		cond_resched();
	}
	if (pid > 0)
		WRITE_ONCE(highest, pid);
	return pid;
}

/*
 * --- the last step: under tasklist_lock the child joins its family; -ERESTARTNOINTR if current
 * was killed ---
 */

static void link_parent(struct task_struct *t, const struct kernel_clone_args *args)
{
	if (args->flags & (CLONE_PARENT | CLONE_THREAD)) {
		t->real_parent = current->real_parent;
		t->exit_signal =
			args->flags & CLONE_THREAD ? -1 : current->group_leader->exit_signal;
	} else {
		t->real_parent = !args->fn ? current : kthreadd_task ? kthreadd_task : &init_task;
		t->exit_signal = args->exit_signal;
	}
	t->parent = t->real_parent;
}

static int link_task(struct task_struct *t, const struct kernel_clone_args *args)
{
	write_lock(&tasklist_lock);
	spin_lock_irq(&current->sighand->siglock);
	if (fatal_signal_pending(current)) {
		spin_unlock_irq(&current->sighand->siglock);
		write_unlock(&tasklist_lock);
		return -EINTR;
	}
	link_parent(t, args);
	ptrace_init_task(t, args->trace || args->flags & CLONE_PTRACE);
	if (args->flags & CLONE_THREAD) {
		t->group_leader = current->group_leader;
		t->tgid = current->tgid;
		t->signal->nr_threads++;
		t->signal->live++;
	} else {
		t->group_leader = t;
		t->tgid = t->pid;
		/* Who changed these since they were copied did not meet the child on his walk. */
		t->signal->pgrp = current->signal->pgrp;
		t->signal->session = current->signal->session;
		t->signal->tty = current->signal->tty;
		if (t->pid == 1)
			t->signal->flags |= SIGNAL_UNKILLABLE;
		list_add_tail(&t->sibling, &t->real_parent->children);
		list_add_tail(&t->tasks, &init_task.tasks);
	}
	list_add_tail(&t->thread_node, &t->signal->thread_head);
	attach_pid(t);
	nr_threads++;
	total_forks++;
	cgroup_post_fork(t);
	spin_unlock_irq(&current->sighand->siglock);
	write_unlock(&tasklist_lock);
	return 0;
}

/*
 * The last step: everything is copied, the child is put where others find it. 0, or -errno and
 * nobody has seen it.
 */
static int publish_in(struct task_struct *t, struct kernel_clone_args *args, struct cgroup *into)
{
	int err = cgroup_can_fork(t, into);

	if (err)
		return err;
	if (t->mm && t->mm->owner == t)		/* its group is settled now */
		mm_set_owner(t->mm, t);
	err = link_task(t, args);
	if (err)
		cgroup_cancel_fork(t);
	return err;
}

static int publish_child(struct task_struct *t, struct kernel_clone_args *args)
{
	struct cgroup *into;
	int err;

	t->start_time = ktime_get_ns();
	sched_fork(t);
	if (args->flags & CLONE_NEWCGROUP)
		cgroup_new_namespace(t);
	if (likely(!(args->flags & CLONE_INTO_CGROUP)))
		return publish_in(t, args, NULL);
	err = cgroup_clone_into_begin(args->cgroup, !(args->flags & CLONE_THREAD), &into);
	if (err)
		return err;
	err = publish_in(t, args, into);
	cgroup_clone_into_end();
	return err;
}

/* copy_process: a task that only has to be woken, or ERR_PTR and nothing is left of it. */
static struct task_struct *copy_process(struct kernel_clone_args *args)
{
	struct user_struct *user = current->cred->user;
	struct child_pidfd pidfd = { };
	struct task_struct *t;
	kpid_t pid;
	int err = clone_flags_valid(args);

	if (err)
		return ERR_PTR(err);
	if (signal_pending(current) && !args->fn)
		return ERR_PTR(-ERESTARTNOINTR);
	err = charge_task(user);
	if (err)
		return ERR_PTR(err);
	err = -ENOMEM;
	t = dup_task_struct();
	if (!t)
		goto uncharge;
	t->cred = get_cred(current->cred);
	cgroup_fork(t);
	init_child(t, args);
	err = copy_stack(t, args);
	if (err)
		goto free;
	err = copy_semundo(t, args->flags & CLONE_SYSVSEM);
	if (err)
		goto free;
	err = copy_files(t, args->flags);
	if (err)
		goto put_undo;
	err = copy_fs(t, args->flags);
	if (err)
		goto put_files;
	err = copy_signal(t, args->flags);
	if (err)
		goto put_fs;
	err = copy_mm(t, args->flags);
	if (err)
		goto put_signal;
	pid = alloc_unused_pid();
	err = pid;
	if (pid < 0)
		goto put_mm;
	t->pid = pid;
	err = copy_pidfd(t, args, &pidfd);
	if (err)
		goto free_pid;
	err = publish_child(t, args);
	settle_pidfd(&pidfd, err);
	if (!err) {
		cpuset_fork(t);
		return t;
	}
free_pid:
	free_pid(pid);
put_mm:
	if (t->mm)
		mmput(t->mm);
put_signal:
	put_signal_struct(t->signal);
put_fs:
	if (t->fs)
		put_fs_struct(t->fs);
put_files:
	if (t->files)
		put_files_struct(t->files);
put_undo:
	exit_sem(t);
free:
	free_own_parts(t);
uncharge:
	user->processes--;
	return ERR_PTR(err);
}

/*
 * vfork's parent sleeps until the child has exec'd or died; if it is killed itself, the child goes
 * on alone.
 */
static void wait_for_vfork_done(struct task_struct *child, struct completion *done)
{
	bool killed;

	cgroup_enter_frozen();		/* it runs no program meanwhile */
	killed = wait_for_completion_killable(done, "vfork");
	cgroup_leave_frozen(false);
	if (killed) {
		task_lock(child);
		child->vfork_done = NULL;
		task_unlock(child);
	}
	put_task_struct(child);
}

/* The event that current's tracer wants to see of this fork; 0: none. */
static int trace_of_clone(const struct kernel_clone_args *args)
{
	int event = args->flags & CLONE_VFORK	     ? PTRACE_EVENT_VFORK
		    : args->exit_signal != SIGCHLD ? PTRACE_EVENT_CLONE
						   : PTRACE_EVENT_FORK;

	return !(args->flags & CLONE_UNTRACED) && ptrace_event_enabled(current, event) ? event : 0;
}

long kernel_clone(struct kernel_clone_args *args)
{
	struct completion vfork;
	struct task_struct *t;
	kpid_t pid;

	if (unlikely(current->ptrace))
		args->trace = trace_of_clone(args);
	t = copy_process(args);
	if (IS_ERR(t))
		return PTR_ERR(t);
	pid = t->pid;
	if (args->flags & CLONE_PARENT_SETTID && put_user(pid, args->parent_tid))
		barrier();	/* Linux too leaves a bad pointer unmentioned: the child exists */
	if (args->flags & CLONE_VFORK) {
		init_completion(&vfork);
		t->vfork_done = &vfork;
		get_task_struct(t);
	}
	wake_up_new_task(t);
	if (unlikely(args->trace))
		ptrace_event(args->trace, pid);
	if (args->flags & CLONE_VFORK) {
		wait_for_vfork_done(t, &vfork);
		ptrace_event(PTRACE_EVENT_VFORK_DONE, pid);
	}
	return pid;
}

/* --- system calls --- */

long sys_fork(void)
{
	return kernel_clone(&(struct kernel_clone_args){ .exit_signal = SIGCHLD });
}

long sys_vfork(void)
{
	return kernel_clone(&(struct kernel_clone_args){ .flags = CLONE_VFORK | CLONE_VM,
							 .exit_signal = SIGCHLD });
}

long sys_clone(unsigned long flags, unsigned long stack, int __user *parent_tid,
	       int __user *child_tid, unsigned long tls)
{
	struct kernel_clone_args args = {
		.flags = (u32)flags & ~CSIGNAL, .exit_signal = flags & CSIGNAL, .stack = stack,
		.parent_tid = parent_tid, .child_tid = child_tid, .tls = tls,
		.pidfd = parent_tid,
	};

	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return -EINVAL;		/* there is one place for both */
	return kernel_clone(&args);
}

/* What clone3 adds in checks. @set_tid is not supported: EINVAL. */
static bool clone3_args_valid(const struct clone_args *a, size_t size)
{
	const u64 known = 0xffffffffUL & ~CSIGNAL;

	if (a->flags & ~(known | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | CLONE_NEWTIME))
		return false;
	if (a->flags & CLONE_DETACHED || a->set_tid || a->set_tid_size || a->exit_signal > NSIG)
		return false;
	if (a->flags & CLONE_INTO_CGROUP && (a->cgroup > 0x7fffffff || size < CLONE_ARGS_SIZE_VER2))
		return false;
	if (a->flags & (CLONE_THREAD | CLONE_PARENT) && a->exit_signal)
		return false;
	if (a->stack ? !a->stack_size : a->stack_size)
		return false;
	return !a->stack || access_ok((void *)a->stack, a->stack_size);
}

long sys_clone3(struct clone_args __user *uargs, size_t size)
{
	struct clone_args a;
	struct kernel_clone_args args;
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(&a, sizeof(a), uargs, size);
	if (err)
		return err;
	if (!clone3_args_valid(&a, size))
		return -EINVAL;
	args = (struct kernel_clone_args){
		.flags = a.flags,
		.exit_signal = a.exit_signal,
		.stack = a.stack + a.stack_size,
		.tls = a.tls,
		.cgroup = (int)a.cgroup,
		.parent_tid = (int *)a.parent_tid,
		.child_tid = (int *)a.child_tid,
		.pidfd = (int *)a.pidfd,
	};
	if (a.flags & CLONE_PIDFD && a.flags & CLONE_PARENT_SETTID && a.pidfd == a.parent_tid)
		return -EINVAL;
	return kernel_clone(&args);
}

long sys_set_tid_address(int __user *tidptr)
{
	current->clear_child_tid = tidptr;
	return current->pid;
}

long sys_unshare(unsigned long flags)
{
	struct fs_struct *fs, *old;

	if (flags &
	    ~(CLONE_FS | CLONE_FILES | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_SYSVSEM |
	      CLONE_NEWCGROUP))
		return -EINVAL;
	if (flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) && current->signal->nr_threads > 1)
		return -EINVAL;
	if (flags & (CLONE_SIGHAND | CLONE_VM) &&
	    (current->sighand->count > 1 || current->mm->mm_users > 1))
		return -EINVAL;
	if (flags & CLONE_NEWCGROUP && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & CLONE_FS) {
		fs = copy_fs_struct(current->fs);
		if (!fs)
			return -ENOMEM;
		task_lock(current);
		old = current->fs;
		current->fs = fs;
		task_unlock(current);
		put_fs_struct(old);
	}
	if (flags & CLONE_SYSVSEM)
		exit_sem(current);
	if (flags & CLONE_NEWCGROUP)
		cgroup_new_namespace(current);
	return flags & CLONE_FILES ? unshare_files() : 0;
}

/* --- leaving an address space --- */

/* The child of a vfork lets its parent go on. */
static void complete_vfork_done(struct task_struct *t)
{
	struct completion *vfork;

	task_lock(t);
	vfork = t->vfork_done;
	t->vfork_done = NULL;
	if (vfork)
		complete(vfork);
	task_unlock(t);
}

/*
 * pthread_join() waits on the word that the kernel clears when a thread of a living process goes.
 */
static void mm_release(struct task_struct *t, struct mm_struct *mm)
{
	if (t->clear_child_tid) {
		if (mm->mm_users > 1 && !put_user(0, t->clear_child_tid))
			futex_wake_user((u32 *)t->clear_child_tid, 1);
		t->clear_child_tid = NULL;
	}
	if (t->vfork_done)
		complete_vfork_done(t);
}

void exit_mm_release(struct task_struct *t, struct mm_struct *mm)
{
	exit_robust_list(t);
	mm_release(t, mm);
}

void exec_mm_release(struct task_struct *t, struct mm_struct *mm)
{
	exit_robust_list(t);
	mm_release(t, mm);
}

/* --- kernel threads --- */

struct kthread_start { int (*fn)(void *); void *arg; };

static int kthread(void *data)
{
	struct kthread_start start = *(struct kthread_start *)data;
	int ret;

	kfree(data);
	ret = start.fn(start.arg);
	if (!current->mm)
		do_exit(ret);
	return ret;	/* fn did an execve: to user space */
}

struct task_struct *kernel_thread(int (*fn)(void *), void *arg, const char *name)
{
	struct kthread_start *start = kmalloc(sizeof(*start), GFP_KERNEL);
	struct kernel_clone_args args = { .flags = CLONE_FS | CLONE_FILES, .exit_signal = SIGCHLD,
					  .fn = kthread, .fn_arg = start, .name = name };
	struct task_struct *t;

	if (!start)
		return ERR_PTR(-ENOMEM);
	*start = (struct kthread_start){ fn, arg };
	t = copy_process(&args);
	if (IS_ERR(t)) {
		kfree(start);
		return t;
	}
	wake_up_new_task(t);
	return t;
}

int kthreadd(void *unused)
{
	kthreadd_task = current;
	for (;;) {	/* its children are reaped as they die; it only has to be there */
		current->__state = TASK_INTERRUPTIBLE;
		schedule_waiting("kthreadd");
	}
}

static int idle_fn(void *unused) { BUG(); }

struct task_struct *fork_idle(int cpu)
{
	struct kernel_clone_args args = { .fn = idle_fn };
	struct task_struct *t = dup_task_struct();

	if (!t)
		return NULL;
	t->cred = get_cred(current->cred);
	init_child(t, &args);
	t->stack = alloc_kernel_stack();
	if (!t->stack) {
		put_cred(t->cred);
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->pid = t->tgid = 0;
	t->group_leader = t;
	t->real_parent = t->parent = &init_task;
	t->files = NULL;
	t->fs = NULL;
	t->flags |= PF_IDLE;
	sprintf(t->comm, "swapper/%d", cpu);
	t->signal->sigcnt++;
	init_idle(t, cpu);
	return t;
}
