/*
 * fpu.c - user space's floating-point and vector registers.
 *
 * Idea:  fpu.h. The XSAVE area in memory has the standard (not compacted)
 *        format, because signal frames show it to user space.
 * Locks: see fpu.h.   Source: SDM vol. 1, chapters 10.5 and 13.
 */
#include "kernel/x86/fpu.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/sigcontext.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/io.h"
#include "kernel/x86/spinlock.h"
#include "kernel/x86/uaccess.h"

enum {
	FXSAVE_SIZE = 512,
	SW_RESERVED = 464,
	/* where FXSAVE puts MXCSR, the x87 registers, XMM */
	IMAGE_MXCSR = 24, IMAGE_ST = 32, IMAGE_XMM = 160, IMAGE_END = 416,
	FPU_MAX_SIZE = 2816,
	XFEATURE_X87_SSE_AVX = 7,
	XFEATURE_AVX512 = 0xe0,
	MXCSR_DEFAULT = 0x1f80,
	FCW_DEFAULT = 0x37f
};

/* SDM vol. 1, tables 10-2 and 13-1: only what is touched here has a name. */
struct fpu_state {
	u16 fcw, fsw;
	u8 ftw, reserved;
	u16 fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u8 regs[SW_RESERVED - 32];
	struct fpx_sw_bytes sw;
	u64 xstate_bv, xcomp_bv, header_reserved[6];
	u8 extended[];
} __aligned(64);

static size_t state_size = FXSAVE_SIZE;	/* c */
static u64 xfeatures;			/* c: what XCR0 enables; 0: FXSAVE only */
static u32 mxcsr_mask = 0xffbf;		/* c: bits that may be set */

static void xsetbv(u64 v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

static void choose_xfeatures(void)
{
	struct cpuid_regs d = cpuid(0xd, 0);
	u64 supported = d.eax | (u64)d.edx << 32;

	xfeatures = supported & XFEATURE_X87_SSE_AVX;
	if ((supported & XFEATURE_AVX512) == XFEATURE_AVX512 && cpu_has(X86_AVX512F))
		xfeatures |= XFEATURE_AVX512;
	xsetbv(xfeatures);
	state_size = cpuid(0xd, 0).ebx;
	if (state_size > FPU_MAX_SIZE) {	/* fpu_from_sigframe() keeps one on the stack */
		xfeatures &= XFEATURE_X87_SSE_AVX;
		xsetbv(xfeatures);
		state_size = cpuid(0xd, 0).ebx;
	}
}

static void read_mxcsr_mask(void)
{
	static u8 image[FXSAVE_SIZE] __aligned(16);
	u32 mask;

	__asm__ volatile("fxsave %0" : "=m"(image));
	memcpy(&mask, image + offsetof(struct fpu_state, mxcsr_mask), sizeof(mask));
	if (mask)	/* 0: the default, SDM vol. 1, 11.6.6 */
		mxcsr_mask = mask;
}

/* => cpu_init() set CR4's OSFXSR and, with XSAVE, OSXSAVE */
void fpu_init_cpu(void)
{
	u64 cr0 = read_cr0();

	cr0 &= ~(1UL << 2 | 1UL << 3);		/* EM, TS */
	write_cr0(cr0 | 1UL << 1 | 1UL << 5);	/* MP, NE: SDM vol. 3, 2.5 */
	__asm__ volatile("fninit");
	if (cpu_has(X86_XSAVE)) {
		if (!xfeatures)
			choose_xfeatures();
		else
			xsetbv(xfeatures);
	}
	read_mxcsr_mask();
}

size_t fpu_state_size(void)
{
	return state_size;
}

void fpu_init_state(struct fpu_state *fpu)
{
	memset(fpu, 0, state_size);
	fpu->fcw = FCW_DEFAULT;
	fpu->mxcsr = MXCSR_DEFAULT;
}

void fpu_save(struct fpu_state *fpu)
{
	u32 low = xfeatures, high = xfeatures >> 32;

	if (!xfeatures)
		__asm__ volatile("fxsave64 %0" : "=m"(*fpu)::"memory");
	else if (cpu_has(X86_XSAVEOPT))
		__asm__ volatile("xsaveopt64 %0" : "+m"(*fpu) : "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("xsave64 %0" : "+m"(*fpu) : "a"(low), "d"(high) : "memory");
}

void fpu_restore(const struct fpu_state *fpu)
{
	u32 low = xfeatures, high = xfeatures >> 32;

	if (!xfeatures)
		__asm__ volatile("fxrstor64 %0" ::"m"(*fpu) : "memory");
	else
		__asm__ volatile("xrstor64 %0" ::"m"(*fpu), "a"(low), "d"(high) : "memory");
}

void fpu_copy_current(struct fpu_state *child, struct fpu_state *parent)
{
	unsigned long flags = local_irq_save();

	fpu_save(parent);
	memcpy(child, parent, state_size);
	local_irq_restore(flags);
}

void fpu_flush_current(struct fpu_state *fpu)
{
	unsigned long flags = local_irq_save();

	fpu_init_state(fpu);
	fpu_restore(fpu);
	local_irq_restore(flags);
}

/* fpu.h. XSAVE does not write what is in its initial state: bit 0 of xstate_bv is x87, 1 SSE. */
void fpu_copy_legacy(const struct fpu_state *fpu, void *to)
{
	u16 fcw = FCW_DEFAULT;
	u8 *image = to;

	memcpy(image, fpu, SW_RESERVED);
	memset(image + SW_RESERVED, 0, FXSAVE_SIZE - SW_RESERVED);
	if (xfeatures && !(fpu->xstate_bv & 1)) {
		memset(image, 0, IMAGE_MXCSR);
		memset(image + IMAGE_ST, 0, IMAGE_XMM - IMAGE_ST);
		memcpy(image, &fcw, sizeof(fcw));
	}
	if (xfeatures && !(fpu->xstate_bv & 2))
		memset(image + IMAGE_XMM, 0, IMAGE_END - IMAGE_XMM);
}

/* fpu.h */
int fpu_get_legacy(const struct fpu_state *fpu, void __user *to)
{
	u8 image[FXSAVE_SIZE] __aligned(16);

	fpu_copy_legacy(fpu, image);
	return copy_to_user(to, image, FXSAVE_SIZE) ? -EFAULT : 0;
}

/* fpu.h */
size_t fpu_xstate_size(void)
{
	return xfeatures ? state_size : 0;
}

/* fpu.h. What else is in its initial state, xstate_bv says so. */
void fpu_copy_xstate(const struct fpu_state *fpu, void *to)
{
	memcpy(to, fpu, state_size);
	fpu_copy_legacy(fpu, to);
	memcpy((char *)to + SW_RESERVED, &xfeatures, sizeof(xfeatures));
}

/* fpu.h */
int fpu_set_legacy(struct fpu_state *fpu, const void __user *from)
{
	u8 image[FXSAVE_SIZE];
	u32 mxcsr;

	if (copy_from_user(image, from, FXSAVE_SIZE))
		return -EFAULT;
	memcpy(&mxcsr, image + IMAGE_MXCSR, sizeof(mxcsr));
	if (mxcsr & ~mxcsr_mask)
		return -EINVAL;
	memcpy(fpu, image, SW_RESERVED);
	if (xfeatures)
		fpu->xstate_bv |= 3;
	return 0;
}

size_t fpu_sigframe_size(void)
{
	return xfeatures ? state_size + FP_XSTATE_MAGIC2_SIZE : FXSAVE_SIZE;
}

int fpu_to_sigframe(void __user *buf, struct fpu_state *fpu)
{
	struct fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1, .extended_size = state_size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = xfeatures, .xstate_size = state_size,
	};
	unsigned long flags = local_irq_save();

	fpu_save(fpu);
	local_irq_restore(flags);
	/* The copy may sleep; a switch saves the same registers into @fpu again. */
	if (copy_to_user(buf, fpu, state_size))
		return -EFAULT;
	if (!xfeatures)
		return 0;
	if (copy_to_user((char *)buf + SW_RESERVED, &sw, sizeof(sw)) ||
	    put_user(FP_XSTATE_MAGIC2, (u32 *)((char *)buf + state_size)))
		return -EFAULT;
	return 0;
}

/* Whether the frame has an XSAVE area of our size, by its two magic numbers. */
static bool frame_has_xstate(const char __user *buf, const struct fpx_sw_bytes *sw)
{
	u32 magic2;

	return xfeatures && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size == state_size &&
	       !get_user(magic2, (const u32 *)(buf + state_size)) && magic2 == FP_XSTATE_MAGIC2;
}

/* Makes anything that user space may have written safe for XRSTOR: it faults on reserved bits. */
static void sanitise(struct fpu_state *s, bool has_xstate)
{
	s->mxcsr &= mxcsr_mask;
	if (!xfeatures)
		return;
	s->xstate_bv = has_xstate ? s->xstate_bv & s->sw.xfeatures & xfeatures : xfeatures & 3;
	s->xcomp_bv = 0;
	memset(s->header_reserved, 0, sizeof(s->header_reserved));
}

int fpu_from_sigframe(const void __user *buf, struct fpu_state *fpu)
{
	u8 space[FPU_MAX_SIZE] __aligned(64);
	struct fpu_state *s = (struct fpu_state *)space;
	unsigned long flags;
	int err = 0;

	fpu_init_state(s);
	if (buf) {
		if ((unsigned long)buf % FPU_ALIGN)
			err = -EINVAL;
		else if (copy_from_user(s, buf, FXSAVE_SIZE))
			err = -EFAULT;
		else if (frame_has_xstate(buf, &s->sw)) {
			if (copy_from_user(s, buf, state_size))
				err = -EFAULT;
			sanitise(s, true);
		} else {
			sanitise(s, false);
		}
		if (err)
			fpu_init_state(s);
	}
	flags = local_irq_save();
	memcpy(fpu, s, state_size);
	fpu_restore(fpu);
	local_irq_restore(flags);
	return err;
}
