# tests.mk - what `make test` runs. Every stage has its own target too.

HOSTCC ?= gcc
# The parity scenarios whose facts do not hang on the host's speed; `make test-parity` runs all of them.
PARITY_IN_TEST = 02 04 06 07 09 10 11 13 15 21 27 28 29 30 31 32
TEST_IMAGES := $(B)/brink.elf $(B)/checks/brink.elf $(B)/initramfs.cpio.gz $(B)/test-initramfs.cpio.gz
PYTEST = BRINK_BUILD=$(abspath $(B)) $(PYTHON3) -m pytest -q -p no:cacheprovider $(PYTEST_ARGS)

# One after the other; the first that fails ends it.
test: | $(B)/.tools-test ## all tests: layers, unit, clang, boot, parity
	@$(MAKE) --no-print-directory test-layers
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory test-clang
	@$(MAKE) --no-print-directory test-boot
	@$(MAKE) --no-print-directory test-parity PARITY_ARGS='$(PARITY_IN_TEST)'

test-layers: $(B)/vdso.so | $(B)/.tools-test ## the includes follow the layers; the docs cite what exists; the vDSO
	$(Q)$(PYTHON3) tests/layers/check.py $(B)/vdso.so

test-unit: | $(B)/.tools-test ## kernel/lib and mm/ on this machine, with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory -C tests/unit B=$(abspath $(B))/unit CC='$(HOSTCC)' run

test-clang: | $(B)/.tools-test ## clang builds the kernel too
	$(Q)$(MAKE) --no-print-directory B=$(B)/clang CC=clang $(B)/clang/brink.elf

# The kernel of $(B)/checks (CHECKS=1) checks lock order and sleeping in atomic context, and poisons freed memory.
test-boot: $(TEST_IMAGES) $(B)/brink.iso | $(B)/.tools-test ## boots QEMU: PYTEST_ARGS='-k oom -x' picks tests
	$(Q)$(PYTEST) tests/boot

# Against the consoles that a real Linux left (tests/parity/linux-6.1).
test-parity: $(B)/brink.elf | $(B)/.tools-test ## the parity scenarios on Brink, held against Linux's recordings
	$(Q)BRINK_BUILD=$(abspath $(B)) $(PYTHON3) tests/parity/parity --recorded $(PARITY_ARGS)

parity: $(B)/brink.elf | $(B)/.tools-parity ## the same scenarios on Debian's Linux and on Brink: PARITY_ARGS='03 12 -v' picks
	$(Q)BRINK_BUILD=$(abspath $(B)) $(PYTHON3) tests/parity/parity $(PARITY_ARGS)

soak: $(TEST_IMAGES) | $(B)/.tools-test ## long runs, not part of make test
	$(Q)$(PYTEST) tests/soak

powerfail: $(TEST_IMAGES) | $(B)/.tools-test ## QEMU killed fifty times under write load; what was fsynced must be whole
	$(Q)$(PYTEST) tests/soak -k fifty_power_failures

stress: $(B)/brink.elf $(B)/checks/brink.elf | $(B)/.tools-stress ## stress-ng's stressors: STRESS='vm mmap os?' picks; LINUX=1: Linux's verdicts beside
	$(Q)BRINK_BUILD=$(abspath $(B)) $(PYTHON3) tests/stress/stress $(if $(call yes,$(LINUX)),--linux) $(STRESS)

$(B)/test-initramfs.cpio.gz: user/mkinitramfs user/demo user/motd tests/boot/init $(USER_PROGRAMS) $(USER_TESTS) \
		$(B)/.flags-initramfs
	$(call say,CPIO,$@)
	$(Q)sh user/mkinitramfs $@ '$(BUSYBOX)' tests/boot/init $(USER_PROGRAMS) $(USER_TESTS)
	$(Q)truncate -s +192K $@ # of its end the firmware may have made rings for the disks

.PHONY: test test-layers test-unit test-clang test-boot test-parity parity soak powerfail stress
