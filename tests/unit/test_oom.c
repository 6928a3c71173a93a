/*
 * test_oom.c - mm/oom_kill.c, oom_badness.c, oom_adj.c, oom_report.c, oom_reaper.c: who dies.
 *
 * Processes are made by hand: the structs are the kernel's, filled with as much
 * as an OOM looks at. Figures of Linux: reference/linux-6.1/08-oom-score-adj.log
 * and 09-oom-adj-legacy.log.
 */
#include "host/host.h"

#include "host/stubs.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/workqueue.h"
#include "mm/mmap.h"
#include "mm/mmu_gather.h"
#include "mm/memory.h"
#include "mm/oom_kill.h"
#include "mm/page_alloc_internal.h"
#include "mm/slab.h"
#include "mm/swapfile.h"
#include "mm/util.h"

enum { RAM_KB = 480028, SWAP_KB = 262140, MAX_PROC = 32, SYS_RESOURCE = 24 };
#define TOTAL ((unsigned long)(RAM_KB + SWAP_KB) / 4)
#define NEVER (-__LONG_MAX__ - 1L)

/* --- processes --- */

struct proc {
	struct task_struct task, second;
	struct signal_struct signal;
	struct mm_struct mm;
	unsigned int uid;
	bool capable;
	int signals; /* SIGKILLs */
};
static struct proc procs[MAX_PROC];
static int nr_procs;

static struct proc *proc_of(struct task_struct *t)
{
	for (int i = 0; i < nr_procs; i++)
		if (procs[i].task.signal == t->signal)
			return &procs[i];
	fail_msg("a task of no process");
	return NULL;
}

static void init_thread(struct proc *p, struct task_struct *t, int pid, const char *comm)
{
	t->usage = 1;
	t->pid = pid;
	t->tgid = p->task.pid;
	t->signal = &p->signal;
	t->group_leader = &p->task;
	t->real_parent = t->parent = &init_task;
	t->mm = &p->mm;
	spin_lock_init(&t->alloc_lock, LOCK_MM_ARG);
	strcpy(t->comm, comm);
	INIT_LIST_HEAD(&t->children);
	list_add_tail(&t->thread_node, &p->signal.thread_head);
}

static struct proc *make(int pid, const char *comm, long rss, long swap, long pte_pages, int adj)
{
	struct proc *p = &procs[nr_procs++];

	assert_in_range(nr_procs, 1, MAX_PROC);
	memset(p, 0, sizeof(*p));
	INIT_LIST_HEAD(&p->signal.thread_head);
	p->task.pid = pid;
	init_thread(p, &p->task, pid, comm);
	p->signal.leader = &p->task;
	p->signal.oom_score_adj = adj;
	p->mm.mm_users = p->mm.mm_count = 1;
	p->mm.rss[MM_ANONPAGES] = rss;
	p->mm.rss[MM_SWAPENTS] = swap;
	p->mm.pgtables_bytes = pte_pages * 4096;
	p->mm.total_vm = rss + swap + 100;
	INIT_LIST_HEAD(&p->mm.mmap_list);
	init_rwsem(&p->mm.mmap_lock, LOCK_MMAP);
	list_add_tail(&p->task.tasks, &init_task.tasks);
	list_add_tail(&p->task.sibling, &init_task.children);
	return p;
}

static struct proc *kb(int pid, const char *comm, long rss_kb, long pte_kb, int adj)
{
	return make(pid, comm, rss_kb / 4, 0, pte_kb / 4, adj);
}

/* --- what lies around mm/oom_*.c --- */

static bool privileged;

/* As kernel/proc's: credentials are read under task_lock. */
static bool capable(struct task_struct *t, int cap)
{
	bool yes;

	task_lock(t);
	yes = t == current ? privileged : proc_of(t)->capable;
	task_unlock(t);
	return yes;
}

static kuid_t uid_of(struct task_struct *t)
{
	kuid_t uid;

	task_lock(t);
	uid = t == current ? 0 : proc_of(t)->uid;
	task_unlock(t);
	return uid;
}

int do_send_sig_info_group(struct task_struct *t, int sig)
{
	assert_int_equal(sig, SIGKILL);
	proc_of(t)->signals++;
	return 0;
}

void mmgrab(struct mm_struct *mm)
{
	mm->mm_count++;
}
void mmdrop(struct mm_struct *mm)
{
	mm->mm_count--;
	assert_true(mm->mm_count > 0);
}

static struct timer_list *reaper_timer;

void timer_setup(struct timer_list *t, void (*function)(struct timer_list *))
{
	t->function = function;
}
void mod_timer(struct timer_list *t, u64 expires)
{
	assert_null(reaper_timer);
	t->expires = expires;
	reaper_timer = t;
}

static struct work_struct *work;
bool schedule_work(struct work_struct *w)
{
	work = w;
	return true;
}

/* The reaper's unmapping: the counters go, as by zap_pte_range(). */
static int zaps;
void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm, bool fullmm)
{
	tlb->mm = mm;
}
void tlb_finish_mmu(struct mmu_gather *tlb) {}
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	assert_int_equal(vma->vm_flags & (VM_PFNMAP | VM_SHARED), 0);
	tlb->mm->rss[MM_ANONPAGES] = 0;
	tlb->mm->rss[MM_SWAPENTS] = 0;
	zaps++;
}

/* The reaper has nothing to do any more: back to the test. It stays in its wait queue: once a test.
 */
static jmp_buf reaper_sleeps;
void schedule_waiting(const char *what)
{
	assert_string_equal(what, "oom_reaper");
	longjmp(reaper_sleeps, 1);
}

static void run_reaper(void)
{
	if (!setjmp(reaper_sleeps))
		oom_reaper(NULL);
	current->__state = TASK_RUNNING;
}

void dump_unreclaimable_slab(void) {}

static int boot(void **state)
{
	host_reset(state);
	host_boot(512, "highmem=0", 1);
	adjust_managed_page_count(pfn_to_page(NODE_DATA(0)->node_zones[ZONE_NORMAL].zone_start_pfn),
				  RAM_KB / 4 - (long)totalram_pages());
	total_swap_pages = SWAP_KB / 4;
	assert_int_equal(totalram_pages() + total_swap_pages, TOTAL);
	mm_capable = capable;
	task_uid_hook = uid_of;
	privileged = true;
	nr_procs = zaps = 0;
	reaper_timer = NULL;
	work = NULL;
	make(1, "init", 400, 0, 10, 0);
	return 0;
}

/* Every reference was given back, but a victim's in the reaper's timer. */
static int check(void **state)
{
	for (int i = 0; i < nr_procs; i++) {
		bool queued = reaper_timer == &procs[i].task.oom_reaper_timer ||
			      reaper_timer == &procs[i].second.oom_reaper_timer;
		int refs = procs[i].task.usage + procs[i].second.usage -
			   (procs[i].second.pid != 0) - queued;

		if (refs != 1 || spin_is_locked(&procs[i].task.alloc_lock)) {
			print_error("pid %d: %d references\n", procs[i].task.pid, refs);
			return -1;
		}
	}
	if (tasklist_lock.value || mutex_is_locked(&oom_lock) || mutex_is_locked(&oom_adj_mutex)) {
		print_error("a lock is held\n");
		return -1;
	}
	return host_check(state);
}

static struct oom_control oom(void)
{
	struct oom_control oc = { .gfp_mask = GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_ZERO,
				  .order = 0 };
	bool ok;

	mutex_lock(&oom_lock);
	ok = out_of_memory(&oc);
	mutex_unlock(&oom_lock);
	assert_int_equal(ok, oc.chosen != NULL || task_will_free_mem(current));
	return oc;
}

static int killed(void)
{
	int n = 0;

	for (int i = 0; i < nr_procs; i++)
		n += procs[i].signals;
	return n;
}

/* --- /proc/<pid>/oom_* --- */

static char text[256];
static const char *show(const char *name, struct proc *p)
{
	for (const struct ctl_pid_file *f = __ctl_pid_start; f < __ctl_pid_end; f++) {
		struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

		if (strcmp(f->name, name))
			continue;
		assert_int_equal(f->show(&m, &p->task), 0);
		text[m.count] = 0;
		return text;
	}
	fail_msg("no file %s", name);
	return NULL;
}

static long write_to(const char *name, struct proc *p, const char *value)
{
	char buf[64];

	for (const struct ctl_pid_file *f = __ctl_pid_start; f < __ctl_pid_end; f++)
		if (!strcmp(f->name, name))
			return f->write(&p->task, strcpy(buf, value), strlen(value));
	fail_msg("no file %s", name);
	return 0;
}

static int number(const char *s)
{
	return atoi(s);
}

/* --- scores --- */

static const int adjs[18] = { -1000, -999, -998, -800, -500, -300, -100, -17, -1,
			      0,     1,	   17,	 100,  300,  500,  800,	 999, 1000 };
static const struct {
	long rss_kb, pte_kb;
	int scores[18];
} recorded[] = {
	{ 4,
	  24,
	  { 0, 2, 3, 135, 334, 467, 600, 656, 666, 666, 667, 677, 732, 866, 998, 1198, 1330,
	    1331 } },
	{ 808,
	  32,
	  { 0, 4, 4, 136, 335, 468, 601, 656, 666, 667, 668, 678, 733, 866, 999, 1198, 1331,
	    1332 } },
	{ 16384,
	  68,
	  { 0, 18, 18, 150, 349, 482, 615, 670, 680, 681, 682, 692, 747, 880, 1013, 1212, 1345,
	    1346 } },
	{ 65488,
	  160,
	  { 0, 62, 62, 194, 393, 526, 659, 714, 724, 725, 726, 736, 792, 924, 1057, 1257, 1389,
	    1390 } },
	{ 130960,
	  292,
	  { 0, 120, 121, 253, 452, 585, 718, 772, 783, 784, 784, 795, 850, 983, 1116, 1316, 1448,
	    1448 } },
	{ 262168,
	  544,
	  { 0, 238, 239, 371, 570, 702, 836, 891, 901, 902, 902, 913, 968, 1102, 1234, 1434, 1566,
	    1567 } },
};

static void scores_as_recorded(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(recorded); i++) {
		struct proc *p = kb(100 + i, "hold", recorded[i].rss_kb, recorded[i].pte_kb, 0);

		for (unsigned int a = 0; a < ARRAY_SIZE(adjs); a++) {
			char value[16];

			snprintf(value, sizeof(value), "%d\n", adjs[a]);
			assert_int_equal(write_to("oom_score_adj", p, value), strlen(value));
			if (number(show("oom_score", p)) != recorded[i].scores[a])
				fail_msg("rss %ld kB, adj %d: oom_score %s, not %d",
					 recorded[i].rss_kb, adjs[a], text, recorded[i].scores[a]);
		}
	}
}

static void badness_counts_what_comes_back(void **state)
{
	struct proc *p = make(50, "p", 1000, 200, 30, 0);

	assert_int_equal(oom_badness(&p->task, TOTAL), 1230);
	p->mm.rss[MM_FILEPAGES] = 7;
	p->mm.rss[MM_SHMEMPAGES] = 5;
	assert_int_equal(oom_badness(&p->task, TOTAL), 1242);
	p->mm.rss[MM_FILEPAGES] = -3; /* a counter may lag */
	assert_int_equal(oom_badness(&p->task, TOTAL), 1235);
	p->signal.oom_score_adj = 500;
	assert_int_equal(oom_badness(&p->task, 185542), 1235 + 500 * 185); /* not 500 * 185.542 */
	assert_int_equal(oom_badness(&p->task, 2000000), 1235 + 500 * 2000);
	p->signal.oom_score_adj = -999;
	assert_int_equal(oom_badness(&p->task, 185542), 1235 - 999 * 185);
}

static void some_are_never_chosen(void **state)
{
	struct proc *init = &procs[0], *p = make(50, "p", 1000, 0, 0, -1000),
		    *reaped = make(51, "r", 1000, 0, 0, 0), *vfork = make(52, "v", 0, 0, 0, 0),
		    *thread = make(53, "k", 0, 0, 0, 0), *gone = make(54, "g", 9, 0, 0, 0);
	struct completion done;

	assert_int_equal(oom_badness(&init->task, TOTAL), NEVER);
	assert_string_equal(show("oom_score", init), "0\n");
	assert_int_equal(oom_badness(&p->task, TOTAL), NEVER);
	reaped->mm.flags |= MMF_OOM_SKIP;
	assert_int_equal(oom_badness(&reaped->task, TOTAL), NEVER);
	vfork->task.mm = &reaped->mm;
	vfork->task.real_parent = &reaped->task;
	vfork->task.vfork_done = &done;
	assert_int_equal(oom_badness(&vfork->task, TOTAL), NEVER);
	thread->task.flags |= PF_KTHREAD;
	assert_int_equal(oom_badness(&thread->task, TOTAL), NEVER);
	gone->task.mm = NULL; /* a zombie */
	assert_int_equal(oom_badness(&gone->task, TOTAL), NEVER);
	init_thread(gone, &gone->second, 55, "g"); /* but its second thread lives on */
	assert_int_equal(oom_badness(&gone->task, TOTAL), 9);
}

static void other_policies(void **state)
{
	struct proc *p = make(50, "p", 1000, 0, 0, 0), *child;

	for (const struct ctl_sysctl *s = __ctl_sysctl_start; s < __ctl_sysctl_end; s++) {
		char name[16];

		if (strcmp(s->name, "vm.oom_badness_policy"))
			continue;
		assert_int_equal(s->write(s, strcpy(name, "nonsense"), 8), -EINVAL);
		assert_int_equal(s->write(s, strcpy(name, "root-bonus\n"), 11), 11);
		assert_int_equal(oom_badness(&p->task, TOTAL), 1000);
		p->capable = true;
		assert_int_equal(oom_badness(&p->task, TOTAL), 970);
		p->signal.oom_score_adj = 100;
		assert_int_equal(oom_badness(&p->task, TOTAL), 970 + 100 * 185);
		p->signal.oom_score_adj = 0;

		assert_int_equal(s->write(s, strcpy(name, "classic"), 7), 7);
		p->capable = false;
		p->mm.total_vm = 1600;
		assert_int_equal(oom_badness(&p->task, TOTAL), 1600);
		p->task.static_nice = 5;
		assert_int_equal(oom_badness(&p->task, TOTAL), 3200);
		p->capable = true; /* root, and raw I/O */
		assert_int_equal(oom_badness(&p->task, TOTAL), 200);
		p->capable = false;
		p->task.static_nice = 0;
		child = make(51, "c", 0, 0, 0, 0);
		child->mm.total_vm = 500;
		list_move(&child->task.sibling, &p->task.children);
		assert_int_equal(oom_badness(&p->task, TOTAL), 1600 + 251);
		p->task.times.utime = 16 * 8 * 1000000000ULL; /* sqrt(16) */
		assert_int_equal(oom_badness(&p->task, TOTAL), 1851 / 4);
		p->signal.oom_score_adj = 1000 * 3 / 17 + 1; /* oom_adj 3: times 8 */
		assert_int_equal(oom_badness(&p->task, TOTAL), 1851 / 4 * 8);
		assert_int_equal(s->write(s, strcpy(name, "modern"), 6), 6);
		return;
	}
	fail();
}

/* --- oom_score_adj and oom_adj --- */

/* 09: what is written to oom_adj, what oom_score_adj then is, and what oom_adj reads. */
static void oom_adj_as_recorded(void **state)
{
	static const int score_adj[33] = {
		-1000, -941, -882, -823, -764, -705, -647, -588, -529, -470, -411,
		-352,  -294, -235, -176, -117, -58,  0,	   58,	 117,  176,  235,
		294,   352,  411,  470,	 529,  588,  647,  705,	 764,  823,  1000,
	};
	static const int reads[33] = {
		-17, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0,
		0,   0,	  1,   2,   3,	 4,   5,   6,  7,  8,  9,  10, 11, 12, 13, 15,
	};
	struct proc *p = make(91, "hold", 300, 0, 8, 0);
	char value[16];

	for (int adj = -17; adj <= 15; adj++) {
		snprintf(value, sizeof(value), "%d", adj);
		assert_int_equal(write_to("oom_adj", p, value), strlen(value));
		assert_int_equal(p->signal.oom_score_adj, score_adj[adj + 17]);
		assert_int_equal(number(show("oom_adj", p)), reads[adj + 17]);
	}
	assert_non_null(strstr(host_log(), "swapper/0 (0): /proc/91/oom_adj is deprecated, please "
					   "use /proc/91/oom_score_adj instead.\n"));
	host_clear_log();
	write_to("oom_adj", p, "0");
	assert_string_equal(host_log(), ""); /* once */
}

static void odd_values_as_recorded(void **state)
{
	static const struct {
		const char *name, *value;
		long ret;
		int adj;
	} cases[] = {
		{ "oom_adj", "16", -EINVAL, 1 },
		{ "oom_adj", "-18", -EINVAL, 1 },
		{ "oom_adj", "x", -EINVAL, 1 },
		{ "oom_adj", "", -EINVAL, 1 },
		{ "oom_adj", "1x", -EINVAL, 1 },
		{ "oom_adj", "1 2", -EINVAL, 1 },
		{ "oom_adj", "0x5", 3, 294 },
		{ "oom_adj", "010", 3, 470 },
		{ "oom_score_adj", "1001", -EINVAL, 1 },
		{ "oom_score_adj", "-1001", -EINVAL, 1 },
		{ "oom_score_adj", "1000", 4, 1000 },
		{ "oom_score_adj", "-1000", 5, -1000 },
		{ "oom_score_adj", "x", -EINVAL, 1 },
		{ "oom_score_adj", "", -EINVAL, 1 },
		{ "oom_score_adj", "1x", -EINVAL, 1 },
		{ "oom_score_adj", "0x10", 4, 16 },
		{ "oom_score_adj", "010", 3, 8 },
		{ "oom_score_adj", " 7 ", 3, 7 },
		{ "oom_score_adj", "12345678901234567890", -ERANGE, 1 },
	};
	static const int back[][2] = {
		{ -1000, -17 }, { -999, -16 }, { -900, -15 }, { -500, -8 }, { -100, -1 },
		{ -59, -1 },	{ -58, 0 },    { -1, 0 },     { 0, 0 },	    { 1, 0 },
		{ 58, 0 },	{ 59, 1 },     { 100, 1 },    { 500, 8 },   { 900, 15 },
		{ 941, 15 },	{ 942, 15 },   { 999, 15 },   { 1000, 15 },
	};
	struct proc *p = make(91, "hold", 300, 0, 8, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		p->signal.oom_score_adj = 1;
		if (write_to(cases[i].name, p, cases[i].value) != cases[i].ret ||
		    p->signal.oom_score_adj != cases[i].adj)
			fail_msg("'%s' to %s: adj %d", cases[i].value, cases[i].name,
				 p->signal.oom_score_adj);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(back); i++) {
		p->signal.oom_score_adj = back[i][0];
		assert_int_equal(number(show("oom_adj", p)), back[i][1]);
	}
}

/* 26: raising is free; below the lowest privileged value needs CAP_SYS_RESOURCE; oom_adj compares
 * with the present one. */
static void lowering_needs_privilege(void **state)
{
	struct proc *p = make(91, "hold", 300, 0, 8, 0);

	assert_int_equal(write_to("oom_score_adj", p, "-100"), 4);
	privileged = false;
	assert_int_equal(write_to("oom_score_adj", p, "300"), 3);
	assert_int_equal(write_to("oom_score_adj", p, "-100"), 4);
	assert_int_equal(write_to("oom_score_adj", p, "-101"), -EACCES);
	assert_int_equal(p->signal.oom_score_adj, -100);
	assert_int_equal(write_to("oom_adj", p, "5"), 1);
	assert_int_equal(write_to("oom_adj", p, "4"), -EACCES);
	privileged = true;
	assert_int_equal(write_to("oom_adj", p, "4"), 1);
	assert_int_equal(p->signal.oom_score_adj_min, -100);
}

static void sharers_share_the_adjustment(void **state)
{
	struct proc *a = make(91, "a", 300, 0, 8, 0), *b = make(92, "b", 0, 0, 0, 0),
		    *c = make(93, "c", 0, 0, 0, 0);

	b->task.mm = &a->mm;
	a->mm.mm_users = 2;
	a->mm.flags |= MMF_MULTIPROCESS;
	assert_int_equal(write_to("oom_score_adj", a, "123"), 3);
	assert_int_equal(b->signal.oom_score_adj, 123);
	assert_int_equal(c->signal.oom_score_adj, 0);
	assert_int_equal(a->mm.mm_count, 1);
}

/* --- the choice --- */

/* 08's second half: 200 MiB at -1000, 24 and 8 MiB at +500, 100 MiB, and big_mm. */
static void who_dies_as_recorded(void **state)
{
	struct proc *shell = make(97, "sh", 423, 11, 7, 0),
		    *protected = make(456, "hold", 19016, 32138, 109, -1000),
		    *small = make(457, "hold", 8, 6146, 21, 500),
		    *smaller = make(458, "hold", 8, 2050, 12, 500),
		    *middle = make(459, "hold", 398, 25148, 58, 0),
		    *big = make(481, "big_mm", 89104, 0, 182, 0);
	struct oom_control oc;

	small->mm.rss[MM_ANONPAGES] = 0;
	small->mm.rss[MM_SHMEMPAGES] = 8;
	small->mm.total_vm = 6192;
	small->mm.pgtables_bytes = 86016;
	small->uid = 1000;
	oc = oom();
	assert_ptr_equal(oc.chosen, &small->task);
	assert_int_equal(small->signals, 1);
	assert_int_equal(killed(), 1);
	assert_true(small->task.tif & TIF_MEMDIE);
	assert_ptr_equal(small->signal.oom_mm, &small->mm);
	assert_non_null(strstr(host_log(),
			       "swapper/0 invoked oom-killer: "
			       "gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), "
			       "order=0, oom_score_adj=0\n"));
	assert_non_null(strstr(host_log(), "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes "
					   "swapents oom_score_adj name\n"));
	assert_non_null(strstr(
	    host_log(),
	    "[    457]  1000   457     6192        8    86016     6146           500 hold\n"));
	assert_non_null(strstr(
	    host_log(),
	    "[    456]     0   456    51254    19016   446464    32138         -1000 hold\n"));
	assert_null(strstr(host_log(), "] init")); /* no candidate */
	assert_non_null(
	    strstr(host_log(),
		   "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
		   "global_oom,task_memcg=/,task=hold,pid=457,uid=1000\n"));
	assert_non_null(strstr(host_log(),
			       "Out of memory: Killed process 457 (hold) total-vm:24768kB, "
			       "anon-rss:0kB, file-rss:0kB, "
			       "shmem-rss:32kB, UID:1000 pgtables:84kB oom_score_adj:500\n"));
	/* It exits; big_mm grows to 95,692 points, more than the 8 MiB one's 2,070 + 500 * 185. */
	big->mm.rss[MM_ANONPAGES] = 381992 / 4;
	big->mm.pgtables_bytes = 776 << 10;
	small->signal.oom_mm = NULL;
	small->task.tif = 0;
	small->task.mm = NULL;
	reaper_timer = NULL;
	small->task.usage--;
	small->mm.mm_count--;
	oc = oom();
	assert_ptr_equal(oc.chosen, &big->task);
	assert_non_null(strstr(
	    host_log(),
	    "Killed process 481 (big_mm) total-vm:356816kB, anon-rss:381992kB, file-rss:0kB, "
	    "shmem-rss:0kB, UID:0 pgtables:776kB oom_score_adj:0\n"));
	assert_int_equal(protected->signals + shell->signals + middle->signals + smaller->signals,
			 0);
}

static void of_equals_the_later(void **state)
{
	struct proc *a = make(50, "a", 1000, 0, 0, 0), *b = make(51, "b", 1000, 0, 0, 0),
		    *c = make(52, "c", 999, 0, 0, 0);

	assert_ptr_equal(oom().chosen, &b->task);
	assert_int_equal(a->signals + c->signals, 0);
}

static void one_victim_at_a_time(void **state)
{
	struct proc *a = make(50, "a", 1000, 0, 0, 0), *b = make(51, "b", 5000, 0, 0, 0);

	assert_ptr_equal(oom().chosen, &b->task);
	assert_ptr_equal(oom().chosen, OOM_VICTIM_DYING);
	assert_int_equal(killed(), 1);
	b->mm.flags |= MMF_OOM_SKIP; /* it has given what it had */
	reaper_timer = NULL;
	b->task.usage--;
	assert_ptr_equal(oom().chosen, &a->task);
	assert_int_equal(a->signals, 1);
}

static void swapoff_goes_first(void **state)
{
	struct proc *swapoff = make(50, "swapoff", 10, 0, 0, 0),
		    *big = make(51, "b", 5000, 0, 0, 1000);

	swapoff->signal.oom_flag_origin = true;
	assert_ptr_equal(oom().chosen, &swapoff->task);
	assert_int_equal(big->signals, 0);
}

static void who_dies_anyway_is_not_killed(void **state)
{
	struct proc *p = make(50, "p", 5000, 0, 0, 0);

	p->task.flags |= PF_EXITING;
	assert_ptr_equal(oom().chosen, &p->task);
	assert_int_equal(p->signals, 0);
	assert_true(p->task.tif & TIF_MEMDIE); /* but it may use the reserves */
	assert_null(strstr(host_log(), "oom-killer"));
}

static void sharers_die_together(void **state)
{
	struct proc *a = make(50, "a", 5000, 0, 0, 0), *b = make(51, "b", 0, 0, 0, 0),
		    *c = make(52, "c", 1, 0, 0, 0), *thread = make(53, "kthread", 0, 0, 0, 0);

	b->task.mm = &a->mm;
	thread->task.mm = &a->mm; /* it only borrows it */
	thread->task.flags |= PF_KTHREAD;
	a->mm.mm_users = 3;
	oom();
	assert_int_equal(a->signals, 1);
	assert_int_equal(b->signals, 1);
	assert_int_equal(c->signals + thread->signals, 0);
	assert_non_null(reaper_timer);
}

static void a_memory_that_init_shares_is_not_reaped(void **state)
{
	struct proc *a = make(50, "a", 5000, 0, 0, 0);

	procs[0].task.mm = &a->mm;
	a->mm.mm_users = 2;
	oom();
	assert_int_equal(a->signals, 1);
	assert_int_equal(procs[0].signals, 0);
	assert_null(reaper_timer);
	assert_true(a->mm.flags & MMF_OOM_SKIP);
	assert_non_null(strstr(host_log(), "oom killer 50 (a) has mm pinned by 1 (init)\n"));
}

static void the_thread_with_the_memory_is_marked(void **state)
{
	struct proc *p = make(50, "p", 5000, 0, 0, 0);

	init_thread(p, &p->second, 51, "p");
	p->task.mm = NULL; /* the leader has left */
	oom();
	assert_true(p->second.tif & TIF_MEMDIE);
	assert_false(p->task.tif & TIF_MEMDIE);
	assert_non_null(strstr(host_log(), "Killed process 51 (p)"));
	assert_non_null(strstr(host_log(), "[     51]     0    50 "));
}

static void the_asker_pays(void **state)
{
	struct proc *asker = make(50, "asker", 10, 0, 0, 0), *big = make(51, "b", 5000, 0, 0, 0);
	struct task_struct *me = current;
	struct oom_control oc;

	assert_int_equal(host_sysctl_set("vm.oom_kill_allocating_task", 1), 0);
	this_cpu_write(current_task, &asker->task);
	oc = oom();
	assert_ptr_equal(oc.chosen, &asker->task);
	assert_non_null(strstr(
	    host_log(), "Out of memory (oom_kill_allocating_task): Killed process 50 (asker)"));
	assert_int_equal(big->signals, 0);
	asker->signal.oom_mm = NULL;
	asker->signal.oom_score_adj = -1000; /* protected: the ordinary choice */
	asker->task.tif = 0;
	asker->task.usage--;
	asker->mm.mm_count--;
	reaper_timer = NULL;
	oc = oom();
	assert_ptr_equal(oc.chosen, &big->task);
	this_cpu_write(current_task, me);
}

static void without_fs_nobody_is_killed(void **state)
{
	struct oom_control oc = { .gfp_mask = GFP_NOFS, .order = 0 };

	make(50, "p", 5000, 0, 0, 0);
	mutex_lock(&oom_lock);
	assert_true(out_of_memory(&oc));
	mutex_unlock(&oom_lock);
	assert_int_equal(killed(), 0);
}

static void panic_on_oom(void **state)
{
	make(50, "p", 5000, 0, 0, 0);
	assert_int_equal(host_sysctl_set("vm.panic_on_oom", 3), -EINVAL);
	assert_int_equal(host_sysctl_set("vm.panic_on_oom", 1), 0);
	expect_panic(
	    oom(),
	    "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled");
	boot(state);
	make(50, "p", 5000, 0, 0, 0);
	host_sysctl_set("vm.panic_on_oom", 2);
	expect_panic(
	    oom(), "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled");
	nr_procs = 0;
}

static void nobody_left_is_the_end(void **state)
{
	make(50, "p", 5000, 0, 0, -1000);
	expect_panic(oom(), "Out of memory and no killable processes...\nKernel panic - not "
			    "syncing: System is deadlocked on memory\n");
	nr_procs = 0;
}

static void sysrq_kills_one_more(void **state)
{
	struct proc *p = make(50, "p", 5000, 0, 0, 0), *q = make(51, "q", 4000, 0, 0, 0);

	host_sysctl_set("vm.panic_on_oom", 2); /* not by hand */
	sysrq_oom();
	assert_non_null(work);
	work->func(work);
	assert_int_equal(p->signals, 1);
	assert_non_null(strstr(host_log(), "order=-1"));
	p->mm.flags |= MMF_OOM_SKIP;
	reaper_timer = NULL;
	p->task.usage--;
	q->signal.oom_score_adj = -1000;
	host_clear_log();
	work->func(work); /* nobody: no panic either */
	assert_non_null(strstr(host_log(), "Out of memory and no killable processes...\n"
					   "sysrq: OOM request ignored. No task eligible\n"));
}

static void without_the_table(void **state)
{
	make(50, "p", 5000, 0, 0, 0);
	host_sysctl_set("vm.oom_dump_tasks", 0);
	oom();
	assert_null(strstr(host_log(), "Tasks state"));
	assert_non_null(strstr(host_log(), "Mem-Info:"));
	assert_non_null(strstr(host_log(), "oom-kill:"));
}

static void reports_are_ratelimited_kills_are_not(void **state)
{
	const char *p = host_log();
	int reports = 0;

	for (int i = 0; i < 20; i++) {
		struct proc *v = make(50 + i, "p", 5000 + i, 0, 0, 0);

		oom();
		assert_int_equal(v->signals, 1);
		v->mm.flags |= MMF_OOM_SKIP;
		v->task.usage--;
		reaper_timer = NULL;
	}
	while ((p = strstr(p, "invoked oom-killer"))) {
		p++;
		reports++;
	}
	assert_int_equal(reports, 10);
}

/* --- afterwards --- */

static void the_reaper_takes_what_is_left(void **state)
{
	struct vm_area_struct vma = { .vm_flags = VM_READ | VM_WRITE },
			      shared = { .vm_flags = VM_SHARED, .vm_mapping = (void *)8 };
	struct proc *p = make(50, "stuck", 5000, 10, 0, 0);

	p->mm.rss[MM_SHMEMPAGES] = 4096;
	list_add_tail(&vma.vm_list, &p->mm.mmap_list);
	list_add_tail(&shared.vm_list, &p->mm.mmap_list);
	host_clock_ns = 1000;
	oom();
	assert_non_null(reaper_timer);
	assert_int_equal(reaper_timer->expires, 1000 + 2000000000ULL);
	assert_int_equal(zaps, 0); /* not before its time */
	reaper_timer->function(reaper_timer);
	reaper_timer = NULL;
	run_reaper();
	assert_int_equal(zaps, 1);
	assert_true(p->mm.flags & MMF_OOM_SKIP);
	assert_true(p->mm.flags & MMF_UNSTABLE);
	assert_non_null(strstr(host_log(), "oom_reaper: reaped process 50 (stuck), now "
					   "anon-rss:0kB, file-rss:0kB, shmem-rss:16384kB\n"));
}

static void the_reaper_leaves_an_orderly_exit_alone(void **state)
{
	struct proc *p = make(50, "p", 5000, 0, 0, 0);

	oom();
	p->mm.flags |= MMF_OOM_SKIP; /* exit_mmap() */
	reaper_timer->function(reaper_timer);
	reaper_timer = NULL;
	run_reaper();
	assert_int_equal(zaps, 0);
	assert_null(strstr(host_log(), "reaped"));
}

static void the_reaper_does_not_wait_for_a_lock(void **state)
{
	struct proc *p = make(50, "p", 5000, 0, 0, 0);
	u64 before;

	oom();
	before = host_clock_ns;
	down_write(&p->mm.mmap_lock);
	reaper_timer->function(reaper_timer);
	reaper_timer = NULL;
	run_reaper();
	up_write(&p->mm.mmap_lock);
	assert_in_range(host_clock_ns - before, 800000000, 1100000000); /* ten tries */
	assert_int_equal(zaps, 0);
	assert_non_null(strstr(host_log(), "oom_reaper: unable to reap pid:50 (p)\n"));
	assert_true(p->mm.flags & MMF_OOM_SKIP); /* the next OOM chooses another */
}

#define T(f) cmocka_unit_test_setup_teardown(f, boot, check)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(scores_as_recorded),
		T(badness_counts_what_comes_back),
		T(some_are_never_chosen),
		T(other_policies),
		T(oom_adj_as_recorded),
		T(odd_values_as_recorded),
		T(lowering_needs_privilege),
		T(sharers_share_the_adjustment),
		T(who_dies_as_recorded),
		T(of_equals_the_later),
		T(one_victim_at_a_time),
		T(swapoff_goes_first),
		T(who_dies_anyway_is_not_killed),
		T(sharers_die_together),
		T(a_memory_that_init_shares_is_not_reaped),
		T(the_thread_with_the_memory_is_marked),
		T(the_asker_pays),
		T(without_fs_nobody_is_killed),
		T(panic_on_oom),
		T(nobody_left_is_the_end),
		T(sysrq_kills_one_more),
		T(without_the_table),
		T(reports_are_ratelimited_kills_are_not),
		T(the_reaper_takes_what_is_left),
		T(the_reaper_leaves_an_orderly_exit_alone),
		T(the_reaper_does_not_wait_for_a_lock),
	};

	return cmocka_run_group_tests_name("oom", tests, host_init, NULL);
}
