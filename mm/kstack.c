/*
 * kstack.c - kernel stacks, a few of them kept ready by each CPU.
 *
 * Idea:   a stack is a vmalloc area of KSTACK_PAGES: below it lies the guard page
 *         of the area before, so an overflow faults (double fault, on its own
 *         stack) instead of writing elsewhere. fork() and exit() mostly hand the
 *         same stack round: a CPU keeps up to STACKS_KEPT. What is too much is
 *         chained and freed by a worker: a dead task's stack is given up in the
 *         midst of the switch to the next, where nothing may sleep.
 * Locks:  a CPU's stock: interrupts off; the chain is exchanged atomically.
 * Above:  kernel/proc/fork.c.  Below: vmalloc.c.   In Linux: kernel/fork.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/spinlock.h"
#include "mm/memcontrol.h"
#include "mm/vmalloc.h"
#include "mm/vmstat.h"

enum { STACKS_KEPT = 4 };
#define KSTACK_KB (KSTACK_PAGES << (PAGE_SHIFT - 10))

/* Guard: its CPU, interrupts off. */
struct stack_stock {
	unsigned long stack[STACKS_KEPT];
	unsigned long n;
};
static DEFINE_PER_CPU(struct stack_stock, stack_stock);

/* The lowest words of a stack: its end mark, and what there is to know about it. */
struct dead_stack {
	unsigned long end_magic;
	struct obj_cgroup *objcg;	/* charged for it, a reference; NULL: nobody */
	struct dead_stack *next;	/* to be freed */
};
static _Atomic(struct dead_stack *) dead_stacks;	/* a */

static void free_dead_stacks(struct work_struct *work)
{
	struct dead_stack *s = atomic_exchange(&dead_stacks, NULL);
	void *batch[VFREE_BATCH];

	while (s) {
		unsigned int n = 0;

		for (; s && n < VFREE_BATCH; s = s->next)
			batch[n++] = s;
		vfree_many(batch, n);
		cond_resched();
	}
}
static struct work_struct dead_stacks_work = WORK_INIT(dead_stacks_work, free_dead_stacks);

/* The node of its lowest page stands for all of it. => @stack is mapped */
static int stack_node(unsigned long stack)
{
	return likely(nr_online_nodes == 1) ? 0 : page_to_nid(vmalloc_to_page((void *)stack));
}

unsigned long alloc_kernel_stack(void)
{
	unsigned long flags = local_irq_save(), stack = 0;
	struct stack_stock *stock = this_cpu_ptr(stack_stock);
	int nid;

	if (likely(stock->n))
		stack = stock->stack[--stock->n];
	local_irq_restore(flags);
	if (unlikely(!stack)) {
		stack = (unsigned long)vmalloc_gfp(KSTACK_PAGES * PAGE_SIZE, GFP_KERNEL);
		if (!stack)
			return 0;
	}
	*(unsigned long *)stack = STACK_END_MAGIC;
	nid = stack_node(stack);
	mod_node_page_state(NODE_DATA(nid), NR_KERNEL_STACK_KB, KSTACK_KB);
	if (unlikely(mem_cgroup_charge_stack(&((struct dead_stack *)stack)->objcg, KSTACK_PAGES,
					     nid))) {
		free_kernel_stack(stack);
		return 0;
	}
	return stack;
}

void free_kernel_stack(unsigned long stack)
{
	struct stack_stock *stock;
	unsigned long flags;
	struct dead_stack *dead = (struct dead_stack *)stack;
	int nid = stack_node(stack);

	BUG_ON(dead->end_magic != STACK_END_MAGIC);	/* it overflowed into the last word */
	mod_node_page_state(NODE_DATA(nid), NR_KERNEL_STACK_KB, -KSTACK_KB);
	mem_cgroup_uncharge_stack(dead->objcg, KSTACK_PAGES, nid);
	dead->objcg = NULL;
	flags = local_irq_save();
	stock = this_cpu_ptr(stack_stock);
	if (likely(stock->n < STACKS_KEPT)) {
		stock->stack[stock->n++] = stack;
		stack = 0;
	}
	local_irq_restore(flags);
	if (!stack)
		return;
	dead->next = atomic_load(&dead_stacks);
	while (!atomic_compare_exchange_weak(&dead_stacks, &dead->next, dead))
		;
	schedule_work(&dead_stacks_work);
}
