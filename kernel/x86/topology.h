/*
 * topology.h - which core and which package a CPU is a thread of.
 */
#pragma once

#include "kernel/lib/types.h"

unsigned int cpu_core_id(int cpu);	/* within its package */
unsigned int cpu_package_id(int cpu);
/* The CPUs that are up and share @cpu's core (package). */
u64 cpu_core_mask(int cpu);
u64 cpu_package_mask(int cpu);
