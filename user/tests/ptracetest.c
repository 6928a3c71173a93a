/*
 * ptracetest - one process traces another: stops, words of memory, registers, system calls, single steps, ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile long word = 42;

static long wait_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		return -1;
	return WIFSTOPPED(status) ? status >> 8 : -1;
}

/* A child that is traced, and stopped itself. */
static pid_t traced(void (*body)(void))
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	CHECK(wait_stop(pid) == SIGSTOP);
	return pid;
}

static int ended(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

__attribute__((noinline)) static int text_function(void) { __asm__ volatile(""); return 7; }

static void call_text(void)
{
	if (word != 43 || text_function() != 7)
		_exit(1);
	_exit(9);
}

/* Memory: a word is changed; a breakpoint goes into read-only text, and only into the child's. */
static void test_memory(void)
{
	pid_t pid = traced(call_text);
	struct user_regs_struct regs;
	long text, addr = (long)text_function;

	CHECK(ptrace(PTRACE_PEEKDATA, pid, &word, 0) == 42);
	CHECK(!ptrace(PTRACE_POKEDATA, pid, &word, 43L));
	CHECK(word == 42);
	text = ptrace(PTRACE_PEEKTEXT, pid, addr, 0);
	CHECK(text == *(long *)addr);
	CHECK(!ptrace(PTRACE_POKETEXT, pid, addr, (text & ~0xffL) | 0xcc));
	CHECK(*(long *)addr == text);
	errno = 0;
	CHECK(ptrace(PTRACE_PEEKDATA, pid, 8, 0) == -1 && errno == EIO);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(wait_stop(pid) == SIGTRAP);
	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs));
	CHECK((long)regs.rip == addr + 1);
	regs.rip = addr;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs));
	CHECK(!ptrace(PTRACE_POKETEXT, pid, addr, text));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 9 << 8);
	CHECK(ptrace(PTRACE_CONT, pid, 0, 0) == -1 && errno == ESRCH);
}

static void ask_pid(void) { _exit(syscall(SYS_getppid) == 12345 ? 3 : 4); }

/* System calls: seen before and after, the result replaced. */
static void test_syscalls(void)
{
	pid_t pid = traced(ask_pid);
	struct user_regs_struct regs;
	int seen = 0;

	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (int i = 0; i < 100 && seen < 2; i++) {
		CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0));
		CHECK(wait_stop(pid) == (SIGTRAP | 0x80));
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs));
		if (regs.orig_rax != SYS_getppid)
			continue;
		if (!seen++)
			CHECK((long)regs.rax == -ENOSYS);
		else
			CHECK((long)regs.rax == getpid());
	}
	CHECK(seen == 2);
	CHECK(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), 12345L));
	CHECK(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, cs), 0x10L) == -1 && errno == EIO);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 3 << 8);
}

static void call_minus_one(void) { _exit(syscall(0xffffffffL) == 77 ? 6 : 7); }

/* The program asks for call -1, which is none: what the tracer says is the result, all the same. */
static void test_no_syscall(void)
{
	const size_t rax = offsetof(struct user_regs_struct, rax), nr = offsetof(struct user_regs_struct, orig_rax);
	pid_t pid = traced(call_minus_one);
	int i = 0;

	do {
		CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0));
		CHECK(wait_stop(pid) == SIGTRAP);
	} while ((unsigned int)ptrace(PTRACE_PEEKUSER, pid, nr, 0) != 0xffffffff && ++i < 100);
	CHECK(!ptrace(PTRACE_POKEUSER, pid, rax, 77L));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 6 << 8);
}

static void tell_gs(void)
{
	unsigned int gs;

	__asm__ volatile("mov %%gs, %0" : "=r"(gs));
	_exit((int)gs);
}

/* A selector is what was written until the program runs; then one without a segment is 0. */
static void test_segments(void)
{
	const size_t gs = offsetof(struct user_regs_struct, gs);
	const long given[] = { 0x2b, 7 };

	for (int i = 0; i < 2; i++) {
		pid_t pid = traced(tell_gs);

		CHECK(ptrace(PTRACE_POKEUSER, pid, gs, 0x28L) == -1 && errno == EIO);
		CHECK(!ptrace(PTRACE_POKEUSER, pid, gs, given[i]));
		CHECK(ptrace(PTRACE_PEEKUSER, pid, gs, 0) == given[i]);
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
		CHECK(ended(pid) == (i ? 0 : 0x2b) << 8);
	}
}

static void nop_sled(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop; nop; nop");
	_exit(5);
}

/* Instruction by instruction, from the stop to the end of the nops. */
static void test_steps(void)
{
	pid_t pid = traced(nop_sled);
	unsigned long rip = 0, last = 0, run = 0, longest = 0;

	for (int i = 0; i < 2000 && longest < 8; i++) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0));
		CHECK(wait_stop(pid) == SIGTRAP);
		rip = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0);
		run = rip == last + 1 ? run + 1 : 0;
		longest = run > longest ? run : longest;
		last = rip;
	}
	CHECK(longest == 8);
	CHECK(!(ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, eflags), 0) & 0x100));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 5 << 8);
}

static void raise_usr1(void)
{
	raise(SIGUSR1);
	_exit(6);
}

/* A signal is seen first, and may be swallowed, replaced, or let through. */
static void test_signals(void)
{
	static const struct { int give, end; } cases[] = { { 0, 6 << 8 }, { SIGUSR1, SIGUSR1 }, { SIGTERM, SIGTERM } };

	for (unsigned i = 0; i < 3; i++) {
		pid_t pid = traced(raise_usr1);
		siginfo_t info;

		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
		CHECK(wait_stop(pid) == SIGUSR1);
		CHECK(!ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
		CHECK(info.si_signo == SIGUSR1 && info.si_pid == pid);
		CHECK(!ptrace(PTRACE_CONT, pid, 0, cases[i].give));
		CHECK(ended(pid) == cases[i].end);
	}
}

static void exec_true(void)
{
	execl("/bin/true", "true", NULL);
	_exit(1);
}

static void fork_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(2);
	_exit(ended(pid) == 2 << 8 ? 8 : 1);
}

static void test_events(void)
{
	pid_t pid = traced(exec_true), child;
	unsigned long message;

	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(wait_stop(pid) == SIGTRAP);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 0);
	pid = traced(fork_child);
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(wait_stop(pid) == (SIGTRAP | PTRACE_EVENT_FORK << 8));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	child = message;
	CHECK(wait_stop(child) == SIGSTOP);
	CHECK(!ptrace(PTRACE_DETACH, child, 0, 0));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(wait_stop(pid) == SIGCHLD);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(wait_stop(pid) == (SIGTRAP | PTRACE_EVENT_EXIT << 8));
	CHECK(!ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) && message == 8 << 8);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(ended(pid) == 8 << 8);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* Somebody else's child: attached, let go, seized, killed while it is stopped. */
static void test_attach(void)
{
	pid_t pid = sleeper();
	int status;

	CHECK(ptrace(PTRACE_PEEKDATA, pid, &word, 0) == -1 && errno == ESRCH);
	CHECK(!ptrace(PTRACE_ATTACH, pid, 0, 0));
	CHECK(wait_stop(pid) == SIGSTOP);
	CHECK(ptrace(PTRACE_ATTACH, pid, 0, 0) == -1 && errno == EPERM);
	CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0));
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0));
	CHECK(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	CHECK(wait_stop(pid) == (SIGTRAP | PTRACE_EVENT_STOP << 8));
	CHECK(ptrace(PTRACE_PEEKDATA, pid, &word, 0) == 42);
	kill(pid, SIGKILL);
	CHECK(ended(pid) == SIGKILL);
	CHECK(ptrace(PTRACE_ATTACH, getpid(), 0, 0) == -1 && errno == EPERM);
	CHECK(ptrace(PTRACE_ATTACH, 2, 0, 0) == -1 && errno == EPERM);
}

/* The tracer is not the parent: the parent hears of the end after it; a dead tracer lets go, or kills. */
static void test_reparented(void)
{
	for (int kill_it = 0; kill_it < 2; kill_it++) {
		pid_t pid = sleeper(), tracer = fork();
		int ready, status;

		if (!tracer) {
			ready = !ptrace(PTRACE_SEIZE, pid, 0, kill_it ? PTRACE_O_EXITKILL : 0) &&
				!ptrace(PTRACE_INTERRUPT, pid, 0, 0) && wait_stop(pid) > 0;
			_exit(ready ? 1 : 2);
		}
		CHECK(ended(tracer) == 1 << 8);
		if (!kill_it) {
			CHECK(waitpid(pid, &status, WNOHANG) == 0);
			kill(pid, SIGTERM);
		}
		CHECK(ended(pid) == (kill_it ? SIGKILL : SIGTERM));
	}
}

/* The tracer waits for the end of a process that is not its child; its parent still gets it. */
static void test_both_wait(void)
{
	pid_t pid = sleeper(), tracer = fork();
	int status;

	if (!tracer) {
		if (ptrace(PTRACE_SEIZE, pid, 0, 0))
			_exit(1);
		kill(pid, SIGKILL);
		_exit(waitpid(pid, &status, __WALL) == pid && status == SIGKILL ? 0 : 2);
	}
	CHECK(ended(tracer) == 0);
	CHECK(ended(pid) == SIGKILL);
}

/* --- who may: by the real ids where a call names a process, by the file system's where a file of /proc does --- */

static char secret[] = "secret";

/* What one with these ids may do with process @pid. Never returns. */
static void try_all(pid_t pid, int ruid, int euid, int expected)
{
	char buf[8], name[64];
	struct iovec to = { buf, 6 }, from = { secret, 6 }, page = { (void *)((long)secret & ~4095L), 4096 };
	unsigned long node = 1;
	size_t len;
	void *list;
	int pidfd, may = 0;

	CHECK(setresuid(ruid, euid, ruid) == 0);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	may |= (process_vm_readv(pid, &to, 1, &from, 1, 0) == 6) << 0;
	snprintf(name, sizeof(name), "/proc/%d/environ", pid);
	may |= (open(name, O_RDONLY) >= 0) << 1;
	snprintf(name, sizeof(name), "/proc/%d/cwd", pid);
	may |= (readlink(name, buf, sizeof(buf)) > 0) << 2;
	may |= (syscall(SYS_get_robust_list, pid, &list, &len) == 0) << 3;
	may |= (syscall(SYS_migrate_pages, pid, 2, &node, &node) >= 0) << 4;
	/* it may look, but not slow it down: EPERM, not EACCES */
	may |= (syscall(440, pidfd, &page, 1, 20 /* MADV_COLD */, 0) < 0 && errno == EPERM) << 5;
	may |= (syscall(438, pidfd, 0, 0) >= 0) << 6;
	may |= (ptrace(PTRACE_ATTACH, pid, 0, 0) == 0) << 7;
	if (may != expected)
		printf("real user %d, effective %d: 0x%x, not 0x%x\n", ruid, euid, may, expected);
	exit(may != expected);
}

static void test_credentials(void)
{
	enum { BY_CALL = 0xd9, BY_FILE = 0x26 };	/* Linux 6.1's answers */
	static const struct { int ruid, euid, may; } rows[] = {
		{ 1000, 1000, BY_CALL | BY_FILE }, { 1000, 2000, BY_CALL }, { 2000, 1000, BY_FILE }, { 2000, 2000, 0 },
	};
	int ready[2], status;
	pid_t pid, other;
	char c;

	chmod("/", 0755);		/* an initramfs may be root's alone */
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK(pipe(ready) == 0);
		pid = FORK_OR_EXIT();
		if (!pid) {
			if (setresuid(1000, 1000, 1000) || prctl(PR_SET_DUMPABLE, 1) || write(ready[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		CHECK(read(ready[0], &c, 1) == 1);
		other = FORK_OR_EXIT();
		if (!other)
			try_all(pid, rows[i].ruid, rows[i].euid, rows[i].may);
		CHECK(waitpid(other, &status, 0) == other && status == 0);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &status, 0) == pid);
		close(ready[0]), close(ready[1]);
	}
}

int main(void)
{
	test_memory();
	test_syscalls();
	test_no_syscall();
	test_segments();
	test_steps();
	test_signals();
	test_events();
	test_attach();
	test_reparented();
	test_both_wait();
	test_credentials();
	return finish("ptracetest");
}
