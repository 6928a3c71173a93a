/*
 * uio.c - bytes to and from a program's vector of buffers.
 *
 * Idea:   one buffer after the other. What could not be copied of the last one is given back.
 * Locks:  none; the vector is the kernel's copy of it, and the caller's alone.
 * Above:  filemap.c.   Below: user memory access.   In Linux: lib/iov_iter.c.
 */
#include "mm/uio.h"

/* The buffer at @it, for as many of @len bytes as it has, which @it moves by. */
static inline size_t next_buffer(struct iov_iter *it, size_t len, char __user **buf)
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

/* uio.h */
void iov_iter_advance(struct iov_iter *it, size_t len)
{
	char __user *unused;

	while (len)
		len -= next_buffer(it, len, &unused);
}

/* uio.h */
bool fault_in_iter(const struct iov_iter *it)
{
	struct iov_iter at = *it;
	char __user *buf;
	char first;

	next_buffer(&at, 1, &buf);
	if (get_user(first, buf))
		return false;
	(void)first;
	return true;
}

/* uio.h */
size_t copy_to_buffers(const char *from, size_t len, struct iov_iter *to)
{
	size_t done = 0, left;
	char __user *buf;

	do {
		size_t n = next_buffer(to, len - done, &buf);

		left = copy_to_user(buf, from + done, n);
		done += n - left;
	} while (done < len && !left);
	to->offset -= left;
	return done;
}

/* uio.h */
size_t zero_iter(size_t len, struct iov_iter *to)
{
	size_t done = 0, left;
	char __user *buf;

	do {
		size_t n = next_buffer(to, len - done, &buf);

		left = clear_user(buf, n);
		done += n - left;
	} while (done < len && !left);
	to->offset -= left;
	return done;
}

/* uio.h */
size_t copy_from_buffers_inatomic(char *to, size_t len, struct iov_iter *from)
{
	size_t done = 0, left;
	char __user *buf;

	do {
		size_t n = next_buffer(from, len - done, &buf);

		left = copy_from_user_inatomic(to + done, buf, n);
		done += n - left;
	} while (done < len && !left);
	from->offset -= left;
	return done;
}
