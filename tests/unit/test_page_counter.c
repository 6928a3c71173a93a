/*
 * test_page_counter.c - mm/page_counter.c: limits in a tree of groups, and how protection is
 *                       shared out.
 */
#include "host/host.h"

#include "kernel/abi/errno.h"
#include "mm/page_counter.h"

/*  root ─ a ─ x
 *           └ y  */
static struct page_counter root, a, x, y;

static int tree(void **state)
{
	page_counter_init(&root, NULL);
	page_counter_init(&a, &root);
	page_counter_init(&x, &a);
	page_counter_init(&y, &a);
	return 0;
}

static void charges_go_up_to_the_root(void **state)
{
	page_counter_charge(&x, 5);
	page_counter_charge(&y, 7);
	assert_int_equal(page_counter_read(&x), 5);
	assert_int_equal(page_counter_read(&y), 7);
	assert_int_equal(page_counter_read(&a), 12);
	assert_int_equal(page_counter_read(&root), 12);
	page_counter_uncharge(&x, 5);
	assert_int_equal(page_counter_read(&a), 7);
	assert_int_equal(a.watermark, 12);
	page_counter_uncharge(&y, 7);
	assert_int_equal(page_counter_read(&root), 0);
	assert_int_equal(x.watermark, 5);
}

static void a_refused_charge_leaves_nothing_behind(void **state)
{
	struct page_counter *fail = NULL;

	a.max = 10;
	assert_true(page_counter_try_charge(&x, 10, &fail));
	assert_false(page_counter_try_charge(&y, 1, &fail));
	assert_ptr_equal(fail, &a);
	assert_int_equal(a.failcnt, 1);
	assert_int_equal(y.failcnt, 0);
	assert_int_equal(page_counter_read(&y), 0);
	assert_int_equal(page_counter_read(&a), 10);
	assert_int_equal(page_counter_read(&root), 10);
	assert_int_equal(a.watermark, 10);
	/* by force it goes through, and then even what fits below is refused */
	page_counter_charge(&y, 3);
	assert_int_equal(page_counter_read(&a), 13);
	assert_false(page_counter_try_charge(&x, 1, &fail));
}

static void a_limit_of_its_own_comes_first(void **state)
{
	struct page_counter *fail = NULL;

	a.max = 10;
	x.max = 4;
	assert_false(page_counter_try_charge(&x, 11, &fail));
	assert_ptr_equal(fail, &x);
	assert_int_equal(a.failcnt, 0);
}

static void protected_use_is_reported_to_the_parent(void **state)
{
	page_counter_set_min(&x, 8);
	page_counter_set_low(&y, 3);
	page_counter_charge(&x, 5);
	page_counter_charge(&y, 5);
	assert_int_equal(a.children_min_usage, 5);
	assert_int_equal(a.children_low_usage, 3);
	page_counter_charge(&x, 5);
	assert_int_equal(a.children_min_usage, 8);
	page_counter_set_min(&x, 6);
	assert_int_equal(a.children_min_usage, 6);
	page_counter_uncharge(&x, 9);
	assert_int_equal(a.children_min_usage, 1);
	page_counter_set_min(&x, 0);
	assert_int_equal(a.children_min_usage, 0);
	page_counter_uncharge(&x, 1);
	page_counter_uncharge(&y, 5);
	assert_int_equal(a.children_low_usage, 0);
	assert_int_equal(root.children_min_usage, 0);
}

static void protection_is_what_is_used_of_it(void **state)
{
	assert_int_equal(page_counter_effective(100, 400, 40, 1000, 40, false), 40);
	assert_int_equal(page_counter_effective(30, 400, 40, 1000, 30, false), 30);
}

static void overcommitted_protection_is_shared_by_use(void **state)
{
	/* the parent has 100; two children protect 150 and 50 of what they use */
	assert_int_equal(page_counter_effective(200, 500, 150, 100, 200, false), 75);
	assert_int_equal(page_counter_effective(300, 500, 50, 100, 200, false), 25);
}

static void what_is_left_over_goes_to_the_children_if_recursive(void **state)
{
	/* 100 for the parent, nobody asks: by use, 1:3 */
	assert_int_equal(page_counter_effective(50, 200, 0, 100, 0, true), 25);
	assert_int_equal(page_counter_effective(150, 200, 0, 100, 0, true), 75);
	assert_int_equal(page_counter_effective(50, 200, 0, 100, 0, false), 0);
	/* "max" for the parent: all that each uses */
	assert_int_equal(page_counter_effective(150, 200, 0, PAGE_COUNTER_MAX, 0, true), 150);
	/* one has 20 of its own; the rest is shared by what each uses beyond that */
	assert_int_equal(page_counter_effective(70, 200, 20, 100, 20, true), 20 + 80 * 50 / 180);
}

static void effective_values_come_from_the_top(void **state)
{
	page_counter_set_min(&a, 100);
	page_counter_set_min(&x, 150);
	page_counter_set_min(&y, 50);
	page_counter_charge(&x, 200);
	page_counter_charge(&y, 300);
	page_counter_calculate_protection(&root, &a, false);
	page_counter_calculate_protection(&root, &x, false);
	page_counter_calculate_protection(&root, &y, false);
	assert_int_equal(a.emin, 100);
	assert_int_equal(x.emin, 75);
	assert_int_equal(y.emin, 25);
	/* Reclaim for a's own limit: a gives, and its children have what they ask for. */
	page_counter_calculate_protection(&a, &x, false);
	assert_int_equal(x.emin, 150);
	a.emin = 7;
	page_counter_calculate_protection(&a, &a, false);
	assert_int_equal(a.emin, 7);	/* untouched */
}

static void parse(const char *text, int error, unsigned long pages)
{
	unsigned long nr = 4711;

	assert_int_equal(page_counter_memparse(text, "max", &nr), error);
	assert_int_equal(nr, error ? 4711 : pages);
}

static void limits_are_parsed_as_linux_does(void **state)
{
	parse("64M", 0, 16384);
	parse("4097", 0, 1);
	parse("0", 0, 0);
	parse("max", 0, PAGE_COUNTER_MAX);
	parse("18446744073709551615", 0, PAGE_COUNTER_MAX);
	parse("1g", 0, 262144);
	parse("x", -EINVAL, 0);
	parse("-1", -EINVAL, 0);
	parse("1.5M", -EINVAL, 0);
	parse("max ", -EINVAL, 0);
}

#define T(f) cmocka_unit_test_setup(f, tree)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(charges_go_up_to_the_root),
		T(a_refused_charge_leaves_nothing_behind),
		T(a_limit_of_its_own_comes_first),
		T(protected_use_is_reported_to_the_parent),
		T(protection_is_what_is_used_of_it),
		T(overcommitted_protection_is_shared_by_use),
		T(what_is_left_over_goes_to_the_children_if_recursive),
		T(effective_values_come_from_the_top),
		T(limits_are_parsed_as_linux_does),
	};

	return cmocka_run_group_tests_name("page_counter", tests, host_init, NULL);
}
