/*
 * sem.c - System V semaphores: semget, semop, semctl.
 *
 * Idea:   semop() does all of its operations or none. Who cannot go on sleeps on the
 *         set's wait queue and tries again whenever a value changed. SEM_UNDO
 *         keeps, per process and set, what is to be added to each semaphore when
 *         the process ends; both sides find that record by a list.
 * Locks:  sem_ids.mutex (LOCK_IPC) guards the sets, the waiters and the undo records.
 * Above:  the system call table; fork.c and exit.c.   In Linux: ipc/sem.c.
 */
#include "kernel/proc/sem.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/time.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/ipc.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

struct sem { int value; kpid_t pid; };

/* Guard: sem_ids.mutex, but for what is set once. */
struct sem_set {
	struct kern_ipc_perm ipc;	/* first */
	s64 otime, ctime;
	struct wait_queue_head wait;
	struct list_head waiters;	/* struct sem_waiter */
	struct list_head undos;		/* struct sem_undo, by set_link */
	int nsems;			/* c */
	struct sem sems[];
};

/* One sleeper: for GETNCNT and GETZCNT. */
struct sem_waiter { struct list_head link; int num; bool for_zero; };

/* What the end of one process adds to one set. */
struct sem_undo {
	struct list_head set_link, list_link;
	struct sem_set *set;
	s16 adjust[];
};

/* Of one process, or of those that share it by CLONE_SYSVSEM. */
struct sem_undo_list { int users; struct list_head undos; };

/* kernel.sem: SEMMSL, SEMMNS, SEMOPM, SEMMNI */
static int sem_limits[4] = { 32000, 1024000000, 500, 32000 };
CTL_SYSCTL("kernel.sem", .mode = 0644, .type = CTL_INT_ARRAY, .data = sem_limits, .len = 4);
#define SEMMSL sem_limits[0]
#define SEMMNS sem_limits[1]
#define SEMOPM sem_limits[2]
#define SEMMNI sem_limits[3]

static void free_set(struct kern_ipc_perm *ipc);
static void show_set(struct seq_file *m, struct kern_ipc_perm *ipc);
static struct ipc_ids sem_ids = IPC_IDS_INIT(sem_ids),
	.max = &SEMMNI, .free = free_set, .show = show_set,
	.heading = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n",
};
CTL_SYSCTL_INT("kernel.sem_next_id", sem_ids.next_id, 0, INT32_MAX);
static int total_sems;			/* sem_ids.mutex */

static struct sem_set *to_set(struct kern_ipc_perm *ipc)
{
	return container_of(ipc, struct sem_set, ipc);
}

/* => mutex held */
static void free_set(struct kern_ipc_perm *ipc)
{
	total_sems -= to_set(ipc)->nsems;
	kvfree(ipc);
}

/* --- semget --- */

static struct kern_ipc_perm *make_set(const struct ipc_get *get)
{
	struct sem_set *set;

	if (!get->size)
		return ERR_PTR(-EINVAL);
	if (total_sems + (int)get->size > SEMMNS)
		return ERR_PTR(-ENOSPC);
	set = kvmalloc(sizeof(*set) + get->size * sizeof(struct sem), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!set)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&set->wait);
	INIT_LIST_HEAD(&set->waiters);
	INIT_LIST_HEAD(&set->undos);
	set->nsems = get->size;
	set->ctime = ipc_now();
	total_sems += set->nsems;
	return &set->ipc;
}

static int set_fits(struct kern_ipc_perm *ipc, const struct ipc_get *get)
{
	return (int)get->size > to_set(ipc)->nsems ? -EINVAL : 0;
}

/* syscalls.h */
long sys_semget(int key, int nsems, int flags)
{
	if (nsems < 0 || nsems > SEMMSL)
		return -EINVAL;
	return ipc_get(&sem_ids, &(struct ipc_get){ .key = key, .flags = flags, .size = nsems,
						    .make = make_set, .fits = set_fits });
}

/* --- undo --- */

/* The undo record of current for @set, made if there is none. => mutex held. NULL: no memory */
static struct sem_undo *find_undo(struct sem_set *set)
{
	struct sem_undo_list *list = current->sem_undo;
	struct sem_undo *undo;

	if (!list) {
		list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
		if (!list)
			return NULL;
		list->users = 1;
		INIT_LIST_HEAD(&list->undos);
		current->sem_undo = list;
	}
	list_for_each_entry(undo, &list->undos, list_link)
		if (undo->set == set)
			return undo;
	undo = kvmalloc(sizeof(*undo) + set->nsems * sizeof(undo->adjust[0]),
			GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!undo)
		return NULL;
	undo->set = set;
	list_add(&undo->list_link, &list->undos);
	list_add(&undo->set_link, &set->undos);
	return undo;
}

static void free_undo(struct sem_undo *undo)
{
	list_del(&undo->set_link);
	list_del(&undo->list_link);
	kvfree(undo);
}

/* A value was set: nobody's end changes it any more. => mutex held */
static void forget_undos(struct sem_set *set, int first, int n)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &set->undos, set_link)
		memset(undo->adjust + first, 0, n * sizeof(undo->adjust[0]));
}

static void apply_undo(struct sem_undo *undo)
{
	struct sem_set *set = undo->set;

	for (int i = 0; i < set->nsems; i++) {
		if (!undo->adjust[i])
			continue;
		set->sems[i].value = MIN(MAX(set->sems[i].value + undo->adjust[i], 0), SEMVMX);
		set->sems[i].pid = current->tgid;
	}
	set->otime = ipc_now();
	wake_up_all(&set->wait);
}

/* sem.h */
int copy_semundo(struct task_struct *child, bool share)
{
	struct sem_undo_list *list;

	child->sem_undo = NULL;
	if (!share)
		return 0;
	mutex_lock(&sem_ids.mutex);
	list = current->sem_undo;
	if (!list) {
		list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
		if (list) {
			list->users = 1;
			INIT_LIST_HEAD(&list->undos);
			current->sem_undo = list;
		}
	}
	if (list)
		list->users++;
	child->sem_undo = list;
	mutex_unlock(&sem_ids.mutex);
	return list ? 0 : -ENOMEM;
}

/* sem.h */
void exit_sem(struct task_struct *t)
{
	struct sem_undo_list *list = t->sem_undo;
	struct sem_undo *undo, *next;

	if (!list)
		return;
	t->sem_undo = NULL;
	mutex_lock(&sem_ids.mutex);
	if (--list->users == 0) {
		list_for_each_entry_safe(undo, next, &list->undos, list_link) {
			apply_undo(undo);
			free_undo(undo);
		}
		kfree(list);
	}
	mutex_unlock(&sem_ids.mutex);
}

/* --- semop --- */

/* One semop() on its way. */
struct sem_attempt {
	struct sembuf *ops;		/* in */
	int nops;			/* in */
	struct sem_undo *undo;		/* in: NULL: no operation has SEM_UNDO */
	struct sem_waiter waiter;	/* out: what it would wait for */
};

/* One operation. 0; 1: it must wait; -ERANGE */
static int do_op(struct sem_set *set, struct sem_attempt *at, const struct sembuf *op)
{
	struct sem *sem = &set->sems[op->sem_num];
	int value = sem->value + op->sem_op;

	if ((!op->sem_op && sem->value) || value < 0) {
		at->waiter.num = op->sem_num;
		at->waiter.for_zero = !op->sem_op;
		return 1;
	}
	if (value > SEMVMX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		int adjust = at->undo->adjust[op->sem_num] - op->sem_op;

		if (adjust < -SEMVMX - 1 || adjust > SEMVMX)
			return -ERANGE;
		at->undo->adjust[op->sem_num] = adjust;
	}
	sem->value = value;
	return 0;
}

/*
 * All operations or none. => mutex held. 0: done; 1: at->waiter says what for; -EAGAIN
 * (IPC_NOWAIT), -ERANGE
 */
static int perform_ops(struct sem_set *set, struct sem_attempt *at)
{
	bool changed = false;
	int i, ret = 0;

	for (i = 0; i < at->nops; i++) {
		ret = do_op(set, at, &at->ops[i]);
		if (ret)
			break;
		changed |= at->ops[i].sem_op != 0;
	}
	if (!ret) {
		for (i = 0; i < at->nops; i++)
			set->sems[at->ops[i].sem_num].pid = current->tgid;
		set->otime = ipc_now();
		if (changed)
			wake_up_all(&set->wait);
		return 0;
	}
	if (ret == 1 && (at->ops[i].sem_flg & IPC_NOWAIT))
		ret = -EAGAIN;
	while (--i >= 0) {
		set->sems[at->ops[i].sem_num].value -= at->ops[i].sem_op;
		if (at->ops[i].sem_flg & SEM_UNDO)
			at->undo->adjust[at->ops[i].sem_num] += at->ops[i].sem_op;
	}
	return ret;
}

/*
 * Sleeps until a value changed. => mutex held, and held again afterwards; the set is held.
 * @left: ns, -1: no limit. 0, -EINTR, -EAGAIN, -EIDRM
 */
static int wait_for_change(struct sem_set *set, struct sem_attempt *at, s64 *left)
{
	struct wait_queue_entry wait;
	int ret = 0;

	if (!*left)
		return -EAGAIN;
	init_wait(&wait);
	prepare_to_wait(&set->wait, &wait, TASK_INTERRUPTIBLE);
	list_add_tail(&at->waiter.link, &set->waiters);
	mutex_unlock(&sem_ids.mutex);
	if (signal_pending(current))
		ret = -EINTR;
	else if (*left > 0)
		*left = schedule_timeout_ns(*left, "semop");
	else
		schedule_waiting("semop");
	finish_wait(&set->wait, &wait);
	mutex_lock(&sem_ids.mutex);
	list_del(&at->waiter.link);
	return set->ipc.deleted ? -EIDRM : ret;
}

/* May current do these operations, and is there room to undo them? => mutex held */
static int check_ops(struct sem_set *set, struct sem_attempt *at)
{
	bool undo = false, alter = false;
	int max = 0, err;

	for (int i = 0; i < at->nops; i++) {
		max = MAX(max, at->ops[i].sem_num);
		undo |= at->ops[i].sem_flg & SEM_UNDO && at->ops[i].sem_op;
		alter |= at->ops[i].sem_op != 0;
	}
	if (max >= set->nsems)
		return -EFBIG;
	err = ipc_permitted(&set->ipc, alter ? S_IWUGO : S_IRUGO);
	if (err)
		return err;
	for (int i = 0; !undo && i < at->nops; i++)
		at->ops[i].sem_flg &= ~SEM_UNDO;	/* of a wait for zero: nothing to undo */
	at->undo = undo ? find_undo(set) : NULL;
	return undo && !at->undo ? -ENOMEM : 0;
}

static int semop_locked(struct sem_set *set, struct sem_attempt *at, s64 left)
{
	int ret = check_ops(set, at);

	while (!ret) {
		ret = perform_ops(set, at);
		if (ret <= 0)
			break;
		ret = wait_for_change(set, at, &left);
		/* What came true meanwhile counts more than the signal or the end of time. */
		if ((ret == -EINTR || ret == -EAGAIN || (!ret && !left)) && !perform_ops(set, at))
			return 0;
	}
	return ret;
}

static int do_semop(int id, struct sembuf *ops, int nops, s64 left)
{
	struct sem_attempt at = { .ops = ops, .nops = nops };
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&sem_ids.mutex);
	ipc = ipc_find(&sem_ids, id);
	if (IS_ERR(ipc)) {
		ret = PTR_ERR(ipc);
	} else {
		ipc->refs++;
		ret = semop_locked(to_set(ipc), &at, left);
		ipc_put(&sem_ids, ipc);
	}
	mutex_unlock(&sem_ids.mutex);
	return ret;
}

/* syscalls.h */
long sys_semtimedop(int id, const struct sembuf __user *uops, size_t nsops,
		    const struct timespec __user *uts)
{
	struct sembuf few[8], *ops = few;
	struct timespec ts;
	s64 left = -1;
	long ret;

	if (nsops < 1 || id < 0)
		return -EINVAL;
	if (nsops > (unsigned int)READ_ONCE(SEMOPM))	/* -1 by sysctl: no limit, but their size fits */
		return -E2BIG;
	if (uts) {
		if (copy_from_user(&ts, uts, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (long)NSEC_PER_SEC)
			return -EINVAL;
		left = MIN(ts.tv_sec, (s64)INT32_MAX) * NSEC_PER_SEC + ts.tv_nsec;
	}
	if (nsops > ARRAY_SIZE(few))
		ops = kvmalloc(nsops * sizeof(*ops), GFP_KERNEL_ACCOUNT);
	if (!ops)
		return -ENOMEM;
	ret = copy_from_user(ops, uops, nsops * sizeof(*ops)) ? -EFAULT
							       : do_semop(id, ops, nsops, left);
	if (ops != few)
		kvfree(ops);
	return ret;
}

/* syscalls.h */
long sys_semop(int id, const struct sembuf __user *uops, size_t nsops)
{
	return sys_semtimedop(id, uops, nsops, NULL);
}

/* --- semctl --- */

static int copy_seminfo(int cmd, void __user *buf)
{
	struct seminfo info = { .semmni = SEMMNI, .semmns = SEMMNS, .semmsl = SEMMSL, .semopm = SEMOPM,
				.semvmx = SEMVMX, .semmnu = SEMMNS, .semmap = SEMMNS,
				.semume = SEMOPM, .semusz = 20, .semaem = SEMVMX };
	int max;

	mutex_lock(&sem_ids.mutex);
	if (cmd == SEM_INFO) {
		info.semusz = sem_ids.in_use;
		info.semaem = total_sems;
	}
	max = ipc_max_index(&sem_ids);
	mutex_unlock(&sem_ids.mutex);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : max;
}

static int stat_set(int id, int cmd, void __user *buf)
{
	struct semid64_ds ds = { 0 };
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&sem_ids.mutex);
	ipc = cmd == IPC_STAT ? ipc_find(&sem_ids, id) : ipc_find_index(&sem_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : cmd == SEM_STAT_ANY ? 0 : ipc_permitted(ipc, S_IRUGO);
	if (!ret) {
		ipc_to_user_perm(ipc, &ds.sem_perm);
		ds.sem_otime = to_set(ipc)->otime;
		ds.sem_ctime = to_set(ipc)->ctime;
		ds.sem_nsems = to_set(ipc)->nsems;
		ret = cmd == IPC_STAT ? 0 : ipc->id;
	}
	mutex_unlock(&sem_ids.mutex);
	return ret >= 0 && copy_to_user(buf, &ds, sizeof(ds)) ? -EFAULT : ret;
}

static int count_waiters(const struct sem_set *set, int num, bool for_zero)
{
	struct sem_waiter *waiter;
	int n = 0;

	list_for_each_entry(waiter, &set->waiters, link)
		n += waiter->num == num && waiter->for_zero == for_zero;
	return n;
}

/* The commands about one semaphore. => mutex held */
static int one_sem(struct sem_set *set, int num, int cmd, int value)
{
	struct sem *sem = &set->sems[num];

	if (num < 0 || num >= set->nsems)
		return -EINVAL;
	switch (cmd) {
	case GETVAL:
		return sem->value;
	case GETPID:
		return sem->pid;
	case GETNCNT:
	case GETZCNT:
		return count_waiters(set, num, cmd == GETZCNT);
	}
	sem->value = value;
	sem->pid = current->tgid;
	set->ctime = ipc_now();
	forget_undos(set, num, 1);
	wake_up_all(&set->wait);
	return 0;
}

/* => mutex held. Its sleepers and undo records learn of it. */
static void remove_set(struct sem_set *set)
{
	while (!list_empty(&set->undos))
		free_undo(list_first_entry(&set->undos, struct sem_undo, set_link));
	wake_up_all(&set->wait);
	ipc_remove(&sem_ids, &set->ipc);
}

/* What the commands do once their arguments are in the kernel. */
struct sem_change {
	int num, cmd, value;		/* in */
	const struct ipc64_perm *perm;	/* in: IPC_SET */
	u16 *values;			/* in: SETALL; out: GETALL; room for nsems */
	int nsems;			/* in */
};

static int change_set(struct sem_set *set, const struct sem_change *c)
{
	bool write = c->cmd == SETVAL || c->cmd == SETALL;
	int ret;

	if (c->cmd == IPC_SET || c->cmd == IPC_RMID)
		ret = ipc_owner_permitted(&set->ipc);
	else
		ret = ipc_permitted(&set->ipc, write ? S_IWUGO : S_IRUGO);
	if (ret)
		return ret;
	switch (c->cmd) {
	case IPC_SET:
		ret = ipc_set(&set->ipc, c->perm);
		if (!ret)
			set->ctime = ipc_now();
		return ret;
	case IPC_RMID:
		remove_set(set);
		return 0;
	case GETALL:
		if (c->nsems != set->nsems)
			return -EIDRM;	/* removed, and another has its number by now */
		for (int i = 0; i < c->nsems; i++)
			c->values[i] = set->sems[i].value;
		return 0;
	case SETALL:
		if (c->nsems != set->nsems)
			return -EIDRM;
		for (int i = 0; i < c->nsems; i++) {
			set->sems[i].value = c->values[i];
			set->sems[i].pid = current->tgid;
		}
		set->ctime = ipc_now();
		forget_undos(set, 0, set->nsems);
		wake_up_all(&set->wait);
		return 0;
	}
	return one_sem(set, c->num, c->cmd, c->value);
}

static int do_semctl(int id, const struct sem_change *c)
{
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&sem_ids.mutex);
	ipc = ipc_find(&sem_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : change_set(to_set(ipc), c);
	mutex_unlock(&sem_ids.mutex);
	return ret;
}

/* The array is made before the set is locked; change_set() looks whether it is still the same. */
static int nsems_of(int id)
{
	struct kern_ipc_perm *ipc;
	int n;

	mutex_lock(&sem_ids.mutex);
	ipc = ipc_find(&sem_ids, id);
	n = IS_ERR(ipc) ? (int)PTR_ERR(ipc) : to_set(ipc)->nsems;
	mutex_unlock(&sem_ids.mutex);
	return n;
}

static int all_values(int id, int cmd, u16 __user *uvalues)
{
	struct sem_change c = { .cmd = cmd, .nsems = nsems_of(id) };
	size_t size = c.nsems * sizeof(u16);
	int ret = 0;

	if (c.nsems < 0)
		return c.nsems;
	c.values = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!c.values)
		return -ENOMEM;
	if (cmd == SETALL && copy_from_user(c.values, uvalues, size))
		ret = -EFAULT;
	for (int i = 0; !ret && cmd == SETALL && i < c.nsems; i++)
		if (c.values[i] > SEMVMX)
			ret = -ERANGE;
	if (!ret)
		ret = do_semctl(id, &c);
	if (!ret && cmd == GETALL && copy_to_user(uvalues, c.values, size))
		ret = -EFAULT;
	kvfree(c.values);
	return ret;
}

/* syscalls.h */
long sys_semctl(int id, int semnum, int cmd, unsigned long arg)
{
	struct sem_change c = { .num = semnum, .cmd = cmd, .value = (int)arg };
	struct semid64_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return copy_seminfo(cmd, (void __user *)arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return stat_set(id, cmd, (void __user *)arg);
	case GETALL:
	case SETALL:
		return all_values(id, cmd, (u16 __user *)arg);
	case SETVAL:
		if (c.value < 0 || c.value > SEMVMX)
			return -ERANGE;
		return do_semctl(id, &c);
	case IPC_SET:
		if (copy_from_user(&ds, (void __user *)arg, sizeof(ds)))
			return -EFAULT;
		c.perm = &ds.sem_perm;
		return do_semctl(id, &c);
	case IPC_RMID:
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return do_semctl(id, &c);
	}
	return -EINVAL;
}

/* --- /proc/sysvipc/sem --- */

static void show_set(struct seq_file *m, struct kern_ipc_perm *ipc)
{
	struct sem_set *set = to_set(ipc);

	seq_printf(m, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lld %10lld\n", ipc->key, ipc->id, ipc->mode,
		   set->nsems, ipc->uid, ipc->gid, ipc->cuid, ipc->cgid, (long long)set->otime,
		   (long long)set->ctime);
}

static int sem_show(struct seq_file *m) { return ipc_show(&sem_ids, m); }
CTL_FILE("/proc/sysvipc/sem", .mode = 0444, .show = sem_show);
