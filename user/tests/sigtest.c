/* sigtest - handlers, masks, restart, alternate stacks, faults, stop and continue, waits. */
#define _GNU_SOURCE
#include <signal.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t count, last_code;
static volatile unsigned long last_addr;
static volatile long trap_nr, trap_error;
static volatile unsigned long cr2;
static sigjmp_buf back;

static void counting(int sig) { count++; }
static void faulting(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	last_code = info->si_code;
	last_addr = (unsigned long)info->si_addr;
	trap_nr = uc->uc_mcontext.gregs[REG_TRAPNO];
	trap_error = uc->uc_mcontext.gregs[REG_ERR];
	cr2 = (unsigned long)uc->uc_mcontext.gregs[REG_CR2];
	siglongjmp(back, sig);
}

static void handlers_and_masks(void)
{
	sigset_t set, old;

	signal(SIGUSR1, counting);
	count = 0;
	raise(SIGUSR1);
	CHECK(count == 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK(count == 1);
	sigpending(&set);
	CHECK(sigismember(&set, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(count == 2);	/* standard signals do not queue */
	/* Real-time ones do. */
	signal(SIGRTMIN, counting);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 5; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(count == 7);
}

static int fault(int how, char *page)
{
	struct sigaction action = { .sa_sigaction = faulting, .sa_flags = SA_SIGINFO };
	int sig;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	sig = sigsetjmp(back, 1);
	if (sig)
		return sig;
	switch (how) {
	case 0: *(volatile char *)0x10 = 1; break;
	case 1: *(volatile char *)page = 1; break;
	case 2:
		__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx" ::
					 : "eax", "ecx", "edx");
		break;
	case 3: __asm__ volatile("ud2"); break;
	case 4: __asm__ volatile("hlt"); break;
	case 5: __asm__ volatile("int3"); break;
	case 6: ((void (*)(void))page)(); break;
	case 7: *(volatile char *)0xffffffff80200000UL = 1; break;
	case 8: *(volatile char *)0x8000000000000000UL = 1; break;
	case 9: __asm__ volatile("mov %0, %%es" ::"r"(0x7f)); break;	/* of a table that is not there */
	case 10: raise(SIGTRAP); break;
	}
	return 0;
}

/* What the frame tells of the exception: its number, its error code. */
static int told(long nr, long error) { return trap_nr == nr && trap_error == error; }

static void faults(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(fault(0, page) == SIGSEGV && told(14, 6) && cr2 == 0x10);
	CHECK(fault(6, page) == SIGSEGV && told(14, 0x15) && cr2 == (unsigned long)page);
	CHECK(fault(7, page) == SIGSEGV && told(14, 7));	/* whether it is mapped is not told */
	CHECK(fault(2, page) == SIGFPE && told(0, 0) && fault(3, page) == SIGILL && told(6, 0));
	CHECK(fault(5, page) == SIGTRAP && told(3, 0) && fault(8, page) == SIGSEGV && told(13, 0));
	CHECK(fault(9, page) == SIGSEGV && last_code == SI_KERNEL && told(13, 0x7c));
	CHECK(fault(10, page) == SIGTRAP && told(13, 0x7c));	/* none of its own: the last one */

	CHECK(fault(0, page) == SIGSEGV && last_code == SEGV_MAPERR && last_addr == 0x10);
	CHECK(fault(1, page) == SIGSEGV && last_code == SEGV_ACCERR &&
	      last_addr == (unsigned long)page);
	CHECK(fault(2, page) == SIGFPE && last_code == FPE_INTDIV);
	CHECK(fault(3, page) == SIGILL && last_code == ILL_ILLOPN);
	CHECK(fault(4, page) == SIGSEGV && last_code == SI_KERNEL);
	CHECK(fault(5, page) == SIGTRAP);
	CHECK(fault(6, page) == SIGSEGV && last_code == SEGV_ACCERR);
	CHECK(fault(7, page) == SIGSEGV && last_code == SEGV_MAPERR);
	CHECK(fault(8, page) == SIGSEGV);
	munmap(page, 4096);
}

static void restart(void)
{
	struct sigaction action = { .sa_handler = counting, .sa_flags = SA_RESTART };
	struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	struct timespec ts = { 0, 200000000 }, left = { 0, 0 };
	int fd[2];
	char c;

	CHECK(pipe(fd) == 0);
	sigaction(SIGALRM, &action, NULL);
	count = 0;
	if (!FORK_OR_EXIT()) {
		usleep(200000);
		_exit(write(fd[1], "x", 1) != 1);
	}
	setitimer(ITIMER_REAL, &soon, NULL);
	CHECK(read(fd[0], &c, 1) == 1 && count == 1);	/* interrupted, and restarted */
	wait(NULL);
	action.sa_flags = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	FAILS(read(fd[0], &c, 1), EINTR);
	setitimer(ITIMER_REAL, &soon, NULL);
	FAILS(nanosleep(&ts, &left), EINTR);
	CHECK(left.tv_nsec > 0 && left.tv_nsec < 200000000);
}

static void on_alternate(int sig)
{
	stack_t now;

	sigaltstack(NULL, &now);
	last_code = now.ss_flags & SS_ONSTACK;
}

static void alternate_stack(void)
{
	static char stack[32768];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof stack },
		small = { .ss_sp = stack, .ss_size = 100 };
	struct sigaction action = { .sa_handler = on_alternate, .sa_flags = SA_ONSTACK };

	CHECK(sigaltstack(&alt, NULL) == 0);
	FAILS(sigaltstack(&small, NULL), ENOMEM);
	sigaction(SIGUSR2, &action, NULL);
	last_code = 0;
	raise(SIGUSR2);
	CHECK(last_code);
}

static void stop_and_continue(void)
{
	pid_t pid = FORK_OR_EXIT();
	int status;

	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	      WSTOPSIG(status) == SIGSTOP);
	kill(pid, SIGCONT);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGKILL);
	FAILS(waitpid(pid, &status, 0), ECHILD);
	FAILS(kill(pid, 0), ESRCH);
}

static void fpu_survives(void)
{
	struct itimerval often = { .it_value = { .tv_usec = 1000 },
				   .it_interval = { .tv_usec = 1000 } },
			 off = { 0 };
	double x = 1.0;

	signal(SIGALRM, counting);
	count = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 1; i < 3000000; i++)
		x = x * 1.0000001 + 1e-9;
	setitimer(ITIMER_REAL, &off, NULL);
	double y = 1.0;
	for (long i = 1; i < 3000000; i++)
		y = y * 1.0000001 + 1e-9;
	CHECK(x == y && count > 0);
}

static unsigned int read_gs(void)
{
	unsigned int gs;

	__asm__ volatile("mov %%gs, %0" : "=r"(gs));
	return gs;
}

/* Selectors belong to the thread: each of two processes that take turns keeps its own. */
static void segments(void)
{
	const unsigned int mine[] = { 0, 0x2b, 0x33, 0x28 };
	int status;

	for (unsigned int i = 0; i < 4; i++) {
		if (fork())
			continue;
		__asm__ volatile("mov %0, %%gs; mov %0, %%ds" ::"r"(mine[i]));
		for (int turn = 0; turn < 200; turn++) {
			sched_yield();
			if (read_gs() != mine[i])
				_exit(1);
		}
		/* a child has its parent's, a new program has none */
		if (!fork())
			_exit(read_gs() != mine[i]);
		if (wait(&status) < 0 || status)
			_exit(2);
		execl("/proc/self/exe", "sigtest", "segments", NULL);
	}
	for (int i = 0; i < 4; i++)
		CHECK(wait(&status) > 0 && status == 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return read_gs() != 0;
	handlers_and_masks();
	faults();
	restart();
	alternate_stack();
	stop_and_continue();
	fpu_survives();
	segments();
	return finish("sigtest");
}
