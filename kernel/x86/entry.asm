; entry.asm - every way into the kernel and out of it.
;
; Idea:  each entry pushes a full struct pt_regs, makes GS the kernel's (SWAPGS
;        if it came from user mode) and calls C with RBP = pt_regs | 1, which
;        lets a backtrace cross it. Every way back to user mode looks at
;        current's TIF_WORK_MASK with interrupts off. NMI, #MC and #DF may hit
;        between two of these instructions, so they trust neither GS nor RSP:
;        they have stacks of their own with the per-CPU offset at the top.
; Locks: none.
; Above: traps.c, irq.c, kernel/proc's do_syscall().   Source: SDM vol. 3, 6.14; AMD vol. 2, 6.1.
%include "asm-offsets.inc"
%include "kernel/x86/macros.inc"

extern current_task, cpu_tss, schedule_tail, do_syscall, exit_to_user_mode_work, do_irq, do_bad_iret
global user_rsp, kernel_stack_top

section .percpu progbits alloc noexec write align=8
user_rsp:		dq 0		; the system call's, for two instructions
kernel_stack_top:	dq boot_stack + KSTACK_SIZE
extern boot_stack

MSR_GS_BASE	equ 0xc0000101
ENOSYS		equ 38
FLAGS_TF_RF	equ 0x10100		; SYSRET would trap late or lose them

section .text.entry progbits alloc exec nowrite align=16

%macro PUSH_REGS 0			; below orig_rax
	cld				; the user's DF may be set, and C takes it for clear
	push rdi
	push rsi
	push rdx
	push rcx
	push rax
	push r8
	push r9
	push r10
	push r11
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
%endmacro
%macro POP_REGS_BUT_RDI 0
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	pop r11
	pop r10
	pop r9
	pop r8
	pop rax
	pop rcx
	pop rdx
	pop rsi
%endmacro

; --- system calls ----------------------------------------------------------------
global entry_SYSCALL_64, entry_SYSCALL_64_after_hwframe
entry_SYSCALL_64:			; RCX: user RIP, R11: RFLAGS; SFMASK cleared IF, TF, DF, AC
	swapgs
	mov [gs:user_rsp], rsp
	mov rsp, [gs:kernel_stack_top]
	push USER_DS
	push qword [gs:user_rsp]
	push r11
	push USER_CS
	push rcx
entry_SYSCALL_64_after_hwframe:
	push rax			; orig_rax
	push rdi
	push rsi
	push rdx
	push rcx
	push -ENOSYS			; rax, unless do_syscall() knows better
	push r8
	push r9
	push r10
	push r11
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	mov rdi, rsp
	lea rbp, [rsp + 1]
	sti
	call do_syscall
.return:
	cli
	mov rax, [gs:current_task]
	test dword [rax + TASK_TIF], WORK_MASK
	jnz exit_work
	; SYSRET only for what it can do: RIP in RCX, RFLAGS in R11, and a RIP in user space,
	; because Intel's SYSRET to a non-canonical address faults in ring 0 on the user's stack.
	mov rcx, [rsp + PT_RCX]
	mov r11, [rsp + PT_R11]
	cmp rcx, [rsp + PT_RIP]
	jne restore_user
	cmp r11, [rsp + PT_RFLAGS]
	jne restore_user
	test r11d, FLAGS_TF_RF
	jnz restore_user
	mov rax, rcx
	shr rax, 47
	jnz restore_user
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	add rsp, 8			; r11 is loaded
	pop r10
	pop r9
	pop r8
	pop rax
	add rsp, 8			; rcx is loaded
	pop rdx
	pop rsi
	pop rdi
	mov rsp, [rsp + PT_RSP - PT_ORIG_RAX]
	swapgs
	o64 sysret

; SYSCALL in 32-bit code: AMD's processors come here (on Intel's it is no instruction). There are no such
; calls: back at once, on the user's stack, with the user's GS, interrupts off.
global entry_SYSCALL_compat
entry_SYSCALL_compat:
	mov eax, -ENOSYS
	sysret				; to STAR's 32-bit code segment

; --- the way back ----------------------------------------------------------------
exception_return:
	cli
	test byte [rsp + PT_CS], 3
	jz restore_kernel
return_to_user:
	mov rax, [gs:current_task]
	test dword [rax + TASK_TIF], WORK_MASK
	jnz exit_work
restore_user:
	POP_REGS_BUT_RDI
	pop rdi
	add rsp, 8
	swapgs
global user_iret
user_iret:				; faults on a bad frame: traps.c sends it to bad_iret
	iretq

exit_work:
	sti
	mov rdi, rsp
	lea rbp, [rsp + 1]
	call exit_to_user_mode_work
	cli
	jmp return_to_user

restore_kernel:
	POP_REGS_BUT_RDI
	pop rdi
	add rsp, 8
	iretq

; The frame that user_iret choked on is still on the stack, the user's registers are loaded.
global bad_iret
bad_iret:
	push -1
	PUSH_REGS
	mov rdi, rsp
	lea rbp, [rsp + 1]
	sti
	call do_bad_iret		; SIGSEGV
	cli
	jmp return_to_user

; --- exceptions ------------------------------------------------------------------
; EXC name, has_error_code, checks_iret: calls exc_<name>(regs, error_code).
%macro EXC 2-3 0
extern exc_%1
global asm_exc_%1
asm_exc_%1:
	CLAC
%if %2 == 0
	push 0
%endif
	PUSH_REGS
	test byte [rsp + PT_CS], 3
	jz %%kernel
%%swap:	swapgs
%%call:	mov rdi, rsp
	mov rsi, [rsp + PT_ORIG_RAX]
	mov qword [rsp + PT_ORIG_RAX], -1
	lea rbp, [rsp + 1]
	call exc_%1
	jmp exception_return
%%kernel:
%if %3
	mov rax, user_iret		; GS is the user's already there
	cmp rax, [rsp + PT_RIP]
	je %%swap
%endif
	jmp %%call
	align 16
%endmacro

	EXC divide_error, 0
	EXC debug, 0
	EXC int3, 0
	EXC overflow, 0
	EXC bounds, 0
	EXC invalid_op, 0
	EXC device_not_available, 0
	EXC early_fatal, 0		; NMI, #MC and #DF before they have stacks
	EXC invalid_tss, 1
	EXC segment_not_present, 1, 1
	EXC stack_segment, 1, 1
	EXC general_protection, 1, 1
	EXC page_fault, 1
	EXC coprocessor_error, 0
	EXC alignment_check, 1
	EXC simd_coprocessor_error, 0
	EXC control_protection, 1

; PARANOID name, has_error_code: GS from the top of the IST stack, and back as it was.
%macro PARANOID 2
extern exc_%1
global asm_exc_%1
asm_exc_%1:
	CLAC
%if %2 == 0
	push 0
%endif
	PUSH_REGS
	mov ecx, MSR_GS_BASE
	rdmsr
	mov rbx, rdx
	shl rbx, 32
	mov eax, eax
	or rbx, rax			; what it was
	mov rax, rsp
	or rax, IST_STACK_SIZE - 1
	mov rdx, [rax - 15]		; gdt.c put this CPU's offset there
	mov eax, edx
	shr rdx, 32
	wrmsr
	mov rdi, rsp
	mov rsi, [rsp + PT_ORIG_RAX]
	mov qword [rsp + PT_ORIG_RAX], -1
	lea rbp, [rsp + 1]
	call exc_%1
	mov ecx, MSR_GS_BASE
	mov eax, ebx
	mov rdx, rbx
	shr rdx, 32
	wrmsr
	jmp restore_kernel
	align 16
%endmacro
	PARANOID nmi, 0
	PARANOID double_fault, 1
	PARANOID machine_check, 0

; --- interrupts ------------------------------------------------------------------
global irq_stubs, asm_common_interrupt
	align 16
irq_stubs:				; 16 bytes each, from vector 32 on
%assign vector 32
%rep 224
	push dword vector
	jmp asm_common_interrupt
	align 16
%assign vector vector + 1
%endrep

asm_common_interrupt:
	CLAC
	PUSH_REGS
	test byte [rsp + PT_CS], 3
	jz .kernel
	swapgs
.kernel:
	mov rdi, rsp
	mov rsi, [rsp + PT_ORIG_RAX]
	mov qword [rsp + PT_ORIG_RAX], -1
	lea rbp, [rsp + 1]
	call do_irq
	jmp exception_return

; --- tasks -----------------------------------------------------------------------
; struct task_struct *switch_to(prev, next): process.h
global switch_to
switch_to:
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov [rdi + TASK_KERNEL_RSP], rsp
	mov rsp, [rsi + TASK_KERNEL_RSP]
	mov [gs:current_task], rsi
	mov rax, [rsi + TASK_STACK]
	add rax, KSTACK_SIZE
	mov [gs:kernel_stack_top], rax
	mov [gs:cpu_tss + 4], rax	; RSP0: SDM vol. 3, 7.7
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	mov rax, rdi
	ret

; A new task's first steps. RAX: the task before. RBX: a kernel thread's function, R12: its argument.
global ret_from_fork
ret_from_fork:
	mov rdi, rax
	call schedule_tail		; interrupts are on afterwards
	test rbx, rbx
	jz entry_SYSCALL_64_after_hwframe.return
	mov rdi, r12
	call rbx
	jmp entry_SYSCALL_64_after_hwframe.return		; it became a user process
