/*
 * uaccess.c - copies between kernel and user memory.
 *
 * Idea:  uaccess.h; the loops are in usercopy.asm.
 * Locks: none.   Above: everybody with a user pointer.
 */
#include "kernel/x86/uaccess.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/page.h"
#include "kernel/x86/ptregs.h"

struct ex_entry { unsigned long from, to; };
extern const struct ex_entry __ex_table_start[], __ex_table_end[];
extern u8 *const __stac_sites_start[], *const __stac_sites_end[];
extern u8 *const __clac_sites_start[], *const __clac_sites_end[];

unsigned long copy_user_asm(void *to, const void *from, unsigned long n);
unsigned long clear_user_asm(void *to, unsigned long n);
long strncpy_user_asm(char *dst, const char *src, unsigned long max);
long strnlen_user_asm(char *unused, const char *src, unsigned long max);

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long left = n;

	if (likely(access_ok(from, n)))
		left = copy_user_asm(to, from, n);
	if (unlikely(left))
		memset((char *)to + (n - left), 0, left);
	return left;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return likely(access_ok(to, n)) ? copy_user_asm(to, from, n) : n;
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	return likely(access_ok(to, n)) ? clear_user_asm(to, n) : n;
}

/* How much of @max lies below the end of user space; 0 if @s does not. */
static unsigned long string_room(const char *s, long max)
{
	if (max <= 0 || (unsigned long)s >= TASK_SIZE)
		return 0;
	return MIN((unsigned long)max, TASK_SIZE - (unsigned long)s);
}

long strncpy_from_user(char *dst, const char __user *src, long max)
{
	unsigned long room = string_room(src, max);
	long len;

	if (max <= 0)
		return 0;
	len = room ? strncpy_user_asm(dst, src, room) : -1;
	if (len < 0 || ((unsigned long)len == room && room < (unsigned long)max))
		return -EFAULT;
	return len;
}

long strnlen_user(const char __user *s, long max)
{
	unsigned long room = string_room(s, max);
	long len = room ? strnlen_user_asm(NULL, s, room) : -1;

	if (len < 0 || ((unsigned long)len == room && room < (unsigned long)max))
		return 0;
	return len + 1;
}

unsigned long copy_from_user_inatomic(void *to, const void __user *from, unsigned long n)
{
	unsigned long left;

	if (!access_ok(from, n))
		return n;
	pagefault_disable();
	left = copy_user_asm(to, from, n);
	pagefault_enable();
	return left;
}

long copy_from_user_nofault(void *to, const void __user *from, size_t n)
{
	return copy_from_user_inatomic(to, from, n) ? -EFAULT : 0;
}

long copy_to_user_nofault(void __user *to, const void *from, size_t n)
{
	unsigned long left;

	if (!access_ok(to, n))
		return -EFAULT;
	pagefault_disable();
	left = copy_user_asm(to, from, n);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

long copy_from_kernel_nofault(void *to, const void *from, size_t n)
{
	if ((unsigned long)from < DIRECT_BASE)
		return -EFAULT;
	return copy_user_asm(to, from, n) ? -EFAULT : 0;
}

int futex_atomic_cmpxchg_inatomic(u32 *old, u32 __user *uaddr, u32 expected, u32 val)
{
	int err = 0;

	if (!access_ok(uaddr, sizeof(*uaddr)))
		return -EFAULT;
	__asm__ volatile(STAC "1: lock cmpxchgl %4, %2\n2: " CLAC
			 ".pushsection .text.fixup,\"ax\"\n"
			 "3: mov %5, %0; jmp 2b\n.popsection\n"
			 EX_TABLE("1b", "3b")
			 : "+r"(err), "+a"(expected), "+m"(*uaddr)
			 : "m"(*uaddr), "r"(val), "i"(-EFAULT) : "memory");
	*old = expected;
	return err;
}

static u32 futex_result(enum futex_op op, u32 old, u32 arg)
{
	switch (op) {
	case FUTEX_OP_SET: return arg;
	case FUTEX_OP_ADD: return old + arg;
	case FUTEX_OP_OR: return old | arg;
	case FUTEX_OP_ANDN: return old & ~arg;
	case FUTEX_OP_XOR: return old ^ arg;
	}
	return old;
}

int copy_struct_from_user(void *dst, size_t ksize, const void __user *src, size_t usize)
{
	if (usize > PAGE_SIZE)
		return -E2BIG;
	memset(dst, 0, ksize);
	if (copy_from_user(dst, src, MIN(usize, ksize)))
		return -EFAULT;
	for (size_t i = ksize; i < usize; i++) {
		u8 byte;

		if (get_user(byte, (const u8 __user *)src + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

int futex_atomic_op_inuser(enum futex_op op, u32 oparg, u32 *old, u32 __user *uaddr)
{
	u32 seen, now;
	int err;

	if (op > FUTEX_OP_XOR)
		return -ENOSYS;
	err = get_user(seen, uaddr);
	if (err)
		return err;
	for (;;) {
		err = futex_atomic_cmpxchg_inatomic(&now, uaddr, seen,
						    futex_result(op, seen, oparg));
		if (err || now == seen)
			break;
		seen = now;
	}
	*old = seen;
	return err;
}

bool fixup_exception(struct pt_regs *regs)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++) {
		if (e->from == regs->rip) {
			regs->rip = e->to;
			return true;
		}
	}
	return false;
}

static void patch(u8 *const *site, u8 *const *end, u8 last)
{
	for (; site < end; site++) {
		BUG_ON((*site)[0] != 0x0f || (*site)[1] != 0x1f);
		(*site)[1] = 0x01;
		(*site)[2] = last;
	}
}

/* => the boot tables are still in use: text is writable there */
void uaccess_patch_smap(void)
{
	if (!cpu_has(X86_SMAP))
		return;
	patch(__stac_sites_start, __stac_sites_end, 0xcb);	/* STAC is 0f 01 cb */
	patch(__clac_sites_start, __clac_sites_end, 0xca);	/* CLAC is 0f 01 ca */
}
