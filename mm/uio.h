/*
 * uio.h - a place in a program's vector of buffers, to or from which bytes are copied.
 *
 * Idea: read(2) and write(2) have a vector of one. A copy moves the place; who finds that what was
 *       copied does not count goes back to where he was.
 */
#pragma once

#include "kernel/abi/uio.h"
#include "kernel/x86/uaccess.h"

/* => as many bytes follow as the caller asks for below; their addresses were checked (access_ok) */
struct iov_iter {
	const struct iovec *vec;
	size_t offset;			/* in vec[0] */
};

/* The buffer at @it, for as many of @len bytes as it has, which @it moves by. */
static inline size_t iov_iter_next(struct iov_iter *it, size_t len, char __user **buf)
{
	while (it->offset == it->vec->iov_len) {
		it->vec++;
		it->offset = 0;
	}
	*buf = (char __user *)it->vec->iov_base + it->offset;
	len = MIN(len, it->vec->iov_len - it->offset);
	it->offset += len;
	return len;
}

/* Moves it without a copy. */
static inline void iov_iter_advance(struct iov_iter *it, size_t len)
{
	char __user *unused;

	while (len)
		len -= iov_iter_next(it, len, &unused);
}

/* May the first byte be read? Faults it in; may sleep. */
static inline bool fault_in_iter(struct iov_iter it)
{
	char __user *buf;
	char first;

	iov_iter_next(&it, 1, &buf);
	if (get_user(first, buf))
		return false;
	(void)first;
	return true;
}

/*
 * @len bytes from @from (NULL: zeroes); @to moves by what was copied: fewer at an address that cannot
 * be written to.
 */
static inline size_t copy_to_iter(const char *from, size_t len, struct iov_iter *to)
{
	size_t done = 0, left = 0;

	while (done < len && !left) {
		char __user *buf;
		size_t n = iov_iter_next(to, len - done, &buf);

		left = from ? copy_to_user(buf, from + done, n) : clear_user(buf, n);
		done += n - left;
	}
	to->offset -= left;
	return done;
}

/* The same the other way. Faults nothing in: fewer also where a page is not there. */
static inline size_t copy_from_iter_inatomic(char *to, size_t len, struct iov_iter *from)
{
	size_t done = 0, left = 0;

	while (done < len && !left) {
		char __user *buf;
		size_t n = iov_iter_next(from, len - done, &buf);

		left = copy_from_user_inatomic(to + done, buf, n);
		done += n - left;
	}
	from->offset -= left;
	return done;
}
