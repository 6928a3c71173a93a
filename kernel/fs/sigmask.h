/*
 * sigmask.h - a signal mask for the length of one call: ppoll, pselect6, epoll_pwait.
 */
#pragma once

#include "kernel/lib/types.h"

struct timespec;
/* The user's mask, if there is one, in place of current's. 0, -EINVAL, -EFAULT. */
int set_user_sigmask(const u64 __user *umask, size_t size);
/* The old one comes back now, or, if a signal is to be delivered under the new one, after that. */
void restore_sigmask_unless(bool interrupted);
/* ns of ktime_get_ns(); 0: do not wait; ~0: for ever */
u64 timespec_deadline(const struct timespec *ts);
