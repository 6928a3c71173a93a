/*
 * state.c - every variable of the kernel, saved before it has run and put back.
 *
 * Idea:  host.ld gathers them in one section, so each test starts with the
 *        kernel as the linker made it.
 * Locks: none.
 */
#include "host/state.h"

#include <stdlib.h>

extern char host_state_start[], host_state_end[];
static char *saved;

/* The red zones between variables are copied too, so ASan must not look, and no memcpy() may be
 * made of it. */
__attribute__((no_sanitize("address"), optimize("no-tree-loop-distribute-patterns"))) void
state_copy(char *to, const char *from, size_t size)
{
	unsigned long *t = (unsigned long *)to;
	const unsigned long *f = (const unsigned long *)from;

	for (size_t i = 0; i < size / sizeof(long); i++)
		t[i] = f[i];
}

void state_save(void)
{
	saved = malloc(host_state_end - host_state_start);
	if (!saved)
		abort();
	state_copy(saved, host_state_start, host_state_end - host_state_start);
}

void state_restore(void)
{
	state_copy(host_state_start, saved, host_state_end - host_state_start);
}
