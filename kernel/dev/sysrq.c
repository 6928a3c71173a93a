/*
 * sysrq.c - the keys of last resort: Alt-SysRq-key, break and a key on the serial line,
 *           /proc/sysrq-trigger.
 *
 * Idea:   a table from key to function. The trigger file may do everything;
 *         at the keyboard the bits of kernel.sysrq say what is allowed. What
 *         needs locks that an interrupt may not take runs on the worker.
 * Locks:  none of its own.
 * Above:  keyboard.c, serial.c, whoever writes the trigger file.
 * In Linux: drivers/tty/sysrq.c, Documentation/admin-guide/sysrq.rst.
 */
#include <stdatomic.h>

#include "kernel/abi/errno.h"
#include "kernel/dev/tty.h"
#include "kernel/fs/sync.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/dumpstack.h"
#include "kernel/x86/irq.h"
#include "kernel/x86/process.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/smp.h"
#include "mm/oom_kill.h"
#include "mm/show_mem.h"

/* Bits of kernel.sysrq: what the keyboard may do. 1 alone: everything; 438 is Debian's default. */
enum sysrq_mask {
	SYSRQ_LOG = 2,
	SYSRQ_KEYBOARD = 4,
	SYSRQ_DUMP = 8,
	SYSRQ_SYNC = 0x10,
	SYSRQ_SIGNAL = 0x40,
	SYSRQ_BOOT = 0x80,
	SYSRQ_RTNICE = 0x100
};
static int sysrq_enabled = 438;
CTL_SYSCTL_INT("kernel.sysrq", sysrq_enabled, 0, 0);

struct sysrq_key {
	char key, last;			/* a range of keys; last 0: just one */
	const char *help;		/* NULL: not listed */
	const char *action;		/* the line that announces it */
	int mask;
	bool any_context;		/* false: needs process context */
	void (*run)(char key);
};

/* --- what the keys do --- */

static void key_loglevel(char key)
{
	console_loglevel = key - '0';
	pr_info("sysrq: Loglevel set to %d\n", console_loglevel);
}

static void key_reboot(char key) { machine_restart(); }
static void key_power_off(char key) { machine_power_off(); }
static void key_crash(char key) { panic("sysrq triggered crash\n"); }
static void key_show_mem(char key) { show_mem(0, NULL, GFP_HIGHUSER); }
static void key_oom(char key) { sysrq_oom(); }
static void key_show_tasks(char key) { show_state(); }
static void key_show_cpus(char key) { show_all_cpus(); }

/* The registers that matter to whoever looks: those of the interrupted program. */
static void key_show_regs(char key)
{
	if (current->mm)
		show_regs(task_pt_regs(current));
	else
		dump_stack();
}

/* Everybody but kernel threads and init. */
static void signal_all(int sig)
{
	struct task_struct *p;

	read_lock(&tasklist_lock);
	for_each_process(p)
		if (!(p->flags & PF_KTHREAD) && p->tgid != 1)
			do_send_sig_info_group(p, sig);
	read_unlock(&tasklist_lock);
}
static void key_term(char key) { signal_all(SIGTERM); console_loglevel = 8; }
static void key_kill(char key) { signal_all(SIGKILL); console_loglevel = 8; }

static void key_sync(char key)
{
	ksys_sync();
	pr_info("Emergency Sync complete\n");
}

/* Tasks that sleep where no signal reaches them. */
static void key_show_blocked(char key)
{
	struct task_struct *p, *t;

	read_lock(&tasklist_lock);
	for_each_process(p)
		for_each_thread(p, t)
			if (t->__state & TASK_UNINTERRUPTIBLE)
				show_task(t);
	read_unlock(&tasklist_lock);
}

/* --- the table --- */

static const struct sysrq_key keys[] = {
	{ '0', '9', "loglevel(0-9)", "Changing Loglevel", SYSRQ_LOG, true, key_loglevel },
	{ 'b', 0, "reboot(b)", "Resetting", SYSRQ_BOOT, true, key_reboot },
	{ 'c', 0, "crash(c)", "Trigger a crash", SYSRQ_DUMP, true, key_crash },
	{ 'e', 0, "terminate-all-tasks(e)", "Terminate All Tasks", SYSRQ_SIGNAL, false, key_term },
	{ 'f', 0, "memory-full-oom-kill(f)", "Manual OOM execution", SYSRQ_SIGNAL, true, key_oom },
	{ 'i', 0, "kill-all-tasks(i)", "Kill All Tasks", SYSRQ_SIGNAL, false, key_kill },
	{ 'l', 0, "show-backtrace-all-active-cpus(l)", "Show backtrace of all active CPUs",
	  SYSRQ_DUMP, true, key_show_cpus },
	{ 'm', 0, "show-memory-usage(m)", "Show Memory", SYSRQ_DUMP, true, key_show_mem },
	{ 'o', 0, "poweroff(o)", "Power Off", SYSRQ_BOOT, false, key_power_off },
	{ 'p', 0, "show-registers(p)", "Show Regs", SYSRQ_DUMP, true, key_show_regs },
	{ 's', 0, "sync(s)", "Emergency Sync", SYSRQ_SYNC, false, key_sync },
	{ 't', 0, "show-task-states(t)", "Show State", SYSRQ_DUMP, false, key_show_tasks },
	{ 'w', 0, "show-blocked-tasks(w)", "Show Blocked State", SYSRQ_DUMP, false,
	  key_show_blocked },
};

static const struct sysrq_key *find_key(char key)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (key == keys[i].key ||
		    (keys[i].last && key >= keys[i].key && key <= keys[i].last))
			return &keys[i];
	return NULL;
}

static void show_help(void)
{
	pr_info("sysrq: HELP : ");
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		pr_cont("%s ", keys[i].help);
	pr_cont("\n");
}

/* Keys from interrupts that need process context; the worker takes them. */
static _Atomic char deferred_key;
static void run_deferred(struct work_struct *work)
{
	char key = atomic_exchange(&deferred_key, 0);
	const struct sysrq_key *k = key ? find_key(key) : NULL;

	if (k)
		k->run(key);
}
static struct work_struct sysrq_work = WORK_INIT(sysrq_work, run_deferred);

/*
 * The announcement is shown whatever the console's level is, as on Linux; the
 * rest comes at the level that was set.
 */
static void handle_key(char key, bool check_mask)
{
	const struct sysrq_key *k = find_key(key);
	int saved = console_loglevel;

	console_loglevel = CONSOLE_LOGLEVEL_DEFAULT;
	if (!k) {
		show_help();
		console_loglevel = saved;
		return;
	}
	if (check_mask && sysrq_enabled != 1 && !(sysrq_enabled & k->mask)) {
		pr_info("sysrq: This sysrq operation is disabled.\n");
		console_loglevel = saved;
		return;
	}
	pr_info("sysrq: %s\n", k->action);
	console_loglevel = saved;
	if (k->any_context || !check_mask) {
		k->run(key);
	} else {
		deferred_key = key;
		schedule_work(&sysrq_work);
	}
}

void handle_sysrq(char key)
{
	if (sysrq_enabled)
		handle_key(key, true);
}

/* Only the first character counts. kernel.sysrq does not: the file's mode is the protection. */
static kssize_t write_trigger(char *buf, size_t len)
{
	if (len)
		handle_key(buf[0], false);
	return len;
}
CTL_FILE("/proc/sysrq-trigger", .mode = 0200, .write = write_trigger);
