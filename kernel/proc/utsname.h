/*
 * utsname.h - the system's name: programs are told Linux 6.1, the version string tells Brink's own.
 */
#pragma once

#include "kernel/abi/utsname.h"

#define BRINK_VERSION "0.1"
#define UTS_RELEASE "6.1.0-brink"
#define UTS_VERSION "#1 SMP Brink " BRINK_VERSION
/* The first line of the log, and /proc/version. */
extern const char brink_banner[];
extern struct new_utsname init_uts;	/* sys_misc.c: uts_lock for nodename and domainname */
