; vdso_image.asm - the vDSO as the Makefile has linked it (kernel/vdso), for vdso.c to copy.
section .rodata
global vdso_image_start, vdso_image_end
align 16
vdso_image_start:
	incbin "vdso.so"
vdso_image_end:
