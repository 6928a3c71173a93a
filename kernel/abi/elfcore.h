/*
 * elfcore.h - what a core file's notes hold. Linux's, x86-64; core(5), and elf.h of the C library.
 */
#pragma once

#include "kernel/abi/ptrace.h"
#include "kernel/abi/time.h"

#define ET_CORE 4
#define PT_NOTE 4
#define EV_CURRENT 1
#define ELFDATA2LSB 1
#define PN_XNUM 0xffff		/* e_phnum: too many; the number is section 0's sh_info */

/* ptrace.h has NT_PRSTATUS and NT_PRFPREG. */
#define NT_PRPSINFO 3
#define NT_AUXV 6
#define NT_X86_XSTATE 0x202
#define NT_SIGINFO 0x53494749
#define NT_FILE 0x46494c45

struct elf64_shdr {
	u32 sh_name, sh_type;
	u64 sh_flags, sh_addr, sh_offset, sh_size;
	u32 sh_link, sh_info;
	u64 sh_addralign, sh_entsize;
};

struct elf64_nhdr { u32 n_namesz, n_descsz, n_type; };

/* NT_PRSTATUS: one a thread. */
struct elf_prstatus {
	s32 si_signo, si_code, si_errno;
	s16 pr_cursig;
	u64 pr_sigpend, pr_sighold;
	s32 pr_pid, pr_ppid, pr_pgrp, pr_sid;
	struct timeval pr_utime, pr_stime, pr_cutime, pr_cstime;
	struct user_regs_struct pr_reg;
	s32 pr_fpvalid;
};

#define ELF_PRARGSZ 80
/* NT_PRPSINFO: one a process. */
struct elf_prpsinfo {
	s8 pr_state;
	char pr_sname;
	s8 pr_zomb, pr_nice;
	u64 pr_flag;
	u32 pr_uid, pr_gid;
	s32 pr_pid, pr_ppid, pr_pgrp, pr_sid;
	char pr_fname[16];
	char pr_psargs[ELF_PRARGSZ];
};

_Static_assert(sizeof(struct elf_prstatus) == 336, "prstatus");
_Static_assert(sizeof(struct elf_prpsinfo) == 136, "prpsinfo");
_Static_assert(sizeof(struct elf64_shdr) == 64, "section header");
