# Brink's build: a table of contents. `make help` prints these variables, and the targets with their `##` texts.
#
#   MEM=512M        memory of the machine: 32M to 16G and more
#   SWAP=256M       size of the swap disk; 0: no disk
#   CPUS=2          how many CPUs, 1 to 16
#   HIGHMEM=256M    how much of the memory lies above the low/high split (default: half of MEM); 0: no such zone
#   CPU=max         QEMU's model of the CPU: qemu64 to max, or host with KVM=1
#   MACHINE=pc      QEMU's machine: pc or q35
#   APPEND='...'    more kernel parameters
#   KVM=1           runs on the real CPU (/dev/kvm); 0: in software
#   CHECKS=1        a kernel that checks its locks and poisons freed memory
#   CC=clang        the compiler; CROSS_COMPILE=x86_64-linux-gnu- is the prefix of all the tools
#   EXTRA_CFLAGS=   more flags for the kernel's compiler
#   B=build         the build directory
#   V=1             shows the commands; CI=1 makes warnings errors

ifneq (4.2,$(firstword $(sort $(MAKE_VERSION) 4.2)))
$(error This is GNU make $(MAKE_VERSION); Brink needs at least 4.2)
endif

MEM ?= 512M
SWAP ?= 256M
CPUS ?= 2
# On x86-64 the low/high split is a choice: half of the memory, unless said otherwise (or too little stays low).
HIGHMEM ?= $(shell sh .ci/settings --highmem '$(MEM)')
CPU ?= max
MACHINE ?= pc
APPEND ?=
KVM ?= 0
CHECKS ?= 0
CROSS_COMPILE ?=
EXTRA_CFLAGS ?=
B ?= build

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
OBJDUMP := $(CROSS_COMPILE)objdump
OBJCOPY := $(CROSS_COMPILE)objcopy
NASM ?= nasm
QEMU ?= qemu-system-x86_64
# Debian's own interpreter has Debian's pytest.
PYTHON3 ?= $(firstword $(wildcard /usr/bin/python3) python3)

# --- small helpers ---
COMMA := ,
yes = $(filter-out 0 n no false,$(1))
Q := $(if $(call yes,$(V)),,@)
say = $(if $(Q),@printf '  %-7s %s\n' $(1) $(2))
WERROR := $(if $(call yes,$(CI)),-Werror)
quote = '$(subst ','\'',$(1))'
# A number without a unit is one of MiB.
mib = $(1)$(if $(filter 0 %M %m %G %g,$(1)),,M)

ifeq ($(filter 0 1,$(CHECKS)),)
$(error CHECKS='$(CHECKS)': say 1 for the kernel that checks itself, 0 for the other)
endif

# --- the kernel ---
ROOMS := boot kernel/lib kernel/x86 kernel/sched mm kernel/block kernel/fs kernel/dev kernel/proc kernel
# A room may have sub-folders (kernel/fs/ext2); kernel's are rooms of their own.
CSRC := $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.c $(if $(filter-out kernel,$(r)),$(r)/*/*.c))))
ASRC := $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.asm)))
OBJ := $(CSRC:%.c=$(B)/%.o) $(ASRC:%.asm=$(B)/%.asm.o)

WARN := -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wundef
# A call at a function's end stays a call: stack traces name every caller (9 instructions of a page fault's 1,300).
TRACES := -fno-optimize-sibling-calls
CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-builtin -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fno-omit-frame-pointer -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fwrapv -fno-common $(TRACES) $(WARN) $(WERROR) \
	-I. -I$(B) -DBRINK_CHECKS=$(CHECKS) $(EXTRA_CFLAGS)
NASMFLAGS := -f elf64 -g -F dwarf -I $(B)/ -I . $(WERROR)
LDFLAGS := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none $(if $(WERROR),--fatal-warnings)

all: $(B)/brink.elf $(B)/brink.dis $(B)/brink.sym ## the kernel: build/brink.elf; beside it .dis (disassembly) and .sym

o: $(B)/$(F:.c=.o) ## compiles one file: make o F=mm/memory.c

$(B)/%.o: %.c $(B)/.flags-kernel | $(B)/.tools-build
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.asm.o: %.asm $(B)/asm-offsets.inc $(B)/.flags-kernel | $(B)/.tools-build
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP -o $@ $<

# The vDSO: a shared library for programs, built by the same tools and held by the kernel as it is (kernel/vdso).
VDSO_CFLAGS := -std=gnu11 -O2 -ffreestanding -fPIC -mgeneral-regs-only -fno-strict-aliasing -fomit-frame-pointer \
	-fno-stack-protector -fasynchronous-unwind-tables -fcf-protection=none -fwrapv $(WARN) $(WERROR) -I.
VDSO_LDFLAGS := -shared -nostdlib -Bsymbolic -soname linux-vdso.so.1 --hash-style=both --build-id=sha1 --eh-frame-hdr \
	--no-undefined -z max-page-size=0x1000 -z noexecstack -s
$(B)/vdso.so: kernel/vdso/vgettime.c kernel/vdso/vdso.ld $(B)/.flags-kernel | $(B)/.tools-build
	$(call say,VDSO,$@)
	$(Q)$(CC) $(VDSO_CFLAGS) -MMD -MP -MF $@.d -MT $@ -c -o $(B)/vgettime.o $<
	$(Q)$(LD) $(VDSO_LDFLAGS) -T kernel/vdso/vdso.ld -o $@ $(B)/vgettime.o
$(B)/kernel/proc/vdso_image.asm.o: $(B)/vdso.so

# Constants of C for nasm: kernel/x86/asm-offsets.c.in is compiled, never linked.
$(B)/asm-offsets.inc: kernel/x86/asm-offsets.c.in $(B)/.flags-kernel | $(B)/.tools-build
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $(B)/asm-offsets.d -MT $@ -x c -S -o $(B)/asm-offsets.s $<
	$(Q)sed -n 's/^.*->\([A-Za-z_0-9]*\) \$$*\(-*[0-9]*\).*/%define \1 \2/p' $(B)/asm-offsets.s > $@

$(B)/linker.lds: linker.ld kernel/x86/memlayout.h $(B)/.flags-kernel | $(B)/.tools-build
	$(Q)$(CC) -E -P -x c -I. -o $@ $<

# Linked twice: the first image's functions become the symbol table of the second (kernel/x86/ksyms.h).
$(B)/brink.elf: $(OBJ) $(B)/linker.lds kernel/x86/ksyms.awk $(B)/.flags-link
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS) -T $(B)/linker.lds -o $(B)/brink.pass1.elf $(OBJ)
	$(Q)$(NM) -n $(B)/brink.pass1.elf | awk -f kernel/x86/ksyms.awk > $(B)/ksyms.S
	$(Q)$(CC) -c -x assembler -o $(B)/ksyms.o $(B)/ksyms.S
	$(Q)$(LD) $(LDFLAGS) -T $(B)/linker.lds -o $@.tmp $(OBJ) $(B)/ksyms.o
	@$(NM) $(B)/brink.pass1.elf | grep ' [tT] ' | sort > $(B)/ksyms.1; $(NM) $@.tmp | grep ' [tT] ' | sort | \
		cmp -s - $(B)/ksyms.1 || { echo 'brink.elf: functions moved between the two links' >&2; exit 1; }
	$(Q)mv $@.tmp $@

$(B)/brink.dis: $(B)/brink.elf
	$(call say,DIS,$@)
	$(Q)$(OBJDUMP) -d -l --no-show-raw-insn $< > $@
$(B)/brink.sym: $(B)/brink.elf
	$(Q)$(NM) -n $< > $@

# The tests' kernel, in a build directory of its own.
$(B)/checks/brink.elf: FORCE
	@$(MAKE) --no-print-directory B=$(B)/checks CHECKS=1 $(B)/checks/brink.elf

# --- the root file system, and the tests ---
include user/user.mk
include tests/tests.mk

# --- the tools of this machine: named, and on Debian installed, by .ci/setup ---
$(B)/.tools-%: .ci/setup $(B)/.flags-tools
	@B='$(B)' CC='$(CC)' CROSS_COMPILE='$(CROSS_COMPILE)' NASM='$(NASM)' QEMU='$(QEMU)' USER_CC='$(USER_CC)' \
		BUSYBOX='$(BUSYBOX)' PYTHON3='$(PYTHON3)' sh .ci/setup $*

# --- what was built with other flags, or from other files, is built again: the last flags are in .flags-* ---
FLAGS_kernel = $(CC) $(CFLAGS) $(NASM) $(NASMFLAGS) $(VDSO_CFLAGS) $(VDSO_LDFLAGS)
FLAGS_link = $(LD) $(LDFLAGS) $(OBJ)
FLAGS_user = $(USER_CC) $(USER_CFLAGS)
FLAGS_initramfs = $(USER_PROGRAMS) $(USER_TESTS)
FLAGS_tools = $(CC) $(LD) $(NASM) $(QEMU) $(USER_CC)
FLAGS := kernel link user initramfs tools
differ = $(subst x$(1),,x$(2))$(subst x$(2),,x$(1))
$(foreach f,$(FLAGS),$(if $(call differ,$(strip $(FLAGS_$f)),$(file <$(B)/.flags-$f)),$(eval $(B)/.flags-$f: FORCE)))
$(FLAGS:%=$(B)/.flags-%): $(B)/.flags-%:
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(strip $(FLAGS_$*))) > $@

-include $(OBJ:.o=.d) $(B)/asm-offsets.d $(B)/vdso.so.d $(USER_PROGRAMS:=.d) $(USER_TESTS:=.d)

# --- starting it ---
QEMU_ARGS = -accel $(if $(call yes,$(KVM)),kvm,tcg$(COMMA)thread=multi) -cpu $(CPU) -machine $(MACHINE) -smp $(CPUS) \
	-m $(call mib,$(MEM)) -net none -no-reboot \
	$(if $(filter-out 0,$(SWAP)),-drive file=$(B)/swap.img$(COMMA)format=raw$(COMMA)if=virtio$(COMMA)cache=unsafe)
QEMU_KERNEL = -kernel $(B)/brink.elf -initrd $(B)/initramfs.cpio.gz
SERIAL := -display none -vga none -serial mon:stdio
CMDLINE = console=ttyS0 quiet highmem=$(call mib,$(HIGHMEM)) panic=-1 $(APPEND)
IMAGES := settings $(B)/brink.elf $(B)/initramfs.cpio.gz $(B)/swap.img

settings: | $(B)/.tools-build
	@MEM='$(MEM)' SWAP='$(SWAP)' CPUS='$(CPUS)' HIGHMEM='$(HIGHMEM)' MACHINE='$(MACHINE)' CPU='$(CPU)' KVM='$(KVM)' \
		QEMU='$(QEMU)' sh .ci/settings

# A new file each time: a machine that still runs keeps the one it has.
$(B)/swap.img: FORCE | settings
	@rm -f $@; [ '$(SWAP)' = 0 ] || { truncate -s $(call mib,$(SWAP)) $@ && chmod 600 $@ && \
		PATH=$$PATH:/usr/sbin:/sbin mkswap -q $@; }

run: $(IMAGES) ## boots to a BusyBox shell on this terminal (Ctrl-A X ends QEMU)
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append $(call quote,$(CMDLINE)) $(SERIAL)

demo: $(IMAGES) ## three big_mm until the OOM killer has had them all; then powers off
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append $(call quote,$(CMDLINE) demo) $(SERIAL)

debug: $(IMAGES) ## as run, but waits for gdb (target remote :1234) before the first instruction
	@echo "in another terminal: gdb -ex 'target remote :1234' $(B)/brink.elf"
	$(QEMU) $(QEMU_ARGS) $(QEMU_KERNEL) -append $(call quote,$(CMDLINE) norandmaps) $(SERIAL) -s -S

window: $(IMAGES) $(B)/brink.iso | $(B)/.tools-window ## boots the ISO in a window, with screen and keyboard
	$(QEMU) $(QEMU_ARGS) -cdrom $(B)/brink.iso -serial stdio || { \
		[ "$$DISPLAY$$WAYLAND_DISPLAY" ] || echo 'There is no desktop here for a window: try make run.' >&2; exit 1; }

iso: $(B)/brink.iso ## build/brink.iso, for BIOS and UEFI (GRUB)
$(B)/brink.iso: $(B)/brink.elf $(B)/initramfs.cpio.gz boot/grub.cfg | $(B)/.tools-iso
	$(call say,ISO,$@)
	@rm -rf $(B)/iso && mkdir -p $(B)/iso/boot/grub
	$(Q)$(OBJCOPY) --strip-debug $(B)/brink.elf $(B)/iso/boot/brink.elf
	$(Q)cp $(B)/initramfs.cpio.gz $(B)/iso/boot/
	$(Q)cp boot/grub.cfg $(B)/iso/boot/grub/
	$(Q)grub-mkrescue -o $@ $(B)/iso 2> $(B)/grub-mkrescue.log || { cat $(B)/grub-mkrescue.log; exit 1; }

# Deterministic: one guest instruction is one tick of rdtsc (docs/DEBUGGING.md).
bench: $(B)/brink.elf $(B)/initramfs.cpio.gz $(if $(WIDE),$(B)/test-initramfs.cpio.gz) ## counts the instructions of the common paths; WIDE=1: of many more; LINUX=1: Linux's beside
	$(Q)$(PYTHON3) tests/bench.py $(B) $(if $(call yes,$(LINUX)),--linux) $(if $(call yes,$(WIDE)),--wide)

clean: ## removes build/
	rm -rf $(B)

help: ## this list
	@echo 'Targets (make alone is make all):'
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile tests/tests.mk | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@echo 'Variables, with their defaults or an example, as in make run MEM=64M:'
	@sed -n '/^[^#]/q; s/^#   /  /p' Makefile

FORCE:
.PHONY: all o settings run demo window debug bench iso clean help FORCE
.DELETE_ON_ERROR:
