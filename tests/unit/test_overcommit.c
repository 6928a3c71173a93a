/*
 * test_overcommit.c - mm/util.c: what may be promised, in vm.overcommit_memory's three modes.
 *
 * Figures of Linux: reference/linux-6.1/13-overcommit.log, a machine with
 * 480,272 kB of memory and 262,140 kB of swap. It shows 2,980 kB as promised
 * already; by its own largest mmap with all reserves 0 (643,376 of 646,356, and
 * the sum must stay below the limit) there were 2,976.
 */
#include "host/host.h"

#include "kernel/abi/errno.h"
#include "kernel/sched/task.h"
#include "mm/page_alloc_internal.h"
#include "mm/swapfile.h"
#include "mm/util.h"

enum { RAM_KB = 480272, SWAP_KB = 262140, BEFORE_KB = 2976, SYS_ADMIN = 21 };

static bool is_root;
static struct mm_struct mm;

static bool capable(struct task_struct *task, int cap)
{
	assert_ptr_equal(task, current);
	assert_int_equal(cap, SYS_ADMIN);
	return is_root;
}

static int boot(void **state)
{
	host_reset(state);
	host_boot(512, "highmem=0", 1);
	adjust_managed_page_count(pfn_to_page(NODE_DATA(0)->node_zones[ZONE_NORMAL].zone_start_pfn),
				  RAM_KB / 4 - (long)totalram_pages());
	total_swap_pages = SWAP_KB / 4;
	init_reserve_kbytes();
	sysctl_admin_reserve_kbytes = 8192; /* the recorded ones: they follow free memory at boot */
	sysctl_user_reserve_kbytes = 14509;
	vm_acct_memory(BEFORE_KB / 4);
	mm_capable = capable;
	is_root = true;
	memset(&mm, 0, sizeof(mm));
	mm.total_vm = 32; /* a small program: its 32nd is one page */
	return 0;
}

static void set(const char *name, long value)
{
	assert_int_equal(host_sysctl_set(name, value), 0);
}

/* Promises @kb more; nothing is left promised if it is refused. */
static bool granted(long kb)
{
	unsigned long before = vm_memory_committed();
	int err = security_vm_enough_memory_mm(&mm, kb / 4);

	assert_true(err == 0 || err == -ENOMEM);
	assert_int_equal(vm_memory_committed(), before + (err ? 0 : kb / 4));
	if (!err)
		vm_unacct_memory(kb / 4);
	return !err;
}

static void assert_largest(long kb)
{
	long low = 0, high = 1L << 40;

	while (high - low > 4) {
		long mid = (low + high) / 8 * 4;

		*(granted(mid) ? &low : &high) = mid;
	}
	assert_int_equal(low, kb);
}

/* Pieces of 4 MiB, each making the process larger, until refused or 8 GiB. */
static void assert_pieces(long kb)
{
	unsigned long was = mm.total_vm;
	long sum = 0;

	while (sum < 8388608 && !security_vm_enough_memory_mm(&mm, 1024)) {
		mm.total_vm += 1024;
		sum += 4096;
	}
	assert_int_equal(sum, kb);
	vm_unacct_memory(sum / 4);
	mm.total_vm = was;
}

static void the_machine_is_the_recorded_one(void **state)
{
	assert_int_equal(totalram_pages(), RAM_KB / 4);
	assert_int_equal(vm_commit_limit(), 502276 / 4);
	assert_int_equal(vm_memory_committed(), BEFORE_KB / 4);
	assert_int_equal(sysctl_overcommit_memory, OVERCOMMIT_GUESS);
	assert_int_equal(sysctl_overcommit_ratio, 50);
}

static void guess_refuses_only_the_impossible(void **state)
{
	for (int root = 0; root < 2; root++) {
		is_root = root;
		assert_largest(RAM_KB + SWAP_KB);
		assert_pieces(8388608);
	}
	vm_acct_memory(1 << 22); /* however much is promised already */
	assert_largest(RAM_KB + SWAP_KB);
	total_swap_pages = 0;
	assert_largest(RAM_KB);
}

static void always_refuses_nothing(void **state)
{
	set("vm.overcommit_memory", 1);
	assert_true(granted(1L << 40));
	assert_pieces(8388608);
}

/* The figures of "plain uid 0" and "plain uid 1000": RAM x ratio + swap - promised - reserves - a
 * 32nd of the process. */
static void never_keeps_to_the_limit(void **state)
{
	static const struct {
		long ratio, limit, root, user, root_pieces, user_pieces;
	} cases[] = {
		{ 50, 502276, 499292, 491100, 483328, 475136 },
		{ 100, 742412, 739428, 731236, 720896, 712704 },
		{ 0, 262140, 259156, 250964, 249856, 241664 },
		{ 80, 646356, 643372, 635180, 626688, 618496 },
	};

	set("vm.overcommit_memory", 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		set("vm.overcommit_ratio", cases[i].ratio);
		assert_int_equal(vm_commit_limit() * 4, cases[i].limit);
		is_root = true;
		assert_largest(cases[i].root);
		assert_pieces(cases[i].root_pieces);
		is_root = false;
		assert_largest(cases[i].user);
		assert_pieces(cases[i].user_pieces);
	}
}

static void kbytes_in_place_of_a_ratio(void **state)
{
	set("vm.overcommit_memory", 2);
	set("vm.overcommit_kbytes", 300000);
	assert_int_equal(sysctl_overcommit_ratio, 0); /* one or the other */
	assert_int_equal(vm_commit_limit() * 4, 562140);
	assert_largest(559156);
	is_root = false;
	assert_largest(550964);
	set("vm.overcommit_ratio", 80);
	assert_int_equal(sysctl_overcommit_kbytes, 0);
	assert_int_equal(vm_commit_limit() * 4, 646356);
}

static void reserves_for_root_and_for_others(void **state)
{
	set("vm.overcommit_memory", 2);
	set("vm.overcommit_ratio", 80);
	set("vm.admin_reserve_kbytes", 65536);
	assert_largest(643372);
	is_root = false;
	assert_largest(577836);
	set("vm.admin_reserve_kbytes", 0);
	set("vm.user_reserve_kbytes", 0);
	assert_largest(643372 + 4); /* not even its 32nd */
	assert_pieces(643072);
	set("vm.user_reserve_kbytes", 131072);
	assert_largest(643372);
	assert_pieces(622592); /* min(own size / 32, 131,072 kB) */
}

static void reserves_follow_free_memory(void **state)
{
	unsigned long free_kb = 0;

	for (int z = 0; z < MAX_NR_ZONES; z++)
		free_kb += NODE_DATA(0)->node_zones[z].vm_stat[NR_FREE_PAGES] * 4;
	init_reserve_kbytes();
	assert_int_equal(sysctl_user_reserve_kbytes, free_kb / 32);
	assert_int_equal(sysctl_admin_reserve_kbytes, 8192);
	NODE_DATA(0)->node_zones[ZONE_NORMAL].vm_stat[NR_FREE_PAGES] = 8L << 18; /* 8 GiB */
	init_reserve_kbytes();
	assert_int_equal(sysctl_user_reserve_kbytes, 131072);
}

static void odd_values(void **state)
{
	assert_int_equal(host_sysctl_set("vm.overcommit_memory", 3), -EINVAL);
	assert_int_equal(host_sysctl_set("vm.overcommit_memory", -1), -EINVAL);
	assert_int_equal(sysctl_overcommit_memory, 0);
	set("vm.overcommit_ratio", -1);
	set("vm.overcommit_memory", 2);
	(void)granted(4); /* no crash; the limit is nonsense, as on Linux */
	set("vm.overcommit_ratio", 1000);
	assert_int_equal(vm_commit_limit(), RAM_KB / 4 * 10 + SWAP_KB / 4);
}

static void refusals_are_logged_ten_times(void **state)
{
	const char *p = host_log();
	int lines = 0;

	current->pid = 205;
	strcpy(current->comm, "ocprobe");
	for (int i = 0; i < 30; i++)
		assert_false(granted(1L << 40));
	while ((p = strstr(p, "__vm_enough_memory: pid: 205, comm: ocprobe, no enough memory for "
			      "the allocation\n"))) {
		p++;
		lines++;
	}
	assert_int_equal(lines, 10);
}

static void giving_back_more_is_not_negative(void **state)
{
	vm_unacct_memory(BEFORE_KB);
	assert_int_equal(vm_memory_committed(), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, boot, host_check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_machine_is_the_recorded_one), T(guess_refuses_only_the_impossible),
		T(always_refuses_nothing),	    T(never_keeps_to_the_limit),
		T(kbytes_in_place_of_a_ratio),	    T(reserves_for_root_and_for_others),
		T(reserves_follow_free_memory),	    T(odd_values),
		T(refusals_are_logged_ten_times),   T(giving_back_more_is_not_negative),
	};

	return cmocka_run_group_tests_name("overcommit", tests, host_init, NULL);
}
