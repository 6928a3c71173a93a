/*
 * memlayout.h - THE address map, of the unit tests' machine: all of it in a
 *               host process, where nothing else is mapped.
 *
 * Idea: the same areas in the same order as kernel/x86/memlayout.h, which this
 *       file stands in for. host/machine.c maps the fake RAM there.
 * Locks: none.
 */
#pragma once

#define DIRECT_BASE 0x200000000000
#define VMALLOC_BASE 0x280000000000
#define VMALLOC_SIZE 0x0000001000000000	/* 64 GiB */
#define VMEMMAP_BASE 0x300000000000
#define KMAP_BASE 0x400000000000
#define KMAP_SLOTS 16
#define KERNEL_BASE 0x500000000000
#define KERNEL_PHYS 0x00200000
#define TASK_SIZE 0x00007ffffffff000
#define MMAP_MIN_ADDR 0x10000
#define KSTACK_PAGES 4
#define MAX_CPUS 16
