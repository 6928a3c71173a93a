/*
 * uaccess.h - the only ways to user memory.
 *
 * Idea: an access may fault; the fault is served as one of user space's own
 *       (mm/fault.c), and if it cannot be, the exception table sends the
 *       instruction to its fixup, which makes it -EFAULT. STAC and CLAC around
 *       it are 3-byte NOPs, patched at boot on a CPU with SMAP.
 * Locks:  => may sleep, unless pagefault_disable()d: then a fault is an error.
 * Returns of the copies: bytes NOT copied, 0 is success, as in Linux.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/lib/types.h"
#include "kernel/x86/memlayout.h"
#include "kernel/x86/process.h"

static __always_inline bool access_ok(const void __user *p, unsigned long size)
{
	return size <= TASK_SIZE && (unsigned long)p <= TASK_SIZE - size;
}

/* the rest of @to is zeroed */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n) __must_check;
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n) __must_check;
/*
 * A struct that grows with the versions of the kernel: the program's is @usize long, ours @ksize. What
 * it does not have is 0; what we do not know must be: -E2BIG. 0, -EFAULT; @usize of more than a page:
 * -E2BIG.
 */
int copy_struct_from_user(void *dst, size_t ksize, const void __user *src, size_t usize) __must_check;
unsigned long clear_user(void __user *to, unsigned long n) __must_check;
/*
 * Never sleeps: stops at a page that is not there, and leaves the rest of @to as it was. Bytes not
 * copied.
 */
unsigned long copy_from_user_inatomic(void *to, const void __user *from, unsigned long n)
	__must_check;
/* The length without NUL, @max if there is none within @max, -EFAULT. */
long strncpy_from_user(char *dst, const char __user *src, long max);
/* The length with NUL, @max + 1 if there is none within @max, 0 on a fault. */
long strnlen_user(const char __user *s, long max);
/* Never sleep: -EFAULT if the page is not there. */
long copy_from_user_nofault(void *to, const void __user *from, size_t n);
long copy_to_user_nofault(void __user *to, const void *from, size_t n);
/* Kernel memory that may not be mapped (a backtrace, /proc/kcore). 0, -EFAULT. */
long copy_from_kernel_nofault(void *to, const void *from, size_t n);

/* In between, a fault on user memory fails at once. They nest. */
static inline void pagefault_disable(void) { current_thread()->preempt_depth++; barrier(); }
static inline void pagefault_enable(void) { barrier(); current_thread()->preempt_depth--; }
static inline bool pagefault_disabled(void) { return current_thread()->preempt_depth > 0; }

/* One instruction with its entry in the exception table; on a fault @err is set. */
#define EX_TABLE(from, to) ".pushsection .ex_table,\"a\"; .balign 8; .quad " from ", " to "; .popsection\n"
#define STAC "661: .byte 0x0f, 0x1f, 0x00; .pushsection .stac_sites,\"a\"; .balign 8; .quad 661b; .popsection\n"
#define CLAC "662: .byte 0x0f, 0x1f, 0x00; .pushsection .clac_sites,\"a\"; .balign 8; .quad 662b; .popsection\n"

#define GET_USER_INSN(err, x, p, insn, reg)                                    \
	__asm__ volatile(STAC "1: " insn " %2, %" reg "1\n2: " CLAC            \
			 ".pushsection .text.fixup,\"ax\"\n"                   \
			 "3: mov %3, %0; xor %k1, %k1; jmp 2b\n.popsection\n"  \
			 EX_TABLE("1b", "3b")                                  \
			 : "+r"(err), "=&r"(x) : "m"(*(p)), "i"(-EFAULT))
#define PUT_USER_INSN(err, x, p, insn, reg)                                    \
	__asm__ volatile(STAC "1: " insn " %" reg "2, %1\n2: " CLAC            \
			 ".pushsection .text.fixup,\"ax\"\n"                   \
			 "3: mov %3, %0; jmp 2b\n.popsection\n"                \
			 EX_TABLE("1b", "3b")                                  \
			 : "+r"(err), "=m"(*(p)) : "r"(x), "i"(-EFAULT))

/* get_user(x, p): x = *p; 0 or -EFAULT (x is 0 then). put_user(x, p): *p = x. */
#define get_user(x, p)                                                         \
	({ int gu_err = 0;                                                     \
	   u64 gu_val = 0;                                                     \
	   const typeof(*(p)) __user *gu_p = (p);                              \
	   if (unlikely(!access_ok(gu_p, sizeof(*gu_p))))                      \
		gu_err = -EFAULT;                                              \
	   else switch (sizeof(*gu_p)) {                                       \
	   case 1: GET_USER_INSN(gu_err, gu_val, (const u8 *)gu_p, "movzbl", "k"); break; \
	   case 2: GET_USER_INSN(gu_err, gu_val, (const u16 *)gu_p, "movzwl", "k"); break; \
	   case 4: GET_USER_INSN(gu_err, gu_val, (const u32 *)gu_p, "movl", "k"); break; \
	   case 8: GET_USER_INSN(gu_err, gu_val, (const u64 *)gu_p, "movq", "q"); break; \
	   }                                                                   \
	   (x) = (typeof(*(p)))gu_val;                                         \
	   gu_err; })
#define put_user(x, p)                                                         \
	({ int pu_err = 0;                                                     \
	   typeof(*(p)) __user *pu_p = (p);                                    \
	   typeof(*(p)) pu_x = (typeof(*(p)))(x);                              \
	   u64 pu_val = (u64)pu_x;                                             \
	   if (unlikely(!access_ok(pu_p, sizeof(*pu_p))))                      \
		pu_err = -EFAULT;                                              \
	   else switch (sizeof(*pu_p)) {                                       \
	   case 1: PUT_USER_INSN(pu_err, pu_val, (u8 *)pu_p, "movb", "b"); break; \
	   case 2: PUT_USER_INSN(pu_err, pu_val, (u16 *)pu_p, "movw", "w"); break; \
	   case 4: PUT_USER_INSN(pu_err, pu_val, (u32 *)pu_p, "movl", "k"); break; \
	   case 8: PUT_USER_INSN(pu_err, pu_val, (u64 *)pu_p, "movq", "q"); break; \
	   }                                                                   \
	   pu_err; })

/*
 * Futexes: one atomic operation on a user word; *@old is what was there. 0, -EFAULT.
 * The _inatomic form does not sleep: call it with page faults disabled, or let it fault the page
 * in.
 */
int futex_atomic_cmpxchg_inatomic(u32 *old, u32 __user *uaddr, u32 expected, u32 val);
enum futex_op {
	FUTEX_OP_SET = 0,
	FUTEX_OP_ADD = 1,
	FUTEX_OP_OR = 2,
	FUTEX_OP_ANDN = 3,
	FUTEX_OP_XOR = 4
};
/* -ENOSYS: unknown op */
int futex_atomic_op_inuser(enum futex_op op, u32 oparg, u32 *old, u32 __user *uaddr);

struct pt_regs;
/*
 * The faulting instruction has a fixup: continues there. Called by mm/fault.c for kernel-mode
 * faults.
 */
bool fixup_exception(struct pt_regs *regs);
void uaccess_patch_smap(void);	/* before the text becomes read-only */
