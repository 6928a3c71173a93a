/*
 * capability.h - capabilities(7), capget(2). Linux 6.1's.
 */
#pragma once

#include "kernel/lib/types.h"

#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_LINUX_IMMUTABLE 9
#define CAP_NET_BIND_SERVICE 10
#define CAP_NET_ADMIN 12
#define CAP_IPC_LOCK 14
#define CAP_IPC_OWNER 15
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_PACCT 20
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_SYSLOG 34
#define CAP_LAST_CAP 40
#define CAP_FULL_SET ((1UL << (CAP_LAST_CAP + 1)) - 1)

#define _LINUX_CAPABILITY_VERSION_1 0x19980330
#define _LINUX_CAPABILITY_VERSION_2 0x20071026
#define _LINUX_CAPABILITY_VERSION_3 0x20080522
struct cap_user_header { u32 version; s32 pid; };
struct cap_user_data { u32 effective, permitted, inheritable; };

#define SECBIT_NOROOT 0x01
#define SECBIT_NO_SETUID_FIXUP 0x04
#define SECBIT_KEEP_CAPS 0x10
#define SECBIT_NO_CAP_AMBIENT_RAISE 0x40
#define SECBITS_ALL_BITS 0x55	/* the bits; each one's lock is the next bit up */
