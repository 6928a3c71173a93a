/*
 * state.h - every variable of the kernel, saved before it has run and put back.
 */
#pragma once

#include <stddef.h>

void state_save(void);
void state_restore(void);
void state_copy(char *to, const char *from, size_t size);
