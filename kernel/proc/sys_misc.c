/*
 * sys_misc.c - the system as a whole: its name, how it does, its log, its end.
 *
 * Locks:  uts_lock for the names that can be set.
 * Above:  the system call table.   In Linux: kernel/sys.c, kernel/reboot.c, kernel/printk,
 * drivers/char/random.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/reboot.h"
#include "kernel/abi/sysinfo.h"
#include "kernel/abi/utsname.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/proc/utsname.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/reboot.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/uaccess.h"
#include "mm/mm_types.h"
#include "mm/mmzone.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/swapfile.h"
#include "mm/vmstat.h"

#define ALL_TAINTS ((1UL << 19) - 1)	/* Linux 6.1's, P to N */

static spinlock_t uts_lock = SPINLOCK_INIT(LOCK_FILES);

/* Brink's own name and version stand where Linux shows its build: /proc/version and uname -v. */
struct new_utsname init_uts = {
	.sysname = "Linux",
	.nodename = "(none)",
	.release = UTS_RELEASE,
	.version = UTS_VERSION,
	.machine = "x86_64",
	.domainname = "(none)",
};

CTL_SYSCTL("kernel.ostype", .mode = 0444, .type = CTL_STRING, .data = init_uts.sysname, .len = 65);
CTL_SYSCTL("kernel.osrelease", .mode = 0444, .type = CTL_STRING, .data = init_uts.release,
	   .len = 65);
CTL_SYSCTL("kernel.version", .mode = 0444, .type = CTL_STRING, .data = init_uts.version, .len = 65);
CTL_SYSCTL("kernel.hostname", .mode = 0644, .type = CTL_STRING, .data = init_uts.nodename,
	   .len = 65);
CTL_SYSCTL("kernel.domainname", .mode = 0644, .type = CTL_STRING, .data = init_uts.domainname,
	   .len = 65);

const char brink_banner[] = "Linux version " UTS_RELEASE " (Brink " BRINK_VERSION ") " UTS_VERSION;

static int version_show(struct seq_file *m)
{
	seq_printf(m, "%s\n", brink_banner);
	return 0;
}

static int tainted_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	seq_printf(m, "%lu\n", (unsigned long)kernel_tainted);
	return 0;
}

/* Bits can be added, by the administrator, and are never taken away. */
static unsigned long written_taints;
static int may_taint(long *bits)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}
static void add_taints(void)
{
	kernel_tainted |= READ_ONCE(written_taints) & ALL_TAINTS;
}
CTL_SYSCTL("kernel.tainted", .mode = 0644, .type = CTL_ULONG, .data = &written_taints, .len = 1,
	   .show = tainted_show, .check = may_taint, .after = add_taints);

/* What cannot be changed, for those who ask. */
static const int ngroups_max = NGROUPS_MAX, cap_last_cap = CAP_LAST_CAP;
CTL_SYSCTL("kernel.ngroups_max", .mode = 0444, .type = CTL_INT, .data = (void *)&ngroups_max,
	   .len = 1);
CTL_SYSCTL("kernel.cap_last_cap", .mode = 0444, .type = CTL_INT, .data = (void *)&cap_last_cap,
	   .len = 1);

CTL_FILE("/proc/version", .mode = 0444, .show = version_show);

long sys_uname(struct new_utsname __user *name)
{
	struct new_utsname copy;

	spin_lock(&uts_lock);
	copy = init_uts;
	spin_unlock(&uts_lock);
	return copy_to_user(name, &copy, sizeof(copy)) ? -EFAULT : 0;
}

static long set_uts_name(char *field, const char __user *uname, int len)
{
	char name[__NEW_UTS_LEN + 1] = "";

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(name, uname, len))
		return -EFAULT;
	spin_lock(&uts_lock);
	memcpy(field, name, sizeof(name));
	spin_unlock(&uts_lock);
	return 0;
}

long sys_sethostname(const char __user *name, int len)
{
	return set_uts_name(init_uts.nodename, name, len);
}
long sys_setdomainname(const char __user *name, int len)
{
	return set_uts_name(init_uts.domainname, name, len);
}

/* Free pages, and what of them and of all is HighMem: one walk of the zones. */
static void sum_zones(struct sysinfo *info)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		unsigned long bytes = zone_page_state(zone, NR_FREE_PAGES) * PAGE_SIZE;

		info->freeram += bytes;
		if (is_highmem(zone)) {
			info->freehigh += bytes;
			info->totalhigh += zone->managed_pages * PAGE_SIZE;
		}
	}
}

long sys_sysinfo(struct sysinfo __user *uinfo)
{
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	info.uptime = DIV_ROUND_UP(ktime_get_ns(), (u64)NSEC_PER_SEC);
	get_avenrun(info.loads);
	for (int i = 0; i < 3; i++)
		info.loads[i] <<= SI_LOAD_SHIFT - 11;	/* FSHIFT */
	info.procs = nr_tasks();
	info.totalram = totalram_pages() * PAGE_SIZE;
	sum_zones(&info);
	info.sharedram = global_node_page_state(NR_SHMEM) * PAGE_SIZE;
	info.bufferram = nr_blockdev_pages ? nr_blockdev_pages() * PAGE_SIZE : 0;
	info.totalswap = total_swap_pages * PAGE_SIZE;
	info.freeswap = MAX(get_nr_swap_pages(), 0L) * PAGE_SIZE;
	info.mem_unit = 1;
	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4

long sys_getrandom(char __user *buf, size_t len, unsigned int flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (size_t)INT32_MAX);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk));

		get_random_bytes(chunk, n);
		if (copy_to_user(buf + done, chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (signal_pending(current) && done < len)
			break;
		cond_resched();
	}
	return done;
}

static bool reboot_magic_valid(int magic1, int magic2)
{
	return (u32)magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

long sys_reboot(int magic1, int magic2, unsigned int cmd, void __user *arg)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!reboot_magic_valid(magic1, magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		machine_restart();
	case LINUX_REBOOT_CMD_HALT:
		machine_halt();
	case LINUX_REBOOT_CMD_POWER_OFF:
		machine_power_off();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;	/* there is no Ctrl-Alt-Del to switch */
	}
	return -EINVAL;
}

/* --- syslog(2), klogctl(3) --- */

enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER
};

static long syslog_to_user(char __user *ubuf, int len, int type)
{
	size_t size = MIN((size_t)len, syslog_buffer_size());
	char *buf;
	long n;

	if (!ubuf || len < 0)
		return -EINVAL;
	if (!len)
		return 0;
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (type == SYSLOG_READ) {
		while (!(n = syslog_read(buf, size))) {
			/* Nobody wakes readers of this old interface: it looks now and then. */
			current->__state = TASK_INTERRUPTIBLE;
			schedule_timeout_ns(100 * NSEC_PER_MSEC, "syslog");
			if (signal_pending(current)) {
				n = -ERESTARTSYS;
				break;
			}
		}
	} else {
		n = syslog_read_all(buf, size, type == SYSLOG_READ_CLEAR);
	}
	if (n > 0 && copy_to_user(ubuf, buf, n))
		n = -EFAULT;
	kvfree(buf);
	return n;
}

long sys_syslog(int type, char __user *buf, int len)
{
	static int saved_level = -1;

	if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE_BUFFER && !capable(CAP_SYSLOG) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return syslog_to_user(buf, len, type);
	case SYSLOG_CLEAR:
		syslog_clear();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		if (saved_level == -1)
			saved_level = console_loglevel;
		console_loglevel = minimum_console_loglevel;
		return 0;
	case SYSLOG_CONSOLE_ON:
		if (saved_level != -1)
			console_loglevel = saved_level;
		saved_level = -1;
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		console_loglevel = MAX(len, minimum_console_loglevel);
		saved_level = -1;
		return 0;
	case SYSLOG_SIZE_UNREAD:
		return syslog_unread();
	case SYSLOG_SIZE_BUFFER:
		return syslog_buffer_size();
	}
	return -EINVAL;
}

/* --- membarrier(2): every CPU passes through a full barrier --- */

enum {
	MEMBARRIER_QUERY = 0,
	MEMBARRIER_GLOBAL = 1 << 0,
	MEMBARRIER_GLOBAL_EXPEDITED = 1 << 1,
	MEMBARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
	MEMBARRIER_PRIVATE = 1 << 3,
	MEMBARRIER_REGISTER_PRIVATE = 1 << 4,
	MEMBARRIER_PRIVATE_SYNC_CORE = 1 << 5,
	MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE = 1 << 6,
	MEMBARRIER_ALL = (1 << 7) - 1
};

static void ipi_mb(void *unused) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
/* CPUID also makes a CPU forget what it fetched: SDM vol. 3, 8.3 */
static void ipi_sync_core(void *unused) { cpuid(0, 0); }

/* One that needs to be asked for first, by this process: -EPERM if it was not. */
static long membarrier_registered(int cmd, int registration)
{
	if (!(current->mm->membarrier_state & (unsigned int)registration))
		return -EPERM;
	on_each_cpu(cmd == MEMBARRIER_PRIVATE_SYNC_CORE ? ipi_sync_core : ipi_mb, NULL);
	return 0;
}

/* Brink reaches all CPUs with each kind; Linux leaves out those that run others' programs. */
long sys_membarrier(int cmd, unsigned int flags, int cpu)
{
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_ALL;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		on_each_cpu(ipi_mb, NULL);
		return 0;
	case MEMBARRIER_PRIVATE:
	case MEMBARRIER_PRIVATE_SYNC_CORE:
		return membarrier_registered(cmd, cmd << 1);
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE:
	case MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE:
		current->mm->membarrier_state |= (unsigned int)cmd;
		return 0;
	}
	return -EINVAL;
}

/* --- kernel.random.* --- */

static void print_uuid(struct seq_file *m, const u8 *u)
{
	for (int i = 0; i < 16; i++)
		seq_printf(m, "%02x%s", u[i], i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
	seq_putc(m, '\n');
}

static void make_uuid(u8 *u)
{
	get_random_bytes(u, 16);
	u[6] = (u[6] & 0x0f) | 0x40;	/* version 4, RFC 4122 */
	u[8] = (u[8] & 0x3f) | 0x80;
}

static int uuid_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	u8 uuid[16];

	make_uuid(uuid);
	print_uuid(m, uuid);
	return 0;
}

static int boot_id_show(const struct ctl_sysctl *ctl, struct seq_file *m)
{
	static u8 boot_id[16];

	spin_lock(&uts_lock);
	if (!boot_id[6])
		make_uuid(boot_id);
	spin_unlock(&uts_lock);
	print_uuid(m, boot_id);
	return 0;
}
CTL_SYSCTL("kernel.random.uuid", .mode = 0444, .type = CTL_STRING, .show = uuid_show);
CTL_SYSCTL("kernel.random.boot_id", .mode = 0444, .type = CTL_STRING, .show = boot_id_show);
