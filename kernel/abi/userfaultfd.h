/* userfaultfd.h - userfaultfd(2). Linux's. */
#pragma once

#include "kernel/lib/types.h"

#define UFFD_API 0xaaUL
#define UFFD_USER_MODE_ONLY 1
#define UFFD_EVENT_PAGEFAULT 0x12
#define UFFD_PAGEFAULT_FLAG_WRITE 1UL
#define UFFD_FEATURE_SIGBUS (1UL << 7)
#define UFFD_FEATURE_THREAD_ID (1UL << 8)
#define UFFD_FEATURE_EXACT_ADDRESS (1UL << 11)

/* ioctls' numbers: bits of what is told to be possible */
#define _UFFDIO_REGISTER 0x00
#define _UFFDIO_UNREGISTER 0x01
#define _UFFDIO_WAKE 0x02
#define _UFFDIO_COPY 0x03
#define _UFFDIO_ZEROPAGE 0x04
#define _UFFDIO_API 0x3f
#define UFFDIO_API 0xc018aa3fU
#define UFFDIO_REGISTER 0xc020aa00U
#define UFFDIO_UNREGISTER 0x8010aa01U
#define UFFDIO_WAKE 0x8010aa02U
#define UFFDIO_COPY 0xc028aa03U
#define UFFDIO_ZEROPAGE 0xc020aa04U

struct uffdio_api { u64 api, features, ioctls; };
struct uffdio_range { u64 start, len; };
#define UFFDIO_REGISTER_MODE_MISSING 1UL
struct uffdio_register { struct uffdio_range range; u64 mode, ioctls; };
#define UFFDIO_COPY_MODE_DONTWAKE 1UL
struct uffdio_copy { u64 dst, src, len, mode; s64 copy; };
#define UFFDIO_ZEROPAGE_MODE_DONTWAKE 1UL
struct uffdio_zeropage { struct uffdio_range range; u64 mode; s64 zeropage; };

/* What read(2) gives. */
struct uffd_msg {
	u8 event, reserved1;
	u16 reserved2;
	u32 reserved3;
	u64 flags, address;
	u32 ptid, reserved4;
};
