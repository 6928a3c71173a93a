# Brink's build: a table of contents. `make help` explains the targets.
#
#   MEM=512M SWAP=256 (MiB, 0: no disk) CPUS=2 HIGHMEM=256M (0: no such zone) CPU=max MACHINE=pc|q35
#   APPEND='more kernel parameters'  KVM=1  CHECKS=1 (lock order, poison)  CC=clang  CROSS_COMPILE=prefix-

MEM ?= 512M
SWAP ?= 256
CPUS ?= 2
# Half of the memory, unless said otherwise: on x86-64 the low/high split is a choice.
HIGHMEM ?= $(shell m='$(MEM)'; case $$m in (*[gG]) m=$$(($${m%[gG]} * 1024)) ;; (*) m=$${m%[mM]} ;; esac; echo $$((m / 2))M)
CPU ?= max
MACHINE ?= pc
APPEND ?=
KVM ?=
CHECKS ?= 0
CROSS_COMPILE ?=
B ?= build
COMMA := ,
# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
OBJDUMP := $(CROSS_COMPILE)objdump
OBJCOPY := $(CROSS_COMPILE)objcopy
NASM ?= nasm
PYTHON ?= python3
# Debian's own interpreter has Debian's pytest.
PYTHON3 := $(firstword $(wildcard /usr/bin/python3) python3)
QEMU ?= qemu-system-x86_64

ROOMS := boot kernel/lib kernel/x86 kernel/sched mm kernel/block kernel/fs kernel/dev kernel/proc kernel
CSRC := $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.c)))
ASRC := $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.asm)))
OBJ := $(CSRC:%.c=$(B)/%.o) $(ASRC:%.asm=$(B)/%.asm.o)

WARN := -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wundef
# A call at a function's end stays a call: stack traces name every caller (9 instructions of a page fault's 1,300).
TRACES := -fno-optimize-sibling-calls
CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-builtin -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fno-omit-frame-pointer -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fwrapv -fno-common $(TRACES) $(WARN) $(if $(CI),-Werror) \
	-I. -I$(B) -DBRINK_CHECKS=$(CHECKS) $(EXTRA_CFLAGS)
NASMFLAGS := -f elf64 -g -F dwarf -I $(B)/ -I .
LDFLAGS := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none $(if $(PARTIAL),--unresolved-symbols=ignore-all --noinhibit-exec)

all: $(B)/brink.elf $(B)/brink.dis $(B)/brink.sym ## the kernel: build/brink.elf, with .dis (disassembly) and .sym beside it

o: $(B)/$(F:.c=.o)

$(B)/%.o: %.c Makefile | $(B)/.tools-build
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.asm.o: %.asm $(B)/asm-offsets.inc | $(B)/.tools-build
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -o $@ $<

# Constants of C for nasm: kernel/x86/asm-offsets.c is compiled, never linked.
$(B)/asm-offsets.inc: kernel/x86/asm-offsets.c.in Makefile | $(B)/.tools-build
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $(B)/asm-offsets.d -MT $@ -x c -S -o $(B)/asm-offsets.s $<
	$(Q)sed -n 's/^.*->\([A-Za-z_0-9]*\) \$$*\(-*[0-9]*\).*/%define \1 \2/p' $(B)/asm-offsets.s > $@

$(B)/linker.lds: linker.ld kernel/x86/memlayout.h | $(B)/.tools-build
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -I. -o $@ $<

# Linked twice: the first image's functions become the symbol table of the second (kernel/x86/ksyms.h).
$(B)/brink.elf: $(OBJ) $(B)/linker.lds kernel/x86/ksyms.awk
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS) -T $(B)/linker.lds -o $(B)/brink.pass1.elf $(OBJ)
	$(Q)$(NM) -n $(B)/brink.pass1.elf | awk -f kernel/x86/ksyms.awk > $(B)/ksyms.S
	$(Q)$(CC) -c -x assembler -o $(B)/ksyms.o $(B)/ksyms.S
	$(Q)$(LD) $(LDFLAGS) -T $(B)/linker.lds -o $@.tmp $(OBJ) $(B)/ksyms.o
	@$(NM) $(B)/brink.pass1.elf | grep ' [tT] ' | sort > $(B)/ksyms.1; $(NM) $@.tmp | grep ' [tT] ' | sort | \
		cmp -s - $(B)/ksyms.1 || { echo 'brink.elf: functions moved between the two links' >&2; exit 1; }
	$(Q)mv $@.tmp $@

$(B)/brink.dis: $(B)/brink.elf
	$(Q)$(OBJDUMP) -d -l --no-show-raw-insn $< > $@
$(B)/brink.sym: $(B)/brink.elf
	$(Q)$(NM) -n $< > $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- the tools of this machine: named, and on Debian installed, by .ci/setup ---
$(B)/.tools-%: .ci/setup
	@B=$(B) CC='$(CC)' sh .ci/setup $*

# --- the root file system, and the tests ---
include user/user.mk
include tests/tests.mk

# --- starting it ---
QEMU_ACCEL := $(if $(filter 1 y yes,$(KVM)),-accel kvm,-accel tcg$(COMMA)thread=multi)
QEMU_ARGS = $(QEMU_ACCEL) -cpu $(CPU) -machine $(MACHINE) -smp $(CPUS) -m $(MEM) -net none -no-reboot \
	$(if $(filter-out 0,$(SWAP)),-drive file=$(B)/swap.img$(COMMA)format=raw$(COMMA)if=virtio$(COMMA)cache=unsafe)
QEMU_KERNEL = -kernel $(B)/brink.elf -initrd $(B)/initramfs.cpio.gz
CMDLINE = console=ttyS0 quiet highmem=$(HIGHMEM) panic=-1 $(APPEND)

$(B)/swap.img: FORCE
	@[ "$(SWAP)" = 0 ] || { truncate -s 0 $@ && truncate -s $(SWAP)M $@ && chmod 600 $@ && PATH=$$PATH:/usr/sbin:/sbin mkswap -q $@; }

run: $(B)/brink.elf $(B)/initramfs.cpio.gz $(B)/swap.img ## boots to a BusyBox shell on this terminal (Ctrl-A X ends QEMU)
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append "$(CMDLINE)" -display none -vga none -serial mon:stdio

demo: $(B)/brink.elf $(B)/initramfs.cpio.gz $(B)/swap.img ## three big_mm until the OOM killer has had them all; then powers off
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append "$(CMDLINE) demo" -display none -vga none -serial mon:stdio

window: $(B)/brink.iso $(B)/swap.img ## boots the ISO in a window, with screen and keyboard
	$(QEMU) $(QEMU_ARGS) -cdrom $(B)/brink.iso -serial stdio

debug: $(B)/brink.elf $(B)/initramfs.cpio.gz $(B)/swap.img ## as run, but waits for gdb (target remote :1234) before the first instruction
	@echo "in another terminal: gdb -ex 'target remote :1234' $(B)/brink.elf"
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append "$(CMDLINE) norandmaps" -display none -vga none -serial mon:stdio -s -S

# Deterministic: one guest instruction is one tick of rdtsc (docs/DEBUGGING.md).
bench: $(B)/brink.elf $(B)/initramfs.cpio.gz ## counts the instructions of the common paths
	$(PYTHON3) tests/bench.py $(B)

iso: $(B)/brink.iso ## build/brink.iso, for BIOS and UEFI (GRUB)
$(B)/brink.iso: $(B)/brink.elf $(B)/initramfs.cpio.gz boot/grub.cfg | $(B)/.tools-iso
	@rm -rf $(B)/iso && mkdir -p $(B)/iso/boot/grub
	$(OBJCOPY) --strip-debug $(B)/brink.elf $(B)/iso/boot/brink.elf
	cp $(B)/initramfs.cpio.gz $(B)/iso/boot/
	cp boot/grub.cfg $(B)/iso/boot/grub/
	grub-mkrescue -o $@ $(B)/iso 2> $(B)/grub-mkrescue.log || { cat $(B)/grub-mkrescue.log; exit 1; }

# The tests' kernel, in a build directory of its own.
$(B)/checks/brink.elf: FORCE
	@$(MAKE) --no-print-directory B=$(B)/checks CHECKS=1 $(B)/checks/brink.elf

clean: ## removes build/
	rm -rf $(B)

help: ## this list
	@sed -n '3,4p' Makefile | sed 's/^# *//'
	@grep -hE '^[a-z-]+:.*## ' Makefile tests/tests.mk | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

FORCE:
.PHONY: all o run demo window debug bench iso clean help FORCE
