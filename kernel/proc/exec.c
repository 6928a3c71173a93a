/*
 * exec.c - execve: a task puts on another program.
 *
 * Idea: everything that can fail politely comes first: the strings are copied,
 *       the file opened, its format recognised. begin_new_exec() is the point of
 *       no return: the other threads are killed, the old address space is let
 *       go; an error after it kills the process.
 * Locks:  siglock and tasklist_lock in de_thread(); task_lock for the mm; tasklist_lock orders the
 *         new credentials and ptrace_attach().
 * Above:  the system call table, init.c.
 * Below:  binfmt_elf.c, binfmt_script.c load; mm_alloc(), setup_stack_vma().   In Linux: fs/exec.c.
 */
#include "kernel/proc/exec.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/stat.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/proc/binfmt.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/posix_timers.h"
#include "kernel/proc/ptrace.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/rcu.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/trace_sched.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/uaccess.h"
#include "mm/highmem.h"
#include "mm/memory.h"
#include "mm/memcontrol.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define STACK_TOP_GAP sizeof(void *)	/* zeroes above the file name */
#define STK_LIM (8UL << 20)		/* Linux's default stack limit bounds argument strings */
#define STACK_RND_PAGES 0x3fffffUL	/* 16 GiB of positions for the stack, as Linux */
#define MAX_INTERP_DEPTH 5

/* Where strings come from. */
struct user_arg { const char *const *ptr; bool kernel; };

/* --- the program file of an address space --- */

static void hold_exe_file(struct mm_struct *mm, struct file *file)
{
	get_file(file);
	file->f_inode->i_writecount--;	/* negative already: current runs it */
	mm->exe_file = file;
}

static void release_exe_file(struct mm_struct *mm)
{
	struct file *file = mm->exe_file;

	mm->exe_file = NULL;
	if (!file)
		return;
	allow_write_access(file);
	fput(file);
}

struct mm_struct *dup_mm_exe(struct mm_struct *old)
{
	struct mm_struct *mm = dup_mm(old);

	if (mm && mm->exe_file)
		hold_exe_file(mm, mm->exe_file);
	return mm;
}

void exec_init(void) { mm_release_exe_file = release_exe_file; }

/* --- strings --- */

static const char *arg_ptr(const struct user_arg *arg, int i)
{
	const char *p;

	if (arg->kernel)
		return arg->ptr[i];
	return get_user(p, &arg->ptr[i]) ? ERR_PTR(-EFAULT) : p;
}

/* How many before the NULL; -EFAULT, -E2BIG. */
static int count_args(const struct user_arg *arg)
{
	if (!arg->ptr)
		return 0;
	for (int i = 0; i < INT32_MAX; i++) {
		const char *p = arg_ptr(arg, i);

		if (IS_ERR(p))
			return -EFAULT;
		if (!p)
			return i;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		cond_resched();
	}
	return -E2BIG;
}

static int grow_page_array(struct linux_binprm *bprm)
{
	unsigned int max = bprm->max_pages ? bprm->max_pages * 4 : 8;
	struct page **pages = kmalloc(max * sizeof(*pages), GFP_KERNEL);

	if (!pages)
		return -ENOMEM;
	memcpy(pages, bprm->pages, bprm->nr_pages * sizeof(*pages));
	kfree(bprm->pages);
	bprm->pages = pages;
	bprm->max_pages = max;
	return 0;
}

/* Pages for all bytes up to distance @used. */
static int reserve_pages(struct linux_binprm *bprm, unsigned long used)
{
	while (bprm->nr_pages < DIV_ROUND_UP(used, PAGE_SIZE)) {
		struct page *page;

		if (bprm->nr_pages == bprm->max_pages && grow_page_array(bprm))
			return -ENOMEM;
		page = alloc_page(GFP_HIGHUSER);
		if (!page)
			return -ENOMEM;
		if (mem_cgroup_charge(page, current->mm, GFP_KERNEL)) {
			__free_page(page);
			return -ENOMEM;
		}
		bprm->pages[bprm->nr_pages++] = page;
	}
	return 0;
}

/* @len bytes of @src become the lowest ones. */
static int push_bytes(struct linux_binprm *bprm, const char *src, unsigned long len, bool kernel)
{
	unsigned long at = bprm->used + len;

	if (at > bprm->limit + STACK_TOP_GAP)
		return -E2BIG;
	/* nor more pages than the new stack may have; it always gets one */
	if (at > PAGE_SIZE && PAGE_ALIGN(at) > bprm->rlim_stack.rlim_cur)
		return -E2BIG;
	if (reserve_pages(bprm, at))
		return -ENOMEM;
	while (len) {
		unsigned long i = (at - 1) / PAGE_SIZE, offset = (i + 1) * PAGE_SIZE - at;
		unsigned long n = MIN(len, PAGE_SIZE - offset), left = 0;
		char *to = kmap_local_page(bprm->pages[i]);

		if (kernel)
			memcpy(to + offset, src, n);
		else
			left = copy_from_user(to + offset, src, n);
		kunmap_local(to);
		if (left)
			return -EFAULT;
		at -= n;
		src += n;
		len -= n;
		bprm->used += n;
	}
	return 0;
}

int copy_string_kernel(struct linux_binprm *bprm, const char *s)
{
	return push_bytes(bprm, s, strlen(s) + 1, true);
}

/* From the last to the first, so that the first is the lowest. */
static int copy_strings(struct linux_binprm *bprm, const struct user_arg *arg, int n)
{
	while (n-- > 0) {
		const char *s = arg_ptr(arg, n);
		unsigned long len;
		int err;

		if (IS_ERR(s))
			return -EFAULT;
		len = arg->kernel ? strlen(s) + 1 : (unsigned long)strnlen_user(s, MAX_ARG_STRLEN);
		if (!len)
			return -EFAULT;
		if (len > MAX_ARG_STRLEN)
			return -E2BIG;
		err = push_bytes(bprm, s, len, arg->kernel);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -ERESTARTNOHAND;
		cond_resched();
	}
	return 0;
}

int remove_arg_zero(struct linux_binprm *bprm)
{
	char c = 1;

	if (!bprm->argc)
		return 0;
	while (c) {
		unsigned long i = (bprm->used - 1) / PAGE_SIZE;
		char *p = kmap_local_page(bprm->pages[i]);

		c = p[(i + 1) * PAGE_SIZE - bprm->used];
		kunmap_local(p);
		bprm->used--;
	}
	bprm->argc--;
	return 0;
}

/* A quarter of the stack limit, at most 6 MiB, at least 128 KiB, the pointers included. */
static int prepare_arg_limit(struct linux_binprm *bprm)
{
	unsigned long limit = MIN(bprm->rlim_stack.rlim_cur / 4, STK_LIM / 4 * 3);
	unsigned long pointers = ((unsigned long)MAX(bprm->argc, 1) + bprm->envc) * sizeof(void *);

	limit = MAX(limit, ARG_MAX);
	if (limit <= pointers)
		return -E2BIG;
	bprm->limit = limit - pointers;
	return 0;
}

static int copy_all_strings(struct linux_binprm *bprm, const struct user_arg *argv,
			    const struct user_arg *envp)
{
	int err;

	bprm->argc = count_args(argv);
	if (bprm->argc < 0)
		return bprm->argc;
	bprm->envc = count_args(envp);
	if (bprm->envc < 0)
		return bprm->envc;
	err = prepare_arg_limit(bprm);
	if (err)
		return err;
	bprm->used = STACK_TOP_GAP;
	err = copy_string_kernel(bprm, bprm->filename);
	bprm->exec_used = bprm->used;
	if (!err)
		err = copy_strings(bprm, envp, bprm->envc);
	bprm->env_used = bprm->used;
	if (!err)
		err = copy_strings(bprm, argv, bprm->argc);
	/* a program that counts on argv[0] must not run into its environment */
	if (!err && !bprm->argc) {
		pr_warn_once("process '%s' launched '%s' with NULL argv: empty string added\n",
			     current->comm, bprm->filename);
		err = copy_string_kernel(bprm, "");
		bprm->argc = 1;
	}
	return err;
}

/* --- alone in the process --- */

/* Waits until @done(sig) - the others died. -EAGAIN: killed meanwhile. */
static int wait_for_threads(struct signal_struct *sig)
{
	spin_lock_irq(&current->sighand->siglock);
	while (sig->notify_count) {
		current->__state = TASK_KILLABLE;
		spin_unlock_irq(&current->sighand->siglock);
		schedule_waiting("de_thread");
		if (fatal_signal_pending(current))
			return -EAGAIN;
		spin_lock_irq(&current->sighand->siglock);
	}
	spin_unlock_irq(&current->sighand->siglock);
	return 0;
}

/*
 * => tasklist_lock for writing. current becomes the leader: it takes over the number and the place
 * in the family.
 */
static void become_leader(struct task_struct *leader)
{
	struct task_struct *t = current;
	kpid_t pid = t->pid;

	detach_pid(t);
	detach_pid(leader);
	t->pid = leader->pid;
	leader->pid = pid;
	attach_pid(t);
	attach_pid(leader);
	list_add_tail(&t->tasks, &leader->tasks);
	list_del_init(&leader->tasks);
	list_add_tail(&t->sibling, &leader->sibling);
	list_del_init(&leader->sibling);
	t->group_leader = leader->group_leader = t;
	t->signal->leader = t;
	t->start_time = leader->start_time;
	t->exit_signal = SIGCHLD;
	leader->exit_signal = -1;
	leader->exit_state = EXIT_DEAD;
}

/* The old leader's zombie goes when it is one. -EAGAIN: killed while waiting. */
static int replace_leader(struct signal_struct *sig)
{
	struct task_struct *leader = current->group_leader;

	for (;;) {
		write_lock(&tasklist_lock);
		sig->notify_count = -1;		/* exit_notify() wakes us */
		if (leader->exit_state)
			break;
		current->__state = TASK_KILLABLE;
		write_unlock(&tasklist_lock);
		schedule_waiting("de_thread");
		if (fatal_signal_pending(current))
			return -EAGAIN;
	}
	become_leader(leader);
	write_unlock(&tasklist_lock);
	synchronize_rcu();	/* an alarm may be about to send to the old one (it_real_fn) */
	release_task(leader);
	return 0;
}

/* Ends all other threads of the process. 0, or -EAGAIN: somebody else is ending it. */
static int de_thread(void)
{
	struct signal_struct *sig = current->signal;
	int err;

	if (!thread_group_empty(current)) {
		spin_lock_irq(&current->sighand->siglock);
		if (sig->flags & SIGNAL_GROUP_EXIT || sig->group_exec_task) {
			spin_unlock_irq(&current->sighand->siglock);
			return -EAGAIN;
		}
		sig->group_exec_task = current;
		sig->notify_count = zap_other_threads(current);
		if (!thread_group_leader(current))
			sig->notify_count--;
		spin_unlock_irq(&current->sighand->siglock);
		err = wait_for_threads(sig);
		if (!err && !thread_group_leader(current))
			err = replace_leader(sig);
		/* if we were killed, the leader may be in exit_notify(), which looks at both */
		read_lock(&tasklist_lock);
		spin_lock_irq(&current->sighand->siglock);
		sig->group_exec_task = NULL;
		sig->notify_count = 0;
		spin_unlock_irq(&current->sighand->siglock);
		read_unlock(&tasklist_lock);
		if (err)
			return err;
	}
	current->exit_signal = SIGCHLD;
	return 0;
}

/* Handlers shared with another process (CLONE_SIGHAND) become our own. */
static int unshare_sighand(void)
{
	struct sighand_struct *old = current->sighand, *sighand;

	if (old->count == 1)
		return 0;
	sighand = alloc_sighand();
	if (!sighand)
		return -ENOMEM;
	write_lock(&tasklist_lock);
	spin_lock_irq(&old->siglock);
	memcpy(sighand->action, old->action, sizeof(old->action));
	current->sighand = sighand;
	process_of(current->signal)->sighand = sighand;
	spin_unlock_irq(&old->siglock);
	write_unlock(&tasklist_lock);
	synchronize_rcu();	/* lock_task_sighand() may still spin on the old one */
	put_sighand(old);
	return 0;
}

/* --- the exchange --- */

static int new_mm(struct linux_binprm *bprm)
{
	bprm->mm = mm_alloc();
	if (bprm->mm)
		bprm->mm->flags |= current->mm ? current->mm->flags & (MMF_DISABLE_THP | MMF_DUMP_FILTER_MASK)
					       : MMF_DUMP_FILTER_DEFAULT;
	return bprm->mm ? 0 : -ENOMEM;
}

static void exec_mmap(struct mm_struct *mm)
{
	struct task_struct *t = current;
	struct mm_struct *old = t->mm;

	if (old) {
		note_peak_rss(t->signal, old);
		exec_mm_release(t, old);
	}
	task_lock(t);
	local_irq_disable();
	t->mm = t->active_mm = mm;
	t->tlb = &mm->tlb;
	t->vmacache = NULL;
	switch_tlb_context(&mm->tlb);
	local_irq_enable();
	mm_set_owner(mm, t);
	task_unlock(t);
	if (old) {
		mm_update_next_owner(old, t);
		mmput(old);
	}
}

/* What a program may not learn or keep from the one before. */
static void flush_thread(void)
{
	struct task_struct *t = current;

	t->sas_ss_sp = t->sas_ss_size = 0;
	t->sas_ss_flags = SS_DISABLE;
	t->fs_base = t->gs_base = 0;
	clear_user_segments();
	set_user_fs_base(0);
	set_user_gs_base(0);
	t->restart_block.fn = do_no_restart_syscall;
	t->robust_list = NULL;
	t->clear_child_tid = NULL;
	t->flags &= ~(PF_RANDOMIZE | PF_FORKNOEXEC);
	fpu_flush_current(t->fpu);
}

/*
 * Does somebody without these rights hold the new program by the hand: a tracer, or who shares its
 * working directory and umask? => tasklist_lock; no other thread is left
 */
static bool is_unsafe(void)
{
	return (unlikely(current->ptrace) && !tracer_has_rights()) || fs_is_shared(current->fs);
}

/*
 * Set-id bits of the file; not with nosuid, no_new_privs. => tasklist_lock for writing until the
 * credentials are worn: nobody attaches in between
 */
static void bprm_fill_ids(struct linux_binprm *bprm)
{
	struct inode *inode = bprm->file->f_inode;
	struct cred *cred = bprm->cred;
	bool unsafe = is_unsafe();
	/* The owner before the bits: a chown() takes them away first, so never his with a new owner's. */
	kuid_t owner = READ_ONCE(inode->i_uid), uid = -1;
	kgid_t group = READ_ONCE(inode->i_gid), gid = -1;
	umode_t mode = READ_ONCE(inode->i_mode);

	if (!(bprm->file->f_path.mnt->mnt_flags & MS_NOSUID) && !cred->no_new_privs &&
	    (likely(!unsafe) || cred_has(cred, CAP_SETUID))) {
		if (mode & S_ISUID)
			uid = owner;
		if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			gid = group;
	}
	if (uid != (kuid_t)-1 || gid != (kgid_t)-1)
		bprm->per_clear |= PER_CLEAR_ON_SETID;
	bprm->secureexec = cred_apply_exec(cred, uid, gid);
	if (unlikely(unsafe)) {
		cred->cap_permitted &= current->cred->cap_permitted;
		cred->cap_effective &= cred->cap_permitted;
	}
}

static const char *basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Who may attach to current is decided by the old credentials before this, and by the new ones after. */
static void put_on_creds(struct linux_binprm *bprm)
{
	const struct cred *old = get_cred(current->cred);	/* not freed under the lock */

	write_lock(&tasklist_lock);
	bprm_fill_ids(bprm);
	commit_creds(bprm->cred);
	write_unlock(&tasklist_lock);
	bprm->cred = NULL;
	put_cred(old);
}

/* The new identity, when the old program is gone. Until its end the new mm is not dumpable. */
static void put_on_identity(struct linux_binprm *bprm)
{
	struct task_struct *t = current;
	const struct cred *cred;

	put_on_creds(bprm);
	cred = t->cred;
	t->personality &= ~bprm->per_clear;
	if (bprm->secureexec) {
		t->pdeath_signal = 0;
		if (bprm->rlim_stack.rlim_cur > STK_LIM)
			bprm->rlim_stack.rlim_cur = STK_LIM;
	}
	set_task_comm(t, basename(bprm->filename));
	spin_lock_irq(&t->sighand->siglock);
	flush_signal_handlers(t->sighand, t->flags & PF_KTHREAD);
	spin_unlock_irq(&t->sighand->siglock);
	t->flags &= ~PF_KTHREAD;	/* kernel_init becomes a program */
	set_dumpable(t->mm, !bprm->nondumpable && !bprm->secureexec && cred->uid == cred->euid &&
			    cred->gid == cred->egid ? SUID_DUMP_USER : suid_dumpable);
}

/* task_exec_id() */
static void count_exec(void)
{
	WRITE_ONCE(current->signal->exec_id, current->signal->exec_id + 1);
}

int begin_new_exec(struct linux_binprm *bprm)
{
	struct mm_struct *mm = bprm->mm;
	bool randomize;
	int err;

	bprm->nondumpable = inode_permission(bprm->file->f_inode, MAY_READ) < 0;
	bprm->point_of_no_return = true;
	err = de_thread();
	if (!err)
		err = unshare_files();
	if (!err)
		err = unshare_sighand();
	if (err)
		return err;
	hold_exe_file(mm, bprm->file);
	bprm->mm = NULL;
	count_exec();		/* before there is anything new to see */
	exec_mmap(mm);
	exit_itimers(current->signal);
	flush_thread();
	do_close_on_exec(current->files);
	put_on_identity(bprm);
	count_exec();
	randomize = randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE);
	if (randomize)
		current->flags |= PF_RANDOMIZE;
	mm_pick_mmap_layout(mm, bprm->rlim_stack.rlim_cur, randomize);
	bprm->stack_top = TASK_SIZE & PAGE_MASK;
	if (randomize)
		bprm->stack_top -= (get_random_long() & STACK_RND_PAGES) << PAGE_SHIFT;
	return setup_stack_vma(mm, bprm->stack_top, &bprm->stack_vma);
}

/*
 * One of the gathered pages to its place, and it goes: no more than one is there twice, and charged
 * twice. The lowest is filled in part.
 */
static int copy_arg_page(struct linux_binprm *bprm, unsigned int i)
{
	unsigned long end = bprm->stack_top - i * PAGE_SIZE;
	unsigned long start = MAX(end - PAGE_SIZE, bprm_addr(bprm, bprm->used)), left;
	char *from = kmap_local_page(bprm->pages[i]);

	if (!i)
		memset(from + PAGE_SIZE - STACK_TOP_GAP, 0, STACK_TOP_GAP);
	left = copy_to_user((void *)start, from + (start & ~PAGE_MASK), end - start);
	kunmap_local(from);
	__free_page(bprm->pages[i]);
	bprm->pages[i] = NULL;
	return left ? -EFAULT : 0;
}

int setup_arg_pages(struct linux_binprm *bprm, bool executable)
{
	struct mm_struct *mm = current->mm;
	unsigned long bottom = bprm_addr(bprm, bprm->used) & PAGE_MASK;
	int err = 0;

	down_write(&mm->mmap_lock);
	if (bottom < bprm->stack_vma->vm_start)
		err = expand_stack(bprm->stack_vma, bottom);
	if (!err)
		err = setup_stack_room(bprm->stack_vma, bprm->rlim_stack.rlim_cur);
	up_write(&mm->mmap_lock);
	if (!err && executable)
		err = do_mprotect(bprm->stack_vma->vm_start,
				  bprm->stack_top - bprm->stack_vma->vm_start, 7);
	for (unsigned int i = 0; !err && i * PAGE_SIZE < bprm->used; i++)
		err = copy_arg_page(bprm, i);
	mm->start_stack = bprm_addr(bprm, bprm->used);
	return err;
}

int bprm_change_interp(struct linux_binprm *bprm, const char *interp)
{
	char *copy = kstrdup(interp, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	kfree(bprm->interp);
	bprm->interp = copy;
	return 0;
}

/* --- execve --- */

static int read_header(struct linux_binprm *bprm)
{
	loff_t pos = 0;
	kssize_t n;

	memset(bprm->buf, 0, BINPRM_BUF_SIZE);
	n = kernel_read(bprm->file, bprm->buf, BINPRM_BUF_SIZE, &pos);
	account_read(n);
	return n < 0 ? (int)n : 0;
}

static int search_binary_handler(struct linux_binprm *bprm)
{
	int err = read_header(bprm);

	if (err)
		return err;
	err = load_elf_binary(bprm);
	if (err == -ENOEXEC && !bprm->point_of_no_return)
		err = load_script(bprm);
	return err;
}

static void release_bprm_file(struct file *file)
{
	if (file) {
		allow_write_access(file);
		fput(file);
	}
}

/* Loads; a script's interpreter may be a script again. */
static int exec_binprm(struct linux_binprm *bprm)
{
	for (int depth = 0;; depth++) {
		int err;

		if (depth > MAX_INTERP_DEPTH)
			return -ELOOP;
		err = search_binary_handler(bprm);
		if (err < 0 || !bprm->interpreter)
			return err;
		release_bprm_file(bprm->file);
		bprm->file = bprm->interpreter;
		bprm->interpreter = NULL;
	}
}

static void free_bprm(struct linux_binprm *bprm)
{
	for (unsigned int i = 0; i < bprm->nr_pages; i++)
		if (bprm->pages[i])
			__free_page(bprm->pages[i]);
	kfree(bprm->pages);
	if (bprm->mm)
		mmput(bprm->mm);
	if (bprm->cred)
		put_cred(bprm->cred);
	release_bprm_file(bprm->file);
	release_bprm_file(bprm->interpreter);
	kfree(bprm->interp);
	kfree(bprm);
}

/* Past the point of no return there is no program to go back to. */
static void kill_half_made(void)
{
	if (fatal_signal_pending(current))
		return;
	spin_lock_irq(&current->sighand->siglock);
	current->sighand->action[SIGSEGV - 1].sa.sa_handler = SIG_DFL;
	spin_unlock_irq(&current->sighand->siglock);
	force_sig(SIGSEGV);
}

/* @file is taken over. */
static int do_execve_file(struct file *file, const char *filename, const struct user_arg *argv,
			  const struct user_arg *envp)
{
	struct linux_binprm *bprm = kzalloc(sizeof(*bprm), GFP_KERNEL);
	kpid_t old_pid = current->pid;	/* a thread that execs becomes the leader */
	int err;

	if (!bprm) {
		release_bprm_file(file);
		return -ENOMEM;
	}
	bprm->file = file;
	bprm->filename = filename;
	spin_lock_irq(&current->sighand->siglock);
	bprm->rlim_stack = current->signal->rlim[RLIMIT_STACK];
	spin_unlock_irq(&current->sighand->siglock);
	err = new_mm(bprm);
	if (!err)
		err = copy_all_strings(bprm, argv, envp);
	if (!err && !current->fpu) {
		current->fpu = alloc_fpu_state();
		err = current->fpu ? 0 : -ENOMEM;
		if (!err)
			fpu_init_state(current->fpu);
	}
	if (!err) {
		bprm->cred = prepare_creds();
		err = bprm->cred ? 0 : -ENOMEM;
	}
	sched_exec();
	if (!err)
		err = exec_binprm(bprm);
	if (err >= 0 && trace_enabled(sched_process_exec))
		trace_task_exec(current, filename, old_pid);
	if (err >= 0)
		ptrace_notify_exec(old_pid);
	if (err < 0 && bprm->point_of_no_return)
		kill_half_made();
	free_bprm(bprm);
	return err < 0 ? err : 0;
}

/* setuid() let this user go over its limit of processes; a new program it does not get. */
static bool nproc_exceeded(void)
{
	if (current->flags & PF_NPROC_EXCEEDED &&
	    (unsigned long)current->cred->user->processes > rlimit(RLIMIT_NPROC))
		return true;
	current->flags &= ~PF_NPROC_EXCEEDED;
	return false;
}

int kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
	struct user_arg a = { argv, true }, e = { envp, true };
	struct file *file = open_exec(path);

	if (IS_ERR(file))
		return PTR_ERR(file);
	return do_execve_file(file, path, &a, &e);
}

/* What AT_EXECFN and comm say of a program named by descriptor: "/dev/fd/3" or "/dev/fd/3/name". */
static char *fd_name(int dfd, const char *path)
{
	return *path ? kasprintf(GFP_KERNEL, "/dev/fd/%d/%s", dfd, path)
		     : kasprintf(GFP_KERNEL, "/dev/fd/%d", dfd);
}

long sys_execveat(int dfd, const char __user *upath, const char __user *const __user *argv,
		  const char __user *const __user *envp, int flags)
{
	struct user_arg a = { argv, false }, e = { envp, false };
	struct file *file;
	char *path, *name = NULL;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	path = getname_flags(upath, flags & AT_EMPTY_PATH);
	if (IS_ERR(path))
		return PTR_ERR(path);
	err = nproc_exceeded() ? -EAGAIN : 0;
	if (!err && dfd != AT_FDCWD && *path != '/') {
		name = fd_name(dfd, path);
		err = name ? 0 : -ENOMEM;
	}
	if (!err) {
		file = open_exec_at(dfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
				    flags & AT_EMPTY_PATH);
		err = IS_ERR(file) ? (int)PTR_ERR(file)
				   : do_execve_file(file, name ? name : path, &a, &e);
	}
	kfree(name);
	putname(path);
	return err;
}

long sys_execve(const char __user *path, const char __user *const __user *argv,
		const char __user *const __user *envp)
{
	return sys_execveat(AT_FDCWD, path, argv, envp, 0);
}
