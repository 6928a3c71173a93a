/*
 * inflate.h - unpacking gzip (RFC 1951, RFC 1952), for the initramfs.
 */
#pragma once

#include "kernel/lib/types.h"

#define INFLATE_WORKSPACE (96 << 10)	/* bytes: the window and the tables; 8-byte aligned */

/*
 * Unpacks one gzip member. @out gets the data in pieces, in order; a negative
 * value from it stops and is returned.
 * => @workspace: INFLATE_WORKSPACE bytes
 * => the bytes of @in that the member took (more may follow), or -EINVAL with *gunzip_error set.
 */
long gunzip(const u8 *in, size_t in_len, int (*out)(void *ctx, const u8 *data, size_t n),
	    void *ctx, void *workspace);
extern const char *gunzip_error;	/* what was wrong with the last one */
