/*
 * cpuinfo.c - /proc/cpuinfo.
 *
 * Idea:  what CPUID said, in Linux's words; a field that is not known is left out.
 * Locks: none.   Above: kernel/fs/proc serves it.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/string.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

/*
 * Names by bit, a space between; "-" is a bit without a name. Linux's, SDM vol. 2 and AMD vol. 3.
 */
static const char *const flag_names[CPUID_WORDS] = {
	[CPUID_1_EDX] = "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 "
			"pn clflush - dts acpi "
			"mmx fxsr sse sse2 ss ht tm ia64 pbe",
	[CPUID_81_EDX] = "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt "
			 "pdpe1gb rdtscp - lm "
			 "3dnowext 3dnow",
	[CPUID_87_EDX] = "- - - - - - - - constant_tsc",
	[CPUID_1_ECX] = "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma "
			"cx16 xtpr pdcm - pcid dca "
			"sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c "
			"rdrand hypervisor",
	[CPUID_81_ECX] = "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse "
			 "3dnowprefetch osvw ibs xop skinit "
			 "wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - "
			 "bpext ptsc perfctr_llc mwaitx",
	[CPUID_6_EAX] = "dtherm ida arat - pln - pts",
	[CPUID_7_EBX] = "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - "
			"mpx rdt_a avx512f avx512dq "
			"rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er "
			"avx512cd sha_ni avx512bw avx512vl",
	[CPUID_D1_EAX] = "xsaveopt xsavec xgetbv1 xsaves",
	[CPUID_7_ECX] = "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq "
			"avx512_vnni avx512_bitalg tme "
			"avx512_vpopcntdq - la57 - - - - - rdpid",
	[CPUID_7_EDX] = "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect",
};
/* The order in which Linux prints the words. */
static const u8 word_order[] = {
	CPUID_1_EDX, CPUID_81_EDX, CPUID_87_EDX, CPUID_1_ECX, CPUID_81_ECX,
	CPUID_7_EBX, CPUID_D1_EAX, CPUID_6_EAX,	 CPUID_7_ECX, CPUID_7_EDX
};

static void show_flag_word(struct seq_file *m, u32 word, const char *names)
{
	for (; *names; word >>= 1) {
		size_t len = strcspn(names, " ");

		if ((word & 1) && *names != '-')
			seq_printf(m, " %.*s", (int)len, names);
		names += len;
		names += *names == ' ';
	}
}

static void show_cpu(struct seq_file *m, int cpu)
{
	const struct cpu_info *c = &cpu_info;

	seq_printf(m,
		   "processor\t: %d\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel "
		   "name\t: %s\n",
		   cpu, c->vendor, c->family, c->model, c->model_name);
	seq_printf(m, "stepping\t: %u\ncpu MHz\t\t: %u.%03u\n", c->stepping, tsc_khz / 1000,
		   tsc_khz % 1000);
	if (c->cache_kb)
		seq_printf(m, "cache size\t: %u KB\n", c->cache_kb);
	seq_printf(m,
		   "apicid\t\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: "
		   "yes\n",
		   apic_id_of(cpu), c->max_leaf);
	seq_puts(m, "flags\t\t:");
	for (unsigned int i = 0; i < ARRAY_SIZE(word_order); i++)
		show_flag_word(m, c->words[word_order[i]], flag_names[word_order[i]]);
	seq_printf(m, "\nbogomips\t: %u.%02u\nclflush size\t: %u\ncache_alignment\t: %u\n",
		   tsc_khz / 500, tsc_khz % 500 / 5, c->clflush_size, c->clflush_size);
	seq_printf(m, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
		   c->phys_bits, c->virt_bits);
}

static int cpuinfo_show(struct seq_file *m)
{
	int cpu;

	for_each_online_cpu(cpu)
		show_cpu(m, cpu);
	return 0;
}
CTL_FILE("/proc/cpuinfo", .mode = 0444, .show = cpuinfo_show);
