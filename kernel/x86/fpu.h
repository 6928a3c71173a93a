/*
 * fpu.h - user space's x87, SSE and AVX registers.
 *
 * Idea: the kernel uses none of them (it is compiled without), so they stay
 *       loaded while a task is in the kernel and change hands at a switch only,
 *       eagerly, with XSAVE (or FXSAVE on a CPU without).
 * Locks: the owner alone; save, restore and switch with interrupts off.
 * Above: kernel/proc: fork, exec, signal frames. struct fpu_state is opaque:
 *        fpu_state_size() bytes aligned to FPU_ALIGN.
 */
#pragma once

#include "kernel/lib/types.h"

struct fpu_state;
#define FPU_ALIGN 64		/* XSAVE's demand: SDM vol. 1, 13.4 */

void fpu_init_cpu(void);
size_t fpu_state_size(void);	/* c, after cpu_init_boot() */
void fpu_init_state(struct fpu_state *fpu);	/* as after FNINIT, all vectors 0 */
void fpu_save(struct fpu_state *fpu);		/* this CPU's registers into memory */
void fpu_restore(const struct fpu_state *fpu);
/* fork: the child starts with the registers of current, whose state is @parent. */
void fpu_copy_current(struct fpu_state *child, struct fpu_state *parent);
/* execve: current gets a fresh state in @fpu, loaded. */
void fpu_flush_current(struct fpu_state *fpu);

/*
 * The x87 and SSE registers of a task that is not running, as FXSAVE lays them out. 0, -EFAULT; set:
 * -EINVAL: reserved bits of MXCSR.
 */
#define FPU_LEGACY_SIZE 512
int fpu_get_legacy(const struct fpu_state *fpu, void __user *to);
int fpu_set_legacy(struct fpu_state *fpu, const void __user *from);
/* The same into kernel memory; and all of them, as a debugger wants it: XCR0 at 464. 0: no XSAVE. */
void fpu_copy_legacy(const struct fpu_state *fpu, void *to);
size_t fpu_xstate_size(void);
void fpu_copy_xstate(const struct fpu_state *fpu, void *to);

/*
 * Signal frames: Linux's layout (FXSAVE image, sw_reserved at 464, XSAVE area, MAGIC2).
 * => @fpu is current's; @buf is 64-byte aligned, fpu_sigframe_size() bytes. 0 or -EFAULT.
 * fpu_from_sigframe: NULL @buf means the initial state. A frame that is not valid: -EINVAL, state
 * reset.
 */
size_t fpu_sigframe_size(void);
int fpu_to_sigframe(void __user *buf, struct fpu_state *fpu);
int fpu_from_sigframe(const void __user *buf, struct fpu_state *fpu);
