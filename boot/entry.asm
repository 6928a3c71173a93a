; entry.asm - from the loader's 32-bit protected mode to boot_main() in long mode.
;
; Idea:  both protocols start a 32-bit, unpaged CPU at a physical address with
;        one pointer in EBX. The kernel is linked at KERNEL_BASE + physical, so
;        until paging is on every symbol is used as P(symbol). The early tables
;        map the first 4 GiB three times, in 2 MiB pages: 1:1, at DIRECT_BASE
;        and (the first 1 GiB) at KERNEL_BASE. paging_init() replaces them.
; Locks: none.   Above: boot/boot_info.c.
%include "asm-offsets.inc"
%define P(sym) ((sym) - KERNEL_BASE)

extern boot_main, __bss_start, __bss_end
global pvh_entry, multiboot2_entry, boot_pml4, boot_stack, boot_gdt_pointer

; --- what the loaders look for ------------------------------------------------
section .note.pvh note alloc noexec nowrite align=4
	dd 4, 4, 18			; name size, description size, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd P(pvh_entry)

MB2_MAGIC	equ 0xe85250d6		; Multiboot2 2.0, section 3.1.1
MB2_BOOT_MAGIC	equ 0x36d76289		; in EAX at entry
section .multiboot2 alloc noexec nowrite align=8
mb2_header:
	dd MB2_MAGIC, 0, mb2_end - mb2_header
	dd (0x100000000 - (MB2_MAGIC + (mb2_end - mb2_header))) & 0xffffffff
	align 8
	dw 3, 0				; entry address
	dd 12, P(multiboot2_entry)
	align 8
	dw 5, 1				; framebuffer, optional
	dd 20, 1024, 768, 32
	align 8
	dw 6, 1				; modules on page boundaries
	dd 8
	align 8
	dw 0, 0				; end
	dd 8
mb2_end:

; --- 32 bits -------------------------------------------------------------------
section .init.text progbits alloc exec nowrite align=16
bits 32
multiboot2_entry:
	cmp eax, MB2_BOOT_MAGIC
	jne hang
	mov esi, 2			; BOOT_MULTIBOOT2
	jmp common_entry
pvh_entry:
	mov esi, 1			; BOOT_PVH
common_entry:
	cli
	cld
	mov ebp, ebx			; the pointer; CPUID takes EBX
	mov esp, P(boot_stack) + KSTACK_SIZE
	mov edi, P(__bss_start)		; loaders clear it too, but none must
	mov ecx, P(__bss_end + 3)
	sub ecx, edi
	shr ecx, 2
	xor eax, eax
	rep stosd
	mov eax, 0x80000000
	cpuid
	cmp eax, 0x80000001
	jb hang
	mov eax, 0x80000001
	cpuid
	bt edx, 29			; long mode: SDM vol. 2, CPUID
	jnc hang
	call build_tables
	call enter_long_mode
	lgdt [P(boot_gdt_pointer)]
	jmp 0x10:P(start64)

hang:	cli
	hlt
	jmp hang

; Fills the tables at boot_pml4. Destroys EAX, ECX, EDX, EDI.
build_tables:
	PRESENT_RW	equ 3
	LARGE		equ 0x83
	mov eax, P(boot_pdpt_low) + PRESENT_RW
	mov [P(boot_pml4)], eax
	mov [P(boot_pml4) + ((DIRECT_BASE >> 39) & 511) * 8], eax
	mov dword [P(boot_pml4) + 511 * 8], P(boot_pdpt_high) + PRESENT_RW
	mov dword [P(boot_pdpt_high) + 510 * 8], P(boot_pd) + PRESENT_RW
	mov edi, P(boot_pdpt_low)
	mov eax, P(boot_pd) + PRESENT_RW
	mov ecx, 4
.pdpt:	mov [edi], eax
	add edi, 8
	add eax, 4096
	loop .pdpt
	mov edi, P(boot_pd)		; 4 GiB in 2 MiB pages
	mov eax, LARGE
	mov ecx, 4 * 512
.pd:	mov [edi], eax
	add edi, 8
	add eax, 2 << 20
	loop .pd
	ret

; Paging and long mode on, for the boot CPU and (from the trampoline) the others.
; Destroys EAX, ECX, EDX.
enter_long_mode:
	mov eax, cr4
	or eax, 1 << 5			; PAE
	mov cr4, eax
	mov eax, P(boot_pml4)
	mov cr3, eax
	mov ecx, 0xc0000080		; EFER
	rdmsr
	or eax, 1 << 8			; LME
	wrmsr
	mov eax, cr0
	or eax, (1 << 31) | (1 << 16) | 1	; PG, WP, PE
	mov cr0, eax
	ret

; --- 64 bits -------------------------------------------------------------------
bits 64
start64:
	mov rax, .high			; leave the 1:1 map
	jmp rax
.high:	mov eax, 0x18
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov ecx, 0xc0000101		; GS.base: 0 is the boot CPU's per-CPU offset
	xor edx, edx
	wrmsr
	mov rsp, boot_stack + KSTACK_SIZE - PTREGS_SIZE
	mov r8d, ebp
	xor ebp, ebp			; the end of every backtrace
	mov edi, esi
	mov esi, r8d
	call boot_main
	ud2

section .init.data progbits alloc noexec write align=16
	align 8
boot_gdt:
	dq 0, 0
	dq 0x00af9b000000ffff		; 10 kernel code, 64 bits
	dq 0x00cf93000000ffff		; 18 kernel data
boot_gdt_end:
boot_gdt_pointer:
	dw boot_gdt_end - boot_gdt - 1
	dq P(boot_gdt)

section .init.bss nobits alloc noexec write align=4096
boot_pml4:	resb 4096
boot_pdpt_low:	resb 4096
boot_pdpt_high:	resb 4096
boot_pd:	resb 4 * 4096

; init_task's kernel stack; paging_init() leaves the page below it unmapped.
section .bss.stack nobits alloc noexec write align=4096
		resb 4096
boot_stack:	resb KSTACK_SIZE
