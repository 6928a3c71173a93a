/*
 * ram.c - the fake RAM (ram.h). The only file here that talks to the host's kernel.
 *
 * Idea:  a memfd is the RAM; a mapping of the machine is a shared mapping of
 *        the host, so two of them show the same bytes, as on the machine.
 * Locks: none.
 */
#define _GNU_SOURCE
#include "host/ram.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int ram = -1;

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

void ram_create(unsigned long bytes)
{
	if (ram >= 0)
		close(ram);
	ram = memfd_create("brink-ram", 0);
	if (ram < 0 || ftruncate(ram, bytes))
		fatal("the fake RAM");
}

void ram_map(unsigned long va, unsigned long phys, unsigned long size, bool writable)
{
	if (mmap((void *)va, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED | MAP_FIXED,
		 ram, phys) == MAP_FAILED)
		fatal("mapping the fake RAM");
}

static void map_nothing(unsigned long va, unsigned long size, int how)
{
	if (mmap((void *)va, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1,
		 0) != (void *)va)
		fatal("the machine's addresses");
}

void ram_claim(unsigned long va, unsigned long size)
{
	map_nothing(va, size, MAP_FIXED_NOREPLACE);
}

void ram_unmap(unsigned long va, unsigned long size)
{
	map_nothing(va, size, MAP_FIXED);
}

bool ram_is_mapped(unsigned long va)
{
	int fds[2];
	bool ok;

	if (pipe(fds))
		fatal("pipe");
	ok = write(fds[1], (void *)va, 1) == 1; /* EFAULT instead of a crash */
	close(fds[0]);
	close(fds[1]);
	return ok;
}
