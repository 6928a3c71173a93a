/*
 * clock.c - the TSC as clock, the local APIC as alarm.
 *
 * Idea:  clock.h. The TSC's frequency is taken from CPUID if it says so, else
 *        measured against the best other counter for a millisecond or two: each
 *        end of the interval is read several times and the reading that took
 *        least time counts, so that a preempted virtual CPU does no harm.
 * Locks: none.   Above: kernel/sched/timer.c, time system calls.
 * Source: SDM vol. 3, 18.7.3 (TSC frequency), 11.5.4 (timer); HPET 1.0a, 2.3; ACPI 6.4, 4.8.3.3.
 */
#include "kernel/x86/clock.h"
#include "kernel/lib/printk.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/rtc.h"
#include "kernel/x86/spinlock.h"

#define NSEC 1000000000UL
enum { NS_SHIFT = VDSO_NS_SHIFT, TSC_SHIFT = 28, SAMPLES = 5 };
enum { HPET_PERIOD = 4, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0, HPET_ENABLE = 1 };
enum { PM_TIMER_HZ = 3579545, PIT_HZ = 1193182, PIT_GATE = 0x61, PIT_CH2 = 0x42, PIT_MODE = 0x43 };

u32 tsc_khz;
/*
 * The clock itself: user space reads it, too. 4 GHz until it is known: delays too long, not too
 * short.
 */
union vdso_data_page vdso_data_page __aligned(PAGE_SIZE) = {
	.data = { .clock_mode = VDSO_CLOCK_TSC, .ns_per_tsc = 1UL << (NS_SHIFT - 2) },
};
static struct vdso_data *const clock = &vdso_data_page.data;
static u64 tsc_per_ns;			/* c: << TSC_SHIFT */
static u64 apic_per_ns;			/* c: << NS_SHIFT */
static bool use_deadline;		/* c */
static bool tsc_warps;			/* a: CPUs' TSCs differ */
static u64 last_ns;			/* a: with tsc_warps, the latest time given out */

static u64 mul_shift(u64 a, u64 b, int shift)
{
	return (unsigned __int128)a * b >> shift;
}

/* --- counters of known frequency --- */
struct counter {
	u32 (*read)(void);
	u32 hz, mask;
	u32 window_us;		/* how long to measure */
	const char *name;
};

/* Firmware may name a counter that is not there. */
static bool counts(u32 (*read)(void))
{
	u32 first = read();

	for (int i = 0; i < 100000; i++)	/* each reading takes a tick or more */
		if (read() != first)
			return true;
	return false;
}

static volatile char *hpet_regs;
static u32 read_hpet(void) { return readl(hpet_regs + HPET_COUNTER); }
static u32 read_pm_timer(void) { return inl(acpi_info.pm_timer_port); }
static u32 read_pit(void)
{
	u8 low;

	outb(0x80, PIT_MODE);		/* latch channel 2 */
	low = inb(PIT_CH2);
	return 0xffff - (low | inb(PIT_CH2) << 8);
}

static bool open_hpet(struct counter *c)
{
	u32 period;

	if (!acpi_info.hpet)
		return false;
	hpet_regs = map_fixed_device(acpi_info.hpet, PAGE_SIZE);
	if (!hpet_regs)
		return false;
	period = readl(hpet_regs + HPET_PERIOD);	/* femtoseconds */
	if (!period || period > 100000000)		/* HPET 1.0a, 2.3.4: at most 100 ns */
		return false;
	writel(readl(hpet_regs + HPET_CONFIG) | HPET_ENABLE, hpet_regs + HPET_CONFIG);
	*c = (struct counter){ read_hpet, 1000000000000000UL / period, ~0U, 1000, "HPET" };
	return counts(read_hpet);
}

static struct counter open_counter(void)
{
	struct counter c;

	if (open_hpet(&c))
		return c;
	if (acpi_info.pm_timer_port && counts(read_pm_timer))
		return (struct counter){ read_pm_timer, PM_TIMER_HZ, 0xffffff, 2000,
					 "ACPI PM timer" };
	outb((inb(PIT_GATE) & ~2) | 1, PIT_GATE);	/* gate on, speaker off */
	outb(0xb0, PIT_MODE);				/* channel 2, both bytes, mode 0 */
	outb(0xff, PIT_CH2);
	outb(0xff, PIT_CH2);
	return (struct counter){ read_pit, PIT_HZ, 0xffff, 10000, "PIT" };
}

static u32 read_apic(void) { return ~apic_timer_count(); }	/* it counts down */

/* One reading of @read with the TSC at the same moment, as nearly as can be had. */
static u32 sample(u32 (*read)(void), u64 *tsc)
{
	u64 best = ~0UL;
	u32 value = 0;

	*tsc = 0;

	for (int i = 0; i < SAMPLES; i++) {
		u64 before = rdtsc();
		u32 v = read();
		u64 took = rdtsc() - before;

		if (took < best) {
			best = took;
			value = v;
			*tsc = before + took / 2;
		}
	}
	return value;
}

/* The TSC's frequency by @c; the APIC timer's is measured in the same window, in TSC ticks. */
static u64 measure(const struct counter *c, u64 *apic_ticks, u64 *apic_tsc)
{
	u64 tsc0, tsc1, atsc0, atsc1;
	u32 c0, c1, a0, a1, window = (u64)c->hz * c->window_us / 1000000;

	apic_timer_set(~0U);
	a0 = sample(read_apic, &atsc0);
	c0 = sample(c->read, &tsc0);
	while (((c->read() - c0) & c->mask) < window)
		cpu_relax();
	a1 = sample(read_apic, &atsc1);
	c1 = sample(c->read, &tsc1);
	apic_timer_set(0);
	*apic_ticks = a1 - a0;
	*apic_tsc = atsc1 - atsc0;
	return (tsc1 - tsc0) * c->hz / ((c1 - c0) & c->mask);
}

/* What CPUID says the TSC's frequency is, 0 if nothing. */
static u64 cpuid_tsc_hz(void)
{
	struct cpuid_regs r;

	if (cpu_info.max_hyp_leaf >= 0x40000010) {	/* hypervisors' timing leaf: EAX in kHz */
		r = cpuid(0x40000010, 0);
		if (r.eax)
			return r.eax * 1000UL;
	}
	if (cpu_info.max_leaf >= 0x15) {
		r = cpuid(0x15, 0);
		if (r.eax && r.ebx && r.ecx)
			return (u64)r.ecx * r.ebx / r.eax;
	}
	return 0;
}

void clock_init(u64 tick_ns)
{
	u64 hz = cpuid_tsc_hz(), apic_ticks = 0, apic_tsc = 1, measured;
	struct counter c = { .name = "CPUID" };

	use_deadline = cpu_has(X86_TSC_DEADLINE);
	apic_timer_setup(false);
	if (!hz || !use_deadline) {
		unsigned long flags = local_irq_save();

		c = open_counter();
		measured = measure(&c, &apic_ticks, &apic_tsc);
		hz = hz ? hz : measured;
		local_irq_restore(flags);
	}
	tsc_khz = hz / 1000;
	clock->ns_per_tsc = (NSEC << NS_SHIFT) / hz;
	tsc_per_ns = (hz << TSC_SHIFT) / NSEC;
	if (apic_ticks)		/* ticks per ns = ticks / tsc * tsc per ns */
		apic_per_ns = mul_shift((apic_ticks << 32) / apic_tsc, tsc_per_ns,
					TSC_SHIFT + 32 - NS_SHIFT);
	clock->tick_ns = tick_ns;
	clock->base_tsc = rdtsc();
	clock->real_offset_ns = rtc_read_seconds() * NSEC;
	clockevent_init_cpu();
	printk_ops.clock = ktime_get_ns;
	pr_info("tsc: %u.%03u MHz processor, by the %s\n", tsc_khz / 1000, tsc_khz % 1000, c.name);
}

void clockevent_init_cpu(void)
{
	apic_timer_setup(use_deadline);
}

u64 ktime_get_ns(void)
{
	u64 now = vdso_tsc_to_ns(clock, rdtsc_ordered()), last;

	if (likely(!READ_ONCE(tsc_warps)))
		return now;
	last = __atomic_load_n(&last_ns, __ATOMIC_RELAXED);
	while ((s64)(now - last) > 0)
		if (__atomic_compare_exchange_n(&last_ns, &last, now, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return now;
	return last;
}

u64 ktime_get_real_ns(void)
{
	return ktime_get_ns() + READ_ONCE(clock->real_offset_ns);
}

void ktime_set_real_ns(u64 ns)
{
	WRITE_ONCE(clock->real_offset_ns, ns - ktime_get_ns());
}

void clock_set_timezone(u64 zone)
{
	WRITE_ONCE(clock->timezone, zone);
}

u64 ktime_get_coarse_real_ns(void)
{
	return ktime_coarse(ktime_get_ns()) + READ_ONCE(clock->real_offset_ns);
}

u64 ktime_coarse(u64 ns)
{
	return ns - ns % clock->tick_ns;
}

void clock_check_warp(u64 seen_tsc)
{
	if ((s64)(rdtsc() - seen_tsc) >= 0 || tsc_warps)
		return;
	tsc_warps = true;
	clock->clock_mode = VDSO_CLOCK_NONE;	/* before there are programs */
	pr_warn("tsc: processors' counters differ; the clock is kept monotonic in software\n");
}

/* The APIC's count has 32 bits: a far event comes early (4 s at 1 GHz) and is set again then. */
void clockevent_set(u64 expires_ns)
{
	u64 now, count;

	if (use_deadline) {
		wrmsr(MSR_TSC_DEADLINE,
		      expires_ns == ~0UL
			      ? 0
			      : clock->base_tsc + mul_shift(expires_ns, tsc_per_ns, TSC_SHIFT) + 1);
		return;
	}
	if (expires_ns == ~0UL) {
		apic_timer_set(0);
		return;
	}
	now = ktime_get_ns();
	count = expires_ns > now
			? mul_shift(MIN(expires_ns - now, 4 * NSEC), apic_per_ns, NS_SHIFT) + 1
			: 1;
	apic_timer_set(MIN(count, (u64)~0U));
}

void ndelay(unsigned long ns)
{
	u64 start = rdtsc();

	while (mul_shift(rdtsc() - start, clock->ns_per_tsc, NS_SHIFT) < ns)
		cpu_relax();
}

void udelay(unsigned long us)
{
	ndelay(us * 1000);
}
