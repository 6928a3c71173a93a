/*
 * host.c - what tests call (host.h), on cmocka's side: libc is at hand here.
 */
#include "host/host.h"

#include "host/machine.h"
#include "host/state.h"

jmp_buf host_panic_jmp;
bool host_panic_expected;
static u64 seed;

extern int host_cpu;
extern int nr_cpus;

int host_init(void **state)
{
	machine_init();
	state_save();
	return 0;
}

int host_reset(void **state)
{
	state_restore();
	machine_reset();
	machine_console_init();
	host_panic_expected = false;
	host_cpu = 0;
	host_seed(1);
	return 0;
}

int host_check(void **state)
{
	const char *wrong = strstr(host_log(), "WARNING:") ? "a warning was logged"
			    : machine_irqs_off()	   ? "interrupts are off"
			    : machine_locks_held()	   ? "a sleeping lock is held"
			    : machine_windows_open()	   ? "a kmap window is open"
							   : NULL;

	if (!wrong)
		return 0;
	print_error("after the test: %s\n%s\n", wrong, host_log());
	return -1;
}

void host_boot(unsigned long mib, const char *cmdline, int cpus)
{
	machine_boot(mib, cmdline, cpus);
}

void host_run_on(int cpu)
{
	assert_in_range(cpu, 0, nr_cpus - 1);
	host_cpu = cpu;
}

const char *host_log(void)
{
	return machine_log();
}
void host_clear_log(void)
{
	machine_clear_log();
}

const char *host_read(const char *path)
{
	const char *text = machine_read_file(path);

	if (!text)
		fail_msg("there is no file %s", path);
	return text;
}

int host_sysctl(const char *name, unsigned int n, const long *values)
{
	int err = machine_sysctl(name, n, values);

	if (err == -2)
		fail_msg("there is no sysctl %s", name);
	return err;
}

int host_sysctl_set(const char *name, long value)
{
	return host_sysctl(name, 1, &value);
}

void host_panic(const char *message)
{
	size_t len = strlen(host_log()), shown = len < 4000 ? len : 4000;

	if (host_panic_expected) {
		host_panic_expected = false;
		longjmp(host_panic_jmp, 1);
	}
	print_error("%s\n", host_log() + len - shown);
	fail_msg("panic: %s", message);
	abort();
}

void host_after_panic(const char *words)
{
	if (!strstr(host_log(), words))
		fail_msg("the panic does not say \"%s\":\n%s", words, host_log());
	host_reset(NULL); /* nothing can go on after it */
}

void host_seed(u64 s)
{
	seed = s;
}

/* xorshift64*, S. Vigna. */
u64 host_random(void)
{
	seed += !seed;
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dULL;
}
