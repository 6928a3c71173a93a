/*
 * task_mmu.h - an address space in words. (The files: CTL_PID_FILE in task_mmu.c.)
 */
#pragma once

struct mm_struct;
struct seq_file;
struct task_struct;
struct vm_area_struct;

/* VmPeak … VmSwap of /proc/<pid>/status. => a reference is held */
void task_mem(struct seq_file *m, struct mm_struct *mm);
unsigned long task_vsize(struct mm_struct *mm);			/* bytes: /proc/<pid>/stat */
/*
 * For a CTL_PID_FILE in_parts: prints @task's VMAs by @show(m, vma, arg) until the buffer is full.
 * Between two parts the address space may change, as on Linux: no VMA is shown twice or out of order.
 * => takes mmap_lock for reading; 0 or -EINTR
 */
int show_vmas(struct seq_file *m, struct task_struct *task, const void *arg,
	      void (*show)(struct seq_file *m, struct vm_area_struct *vma, const void *arg));
