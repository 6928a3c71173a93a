/*
 * test_partitions.c - kernel/block/partitions.c: tables as sfdisk writes them, broken ones, and thousands of
 *                     random ones.
 */
#include "host/host.h"

#include <stdlib.h>

#include "kernel/abi/errno.h"
#include "kernel/block/partitions.h"
#include "kernel/lib/crc32.h"

#define SECTORS 4096
static u8 disk[SECTORS][512];
static long bad_sector = -1;
static struct parsed_partitions state;

static int read_disk(struct parsed_partitions *s, u64 sector, void *buf)
{
	assert_true(sector < SECTORS);
	if ((long)sector == bad_sector)
		return -EIO;
	memcpy(buf, disk[sector], 512);
	return 0;
}

static int look(void)
{
	memset(&state, 0, sizeof(state));
	state.name = "vda";
	state.sectors = SECTORS;
	state.read_sector = read_disk;
	return check_partition(&state);
}

static void put32(u8 *p, u32 v) { for (int i = 0; i < 4; i++) p[i] = v >> 8 * i; }
static void put64(u8 *p, u64 v) { put32(p, v); put32(p + 4, v >> 32); }

static void entry(u64 sector, int i, u8 type, u32 start, u32 size)
{
	u8 *p = disk[sector] + 446 + 16 * i;

	p[4] = type;
	put32(p + 8, start);
	put32(p + 12, size);
	disk[sector][510] = 0x55;
	disk[sector][511] = 0xaa;
}

static void seal_gpt(u64 lba)
{
	u8 *h = disk[lba];

	put32(h + 16, 0);
	put32(h + 16, crc32_final(crc32_update(CRC32_INIT, h, 92)));
}

static void write_gpt(u64 lba, u64 other, u64 entries)
{
	u8 *h = disk[lba];

	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, lba);
	put64(h + 32, other);
	put64(h + 40, 34);
	put64(h + 48, SECTORS - 34);
	put64(h + 72, entries);
	put32(h + 80, 128);
	put32(h + 84, 128);
	memset(disk[entries], 0, 32 * 512);
	for (int i = 0; i < 3; i++) {
		u8 *e = disk[entries] + 128 * i;

		memset(e, i == 1 ? 0 : 0x11, 16);
		put64(e + 32, 100 + 1000 * i);
		put64(e + 40, 199 + 1000 * i);
	}
	put32(h + 88, crc32_final(crc32_update(CRC32_INIT, disk[entries], 128 * 128)));
	seal_gpt(lba);
}

static void make_gpt(void)
{
	memset(disk, 0, sizeof(disk));
	entry(0, 0, 0xee, 1, SECTORS - 1);
	write_gpt(1, SECTORS - 1, 2);
	write_gpt(SECTORS - 1, 1, SECTORS - 33);
}

static int setup(void **unused)
{
	memset(disk, 0, sizeof(disk));
	bad_sector = -1;
	return 0;
}

static void nothing_there(void **unused)
{
	assert_int_equal(look(), 0);
	bad_sector = 0;
	assert_int_equal(look(), -EIO);
	assert_string_equal(state.text, " vda: unable to read partition table\n");
}

static void an_mbr(void **unused)
{
	entry(0, 0, 0x83, 63, 1000);
	entry(0, 2, 0x82, 2000, 500);
	assert_int_equal(look(), 1);
	assert_string_equal(state.text, " vda: vda1 vda3\n");
	assert_true(state.parts[1].start == 63 && state.parts[1].size == 1000);
	assert_true(state.parts[2].size == 0 && state.parts[3].start == 2000);
	disk[0][446] = 0x12;		/* no boot flag */
	assert_int_equal(look(), 0);
	disk[0][446] = 0x80;
	assert_int_equal(look(), 1);
}

static void logical_ones(void **unused)
{
	entry(0, 0, 0x83, 63, 100);
	entry(0, 1, 0x05, 1000, 3000);
	entry(1000, 0, 0x83, 10, 90);
	entry(1000, 1, 0x05, 500, 400);
	entry(1500, 0, 0x83, 5, 300);
	assert_int_equal(look(), 1);
	assert_string_equal(state.text, " vda: vda1 vda2 < vda5 vda6 >\n");
	assert_true(state.parts[2].size == 2);
	assert_true(state.parts[5].start == 1010 && state.parts[5].size == 90);
	assert_true(state.parts[6].start == 1505 && state.parts[6].size == 300);
	entry(1500, 1, 0x05, 500, 400);	/* it points at itself */
	assert_int_equal(look(), 1);
	assert_true(state.parts[255].size && state.len < sizeof(state.text));
	disk[1500][446 + 12] = disk[1500][446 + 13] = 0;	/* and has no logical one */
	assert_int_equal(look(), 1);
	assert_true(!state.parts[6].size);
	bad_sector = 1000;
	assert_int_equal(look(), 1);
	assert_string_equal(state.text, " vda: vda1 vda2 < >\n");
}

static void a_gpt(void **unused)
{
	make_gpt();
	assert_int_equal(look(), 1);
	assert_string_equal(state.text, " vda: vda1 vda3\n");
	assert_true(state.parts[3].start == 2100 && state.parts[3].size == 100);
	disk[2][40] ^= 1;		/* an entry: its checksum is wrong now */
	assert_int_equal(look(), 0);
	memset(&state, 0, sizeof(state));
	state = (struct parsed_partitions){ .name = "vda", .sectors = SECTORS,
					    .read_sector = read_disk, .force_gpt = true };
	assert_int_equal(check_partition(&state), 1);	/* by its copy, with the parameter gpt */
	make_gpt();
	disk[SECTORS - 1][0] = 0;
	assert_int_equal(look(), 1);			/* the copy is broken */
	make_gpt();
	put64(disk[1] + 24, 2);
	seal_gpt(1);
	assert_int_equal(look(), 0);			/* it says that it lies elsewhere */
	make_gpt();
	put32(disk[1] + 80, 0xffffffff);
	seal_gpt(1);
	assert_int_equal(look(), 0);
	make_gpt();
	put64(disk[1] + 72, ~0ULL);
	seal_gpt(1);
	assert_int_equal(look(), -ENOSPC);		/* beyond the end, and no other table */
	make_gpt();
	bad_sector = 5;
	assert_int_equal(look(), 0);
}

/* Whatever stands there: an end, within bounds, and no partition without a size in the text. */
static void random_tables(void **unused)
{
	srand(22);
	for (int round = 0; round < 30000; round++) {
		if (round % 3 == 0)
			make_gpt();
		else
			for (int i = 0; i < 40; i++) {
				u32 sector = i % 4 ? rand() % SECTORS : 0;

				entry(sector, rand() % 4, rand() % 3 ? 5 : rand(), rand() % 5000, rand() % 5000);
			}
		for (int i = rand() % 20; i >= 0; i--) {
			u32 sector = rand() % 4 ? rand() % 40 : SECTORS - 1 - rand() % 33;

			disk[sector][rand() % 512] = rand();
			if (rand() % 2 && !memcmp(disk[sector], "EFI", 3))
				seal_gpt(sector);
		}
		bad_sector = rand() % 10 ? -1 : rand() % 40;
		look();
		assert_true(state.len < sizeof(state.text) && !state.text[state.len]);
		if (round % 50 == 49)
			memset(disk, 0, sizeof(disk));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_there, setup), cmocka_unit_test_setup(an_mbr, setup),
		cmocka_unit_test_setup(logical_ones, setup), cmocka_unit_test_setup(a_gpt, setup),
		cmocka_unit_test_setup(random_tables, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
