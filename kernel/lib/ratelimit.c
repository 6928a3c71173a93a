/*
 * ratelimit.c - at most so many messages in so much time.
 *
 * Locks:  the state's own word, tried once: who does not get it is suppressed
 *         (Linux does the same), so it works in any context.
 */
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/printk.h"

#define SECOND_NS 1000000000ULL

static int printk_ratelimit_secs = DEFAULT_RATELIMIT_INTERVAL / SECOND_NS;	/* 0: no limit */
static int printk_ratelimit_burst = DEFAULT_RATELIMIT_BURST;
CTL_SYSCTL_INT("kernel.printk_ratelimit", printk_ratelimit_secs, -INT32_MAX / 250,
	       INT32_MAX / 250);	/* Linux keeps ticks */
CTL_SYSCTL_INT("kernel.printk_ratelimit_burst", printk_ratelimit_burst, INT32_MIN, INT32_MAX);

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

	rs.interval = printk_ratelimit_secs > 0 ? printk_ratelimit_secs * SECOND_NS : 0;
	rs.burst = printk_ratelimit_burst;
	return ratelimit(&rs, __func__);
}
