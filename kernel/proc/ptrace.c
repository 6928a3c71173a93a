/*
 * ptrace.c - ptrace(2): a process watches another, stop by stop.
 *
 * Idea:   the tracer becomes the tracee's parent for wait4(2) (task->parent; real_parent
 *         stays). A traced task stops at each signal before it acts, at events, and at
 *         system calls if asked; it sleeps in TASK_TRACED, its tracer is told as of a
 *         stopped child, looks, and lets it go on with or without the signal.
 *
 *             tracee                                   tracer
 *             ptrace_stop ── SIGCHLD, wait4 ─────────► ptrace(PEEK, GETREGS …): frozen meanwhile,
 *               sleeps, TASK_TRACED                       even SIGKILL waits for the end of the call
 *             goes on  ◄─── exit_code: a signal ─────  ptrace(CONT, SYSCALL, SINGLESTEP, DETACH)
 *
 * Locks:  tasklist_lock for writing and siglock to begin and end; JOBCTL_PTRACE_FROZEN (siglock)
 *         keeps a stopped task where it is while its tracer looks.
 * Above:  the system call table; signal.c, fork.c, exec.c, exit.c, syscall.c stop here.
 * Below:  ptrace_regs.c, exit.c's notices, access_remote_vm().   In Linux: kernel/ptrace.c.
 */
#include "kernel/proc/ptrace.h"
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/uio.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/cgroup.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/process.h"
#include "kernel/x86/uaccess.h"
#include "kernel/x86/upcalls.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mmap.h"

/* --- the tracee: stopping --- */

/* ptrace.h */
int ptrace_stop(int code, int why, unsigned long message, struct siginfo *info)
{
	struct task_struct *t = current;

	if (!t->ptrace || t->pending.signal & sigmask(SIGKILL))
		return code;
	t->last_siginfo = info;
	t->ptrace_message = message;
	t->exit_code = code;
	set_special_state(TASK_STATE_TRACED);
	spin_unlock_irq(&t->sighand->siglock);
	read_lock(&tasklist_lock);
	if (t->ptrace)		/* else it was let go, and woken */
		do_notify_tracer(t, why);
	read_unlock(&tasklist_lock);
	cgroup_enter_frozen();
	schedule_waiting("ptrace_stop");
	cgroup_leave_frozen(true);
	spin_lock_irq(&t->sighand->siglock);
	code = t->exit_code;
	t->exit_code = 0;
	t->last_siginfo = NULL;
	t->ptrace_message = 0;
	recalc_sigpending();
	return code;
}

/* A stop that is no signal's: @code as SIGTRAP's si_code. => siglock */
static int trap_stop(int code, int why, unsigned long message)
{
	struct siginfo info = { .si_signo = SIGTRAP, .si_code = code };

	info.si_pid = current->pid;
	info.si_uid = current->cred->uid;
	return ptrace_stop(code, why, message, &info);
}

static int ptrace_notify(int code, unsigned long message)
{
	int sig;

	spin_lock_irq(&current->sighand->siglock);
	sig = trap_stop(code, CLD_TRAPPED, message);
	spin_unlock_irq(&current->sighand->siglock);
	return sig;
}

/* A signal that the tracer made up comes from it. No lock. */
static void tell_sender(struct siginfo *info)
{
	const struct cred *cred;

	read_lock(&tasklist_lock);
	info->si_pid = current->parent->pid;
	cred = get_task_cred(current->parent);
	read_unlock(&tasklist_lock);
	info->si_uid = cred->uid;
	put_cred(cred);
}

/* ptrace.h */
int ptrace_signal(int sig, struct siginfo *info)
{
	/* a stop signal that the tracer lets through shall stop */
	current->jobctl |= JOBCTL_STOP_DEQUEUED;
	sig = ptrace_stop(sig, CLD_TRAPPED, 0, info);
	if (!sig || sig > NSIG)
		return 0;
	if (sig != info->si_signo) {
		*info = (struct siginfo){ .si_signo = sig, .si_code = SI_USER };
		spin_unlock_irq(&current->sighand->siglock);
		tell_sender(info);
		spin_lock_irq(&current->sighand->siglock);
	}
	if (sig != SIGKILL && current->blocked & sigmask(sig)) {
		send_signal_locked(sig, info, current, false, false);
		return 0;
	}
	return sig;
}

/* ptrace.h. PTRACE_ATTACH's tracers see the bare signal, PTRACE_SEIZE's an event. */
void ptrace_group_stop(int sig)
{
	if (current->ptrace & PT_SEIZED)
		trap_stop(sig | PTRACE_EVENT_STOP << 8, CLD_STOPPED, 0);
	else
		ptrace_stop(sig, CLD_STOPPED, 0, NULL);
}

/* ptrace.h */
void ptrace_trap_stop(void)
{
	current->jobctl &= ~(unsigned int)JOBCTL_TRAP_STOP;
	trap_stop(SIGTRAP | PTRACE_EVENT_STOP << 8, CLD_STOPPED, 0);
}

/* ptrace.h */
void ptrace_event(int event, unsigned long message)
{
	if (unlikely(current->ptrace) && ptrace_event_enabled(current, event))
		ptrace_notify(SIGTRAP | event << 8, message);
}

/* ptrace.h */
void ptrace_notify_exec(kpid_t old_pid)
{
	if (likely(!current->ptrace))
		return;
	if (ptrace_event_enabled(current, PTRACE_EVENT_EXEC))
		ptrace_event(PTRACE_EVENT_EXEC, old_pid);
	else if (!(current->ptrace & PT_SEIZED))
		send_signal(SIGTRAP, NULL, current, false);
}

/* ptrace.h */
void ptrace_notify_handler(void)
{
	ptrace_notify(SIGTRAP, 0);
}

/* ptrace.h */
bool ptrace_forced_trap_flag(void)
{
	bool forced;

	spin_lock_irq(&current->sighand->siglock);
	forced = current->ptrace & PT_FORCED_TF;
	if (forced)
		set_single_step(current, false);
	spin_unlock_irq(&current->sighand->siglock);
	return forced;
}

/* --- the tracee: system calls --- */

static void report_syscall(unsigned long message)
{
	int code = SIGTRAP | (current->ptrace & PTRACE_O_TRACESYSGOOD << PT_OPT_SHIFT ? 0x80 : 0);
	int sig = ptrace_notify(code, message);

	if (sig > 0 && sig <= NSIG && current->ptrace && sig != code)
		send_signal(sig, NULL, current, false);
}

/* ptrace.h */
bool ptrace_syscall_enter(struct pt_regs *regs)
{
	if (!test_tif(current, TIF_SYSCALL_TRACE))
		return true;
	report_syscall(PTRACE_EVENTMSG_SYSCALL_ENTRY);
	/*
	 * Killed meanwhile: it shall not be done. -1, of which 32 bits count: the tracer's way to
	 * say so, and what is in rax is the result (also if the program itself asked for -1).
	 */
	return !fatal_signal_pending(current) && (u32)regs->orig_rax != (u32)-1;
}

/* ptrace.h */
void ptrace_syscall_exit(struct pt_regs *regs)
{
	if (test_tif(current, TIF_SYSCALL_TRACE))
		report_syscall(PTRACE_EVENTMSG_SYSCALL_EXIT);
	/* The call was the step: the trap flag alone would trap behind the next instruction. */
	if (test_tif(current, TIF_SINGLESTEP)) {
		current->trap_nr = TRAP_DB;
		current->trap_error = 0;
		force_sig_fault(SIGTRAP, TRAP_BRKPT, regs->rip);
	}
}

/* --- beginning and ending --- */

/* => tasklist_lock for writing, @t's siglock */
static void ptrace_link(struct task_struct *t, struct task_struct *tracer, unsigned int how)
{
	t->ptrace = how;
	t->parent = tracer;
	list_add_tail(&t->ptrace_entry, &tracer->ptraced);
}

/* ptrace.h */
void ptrace_init_task(struct task_struct *child, bool trace)
{
	INIT_LIST_HEAD(&child->ptraced);
	INIT_LIST_HEAD(&child->ptrace_entry);
	set_single_step(child, false);	/* the copy's: current goes on stepping */
	child->ptrace = 0;
	child->ptrace_message = 0;
	child->last_siginfo = NULL;
	clear_tif(child, TIF_SYSCALL_TRACE);
	if (!trace || !current->ptrace)
		return;
	ptrace_link(child, current->parent, current->ptrace & ~PT_FORCED_TF);
	if (child->ptrace & PT_SEIZED)
		child->jobctl |= JOBCTL_TRAP_STOP;
	else
		child->pending.signal |= sigmask(SIGSTOP);
	set_tif(child, TIF_SIGPENDING);
}

/* ptrace.h */
void ptrace_unlink(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;

	t->parent = t->real_parent;
	list_del_init(&t->ptrace_entry);
	spin_lock_irq(&t->sighand->siglock);
	if (!t->exit_state)	/* and with tasklist_lock held it will not be dead: it has its stack */
		set_single_step(t, false);
	t->ptrace = 0;
	clear_tif(t, TIF_SYSCALL_WORK);
	t->jobctl &= ~(unsigned int)(JOBCTL_TRAP_STOP | JOBCTL_PTRACE_FROZEN);
	/* Its process is stopped: so is it, from now on as everybody is. */
	if (!(t->flags & PF_EXITING) && !(sig->flags & SIGNAL_GROUP_EXIT) &&
	    (sig->flags & SIGNAL_STOP_STOPPED || sig->group_stop_count)) {
		if (!(t->jobctl & JOBCTL_STOP_SIGMASK))
			t->jobctl |= SIGSTOP;
		t->jobctl |= JOBCTL_STOP_PENDING;
	}
	set_tif(t, TIF_SIGPENDING);
	try_to_wake_up(t, TASK_TRACED);
	spin_unlock_irq(&t->sighand->siglock);
}

/*
 * => tasklist_lock for writing. @t goes back to its own parent; true: it is dead, and nobody will
 * wait for it: the caller releases it.
 */
static bool let_go(struct task_struct *t)
{
	struct task_struct *tracer = current;
	bool dead;

	ptrace_unlink(t);
	if (t->exit_state != EXIT_ZOMBIE)
		return false;
	dead = !thread_group_leader(t);
	if (!dead && thread_group_empty(t) && t->real_parent->signal != tracer->signal)
		dead = do_notify_parent(t, t->exit_signal);
	if (dead)
		t->exit_state = EXIT_DEAD;
	return dead;
}

/* ptrace.h */
void exit_ptrace(struct list_head *dead)
{
	struct task_struct *t, *n;

	list_for_each_entry_safe(t, n, &current->ptraced, ptrace_entry) {
		if (t->ptrace & PTRACE_O_EXITKILL << PT_OPT_SHIFT)
			send_signal(SIGKILL, NULL, t, true);
		if (let_go(t))
			list_add_tail(&t->ptrace_entry, dead);
	}
}

/* ptrace.h. A look at the parent's credentials: under its task_lock they stay. */
bool tracer_has_rights(void)
{
	struct task_struct *tracer = current->parent;
	bool has;

	task_lock(tracer);
	has = cred_has(tracer->cred, CAP_SYS_PTRACE);
	task_unlock(tracer);
	return has;
}

/* Its parent may not get more rights by it than it has. => tasklist_lock */
static bool parent_may_trace(struct task_struct *t)
{
	struct task_struct *parent = t->real_parent;
	bool may;

	task_lock(parent);
	may = !(t->cred->cap_permitted & ~parent->cred->cap_permitted) ||
	      cred_has(parent->cred, CAP_SYS_PTRACE);
	task_unlock(parent);
	return may;
}

static long ptrace_traceme(void)
{
	struct task_struct *t = current;
	long ret = -EPERM;
	bool may;

	write_lock(&tasklist_lock);
	may = !(t->real_parent->flags & PF_KTHREAD) && parent_may_trace(t);
	spin_lock_irq(&t->sighand->siglock);
	if (!t->ptrace && may) {
		ret = 0;
		if (!(t->real_parent->flags & PF_EXITING))
			ptrace_link(t, t->real_parent, PT_PTRACED);
	}
	spin_unlock_irq(&t->sighand->siglock);
	write_unlock(&tasklist_lock);
	return ret;
}

/* => siglock. A task that is stopped stops again, as a traced one. */
static void retrap_stopped(struct task_struct *t)
{
	if (!(t->__state & TASK_STOPPED))
		return;
	t->jobctl = (t->jobctl & ~(unsigned int)JOBCTL_STOP_SIGMASK) | SIGSTOP | JOBCTL_STOP_PENDING;
	set_tif(t, TIF_SIGPENDING);
	try_to_wake_up(t, TASK_STOPPED);
}

/*
 * May current trace @t? 0, with tasklist_lock for writing: @t has the credentials that were asked.
 * Otherwise an execve or a setuid came in between. -EPERM
 */
static long lock_allowed(struct task_struct *t)
{
	for (;;) {
		const struct cred *cred = get_task_cred(t);	/* held: no other has its address */
		bool may = ptrace_may_access_real(t), same = false;

		if (may) {
			write_lock(&tasklist_lock);
			same = READ_ONCE(t->cred) == cred;
			if (!same)
				write_unlock(&tasklist_lock);
		}
		put_cred(cred);
		if (!may || same)
			return may ? 0 : -EPERM;
	}
}

static long ptrace_attach(struct task_struct *t, bool seize, unsigned long options)
{
	unsigned int how = PT_PTRACED;
	long ret = -EPERM;

	if (seize) {
		if (options & ~(unsigned long)PTRACE_O_MASK)
			return -EIO;
		how |= PT_SEIZED | (unsigned int)options << PT_OPT_SHIFT;
	}
	if (t->flags & PF_KTHREAD || t->signal == current->signal || lock_allowed(t))
		return -EPERM;
	if (!t->exit_state && !t->ptrace) {
		spin_lock_irq(&t->sighand->siglock);
		ptrace_link(t, current, how);
		if (!seize)
			send_signal_locked(SIGSTOP, NULL, t, false, true);
		retrap_stopped(t);
		spin_unlock_irq(&t->sighand->siglock);
		ret = 0;
	}
	write_unlock(&tasklist_lock);
	return ret;
}

static long ptrace_detach(struct task_struct *t, unsigned long sig)
{
	bool dead;

	if (sig > NSIG)
		return -EIO;
	write_lock(&tasklist_lock);
	if (!t->ptrace || t->parent != current) {
		write_unlock(&tasklist_lock);
		return -ESRCH;
	}
	t->exit_code = sig;
	dead = let_go(t);
	write_unlock(&tasklist_lock);
	if (dead)
		release_task(t);
	return 0;
}

/* --- the tracer: what it may ask of a stopped task --- */

/*
 * Our tracee, stopped; frozen until thaw(), off its CPU. @any: it need not be stopped, and is not
 * frozen. 0, -ESRCH
 */
static long freeze(struct task_struct *t, bool any)
{
	long ret = -ESRCH;

	read_lock(&tasklist_lock);
	if (t->ptrace && t->parent == current) {
		spin_lock_irq(&t->sighand->siglock);
		if (any) {
			ret = 0;
		} else if (t->__state & TASK_TRACED && !(t->pending.signal & sigmask(SIGKILL))) {
			t->jobctl |= JOBCTL_PTRACE_FROZEN;
			ret = 0;
		}
		spin_unlock_irq(&t->sighand->siglock);
	}
	read_unlock(&tasklist_lock);
	while (!ret && !any && __atomic_load_n((int *)&t->on_cpu, __ATOMIC_ACQUIRE))
		cpu_relax();
	return ret;
}

static void thaw(struct task_struct *t)
{
	unsigned long flags;

	if (!lock_task_sighand(t, &flags))
		return;
	if (t->jobctl & JOBCTL_PTRACE_FROZEN) {
		t->jobctl &= ~(unsigned int)JOBCTL_PTRACE_FROZEN;
		if (t->pending.signal & sigmask(SIGKILL))
			try_to_wake_up(t, TASK_TRACED);
	}
	unlock_task_sighand(t, flags);
}

/* Lets it go on: to the next signal, system call or instruction. */
static long ptrace_resume(struct task_struct *t, long request, unsigned long sig)
{
	unsigned long flags;

	if (sig > NSIG)
		return -EIO;
	if (!lock_task_sighand(t, &flags))
		return -ESRCH;
	if (request == PTRACE_SYSCALL)
		set_tif(t, TIF_SYSCALL_TRACE);
	else
		clear_tif(t, TIF_SYSCALL_TRACE);
	set_single_step(t, request == PTRACE_SINGLESTEP);
	t->exit_code = sig;
	t->jobctl &= ~(unsigned int)JOBCTL_PTRACE_FROZEN;
	try_to_wake_up(t, TASK_TRACED);
	unlock_task_sighand(t, flags);
	return 0;
}

static long ptrace_access(struct task_struct *t, unsigned long addr, u64 *word, unsigned int how)
{
	struct mm_struct *mm = get_task_mm(t);
	int n = 0;

	if (mm) {
		/* A tracee may have executed a file that its tracer may not read. */
		if (get_dumpable(mm) == SUID_DUMP_USER || capable(CAP_SYS_PTRACE))
			n = access_remote_vm(mm, addr, word, sizeof(*word), how | FOLL_FORCE);
		mmput(mm);
	}
	return n == sizeof(*word) ? 0 : -EIO;
}

static long ptrace_peek(struct task_struct *t, long request, unsigned long addr, u64 __user *to)
{
	u64 word = 0;
	long ret = request == PTRACE_PEEKUSR ? ptrace_peek_user(t, addr, &word)
					     : ptrace_access(t, addr, &word, 0);

	return ret ? ret : put_user(word, to);
}

static long ptrace_setoptions(struct task_struct *t, unsigned long options)
{
	if (options & ~(unsigned long)PTRACE_O_MASK)
		return -EINVAL;
	spin_lock_irq(&t->sighand->siglock);
	t->ptrace = (t->ptrace & ~((unsigned int)PTRACE_O_MASK << PT_OPT_SHIFT)) |
		    (unsigned int)options << PT_OPT_SHIFT;
	spin_unlock_irq(&t->sighand->siglock);
	return 0;
}

/* The siginfo of the signal that @t stopped for; EINVAL: it was none. */
static long ptrace_siginfo(struct task_struct *t, struct siginfo *info, bool set)
{
	long ret = -EINVAL;

	spin_lock_irq(&t->sighand->siglock);
	if (t->last_siginfo) {
		*(set ? t->last_siginfo : info) = *(set ? info : t->last_siginfo);
		ret = 0;
	}
	spin_unlock_irq(&t->sighand->siglock);
	return ret;
}

static long ptrace_getsiginfo(struct task_struct *t, void __user *to)
{
	struct siginfo info;
	long ret = ptrace_siginfo(t, &info, false);

	if (!ret && copy_to_user(to, &info, sizeof(info)))
		ret = -EFAULT;
	return ret;
}

static long ptrace_setsiginfo(struct task_struct *t, const void __user *from)
{
	struct siginfo info;

	return copy_from_user(&info, from, sizeof(info)) ? -EFAULT : ptrace_siginfo(t, &info, true);
}

/* @size: sizeof(sigset_t), as of rt_sigprocmask. */
static long ptrace_sigmask(struct task_struct *t, unsigned long size, u64 __user *user, bool set)
{
	u64 mask = t->blocked;

	if (size != sizeof(mask))
		return -EINVAL;
	if (!set)
		return put_user(mask, user);
	if (get_user(mask, user))
		return -EFAULT;
	spin_lock_irq(&t->sighand->siglock);
	t->blocked = mask & ~SIG_SET_ONLY;
	spin_unlock_irq(&t->sighand->siglock);
	return 0;
}

static long ptrace_fpregs(struct task_struct *t, void __user *user, bool set)
{
	return set ? fpu_set_legacy(t->fpu, user) : fpu_get_legacy(t->fpu, user);
}

static long ptrace_regset(struct task_struct *t, unsigned long type, struct iovec __user *uiov,
			  bool set)
{
	struct iovec iov;
	long ret;

	if (copy_from_user(&iov, uiov, sizeof(iov)))
		return -EFAULT;
	if (type == NT_PRFPREG) {
		if (iov.iov_len < FPU_LEGACY_SIZE)
			return -EINVAL;
		iov.iov_len = FPU_LEGACY_SIZE;
		ret = ptrace_fpregs(t, iov.iov_base, set);
	} else if (type == NT_PRSTATUS && !(iov.iov_len % sizeof(u64))) {
		iov.iov_len = MIN(iov.iov_len, sizeof(struct user_regs_struct));
		ret = set ? ptrace_set_regs(t, iov.iov_base, iov.iov_len)
			  : ptrace_get_regs(t, iov.iov_base, iov.iov_len);
	} else {
		return -EINVAL;
	}
	return ret ? ret : put_user(iov.iov_len, &uiov->iov_len);
}

/* => @t is frozen */
static long ptrace_request(struct task_struct *t, long request, unsigned long addr,
			   unsigned long data)
{
	void __user *user = (void __user *)data;
	const size_t all = sizeof(struct user_regs_struct);

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
	case PTRACE_PEEKUSR:
		return ptrace_peek(t, request, addr, user);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return ptrace_access(t, addr, &data, FOLL_WRITE);
	case PTRACE_POKEUSR:
		return ptrace_poke_user(t, addr, data);
	case PTRACE_GETREGS:
		return ptrace_get_regs(t, user, all);
	case PTRACE_SETREGS:
		return ptrace_set_regs(t, user, all);
	case PTRACE_GETFPREGS:
	case PTRACE_SETFPREGS:
		return ptrace_fpregs(t, user, request == PTRACE_SETFPREGS);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return ptrace_regset(t, addr, user, request == PTRACE_SETREGSET);
	case PTRACE_SETOPTIONS:
		return ptrace_setoptions(t, data);
	case PTRACE_GETEVENTMSG:
		return put_user(t->ptrace_message, (u64 __user *)user);
	case PTRACE_GETSIGINFO:
		return ptrace_getsiginfo(t, user);
	case PTRACE_SETSIGINFO:
		return ptrace_setsiginfo(t, user);
	case PTRACE_GETSIGMASK:
	case PTRACE_SETSIGMASK:
		return ptrace_sigmask(t, addr, user, request == PTRACE_SETSIGMASK);
	case PTRACE_GET_SYSCALL_INFO:
		return ptrace_syscall_info(t, addr, user);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
		return ptrace_resume(t, request, data);
	case PTRACE_DETACH:
		return ptrace_detach(t, data);
	}
	return -EIO;
}

/* What a running tracee can be asked, too. */
static long ptrace_interrupt(struct task_struct *t)
{
	unsigned long flags;

	if (!(t->ptrace & PT_SEIZED))
		return -EIO;
	if (!lock_task_sighand(t, &flags))
		return -ESRCH;
	t->jobctl |= JOBCTL_TRAP_STOP;
	signal_wake_up(t, false);
	unlock_task_sighand(t, flags);
	return 0;
}

static long ptrace_of(struct task_struct *t, long request, unsigned long addr, unsigned long data)
{
	bool any = request == PTRACE_KILL || request == PTRACE_INTERRUPT;
	long ret;

	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
		return request == PTRACE_SEIZE && addr
			       ? -EIO
			       : ptrace_attach(t, request == PTRACE_SEIZE, data);
	ret = freeze(t, any);
	if (ret)
		return ret;
	if (request == PTRACE_INTERRUPT)
		return ptrace_interrupt(t);
	if (request == PTRACE_KILL) {
		send_signal(SIGKILL, NULL, t, false);
		return 0;
	}
	ret = ptrace_request(t, request, addr, data);
	if (ret || request != PTRACE_DETACH)	/* else it is not ours: another may have frozen it */
		thaw(t);
	return ret;
}

long sys_ptrace(long request, long pid, unsigned long addr, unsigned long data)
{
	struct task_struct *t;
	long ret;

	if (request == PTRACE_TRACEME)
		return ptrace_traceme();
	t = find_get_task(pid);
	if (!t)
		return -ESRCH;
	ret = ptrace_of(t, request, addr, data);
	put_task_struct(t);
	return ret;
}
