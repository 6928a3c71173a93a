/*
 * partitions.c - the two kinds of partition table: GPT and MBR.
 *
 * Idea:   all numbers on the disk are somebody else's: each is checked before it is used, and
 *         each loop has an end that does not depend on them. What a table says about
 *         a partition's place is only noted here; whether it lies on the disk, genhd.c asks.
 *
 *           GPT  sector 1: header (its own CRC, and that of the entries), a copy in the last
 *                sector. Sector 0 holds a "protective" MBR with one partition of type 0xee.
 *           MBR  sector 0: four entries at 446, 0xaa55 at 510. An extended partition is a chain
 *                of such sectors, each with one logical partition and the place of the next:
 *
 *                  MBR ──extended──> EBR ──next──> EBR
 *                   1…4               5             6
 * Locks:  none: the state is the caller's.
 * Above:  genhd.c, tests/unit.   Below: -.
 * Source: UEFI 2.10, 5.2 and 5.3.   In Linux: block/partitions/{core,efi,msdos}.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/block/partitions.h"
#include "kernel/lib/crc32.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#define SECTOR 512
#define EBR_CHAIN_MAX 100	/* sectors of an extended partition without a logical one: a loop */
#define FIRST_LOGICAL 5

/* --- the line for the log, and the result --- */

__printf(2, 3) static void say(struct parsed_partitions *state, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	state->len += vscnprintf(state->text + state->len, sizeof(state->text) - state->len, fmt,
				 args);
	va_end(args);
}

static void put_partition(struct parsed_partitions *state, unsigned int n, u64 start, u64 size)
{
	size_t len = strlen(state->name);
	bool digit = len && isdigit(state->name[len - 1]);

	if (n >= PARTITIONS_MAX)
		return;
	state->parts[n] = (struct partition){ start, size };
	say(state, digit ? " %sp%u" : " %s%u", state->name, n);
}

/* 0; -EIO, -ENOSPC (beyond the end, noted) */
static int read_sector(struct parsed_partitions *state, u64 sector, void *buf)
{
	if (sector >= state->sectors) {
		state->beyond_end = true;
		return -ENOSPC;
	}
	return state->read_sector(state, sector, buf);
}

static u32 get_le32(const u8 *p) { return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24; }
static u64 get_le64(const u8 *p) { return get_le32(p) | (u64)get_le32(p + 4) << 32; }

/* --- MBR --- */

#define MBR_ENTRIES 446
#define MBR_ENTRY_LEN 16
#define MBR_GPT 0xee
struct mbr_entry { u8 boot, type; u32 start, size; };

static bool has_mbr_magic(const u8 *sector) { return sector[510] == 0x55 && sector[511] == 0xaa; }

static struct mbr_entry mbr_entry(const u8 *sector, int i)
{
	const u8 *p = sector + MBR_ENTRIES + i * MBR_ENTRY_LEN;

	return (struct mbr_entry){ p[0], p[4], get_le32(p + 8), get_le32(p + 12) };
}

static bool is_extended(const struct mbr_entry *e)
{
	return e->type == 0x05 || e->type == 0x0f || e->type == 0x85;
}

/*
 * One of a chain's sectors: its logical partitions. An EBR's third and fourth entry are used by
 * nobody in earnest: they count only if they lie within the extended partition. The next number.
 */
static unsigned int put_logical(struct parsed_partitions *state, const u8 *sector, unsigned int n,
				u64 here, u64 here_size, u64 first, u64 first_size)
{
	for (int i = 0; i < 4 && n < PARTITIONS_MAX; i++) {
		struct mbr_entry e = mbr_entry(sector, i);
		u64 start = here + e.start;

		if (!e.size || is_extended(&e))
			continue;
		if (i >= 2 && ((u64)e.start + e.size > here_size || start < first ||
			       start + e.size > first + first_size))
			continue;
		put_partition(state, n++, start, e.size);
	}
	return n;
}

/* The logical partitions of the extended one at @first. @next: their first number; the next. */
static unsigned int parse_extended(struct parsed_partitions *state, u64 first, u64 first_size,
				   unsigned int next)
{
	u64 here = first, here_size = first_size;
	u8 *sector = state->sector_buf;

	for (int empty = 0; empty < EBR_CHAIN_MAX && next < PARTITIONS_MAX; empty++) {
		unsigned int before = next;
		struct mbr_entry e = { 0 };
		int i;

		if (read_sector(state, here, sector) || !has_mbr_magic(sector))
			break;
		next = put_logical(state, sector, next, here, here_size, first, first_size);
		if (next != before)
			empty = -1;
		for (i = 0; i < 4; i++) {
			e = mbr_entry(sector, i);
			if (e.size && is_extended(&e))
				break;
		}
		if (i == 4)
			break;
		here = first + e.start;
		here_size = e.size;
	}
	return next;
}

/* A FAT without partitions has the magic, too, and code where the entries would be. */
static bool looks_like_fat(const u8 *sector)
{
	unsigned int bytes = sector[11] | sector[12] << 8, cluster = sector[13];
	bool media = sector[21] == 0xf0 || sector[21] >= 0xf8;

	return sector[16] && media && cluster && !(cluster & (cluster - 1)) && bytes >= 512 &&
	       bytes <= 4096 && !(bytes & (bytes - 1));
}

static int msdos_partition(struct parsed_partitions *state)
{
	u8 mbr[SECTOR];
	unsigned int next = FIRST_LOGICAL;
	int err = read_sector(state, 0, mbr);

	if (err)
		return err;
	if (!has_mbr_magic(mbr))
		return 0;
	for (int i = 0; i < 4; i++) {
		struct mbr_entry e = mbr_entry(mbr, i);

		if (e.boot & 0x7f) {	/* no such flag: this is no table */
			if (i || !looks_like_fat(mbr))
				return 0;
			say(state, "\n");
			return 1;
		}
		if (e.type == MBR_GPT)	/* whose GPT is not there any more */
			return 0;
	}
	for (int i = 0; i < 4; i++) {
		struct mbr_entry e = mbr_entry(mbr, i);

		if (!e.size)
			continue;
		if (!is_extended(&e)) {
			put_partition(state, i + 1, e.start, e.size);
			continue;
		}
		/* Two sectors for a boot loader, so that nobody takes it for a file system. */
		put_partition(state, i + 1, e.start, MIN(e.size, 2u));
		say(state, " <");
		next = parse_extended(state, e.start, e.size, next);
		say(state, " >");
	}
	say(state, "\n");
	return 1;
}

/* --- GPT --- */

#define GPT_HEADER_LEN 92
#define GPT_ENTRY_LEN 128
#define GPT_ENTRIES_MAX 16384	/* 2 MiB of them: more is no table that anybody wrote */
/* A header's fields that we use, with the values of the machine. */
struct gpt { u64 alternate, first_usable, last_usable, entries; u32 nr_entries, entries_crc; };

static bool is_pmbr_valid(struct parsed_partitions *state)
{
	u8 *mbr = state->sector_buf;

	if (read_sector(state, 0, mbr) || !has_mbr_magic(mbr))
		return false;
	for (int i = 0; i < 4; i++) {
		struct mbr_entry e = mbr_entry(mbr, i);

		if (e.type == MBR_GPT && e.start == 1)
			return true;
	}
	return false;
}

/* The CRC of all entries, read sector by sector. */
static bool entries_are_whole(struct parsed_partitions *state, const struct gpt *gpt)
{
	u64 left = (u64)gpt->nr_entries * GPT_ENTRY_LEN, sector = gpt->entries;
	u32 crc = CRC32_INIT;

	for (; left; sector++) {
		u32 part = MIN(left, (u64)SECTOR);

		if (read_sector(state, sector, state->sector_buf))
			return false;
		crc = crc32_update(crc, state->sector_buf, part);
		left -= part;
	}
	return crc32_final(crc) == gpt->entries_crc;
}

/* Is there a header with its entries at @lba? Then *gpt is what it says. */
static bool is_gpt_valid(struct parsed_partitions *state, u64 lba, struct gpt *gpt)
{
	u8 *h = state->sector_buf;
	u64 last = state->sectors - 1;
	u32 len, crc;

	if (!lba || read_sector(state, lba, h) || memcmp(h, "EFI PART", 8))
		return false;
	len = get_le32(h + 12);
	if (len < GPT_HEADER_LEN || len > SECTOR)
		return false;
	crc = get_le32(h + 16);
	memset(h + 16, 0, 4);		/* the CRC is of a header without it */
	if (crc32_final(crc32_update(CRC32_INIT, h, len)) != crc || get_le64(h + 24) != lba)
		return false;
	*gpt = (struct gpt){ .alternate = get_le64(h + 32), .first_usable = get_le64(h + 40),
			     .last_usable = get_le64(h + 48), .entries = get_le64(h + 72),
			     .nr_entries = get_le32(h + 80), .entries_crc = get_le32(h + 88) };
	if (gpt->first_usable > last || gpt->last_usable > last ||
	    gpt->last_usable < gpt->first_usable || get_le32(h + 84) != GPT_ENTRY_LEN ||
	    gpt->nr_entries > GPT_ENTRIES_MAX)
		return false;
	return entries_are_whole(state, gpt);
}

/* The header to go by. False: none is good. */
static bool find_valid_gpt(struct parsed_partitions *state, struct gpt *gpt)
{
	struct gpt alternate;
	bool good, good_alternate = false;

	if (state->sectors < 3 || (!state->force_gpt && !is_pmbr_valid(state)))
		return false;
	good = is_gpt_valid(state, 1, gpt);
	if (good)
		good_alternate = is_gpt_valid(state, gpt->alternate, &alternate);
	if (!good_alternate && state->force_gpt)
		good_alternate = is_gpt_valid(state, state->sectors - 1, &alternate);
	if (good && !good_alternate)
		pr_warn("Alternate GPT is invalid, using primary GPT.\n");
	if (!good && good_alternate) {
		pr_warn("Primary GPT is invalid, using alternate GPT.\n");
		*gpt = alternate;
	}
	return good || good_alternate;
}

static bool is_unused(const u8 *entry)
{
	static const u8 null_guid[16];

	return !memcmp(entry, null_guid, sizeof(null_guid));
}

static int efi_partition(struct parsed_partitions *state)
{
	u64 last = state->sectors - 1;
	struct gpt gpt;

	if (!find_valid_gpt(state, &gpt))
		return 0;
	for (u32 i = 0; i < gpt.nr_entries && i + 1 < PARTITIONS_MAX; i++) {
		const u8 *entry = state->sector_buf + i * GPT_ENTRY_LEN % SECTOR;
		u64 start, end;
		int err;

		if (entry == state->sector_buf) {
			err = read_sector(state, gpt.entries + i * GPT_ENTRY_LEN / SECTOR,
					  state->sector_buf);
			if (err)
				return err;
		}
		start = get_le64(entry + 32);
		end = get_le64(entry + 40);
		if (is_unused(entry) || start > last || end > last || end < start)
			continue;
		put_partition(state, i + 1, start, end - start + 1);
	}
	say(state, "\n");
	return 1;
}

/* partitions.h */
int check_partition(struct parsed_partitions *state)
{
	unsigned int start;
	int found, efi;

	say(state, " %s:", state->name);
	start = state->len;
	efi = efi_partition(state);
	if (efi > 0)
		return 1;
	memset(state->parts, 0, sizeof(state->parts));
	state->len = start;
	found = msdos_partition(state);
	if (found <= 0) {
		if (!found)
			found = efi ? efi : state->beyond_end ? -ENOSPC : 0;
		state->len = start;
		if (found < 0)
			say(state, " unable to read partition table\n");
	}
	return found;
}
