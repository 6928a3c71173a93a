# tests.mk - what `make test` runs. Everything has its own target too.

# The tests' kernels: CHECKS=1 checks lock order, sleeping in atomic context and poisons freed memory.
test: test-layers test-unit test-boot ## all tests

test-layers: |  $(B)/.tools-test
	$(PYTHON3) tests/layers/check.py

test-unit: | $(B)/.tools-test
	$(MAKE) -C tests/unit B=$(abspath $(B))/unit run

test-boot: $(B)/brink.elf $(B)/checks/brink.elf $(B)/initramfs.cpio.gz $(B)/test-initramfs.cpio.gz $(B)/brink.iso | $(B)/.tools-test
	BRINK_BUILD=$(abspath $(B)) $(PYTHON3) -m pytest -q -p no:cacheprovider tests/boot $(PYTEST_ARGS)

# Long runs, not part of `make test`.
soak: $(B)/brink.elf $(B)/checks/brink.elf $(B)/initramfs.cpio.gz $(B)/test-initramfs.cpio.gz | $(B)/.tools-test ## long runs
	BRINK_BUILD=$(abspath $(B)) $(PYTHON3) -m pytest -q -p no:cacheprovider tests/soak $(PYTEST_ARGS)

$(B)/test-initramfs.cpio.gz: user/mkinitramfs tests/boot/init $(USER_PROGRAMS) $(USER_TESTS)
	sh user/mkinitramfs $@ "$(BUSYBOX)" tests/boot/init $(USER_PROGRAMS) $(USER_TESTS)

.PHONY: test test-layers test-unit test-boot soak
