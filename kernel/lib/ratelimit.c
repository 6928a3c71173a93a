/*
 * ratelimit.c - at most so many messages in so much time.
 *
 * Locks:  the state's own word, tried once: who does not get it is suppressed
 *         (Linux does the same), so it works in any context.
 */
#include "kernel/lib/printk.h"

/* printk.h */
bool ratelimit(struct ratelimit_state *rs, const char *func)
{
	u64 now = printk_ops.clock ? printk_ops.clock() : 0;
	int missed = 0;
	bool ok;

	if (!rs->interval)
		return true;
	if (__atomic_exchange_n(&rs->lock, 1, __ATOMIC_ACQUIRE))
		return false;
	if (!rs->begin || now - rs->begin >= rs->interval) {
		missed = rs->missed;
		rs->begin = now ? now : 1;
		rs->printed = 0;
		rs->missed = 0;
	}
	ok = rs->printed < rs->burst;
	if (ok)
		rs->printed++;
	else
		rs->missed++;
	__atomic_store_n(&rs->lock, 0, __ATOMIC_RELEASE);
	if (missed)
		pr_warn("%s: %d callbacks suppressed\n", func, missed);
	return ok;
}

/* printk.h */
bool printk_ratelimit(void)
{
	static DEFINE_RATELIMIT_STATE(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	return ratelimit(&rs, __func__);
}
