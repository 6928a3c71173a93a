/*
 * console.h - which devices show the kernel's messages: console= parameters.
 */
#pragma once

#include "kernel/lib/types.h"

/* early: serial consoles named by console= are registered; needs nothing */
void console_init(void);
/* does a console= name it? options: what followed the comma, "" */
bool console_wanted(const char *name, const char **options);
/* the last console=: /dev/console. "tty1" for tty0 */
bool console_is_preferred(const char *name);
/* the machine has none: without any console= the messages go to ttyS0 */
void console_no_screen(void);
