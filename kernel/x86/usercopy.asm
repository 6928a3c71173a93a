; usercopy.asm - the inner loops on user memory. Contracts: uaccess.c.
;
; Idea:  quadwords with REP, then bytes; a fault among the quadwords goes on
;        with bytes, so that the count of what was left is exact. Strings are
;        searched eight bytes at a time: (v - 01…) & ~v & 80… is not 0 if one is 0.
; Locks: none.
%include "kernel/x86/macros.inc"

section .text progbits alloc exec nowrite align=16

; long copy_user_asm(to, from, n): bytes not copied. RAX.
global copy_user_asm
copy_user_asm:
	STAC
	mov rcx, rdx
	mov eax, edx
	shr rcx, 3
	and eax, 7
.quads:	rep movsq
	mov ecx, eax
.bytes:	rep movsb
.done:	mov rax, rcx
	CLAC
	ret
.fixq:	lea rcx, [rax + rcx * 8]
	jmp .bytes
	EX .quads, .fixq
	EX .bytes, .done

; long clear_user_asm(to, n): bytes not cleared.
global clear_user_asm
clear_user_asm:
	STAC
	mov rcx, rsi
	mov edx, esi
	shr rcx, 3
	and edx, 7
	xor eax, eax
.quads:	rep stosq
	mov ecx, edx
.bytes:	rep stosb
.done:	mov rax, rcx
	CLAC
	ret
.fixq:	lea rcx, [rdx + rcx * 8]
	jmp .bytes
	EX .quads, .fixq
	EX .bytes, .done

; STRING_LOOP name, copies: long name(dst, src, max): length without NUL, max if there is none, -1 on a fault.
%macro STRING_LOOP 2
global %1
%1:
	STAC
	mov r8, rsi
	mov r9, 0x0101010101010101
	mov r10, 0x8080808080808080
.quads:	cmp rdx, 8
	jb .bytes
.loadq:	mov rax, [rsi]
%if %2
	mov [rdi], rax
	add rdi, 8
%endif
	mov rcx, rax
	not rcx
	sub rax, r9
	and rcx, r10
	and rax, rcx
	jnz .found
	add rsi, 8
	sub rdx, 8
	jmp .quads
.found:	bsf rax, rax
	shr eax, 3
	add rsi, rax
	jmp .done
.bytes:	test rdx, rdx
	jz .done
.loadb:	mov al, [rsi]
%if %2
	mov [rdi], al
	inc rdi
%endif
	test al, al
	jz .done
	inc rsi
	dec rdx
	jmp .bytes
.done:	mov rax, rsi
	sub rax, r8
	CLAC
	ret
.fault:	mov rax, -1
	CLAC
	ret
	EX .loadq, .bytes
	EX .loadb, .fault
%endmacro
	STRING_LOOP strncpy_user_asm, 1
	STRING_LOOP strnlen_user_asm, 0
