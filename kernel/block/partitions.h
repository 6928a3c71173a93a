/*
 * partitions.h - from a disk's first sectors to the list of its partitions. Pure: it reads through
 * a function, and allocates nothing.
 */
#pragma once

#include "kernel/lib/types.h"

#define PARTITIONS_MAX 256	/* numbers 1 to 255; Linux's DISK_MAX_PARTS */
#define PARTITIONS_TEXT 4096

struct partition { u64 start, size; };	/* sectors of 512 bytes; size 0: there is none */

/* What one look at a disk needs and finds. All u: the caller's alone. */
struct parsed_partitions {
	/* in */
	const char *name;		/* "vda", for the log's line */
	u64 sectors;			/* of the disk */
	bool force_gpt;			/* the parameter `gpt`: no protective MBR is asked for */
	/* reads one sector into @buf: 0 or -errno. Never asked for one beyond the disk's end. */
	int (*read_sector)(struct parsed_partitions *state, u64 sector, void *buf);
	void *device;			/* read_sector's */
	/* out */
	struct partition parts[PARTITIONS_MAX];	/* by number, from 1 */
	char text[PARTITIONS_TEXT];	/* " vda: vda1 vda2 < vda5 >\n" */
	unsigned int len;		/* of text */
	bool beyond_end;		/* a table pointed beyond the disk's end */
	u8 sector_buf[512];		/* for the parsers */
};

/*
 * Looks for a GPT, then for an MBR. 1: a table was found (perhaps an empty one); 0: none; -errno:
 * the disk could not be read. => @state's "in" fields are set, all others 0. May sleep as
 * read_sector does.
 */
int check_partition(struct parsed_partitions *state);
