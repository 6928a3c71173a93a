; trampoline.asm - where an application processor wakes up: real mode, a page below 1 MiB.
;
; Idea:  smp.c copies [trampoline_start, trampoline_end) to TRAMPOLINE_PHYS and
;        sends the startup IPI with that page's number. The code goes straight
;        from real to long mode on the boot tables, then to ap_start in the
;        kernel image, which takes stack, GS and CR3 from ap_boot_* (smp.c: one
;        processor comes up at a time).
; Locks: none.   Above: kernel/x86/smp.c.
%include "asm-offsets.inc"
%define T(sym) (TRAMPOLINE_PHYS + (sym) - trampoline_start)

extern boot_pml4, smp_ap_main, ap_boot_stack, ap_boot_gs, ap_boot_cr3, ap_boot_efer
global trampoline_start, trampoline_end

section .init.text progbits alloc exec nowrite align=16
bits 16
trampoline_start:
	cli
	xor ax, ax
	mov ds, ax
	o32 lgdt [T(gdt_pointer)]
	mov eax, cr4
	or eax, 1 << 5			; PAE
	mov cr4, eax
	mov eax, [T(pml4)]
	mov cr3, eax
	mov ecx, 0xc0000080		; EFER
	rdmsr
	or eax, 1 << 8			; LME
	wrmsr
	mov eax, cr0
	and eax, ~((1 << 30) | (1 << 29))	; caches on: CD, NW
	or eax, (1 << 31) | (1 << 16) | 1	; PG, WP, PE
	mov cr0, eax
	jmp dword 0x10:T(long_mode)

bits 64
long_mode:
	mov eax, 0x18
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rax, [T(target)]
	jmp rax

	align 8
pml4:	dd boot_pml4 - KERNEL_BASE
	align 8
target:	dq ap_start
gdt:	dq 0, 0
	dq 0x00af9b000000ffff		; 10 kernel code, 64 bits
	dq 0x00cf93000000ffff		; 18 kernel data
gdt_pointer:
	dw $ - gdt - 1
	dd T(gdt)
trampoline_end:

; In the kernel image, still on the boot tables. EFER first: the kernel's tables use NX.
ap_start:
	mov ecx, 0xc0000080
	mov eax, [ap_boot_efer]
	xor edx, edx
	wrmsr
	mov rax, [ap_boot_cr3]
	mov rsp, [ap_boot_stack]
	mov rbx, [ap_boot_gs]
	mov rdi, ap_enter
	mov cr3, rax			; .init.text stays mapped until smp_init() is done
	jmp rdi
section .text
ap_enter:
	mov ecx, 0xc0000101		; GS.base
	mov eax, ebx
	mov rdx, rbx
	shr rdx, 32
	wrmsr
	xor ebp, ebp
	call smp_ap_main
	ud2
