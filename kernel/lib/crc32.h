/*
 * crc32.h - the CRC of Ethernet, gzip and GPT (polynomial 0xedb88320, reflected), four bits at a time.
 * For short things; inflate.c has its own with larger tables.
 */
#pragma once

#include "kernel/lib/types.h"

#define CRC32_INIT 0xffffffffu

static inline u32 crc32_update(u32 crc, const void *data, size_t n)
{
	static const u32 table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
		0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4,
		0xa00ae278, 0xbdbdf21c,
	};
	const u8 *p = data;

	while (n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}
static inline u32 crc32_final(u32 crc) { return ~crc; }
