# user.mk - the programs of user/ and the initramfs with BusyBox.

USER_CC ?= musl-gcc
USER_CFLAGS := -static -O1 -g0 -Wall -Wextra -Wno-unused-parameter $(WERROR)
BUSYBOX ?= $(firstword $(wildcard /bin/busybox /usr/bin/busybox) busybox)

USER_PROGRAMS := $(patsubst user/%.c,$(B)/user/%,$(wildcard user/*.c))
USER_TESTS := $(patsubst user/tests/%.c,$(B)/user/tests/%,$(wildcard user/tests/*.c))

$(B)/user/%: user/%.c $(B)/.flags-user | $(B)/.tools-build
	@mkdir -p $(@D)
	$(call say,USERCC,$<)
	$(Q)$(USER_CC) $(USER_CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $< -lpthread

# The root file system as a cpio archive: BusyBox with its applets, init, the programs.
$(B)/initramfs.cpio.gz: user/mkinitramfs user/init user/demo user/motd $(USER_PROGRAMS) $(B)/.flags-initramfs
	$(call say,CPIO,$@)
	$(Q)sh user/mkinitramfs $@ '$(BUSYBOX)' user/init $(USER_PROGRAMS)
