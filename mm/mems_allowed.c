/*
 * mems_allowed.c - the nodes that a cpuset leaves to its tasks, as the allocator sees them.
 *
 * Idea:   user memory stays inside (__GFP_HARDWALL); what the kernel itself needs
 *         may spill over, since it serves everybody, and so may all that a dying task needs
 *         in order to die. Interrupts are nobody's.
 * Locks:  none.   Above: page_alloc.c, page_slowpath.c, vmscan.c, show_mem.c.
 *         In Linux: kernel/cgroup/cpuset.c's __cpuset_node_allowed().
 */
#include "mm/cpuset.h"

#include "kernel/lib/format.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/irq.h"
#include "mm/oom_kill.h"

bool cpusets_in_use;
void (*cpuset_name_hook)(struct task_struct *task, char *buf, size_t size);

bool cpuset_node_allowed(int nid, gfp_t gfp)
{
	if (in_interrupt() || node_isset(nid, current->mems_allowed))
		return true;
	if (tsk_is_oom_victim(current) || test_tif(current, TIF_MEMDIE))
		return true;
	if (gfp & __GFP_HARDWALL)
		return false;
	/* The kernel's own: the root cpuset's nodes, which are all. */
	return true;
}

int cpuset_print_current_mems_allowed(char *buf, size_t size)
{
	nodemask_t mems = cpuset_current_mems_allowed();
	char name[64] = "/";

	if (cpuset_name_hook)
		cpuset_name_hook(current, name, sizeof(name));
	return scnprintf(buf, size, "cpuset=%s,mems_allowed=%*pbl", name, nodemask_list(&mems));
}
