/*
 * task_mmu.h - an address space in words. (The files: CTL_PID_FILE in task_mmu.c.)
 */
#pragma once

struct mm_struct;
struct seq_file;

/* VmPeak … VmSwap of /proc/<pid>/status. => a reference is held */
void task_mem(struct seq_file *m, struct mm_struct *mm);
unsigned long task_vsize(struct mm_struct *mm);			/* bytes: /proc/<pid>/stat */
