/*
 * trace.c - writes the events of block requests.
 *
 * Locks:  none.
 * Above:  blkdev.c.   In Linux: include/trace/events/block.h.
 */
#define CREATE_TRACE_POINTS
#include "kernel/block/trace.h"

#include "kernel/block/block.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

/* "R", "W", "FF": what is done, as blktrace writes it. */
static void fill_rwbs(char rwbs[8], const struct blk_request *req)
{
	static const char *const names[] = { "R", "W", "FF" };

	strscpy(rwbs, names[req->op], 8);
}

void trace_rq_issue(const struct blk_request *req)
{
	struct trace_block_rq_issue e = {
		.dev = req->bdev->dev, .sector = req->sector,
		.bytes = blk_request_bytes(req), .nr_sector = blk_request_bytes(req) / 512,
	};

	fill_rwbs(e.rwbs, req);
	strscpy(e.comm, current->comm, sizeof(e.comm));
	trace_write(&trace_event_block_rq_issue, &e, sizeof(e));
}

void trace_rq_complete(const struct blk_request *req, int error)
{
	struct trace_block_rq_complete e = {
		.dev = req->bdev->dev, .sector = req->sector,
		.nr_sector = blk_request_bytes(req) / 512, .error = error,
	};

	fill_rwbs(e.rwbs, req);
	trace_write(&trace_event_block_rq_complete, &e, sizeof(e));
}
