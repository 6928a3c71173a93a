/*
 * uio.h - a place in a program's vector of buffers, to or from which bytes are copied.
 *
 * Idea: read(2) and write(2) have a vector of one. A copy moves the place; who finds that what was
 *       copied does not count goes back to where he was.
 */
#pragma once

#include "kernel/abi/uio.h"
#include "kernel/x86/uaccess.h"

/* => at least as many bytes follow as are asked for, one at least; their addresses were checked */
struct iov_iter {
	const struct iovec *vec;
	size_t offset;			/* in vec[0] */
};

/* Moves it without a copy. */
void iov_iter_advance(struct iov_iter *it, size_t len);
/* May the first byte be read? Faults it in; may sleep. */
bool fault_in_iter(const struct iov_iter *it);
/* Over as many buffers as it takes: what the inline ones below do where one is enough. */
size_t copy_to_buffers(const char *from, size_t len, struct iov_iter *to);
size_t copy_from_buffers_inatomic(char *to, size_t len, struct iov_iter *from);
size_t zero_iter(size_t len, struct iov_iter *to);	/* zeroes, as copy_to_iter() */

static inline bool in_one_buffer(const struct iov_iter *it, size_t len)
{
	return len <= it->vec->iov_len - it->offset;
}

/*
 * @len bytes from @from. Bytes; @to moves by as many: fewer at an address that cannot be written to.
 * May sleep.
 */
static inline size_t copy_to_iter(const char *from, size_t len, struct iov_iter *to)
{
	if (unlikely(!in_one_buffer(to, len)))
		return copy_to_buffers(from, len, to);
	len -= copy_to_user((char __user *)to->vec->iov_base + to->offset, from, len);
	to->offset += len;
	return len;
}

/* The same the other way. Faults nothing in: fewer also where a page is not there. */
static inline size_t copy_from_iter_inatomic(char *to, size_t len, struct iov_iter *from)
{
	if (unlikely(!in_one_buffer(from, len)))
		return copy_from_buffers_inatomic(to, len, from);
	len -= copy_from_user_inatomic(to, (char __user *)from->vec->iov_base + from->offset, len);
	from->offset += len;
	return len;
}
