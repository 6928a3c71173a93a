/*
 * binfmt.h - what exec.c and the loaders of binary formats share.
 *
 * Idea: argument and environment strings are gathered in kernel pages, from the
 *       top of the future stack downwards, while the old program still lives:
 *
 *           stack_top ->  8 bytes of 0
 *                         file name          exec_used
 *                         envp[n] … envp[0]  env_used
 *                         argv[n] … argv[0]  used
 *
 *       "used" counts from stack_top; page i holds the bytes whose distance to
 *       stack_top is in (i * 4096, (i + 1) * 4096]. Scripts add their
 *       interpreter at the low end. Then the pages are copied to the new stack.
 * Locks:  none: current's own.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/task.h"

struct cred;
struct file;
struct mm_struct;
struct page;

#define BINPRM_BUF_SIZE 256
#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define ARG_MAX 131072UL

struct linux_binprm {
	const char *filename;		/* in: as execve named it: AT_EXECFN, comm */
	char *interp;			/* what is loaded in the end; allocated if not filename */
	struct file *file;		/* what to load now, writing denied */
	struct file *interpreter;	/* out of a script: what to load instead */
	int argc, envc;
	unsigned long used, env_used, exec_used;
	unsigned long limit;		/* bytes of strings allowed */
	struct page **pages;		/* nr_pages of them */
	unsigned int nr_pages, max_pages;
	struct mm_struct *mm;		/* the new one, until exec_mmap() */
	struct vm_area_struct *stack_vma;
	unsigned long stack_top;
	struct rlimit rlim_stack;	/* one moment's */
	struct cred *cred;		/* what current will be */
	unsigned int per_clear;		/* bits of the personality that do not survive */
	bool secureexec, point_of_no_return, nondumpable;
	u8 buf[BINPRM_BUF_SIZE];	/* the file's first bytes, zero-padded */
};

/* Loaders. 0: done; -ENOEXEC: not mine. */
int load_elf_binary(struct linux_binprm *bprm);
int load_script(struct linux_binprm *bprm);

/* exec.c's services. */
int copy_string_kernel(struct linux_binprm *bprm, const char *s);	/* -E2BIG, -ENOMEM */
int remove_arg_zero(struct linux_binprm *bprm);
int bprm_change_interp(struct linux_binprm *bprm, const char *interp);
/*
 * The old program is gone; @randomize: scatter the new one. Errors before the point of no return
 * only are harmless.
 */
int begin_new_exec(struct linux_binprm *bprm);
/* the strings onto the new stack */
int setup_arg_pages(struct linux_binprm *bprm, bool executable);
static inline unsigned long bprm_addr(const struct linux_binprm *bprm, unsigned long used)
{
	return bprm->stack_top - used;
}
