#include "host/host.h"
#include "mm/mmzone.h"
#include "mm/page_alloc.h"
#include "mm/debug.h"
static void boots(void **state)
{
	host_boot(64, "highmem=0", 2);
	printf("%s", host_log());
	check_free_lists();
}
int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(boots, host_reset, host_check) };
	return cmocka_run_group_tests_name("overcommit", tests, host_init, NULL);
}
