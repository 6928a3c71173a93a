/*
 * coro.c - see coro.h. A stack and a saved context each.
 *
 * Locks: none: one thread.
 */
#define _GNU_SOURCE
#include "host/coro.h"

#include <stdlib.h>
#include <ucontext.h>

#define STACK_SIZE (512 * 1024)		/* with ASan's red zones */

static struct coro {
	ucontext_t at;
	void (*fn)(void *arg);
	void *arg;
	char *stack;
	bool ended;
} coros[CORO_MAX];
static ucontext_t test_at;
static struct coro *running;

static void begin(void)
{
	running->fn(running->arg);
	running->ended = true;
}

static void switch_to(struct coro *c)
{
	running = c;
	swapcontext(&test_at, &c->at);
	running = NULL;
}

void coro_start(int n, void (*fn)(void *arg), void *arg)
{
	struct coro *c = &coros[n];

	c->fn = fn;
	c->arg = arg;
	c->ended = false;
	if (!c->stack)
		c->stack = malloc(STACK_SIZE);	/* kept: reachable, so no leak */
	if (!c->stack)
		abort();
	getcontext(&c->at);
	c->at.uc_stack.ss_sp = c->stack;
	c->at.uc_stack.ss_size = STACK_SIZE;
	c->at.uc_link = &test_at;
	makecontext(&c->at, begin, 0);
	switch_to(c);
}

void coro_resume(int n)
{
	if (coros[n].ended)
		abort();
	switch_to(&coros[n]);
}

void coro_sleep(void)
{
	swapcontext(&running->at, &test_at);
}

bool coro_ended(int n)
{
	return coros[n].ended;
}
