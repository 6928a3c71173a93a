/*
 * cmdline.h - the kernel command line.
 *
 * Idea: parse_early_params() walks "a b=c "d=e f" -- g" once and calls the
 *       CTL_PARAM entries. What nobody knows is init's, by Linux's rule:
 *       name=value to its environment, a bare word without a dot to its
 *       arguments, everything after -- to its arguments. A name with a dot
 *       ("module.option") is dropped; sysctl.* is kept for when /proc/sys exists.
 * Locks:  none; written at boot only.
 */
#pragma once

#include "kernel/lib/types.h"

#define COMMAND_LINE_SIZE 2048		/* Linux's on x86 */
#define MAX_INIT_ARGS 32		/* and as many environment strings */

extern char saved_command_line[COMMAND_LINE_SIZE];	/* c: as given, /proc/cmdline */
/* c: [0] is set by who starts init; NULL-terminated */
extern const char *argv_init[MAX_INIT_ARGS + 2];
extern const char *envp_init[MAX_INIT_ARGS + 2];	/* c: "HOME=/", "TERM=linux", … */

/* => once, before the allocators; printk works. */
void parse_early_params(const char *command_line);
/* Calls @apply for each sysctl.NAME=VALUE; NAME with dots. Reported if it fails. */
void apply_boot_sysctls(int (*apply)(const char *name, const char *value));
/* Looks a parameter up in the saved line (the last one wins); false: absent. */
bool cmdline_find_option(const char *name, char *value, size_t size);
