/*
 * coro.h - several tasks in one thread: each runs until it sleeps, and goes on when the test says so.
 *
 * Idea: so a test puts what happens in the order it wants, and it is the same at each run.
 */
#pragma once

#include <stdbool.h>

#define CORO_MAX 8

/* Task @n begins with @fn; returns when it sleeps or has ended. */
void coro_start(int n, void (*fn)(void *arg), void *arg);
/* Task @n goes on; returns when it sleeps again or has ended. => it sleeps */
void coro_resume(int n);
/* The task that calls it sleeps. */
void coro_sleep(void);
bool coro_ended(int n);
