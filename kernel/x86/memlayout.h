/*
 * memlayout.h - THE address map.
 *
 *   0000000000001000  user space (47 bits), up to TASK_SIZE
 *   ffff888000000000  DIRECT_BASE   direct map of LOW memory only
 *   ffffc90000000000  VMALLOC_BASE  vmalloc: guarded kernel stacks, big tables, devices' registers
 *   ffffea0000000000  VMEMMAP_BASE  struct page of every page frame
 *   fffffe0000000000  KMAP_BASE     kmap_local_page()'s slots, KMAP_SLOTS for each CPU
 *   ffffffff80000000  KERNEL_BASE   the kernel image, linked at KERNEL_BASE + KERNEL_PHYS
 *   ffffffffc0000000  FIXMAP_BASE   2 MiB: the machine's own devices, interrupt stacks
 *
 * Read by C, nasm (through generated offsets) and linker.ld (through cpp), so
 * only plain #defines stand here.  Source of the layout's idea: Linux,
 * Documentation/x86/x86_64/mm.rst.
 */
#pragma once

#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_PHYS 0x00200000		/* 2 MiB: above the BIOS, aligned for 2 MiB pages */
#define DIRECT_BASE 0xffff888000000000
#define VMALLOC_BASE 0xffffc90000000000
#define VMALLOC_SIZE 0x0000010000000000	/* 1 TiB */
#define VMEMMAP_BASE 0xffffea0000000000
#define KMAP_BASE 0xfffffe0000000000
#define KMAP_SLOTS 16			/* nested kmap_local_page() per CPU, interrupts included */
#define FIXMAP_BASE 0xffffffffc0000000
#define FIXMAP_SIZE 0x200000
#define TASK_SIZE 0x00007ffffffff000	/* the last page is kept out: SYSRET and non-canonical addresses */
#define MMAP_MIN_ADDR 0x10000		/* vm.mmap_min_addr's default */
#define KSTACK_PAGES 4			/* 16 KiB, as Linux; below it a guard page */
#define MAX_CPUS 16
