/*
 * reboot.h - ways to end: panic() is in kernel/lib/bug.h.
 */
#pragma once

#include "kernel/lib/types.h"

/* "reboot: Power down"; halts if the machine stays on */
void machine_power_off(void) __noreturn;
void machine_restart(void) __noreturn;
void machine_emergency_restart(void) __noreturn;	/* without a word: panic's */
void machine_halt(void) __noreturn;
/* panic=: > 0 reboot after so many seconds, < 0 at once, 0 never; kernel.panic */
extern int panic_timeout;
extern bool panic_in_progress;
extern void (*panic_dump)(void);	/* called once the other CPUs are stopped; may be NULL */
