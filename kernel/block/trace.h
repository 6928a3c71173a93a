/*
 * trace.h - the events of requests: block:*. How to read: kernel/sched/trace.h.
 *
 * Locks: none.
 */
#pragma once

#include "kernel/sched/trace.h"

struct blk_request;
void trace_rq_issue(const struct blk_request *req);
void trace_rq_complete(const struct blk_request *req, int error);

TRACE_EVENT(block, block_rq_issue,
	((unsigned int, dev), (unsigned long, sector), (unsigned int, nr_sector), (unsigned int, bytes),
	 (char, rwbs, [8]), (char, comm, [16])),
	"%d,%d %s %u (%s) %llu + %u [%s]", REC->dev >> 20, REC->dev & 0xfffff, REC->rwbs, REC->bytes,
	"", (unsigned long long)REC->sector, REC->nr_sector, REC->comm)

TRACE_EVENT(block, block_rq_complete,
	((unsigned int, dev), (unsigned long, sector), (unsigned int, nr_sector), (int, error),
	 (char, rwbs, [8])),
	"%d,%d %s (%s) %llu + %u [%d]", REC->dev >> 20, REC->dev & 0xfffff, REC->rwbs, "",
	(unsigned long long)REC->sector, REC->nr_sector, REC->error)
