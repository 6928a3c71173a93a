/*
 * config.c - /proc/config.gz: what this kernel is made of, as Linux's CONFIG_ names.
 *
 * Idea:   Programs that test a kernel (the LTP's library) ask here what they may expect.
 *         Brink has no configuration: what is listed with =y is there and does what
 *         Linux's does, what is listed as not set is known to be absent. Options that are
 *         half there (docs/CAVEATS.md) are in neither list.
 *         The file is a gzip member whose deflate stream is stored, not compressed:
 *         a header, blocks of a length and its complement and the bytes, a checksum.
 * Locks:  none; all of it is constant.
 * Above:  zcat, LTP.   Below: kernel/lib/crc32.h.   In Linux: kernel/configs.c.
 */
#include "kernel/lib/crc32.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"

#define Y(name) "CONFIG_" #name "=y\n"
#define NOT(name) "# CONFIG_" #name " is not set\n"

static const char config[] =
	"#\n# Linux/x86 6.1.0-brink Kernel Configuration: what Brink has of it\n#\n"
	Y(X86_64) Y(X86) Y(64BIT) Y(MMU) Y(SMP) Y(PREEMPT_NONE) "CONFIG_HZ=250\n" Y(HZ_250)
	Y(IKCONFIG) Y(IKCONFIG_PROC) Y(PRINTK) Y(BUG) Y(MULTIUSER) Y(MAGIC_SYSRQ)
	Y(BLK_DEV_INITRD) Y(RD_GZIP) Y(BINFMT_ELF) Y(ELFCORE) Y(COREDUMP)
	Y(BINFMT_SCRIPT)
	/* memory */
	Y(SWAP) Y(SHMEM) Y(HIGHMEM) Y(NUMA) Y(X86_64_ACPI_NUMA) Y(NUMA_EMU) Y(MIGRATION)
	Y(ADVISE_SYSCALLS) Y(PROC_PAGE_MONITOR) Y(HAVE_ARCH_SOFT_DIRTY) Y(MEM_SOFT_DIRTY)
	NOT(COMPACTION) NOT(TRANSPARENT_HUGEPAGE) NOT(HUGETLBFS) NOT(HUGETLB_PAGE) NOT(KSM)
	NOT(ZSWAP) NOT(ZRAM) NOT(LRU_GEN) NOT(MEMORY_FAILURE) NOT(MEMORY_HOTPLUG) NOT(CMA)
	NOT(NUMA_BALANCING) NOT(SECRETMEM)
	/* groups, pressure */
	Y(CGROUPS) Y(MEMCG) Y(MEMCG_KMEM) Y(CPUSETS) Y(CGROUP_PIDS) Y(PSI)
	NOT(CGROUP_HUGETLB) NOT(CGROUP_RDMA) NOT(CGROUP_DEVICE) NOT(CGROUP_PERF) NOT(BLK_CGROUP)
	/* processes */
	Y(SYSVIPC) Y(SYSVIPC_SYSCTL) Y(FUTEX) Y(EPOLL) Y(SIGNALFD) Y(TIMERFD) Y(EVENTFD)
	Y(POSIX_TIMERS) Y(MEMBARRIER) Y(CROSS_MEMORY_ATTACH)
	NOT(POSIX_MQUEUE) NOT(NAMESPACES) NOT(USER_NS) NOT(PID_NS) NOT(NET_NS) NOT(UTS_NS)
	NOT(IPC_NS) NOT(TIME_NS) NOT(KCMP) NOT(AIO) NOT(IO_URING)
	NOT(BPF_SYSCALL) NOT(PERF_EVENTS) NOT(RSEQ) NOT(SECCOMP) NOT(KEYS) NOT(MODULES)
	NOT(KALLSYMS) NOT(KEXEC) NOT(BSD_PROCESS_ACCT) NOT(FUTEX_PI)
	NOT(SECURITY) NOT(AUDIT)
	/* files and devices */
	Y(PROC_FS) Y(PROC_SYSCTL) Y(SYSFS) Y(TMPFS) Y(DEVTMPFS) Y(EXT2_FS) Y(UNIX) Y(UNIX98_PTYS)
	Y(TTY) Y(PCI) Y(VIRTIO) Y(VIRTIO_PCI) Y(VIRTIO_BLK) Y(MSDOS_PARTITION) Y(EFI_PARTITION)
	Y(BLK_DEV_LOOP) "CONFIG_BLK_DEV_LOOP_MIN_COUNT=8\n"
	NOT(BLK_DEV_RAM) NOT(EXT4_FS) NOT(OVERLAY_FS) NOT(FUSE_FS) NOT(QUOTA)
	Y(INOTIFY_USER) NOT(FANOTIFY) NOT(TMPFS_XATTR) NOT(TMPFS_POSIX_ACL) NOT(DEBUG_FS)
	NOT(INET) NOT(DEVMEM)
	/* what would make it slow */
	NOT(PROVE_LOCKING) NOT(LOCKDEP) NOT(DEBUG_SPINLOCK) NOT(DEBUG_MUTEXES) NOT(KASAN)
	NOT(DEBUG_OBJECTS);

static void put_le(struct seq_file *m, u32 value, unsigned int bytes)
{
	for (; bytes; bytes--, value >>= 8)
		seq_putc(m, (char)value);
}

#define STORED_MAX 0xffffu		/* a stored block has 16 bits of length (RFC 1951, 3.2.4) */

static int config_gz_show(struct seq_file *m)
{
	static const u8 header[10] = { 0x1f, 0x8b, 8, [9] = 3 };	/* RFC 1952: deflate, Unix */
	const char *p = config;
	size_t left = sizeof(config) - 1;

	seq_write(m, header, sizeof(header));
	while (left) {
		u32 n = MIN(left, (size_t)STORED_MAX);

		left -= n;
		seq_putc(m, !left);	/* the last block? and type 0, stored */
		put_le(m, n, 2);
		put_le(m, ~n, 2);
		seq_write(m, p, n);
		p += n;
	}
	put_le(m, crc32_final(crc32_update(CRC32_INIT, config, sizeof(config) - 1)), 4);
	put_le(m, sizeof(config) - 1, 4);
	return 0;
}
CTL_FILE("/proc/config.gz", .mode = 0444, .show = config_gz_show);
