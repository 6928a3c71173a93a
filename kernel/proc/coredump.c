/*
 * coredump.c - core files: who may leave one, where, and how all threads hold still for it.
 *
 * Idea:   a signal whose default is a core (SIGSEGV, SIGABRT …) brings its thread here, still
 *         alive and with all of its memory, before it exits:
 *
 *           the thread that dies                   every other thread
 *             coredump_wait: SIGKILL to all ─────►   get_signal → do_exit
 *               sleeps until each is there ◄──────     coredump_task_exit: sleeps, memory and all
 *             the file: a name by core_pattern
 *             elf_core_dump(): registers, memory
 *             coredump_finish ──────────────────►      goes on to exit
 *           do_group_exit: status | 0x80
 *
 *         The process counts as exiting meanwhile, so no signal reaches it; but SIGKILL does, and
 *         ends the dump: a user's patience, or the OOM killer's, may be shorter.
 * Locks:  siglock for who waits. None while it writes.
 * Above:  signal.c (get_signal), exit.c.
 * Below:  elfcore.c: what is in the file; kernel/fs.   In Linux: fs/coredump.c.
 */
#include "kernel/proc/coredump.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/stat.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/fs_struct.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/utsname.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "mm/highmem.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"

#define CORENAME_MAX_SIZE 128	/* of the pattern; Linux's */

static char core_pattern[CORENAME_MAX_SIZE] = "core";
static int core_uses_pid;
int suid_dumpable;		/* dumpable.h */

/* With 2, a set-id program's core is root's: its place must not be the user's choice. */
static void validate_coredump_safety(void)
{
	if (suid_dumpable == SUID_DUMP_ROOT && core_pattern[0] != '/')
		pr_warn("Unsafe core_pattern used with fs.suid_dumpable=2.\n"
			"Pipe handler or fully qualified core dump path required.\n"
			"Set kernel.core_pattern before fs.suid_dumpable.\n");
}

/* Up to a newline. A program to pipe cores to ("|/bin/x") is refused: nobody would start it. */
static kssize_t core_pattern_write(const struct ctl_sysctl *ctl, char *buf, size_t len)
{
	size_t n = MIN(strcspn(buf, "\n"), sizeof(core_pattern) - 1);

	if (buf[0] == '|')
		return -EINVAL;
	memcpy(core_pattern, buf, n);
	core_pattern[n] = '\0';
	return len;
}
CTL_SYSCTL("kernel.core_pattern", .mode = 0644, .type = CTL_STRING, .data = core_pattern,
	   .len = CORENAME_MAX_SIZE, .write = core_pattern_write,
	   .after = validate_coredump_safety);
CTL_SYSCTL_INT("kernel.core_uses_pid", core_uses_pid, 0, 0);
CTL_SYSCTL_INT("fs.suid_dumpable", suid_dumpable, 0, SUID_DUMP_ROOT,
	       .after = validate_coredump_safety);

/* --- the name --- */

struct corename { char *buf; size_t used; bool overflow; };	/* buf: PATH_MAX */

static __printf(2, 3) void cn_printf(struct corename *cn, const char *fmt, ...)
{
	size_t room = PATH_MAX - cn->used;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(cn->buf + cn->used, room, fmt, args);
	va_end(args);
	if ((size_t)n >= room)
		cn->overflow = true;
	else
		cn->used += n;
}

/* Text that the process chose: no way to another directory. */
static void cn_escaped(struct corename *cn, const char *text)
{
	size_t start = cn->used;
	char *s;

	cn_printf(cn, "%s", *text ? text : "!");
	s = cn->buf + start;
	if (!strcmp(s, ".") || !strcmp(s, ".."))
		*s = '!';
	while ((s = strchr(s, '/')))
		*s = '!';
}

/* The program's path, or (@last) its last component. */
static void cn_exe_path(struct corename *cn, bool last)
{
	struct file *file = NULL;
	char *buf = alloc_name(), *path;

	spin_lock(&current->mm->arg_lock);
	if (current->mm->exe_file)
		file = get_file(current->mm->exe_file);
	spin_unlock(&current->mm->arg_lock);
	path = buf && file ? file_path(file, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	if (IS_ERR(path)) {
		cn_escaped(cn, current->comm);
		if (!last)
			cn_printf(cn, " (path unknown)");
	} else {
		cn_escaped(cn, last && strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	}
	if (file)
		fput(file);
	if (buf)
		putname(buf);
}

/* What %@c stands for; nothing if nobody knows. */
static void cn_specifier(struct corename *cn, char c, const struct coredump_params *p)
{
	const struct cred *cred = current->cred;

	switch (c) {
	case '%': cn_printf(cn, "%%"); break;
	case 'p': case 'P': cn_printf(cn, "%d", current->tgid); break;
	case 'i': case 'I': cn_printf(cn, "%d", current->pid); break;
	case 'u': cn_printf(cn, "%u", cred->uid); break;
	case 'g': cn_printf(cn, "%u", cred->gid); break;
	case 'd': cn_printf(cn, "%d", get_dumpable(p->mm)); break;
	case 's': cn_printf(cn, "%d", p->info->si_signo); break;
	case 't': cn_printf(cn, "%lld", (long long)(ktime_get_real_ns() / NSEC_PER_SEC)); break;
	case 'h': cn_escaped(cn, init_uts.nodename); break;
	case 'e': cn_escaped(cn, current->comm); break;
	case 'f': cn_exe_path(cn, true); break;
	case 'E': cn_exe_path(cn, false); break;
	case 'c': cn_printf(cn, "%lu", p->limit); break;
	}
}

/* core_pattern's text for current. 0, -ENAMETOOLONG. */
static int format_corename(struct corename *cn, const struct coredump_params *p)
{
	bool has_pid = false;
	char pattern[CORENAME_MAX_SIZE];

	strscpy(pattern, core_pattern, sizeof(pattern));
	cn->buf[0] = '\0';
	for (const char *s = pattern; *s; s++) {
		if (*s != '%') {
			cn_printf(cn, "%c", *s);
			continue;
		}
		if (!*++s)
			break;
		has_pid |= *s == 'p';
		cn_specifier(cn, *s, p);
	}
	if (core_uses_pid && !has_pid)
		cn_printf(cn, ".%d", current->tgid);
	return cn->overflow ? -ENAMETOOLONG : 0;
}

/* --- all threads hold still --- */

/* => siglock. All other threads are told to exit; how many are not past coredump_task_exit(). */
static int zap_process(struct core_state *core, int sig)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *t;
	int nr = 0;

	signal->flags = (signal->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
	signal->group_exit_code = sig;
	signal->group_stop_count = 0;
	signal->core_state = core;
	for_each_thread(current, t) {
		t->jobctl &= ~(JOBCTL_PENDING_MASK | JOBCTL_STOP_CONSUME);
		if (t == current || t->flags & PF_POSTCOREDUMP)
			continue;
		t->pending.signal |= sigmask(SIGKILL);
		signal_wake_up(t, true);
		nr++;
	}
	return nr;
}

/*
 * From here on nobody else runs in the process. 0; -EAGAIN: it is exiting already, or another of
 * its threads dumps.
 */
static int coredump_wait(struct core_state *core, int sig)
{
	struct signal_struct *signal = current->signal;
	struct core_thread *w;

	core->waiters = NULL;
	init_completion(&core->startup);
	spin_lock_irq(&current->sighand->siglock);
	if (signal->flags & SIGNAL_GROUP_EXIT || signal->group_exec_task) {
		spin_unlock_irq(&current->sighand->siglock);
		return -EAGAIN;
	}
	core->nr_threads = zap_process(core, sig);
	clear_tif(current, TIF_SIGPENDING);	/* nothing but SIGKILL comes now */
	current->flags |= PF_DUMPCORE;
	spin_unlock_irq(&current->sighand->siglock);
	if (core->nr_threads)
		wait_for_completion(&core->startup, "coredump_wait");
	for (w = core->waiters; w; w = w->next)
		wait_task_inactive(w->task);	/* its registers are in memory then */
	return 0;
}

/* The others go on to their end. @dumped: the parent is told of a core. */
static void coredump_finish(struct core_state *core, bool dumped)
{
	struct core_thread *w, *next;

	spin_lock_irq(&current->sighand->siglock);
	if (dumped && !(current->pending.signal & sigmask(SIGKILL)))
		current->signal->group_exit_code |= 0x80;
	next = core->waiters;
	current->signal->core_state = NULL;
	spin_unlock_irq(&current->sighand->siglock);
	while ((w = next)) {
		struct task_struct *t = w->task;

		next = w->next;
		/* From this store on @w, on its thread's stack, may be gone. */
		__atomic_store_n(&w->task, NULL, __ATOMIC_RELEASE);
		wake_up_process(t);
		put_task_struct(t);
	}
}

/* coredump.h */
void coredump_task_exit(struct task_struct *t)
{
	struct core_thread self = { .task = NULL };
	struct core_state *core;

	spin_lock_irq(&t->sighand->siglock);
	t->flags |= PF_POSTCOREDUMP;
	core = t->signal->core_state;
	/* Who leaves by itself (exit(2)) has registers that tell nothing: it is not waited for. */
	if (core && t->flags & PF_SIGNALED) {
		self.task = get_task_struct(t);
		self.next = core->waiters;
		core->waiters = &self;
	}
	spin_unlock_irq(&t->sighand->siglock);
	if (!core)
		return;
	if (!--core->nr_threads)
		complete(&core->startup);
	for (;;) {
		t->__state = TASK_UNINTERRUPTIBLE;
		if (!__atomic_load_n(&self.task, __ATOMIC_ACQUIRE))
			break;
		schedule_waiting("coredump_task_exit");
	}
	t->__state = TASK_RUNNING;
}

/* --- the file --- */

/* coredump.h */
bool dump_emit(struct coredump_params *p, const void *data, size_t len)
{
	p->hole = false;
	if (p->written + len > p->limit || fatal_signal_pending(current))
		return false;
	if (limit_file_size(p->file, p->pos, len) != (kssize_t)len)	/* RLIMIT_FSIZE */
		return false;
	if (kernel_write(p->file, data, len, &p->pos) != (kssize_t)len)
		return false;
	p->written += len;
	return true;
}

/* coredump.h */
void dump_skip(struct coredump_params *p, size_t len)
{
	p->pos += len;
	p->hole |= len;
}

/* coredump.h */
bool dump_user_page(struct coredump_params *p, struct page *page)
{
	char *data;
	bool done;

	if (!page) {
		dump_skip(p, PAGE_SIZE);
		return !fatal_signal_pending(current);
	}
	data = kmap_local_page(page);
	done = dump_emit(p, data, PAGE_SIZE);
	kunmap_local(data);
	return done;
}

/* A hole at the end becomes part of the file by its last byte: else gdb takes it for cut off. */
static void end_file(struct coredump_params *p)
{
	if (!p->hole)
		return;
	p->pos--;
	dump_emit(p, "", 1);
}

/* Is it a fresh file of ours that nobody else can look into? */
static bool file_is_safe(struct file *file, const char *name)
{
	struct inode *inode = file->f_inode;

	if (inode->i_nlink > 1 || !S_ISREG(inode->i_mode) || !file->f_mapping)
		return false;
	if (inode->i_uid != current->cred->fsuid) {
		pr_info_ratelimited("Core dump to %s aborted: cannot preserve file owner\n", name);
		return false;
	}
	if ((inode->i_mode & 0677) != 0600) {
		pr_info_ratelimited("Core dump to %s aborted: cannot preserve file permissions\n",
				    name);
		return false;
	}
	return true;
}

/* A process in a root of its own would say where root's file goes. */
static bool has_inits_root(void)
{
	struct task_struct *init = find_get_task(1);
	struct path mine, inits;
	bool same = false;

	if (!init)
		return false;
	if (!task_fs_path(init, true, &inits)) {
		if (!task_fs_path(current, true, &mine)) {
			same = mine.dentry == inits.dentry && mine.mnt == inits.mnt;
			path_put(&mine);
		}
		path_put(&inits);
	}
	put_task_struct(init);
	return same;
}

/* => @name made by format_corename(). NULL: none is to be written. */
static struct file *open_core_file(const char *name, bool as_root)
{
	const int flags = O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_EXCL;
	struct file *file;

	if (as_root && (name[0] != '/' || !has_inits_root())) {
		pr_warn("Pid %d(%s) can only dump core to fully qualified path!\n", current->tgid,
			current->comm);
		pr_warn("Skipping core dump\n");
		return NULL;
	}
	if (!as_root)
		do_unlinkat(AT_FDCWD, name);	/* an old one, if there is one */
	file = filp_open(name, flags, 0600);
	if (IS_ERR(file))
		return NULL;
	if (file_is_safe(file, name))
		return file;
	fput(file);
	return NULL;
}

/* With all threads still. True: there is a core file. */
static bool write_core(struct coredump_params *p, bool as_root)
{
	struct corename cn = { .buf = alloc_name() };
	bool dumped = false;

	if (!cn.buf)
		return false;
	if (!format_corename(&cn, p) && p->limit >= PAGE_SIZE) {
		p->file = open_core_file(cn.buf, as_root);
		if (p->file) {
			if (!fatal_signal_pending(current)) {
				dumped = elf_core_dump(p);
				end_file(p);
			}
			fput(p->file);
		}
	}
	putname(cn.buf);
	return dumped;
}

/* coredump.h */
void do_coredump(const struct siginfo *info)
{
	struct mm_struct *mm = current->mm;
	struct coredump_params p = {
		.info = info, .mm = mm, .limit = rlimit(RLIMIT_CORE), .filter = mm->flags,
	};
	bool as_root = get_dumpable(mm) == SUID_DUMP_ROOT;
	const struct cred *old = NULL;
	struct core_state core;
	struct cred *root;

	if (!get_dumpable(mm))
		return;
	root = as_root ? prepare_creds() : NULL;
	if (as_root && !root)
		return;
	if (coredump_wait(&core, info->si_signo)) {
		if (root)
			put_cred(root);
		return;
	}
	p.core = &core;
	if (root) {
		root->fsuid = 0;
		old = fs_override_creds(root);
	}
	coredump_finish(&core, write_core(&p, as_root));
	if (root) {
		fs_revert_creds(old);
		put_cred(root);
	}
}

/* --- /proc/<pid>/coredump_filter --- */

static int coredump_filter_show(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);

	if (!mm)
		return 0;
	seq_printf(m, "%08lx\n", (mm->flags & MMF_DUMP_FILTER_MASK) >> MMF_DUMP_FILTER_SHIFT);
	mmput(mm);
	return 0;
}

static kssize_t coredump_filter_write(struct task_struct *t, char *buf, size_t len)
{
	struct mm_struct *mm;
	unsigned int value;
	int err;

	buf[MIN(len, (size_t)KSTRTO_INT_MAX)] = 0;
	err = kstrtouint(buf, 0, &value);
	if (err)
		return err;
	mm = get_task_mm(t);
	if (!mm)
		return -ESRCH;
	set_mm_flags(mm, MMF_DUMP_FILTER_MASK,
		     (unsigned long)value << MMF_DUMP_FILTER_SHIFT & MMF_DUMP_FILTER_MASK);
	mmput(mm);
	return len;
}
CTL_PID_FILE("coredump_filter", .mode = 0644, .show = coredump_filter_show,
	     .write = coredump_filter_write);
