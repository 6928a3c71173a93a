/*
 * coretest - core files: when there is one, under what name, and what is in it. The core is read back by its program
 * headers, as a debugger reads it. Linux's answers (6.1): runs there, too.
 *   coretest        all checks, in /tmp/cores
 *   coretest big N  fills N MiB, says so, and dies of SIGSEGV
 *   coretest many   a core of more segments than its header can count
 *   coretest crash  dies of SIGSEGV in crash_here() with two threads asleep, for a debugger to look at
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL
#define DIR "/tmp/cores"
#define RW (PROT_READ | PROT_WRITE)

static void sysctl(const char *name, const char *value)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static void limit(int what, rlim_t n)
{
	struct rlimit r = { n, RLIM_INFINITY };

	CHECK(setrlimit(what, &r) == 0);
}

/* --- reading a core --- */

struct core {
	char *data;		/* NULL: there is none */
	size_t size;
	struct stat st;
};

static struct core read_core(const char *name)
{
	struct core c = { 0 };
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		return c;
	CHECK(fstat(fd, &c.st) == 0);
	c.size = c.st.st_size;
	c.data = mmap(NULL, c.size ? c.size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(c.data != MAP_FAILED);
	close(fd);
	return c;
}

static void drop(struct core *c, const char *name)
{
	if (c->data)
		munmap(c->data, c->size ? c->size : 1);
	unlink(name);
}

static const Elf64_Phdr *segments(const struct core *c, int *n)
{
	const Elf64_Ehdr *e = (void *)c->data;

	*n = e->e_phnum;
	return (void *)(c->data + e->e_phoff);
}

/* The segment that holds @addr; NULL: none does. */
static const Elf64_Phdr *segment(const struct core *c, const void *addr)
{
	const Elf64_Phdr *p;
	int n;

	p = segments(c, &n);
	for (int i = 0; i < n; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_vaddr <= (uintptr_t)addr &&
		    (uintptr_t)addr < p[i].p_vaddr + p[i].p_memsz)
			return &p[i];
	return NULL;
}

/* What the process had at @addr; NULL: the core does not say. */
static const char *memory(const struct core *c, const void *addr)
{
	const Elf64_Phdr *p = segment(c, addr);
	size_t off = p ? (uintptr_t)addr - p->p_vaddr : 0;

	return p && off < p->p_filesz && p->p_offset + off < c->size ? c->data + p->p_offset + off : NULL;
}

/* The @nth note of @type; its length in *len. NULL: there are not so many. */
static const void *find_note(const struct core *c, unsigned int type, int nth, size_t *len)
{
	const Elf64_Phdr *p;
	size_t at;
	int n;

	p = segments(c, &n);
	if (!n || p[0].p_type != PT_NOTE)
		return NULL;
	for (at = p[0].p_offset; at < p[0].p_offset + p[0].p_filesz;) {
		const Elf64_Nhdr *h = (void *)(c->data + at);
		size_t desc = at + sizeof(*h) + ((h->n_namesz + 3) & ~3UL);

		if (h->n_type == type && !nth--) {
			*len = h->n_descsz;
			return c->data + desc;
		}
		at = desc + ((h->n_descsz + 3) & ~3UL);
	}
	CHECK(at == p[0].p_offset + p[0].p_filesz);
	return NULL;
}

/* --- who dies --- */

/* Its wait status. */
static int run(void (*child)(void))
{
	pid_t pid;
	int status = -1;

	pid = FORK_OR_EXIT();
	if (!pid) {
		child();
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static char *touched, *untouched, *hidden, *shown, *common, *forbidden, *file_map;
static int *volatile nowhere = (int *)0x10;

static void die(void) { *nowhere = 1; }
static void die_dumping(void)
{
	limit(RLIMIT_CORE, RLIM_INFINITY);
	die();
}

static void plain(void)
{
	char path[] = DIR "/map.XXXXXX";
	int fd = mkstemp(path), n;
	const Elf64_Ehdr *e;
	const Elf64_Phdr *p;
	struct core c;
	int status;

	touched = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	untouched = mmap(NULL, 64 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hidden = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shown = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	forbidden = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	common = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(write(fd, "in the file", 12) == 12);
	file_map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	strcpy(touched, "private");
	strcpy(untouched + (32 << 20), "far");
	strcpy(hidden, "hidden");
	strcpy(shown, "shown");
	strcpy(common, "common");
	strcpy(forbidden, "forbidden");
	CHECK(mprotect(forbidden, PAGE, PROT_NONE) == 0);
	CHECK(madvise(hidden, 2 * PAGE, MADV_DONTDUMP) == 0);
	CHECK(madvise(shown, 2 * PAGE, MADV_DONTDUMP) == 0 && madvise(shown, 2 * PAGE, MADV_DODUMP) == 0);
	unlink(DIR "/core");
	status = run(die_dumping);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && WCOREDUMP(status));
	c = read_core(DIR "/core");
	CHECK(c.data && (c.st.st_mode & 07777) == 0600 && c.st.st_nlink == 1);
	if (!c.data)
		return;
	e = (void *)c.data;
	CHECK(!memcmp(e->e_ident, ELFMAG, SELFMAG) && e->e_type == ET_CORE && e->e_machine == EM_X86_64);
	CHECK(memory(&c, touched) && !strcmp(memory(&c, touched), "private"));
	CHECK(memory(&c, untouched + (32 << 20)) && !strcmp(memory(&c, untouched + (32 << 20)), "far"));
	CHECK(memory(&c, untouched + 8 * PAGE) && !*memory(&c, untouched + 8 * PAGE));
	CHECK(memory(&c, shown) && !strcmp(memory(&c, shown), "shown"));
	CHECK(memory(&c, common) && !strcmp(memory(&c, common), "common"));
	CHECK(memory(&c, forbidden) && !strcmp(memory(&c, forbidden), "forbidden"));
	CHECK(segment(&c, hidden) && !memory(&c, hidden));	/* LTP's madvise08 */
	CHECK(segment(&c, file_map) && !memory(&c, file_map));	/* the file has it */
	CHECK(c.st.st_size > 64 << 20 && c.st.st_blocks < (16 << 20) / 512);	/* holes */
	p = segments(&c, &n);
	for (int i = 1; i < n; i++)
		CHECK(p[i].p_offset % PAGE == 0 && p[i].p_vaddr % PAGE == 0 && p[i].p_filesz <= p[i].p_memsz);
	drop(&c, DIR "/core");
	unlink(path);
	close(fd);
	munmap(touched, 2 * PAGE);
	munmap(untouched, 64 << 20);
	munmap(hidden, 2 * PAGE);
	munmap(shown, 2 * PAGE);
	munmap(forbidden, PAGE);
	munmap(common, PAGE);
	munmap(file_map, PAGE);
}

/* --- notes --- */

static pid_t *pids;		/* shared: [0] the process, [1…] its threads */
static _Atomic int started;

static void *sleeper(void *arg)
{
	pids[(long)arg] = gettid();
	started++;
	while (started)
		pause();
	return NULL;
}

static void die_with_threads(void)
{
	pthread_t t;

	pids[0] = getpid();
	for (long i = 1; i <= 3; i++)
		CHECK(pthread_create(&t, NULL, sleeper, (void *)i) == 0);
	while (started < 3)
		usleep(1000);
	die_dumping();
}

static void notes(void)
{
	const struct elf_prpsinfo *info;
	const struct elf_prstatus *s;
	const siginfo_t *si;
	const uint64_t *words;
	struct core c;
	size_t len;
	int status, seen = 0;

	pids = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	status = run(die_with_threads);
	CHECK(WTERMSIG(status) == SIGSEGV && WCOREDUMP(status));
	c = read_core(DIR "/core");
	CHECK(c.data);
	if (!c.data)
		return;
	s = find_note(&c, NT_PRSTATUS, 0, &len);
	CHECK(s && len == sizeof(*s) && s->pr_pid == pids[0] && s->pr_cursig == SIGSEGV && s->pr_ppid == getpid());
	CHECK(s && s->pr_fpvalid && s->pr_reg[16] /* rip */ && segment(&c, (void *)s->pr_reg[16]));
	CHECK(s && memory(&c, (void *)s->pr_reg[19] /* rsp */));
	for (int i = 0; (s = find_note(&c, NT_PRSTATUS, i, &len)); i++)
		for (int t = 0; t <= 3; t++)
			if (s->pr_pid == pids[t]) {
				seen |= 1 << t;
				CHECK(memory(&c, (void *)s->pr_reg[19]) && find_note(&c, NT_FPREGSET, i, &len) && len == 512);
				/* A sleeper stands in pause(2), or is on its way there. */
				CHECK(!t || segment(&c, (void *)s->pr_reg[16]));
			}
	CHECK(seen == 0xf);
	info = find_note(&c, NT_PRPSINFO, 0, &len);
	CHECK(info && len == sizeof(*info) && !strcmp(info->pr_fname, "coretest") && info->pr_sname == 'R');
	CHECK(info && !strncmp(info->pr_psargs, "coretest", 8) && info->pr_pid == pids[0] && info->pr_uid == 0);
	si = find_note(&c, NT_SIGINFO, 0, &len);
	CHECK(si && len == 128 && si->si_signo == SIGSEGV && si->si_code == SEGV_MAPERR && si->si_addr == nowhere);
	words = find_note(&c, NT_AUXV, 0, &len);
	CHECK(words && len % 16 == 0 && words[len / 8 - 2] == AT_NULL);
	words = find_note(&c, NT_FILE, 0, &len);
	CHECK(words && words[0] > 0 && words[1] == PAGE);
	CHECK(words && strstr((char *)(words + 2 + 3 * words[0]), "coretest"));
	drop(&c, DIR "/core");
}

/* --- when there is none, and how much --- */

static void limited_0(void) { limit(RLIMIT_CORE, 0); die(); }
static void limited_page(void) { limit(RLIMIT_CORE, PAGE - 1); die(); }
static void limited_5(void) { limit(RLIMIT_CORE, 5 * PAGE); die(); }
static void file_limited(void) { limit(RLIMIT_CORE, RLIM_INFINITY); limit(RLIMIT_FSIZE, 6 * PAGE); die(); }
static void undumpable(void) { prctl(PR_SET_DUMPABLE, 0); die_dumping(); }
static void setid(void) { CHECK(setgid(1000) == 0 && setuid(1000) == 0); die_dumping(); }
static void killed(void) { limit(RLIMIT_CORE, RLIM_INFINITY); raise(SIGKILL); }
static void aborted(void) { limit(RLIMIT_CORE, RLIM_INFINITY); abort(); }
static void handler(int sig) { _exit(7); }
static void handled(void)
{
	limit(RLIMIT_CORE, RLIM_INFINITY);
	signal(SIGSEGV, handler);
	die();
}

/* No core at all; the status without the flag. */
static void expect_none(void (*child)(void), int sig)
{
	int status = run(child);

	CHECK(sig ? WIFSIGNALED(status) && WTERMSIG(status) == sig && !WCOREDUMP(status) : WIFEXITED(status));
	FAILS(access(DIR "/core", F_OK), ENOENT);
}

static void limits(void)
{
	struct core c;
	int status;

	expect_none(limited_0, SIGSEGV);
	expect_none(limited_page, SIGSEGV);
	expect_none(undumpable, SIGSEGV);
	expect_none(setid, SIGSEGV);
	expect_none(killed, SIGKILL);
	expect_none(handled, 0);
	status = run(limited_5);		/* cut short, and still a core */
	CHECK(WTERMSIG(status) == SIGSEGV && WCOREDUMP(status));
	c = read_core(DIR "/core");
	CHECK(c.data && c.size > PAGE && c.st.st_blocks <= 5 * 8);
	drop(&c, DIR "/core");
	status = run(file_limited);
	CHECK(WTERMSIG(status) == SIGSEGV && WCOREDUMP(status));
	c = read_core(DIR "/core");
	CHECK(c.data && c.size <= 6 * PAGE);
	drop(&c, DIR "/core");
	status = run(aborted);
	CHECK(WTERMSIG(status) == SIGABRT && WCOREDUMP(status) && unlink(DIR "/core") == 0);
}

/* --- names --- */

static pid_t named_pid;

/* Runs @child; the core it leaves must be called @want ("": none). */
static void expect_name(const char *pattern, void (*child)(void), const char *want)
{
	int status;

	sysctl("kernel/core_pattern", pattern);
	named_pid = FORK_OR_EXIT();
	if (!named_pid) {
		child();
		_exit(99);
	}
	CHECK(waitpid(named_pid, &status, 0) == named_pid);
	if (*want) {
		char name[256];

		snprintf(name, sizeof(name), want, named_pid);
		CHECK(WCOREDUMP(status));
		if (unlink(name))
			printf("pattern %s: no %s\n", pattern, name), failures++;
	} else {
		CHECK(WIFSIGNALED(status) && !WCOREDUMP(status));
	}
}

static void renamed(void) { prctl(PR_SET_NAME, "a/b"); die_dumping(); }
static void dotted(void) { prctl(PR_SET_NAME, ".."); die_dumping(); }
static void elsewhere(void) { CHECK(chdir("/") == 0); die_dumping(); }

static void names(void)
{
	char target[] = DIR "/precious";
	int fd;

	expect_name("c.%p", die_dumping, DIR "/c.%d");
	expect_name("c.%p.%P.%i.%I", die_dumping, DIR "/c.%1$d.%1$d.%1$d.%1$d");
	expect_name("c.%e.%s.%u.%g.%d.%%", die_dumping, DIR "/c.coretest.11.0.0.1.%%");
	expect_name("c.%c.%h", die_dumping, DIR "/c.18446744073709551615.(none)");
	expect_name("c.%e", renamed, DIR "/c.a!b");
	expect_name("%e", dotted, DIR "/!.");
	expect_name("c.%f", renamed, DIR "/c.coretest");
	expect_name("c%Zd%", die_dumping, DIR "/cd");		/* nobody knows %Z */
	expect_name(DIR "/abs.%p", elsewhere, DIR "/abs.%d");
	expect_name(DIR "/none/core", die_dumping, "");
	expect_name("", die_dumping, "");
	sysctl("kernel/core_uses_pid", "1");
	expect_name("core", die_dumping, DIR "/core.%d");
	expect_name("core.%p", die_dumping, DIR "/core.%d");
	sysctl("kernel/core_uses_pid", "0");
	/* What is there is replaced, not written into; a directory stays. */
	fd = open(target, O_CREAT | O_RDWR, 0644);
	CHECK(write(fd, "keep", 4) == 4 && symlink(target, DIR "/core") == 0);
	expect_name("core", die_dumping, DIR "/core");
	CHECK(lseek(fd, 0, SEEK_END) == 4 && mkdir(DIR "/core", 0755) == 0);
	expect_name("core", die_dumping, "");
	CHECK(rmdir(DIR "/core") == 0 && unlink(target) == 0);
	close(fd);
	sysctl("kernel/core_pattern", "core");
}

/* --- set-id programs --- */

static void set_ids(void)
{
	struct core c;

	sysctl("fs/suid_dumpable", "1");
	CHECK(chmod(DIR, 0777) == 0);
	expect_name("core", setid, DIR "/core");
	sysctl("kernel/core_pattern", DIR "/root.%d");
	sysctl("fs/suid_dumpable", "2");
	CHECK(chmod(DIR, 0755) == 0);			/* the user could not write there */
	CHECK(WCOREDUMP(run(setid)));
	c = read_core(DIR "/root.2");
	CHECK(c.data && c.st.st_uid == 0 && (c.st.st_mode & 0777) == 0600);
	drop(&c, DIR "/root.2");
	sysctl("kernel/core_pattern", "core");
	expect_none(setid, SIGSEGV);			/* a relative name is no place for it */
	sysctl("fs/suid_dumpable", "0");
	FAILS(prctl(PR_SET_DUMPABLE, 2), EINVAL);
}

/* --- coredump_filter --- */

static void filter(void)
{
	char text[16] = "";
	int fd = open("/proc/self/coredump_filter", O_RDWR);
	struct core c;

	CHECK(read(fd, text, 15) == 9 && !strcmp(text, "00000033\n"));
	touched = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	common = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(touched, "private");
	strcpy(common, "common");
	CHECK(pwrite(fd, "0x2", 3, 0) == 3);
	CHECK(WCOREDUMP(run(die_dumping)));		/* the child inherits it */
	c = read_core(DIR "/core");
	CHECK(c.data && !memory(&c, touched) && memory(&c, common));
	drop(&c, DIR "/core");
	CHECK(pwrite(fd, "1", 1, 0) == 1);
	CHECK(WCOREDUMP(run(die_dumping)));
	c = read_core(DIR "/core");
	CHECK(c.data && memory(&c, touched) && !memory(&c, common));
	drop(&c, DIR "/core");
	FAILS(pwrite(fd, "x", 1, 0), EINVAL);
	CHECK(pwrite(fd, "0x33", 4, 0) == 4);
	close(fd);
}

/* --- for a debugger --- */

static __attribute__((noinline)) void crash_here(int depth)
{
	if (depth)
		crash_here(depth - 1);
	else
		die();
	__asm__ volatile("");
}

/* More mappings than the 16 bits of e_phnum can say: the number is in the one section header then. */
static void many(void)
{
	enum { HOLES = 66000 };
	struct core c;
	Elf64_Ehdr *elf;
	Elf64_Shdr *section;
	Elf64_Phdr *seg;
	unsigned int n, single = 0;
	pid_t pid;
	char *p;

	sysctl("vm/max_map_count", "140000");
	pid = FORK_OR_EXIT();
	if (!pid) {
		p = mmap(NULL, 2 * HOLES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (long i = 0; p != MAP_FAILED && i < HOLES; i++)
			if (munmap(p + (2 * i + 1) * PAGE, PAGE))
				_exit(1);
		die_dumping();
	}
	CHECK(waitpid(pid, &(int){ 0 }, 0) == pid);
	sysctl("vm/max_map_count", "65530");
	c = read_core("core");
	CHECK(c.data);
	if (!c.data)
		return;
	elf = (Elf64_Ehdr *)c.data;
	CHECK(elf->e_phnum == PN_XNUM && elf->e_shnum == 1 && elf->e_shentsize == sizeof(*section) && elf->e_shstrndx == 0);
	CHECK(elf->e_shoff + sizeof(*section) == c.size);
	section = (Elf64_Shdr *)(c.data + elf->e_shoff);
	n = section->sh_info;
	CHECK(section->sh_type == SHT_NULL && section->sh_size == 1 && section->sh_link == 0 && n > HOLES && n < HOLES + 100);
	seg = (Elf64_Phdr *)(c.data + elf->e_phoff);
	CHECK((char *)(seg + n) <= c.data + c.size && seg[0].p_type == PT_NOTE);
	for (unsigned int i = 1; i < n; i++) {
		CHECK(seg[i].p_type == PT_LOAD && (i == 1 || seg[i].p_vaddr >= seg[i - 1].p_vaddr + seg[i - 1].p_memsz));
		single += seg[i].p_memsz == PAGE && seg[i].p_flags == PF_R && !seg[i].p_filesz;
	}
	CHECK(single >= HOLES);
	drop(&c, "core");
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc > 1 && !strcmp(argv[1], "crash")) {
		pids = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		for (long i = 1; i <= 2; i++)
			pthread_create(&t, NULL, sleeper, (void *)i);
		while (started < 2)
			usleep(1000);
		crash_here(3);
	}
	if (argc > 2 && !strcmp(argv[1], "big")) {
		size_t size = strtoul(argv[2], NULL, 0) << 20;
		char *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 1, size);
		printf("touched\n");
		fflush(stdout);
		die_dumping();
	}
	mkdir(DIR, 0755);
	CHECK(chdir(DIR) == 0);
	sysctl("kernel/core_pattern", "core");
	if (argc > 1 && !strcmp(argv[1], "many")) {
		many();
		CHECK(chdir("/") == 0 && rmdir(DIR) == 0);
		return finish("coretest");
	}
	plain();
	notes();
	limits();
	names();
	set_ids();
	filter();
	CHECK(chdir("/") == 0 && rmdir(DIR) == 0);
	return finish("coretest");
}
