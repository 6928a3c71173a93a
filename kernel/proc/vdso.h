/*
 * vdso.h - the code and the clock that the kernel gives to every program.
 */
#pragma once

#include "mm/mm_types.h"

void vdso_init(void);		/* once, when pages can be had */
/*
 * exec: [vvar] and [vdso] in current's new address space, a random way above the stack's data at
 * @stack. Takes mmap_lock. 0: *@image is where the ELF image lies, or 0 with `vdso=0`; -ENOMEM.
 */
int map_vdso(unsigned long stack, unsigned long *image);
