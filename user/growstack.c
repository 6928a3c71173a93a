/*
 * growstack - recurses until the stack meets RLIMIT_STACK: each new page is a
 * fault below the VMA, and the last one is SIGSEGV. The depth is reported from
 * a handler on an alternate stack.
 */
#include <signal.h>

#include "show.h"

static char *top;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	char line[96];
	int n = snprintf(line, sizeof line, "SIGSEGV, si_code %d, %ld kB below the top\n",
			 info->si_code, (long)(top - (char *)info->si_addr) / 1024);

	if (write(1, line, n) != n)
		_exit(2);
	_exit(0);
}

__attribute__((noinline)) static int dig(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth < 0 ? 0 : dig(depth + 1) + frame[0];	/* never negative */
}

int main(void)
{
	static char alternate[65536];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
	struct sigaction action = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	char here;

	top = &here;
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	printf("VmStk at first: %ld kB\n", proc_value("/proc/self/status", "VmStk"));
	fflush(stdout);
	return dig(0);
}
