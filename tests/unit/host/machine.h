/*
 * machine.h - between the files of host/.
 */
#pragma once

#include "kernel/lib/types.h"

void machine_init(void); /* claims the addresses */
void machine_reset(void);
void machine_boot(unsigned long mib, const char *cmdline, int cpus);
void machine_console_init(void);
const char *machine_log(void);
void machine_clear_log(void);
const char *machine_read_file(const char *path);			  /* NULL: there is none */
int machine_sysctl(const char *name, unsigned int n, const long *values); /* -ENOENT, -EINVAL */
bool machine_irqs_off(void);
unsigned int machine_locks_held(void);
int machine_windows_open(void); /* kmap_local_page() without its kunmap_local() */
/* test side: the end of a panic; does not return */
void host_panic(const char *message) __noreturn;
