/*
 * futex.c - user space sleeps on a word; the kernel only keeps the queue.
 *
 * Idea: a waiter hashes the word's identity (its key) to a bucket, and under
 *       the bucket's lock compares the word and links itself. A waker takes the
 *       same lock, so no wake-up falls between comparison and sleep. The key is
 *       (mm, address), or for shared mappings (page cache's number, offset): a page cache
 *       may go with its file while somebody waits, and its memory be another's. The user's
 *       word is read with faults disabled; if its page is not there the lock is
 *       dropped, the page fetched, and everything starts again.
 * Locks:  bucket->lock (LOCK_FUTEX); two: lower address first.
 * Above:  the system call table, exit and exec (robust list, clear_child_tid).
 * Below:  find_vma() for keys. Priority inheritance is left out: ENOSYS.   In Linux: kernel/futex/.
 */
#include "kernel/proc/futex.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/futex.h"
#include "kernel/abi/time.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/hash.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/time.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/memory.h"
#include "mm/mmap.h"

#define FUTEX_HASH_BITS 8
#define NO_DEADLINE (~0UL)

struct futex_key { u64 object; unsigned long index; };	/* an mm's address, or a number */

struct futex_bucket {
	spinlock_t lock;		/* LOCK_FUTEX */
	struct list_head waiters;	/* lock */
} __aligned(64);
static struct futex_bucket buckets[1 << FUTEX_HASH_BITS];

/* A waiter, on its own kernel stack. Guards: b bucket's lock   c set once */
struct futex_q {
	struct list_head list;		/* b */
	struct futex_key key;		/* b */
	struct futex_bucket *bucket;	/* b for changing: NULL: woken */
	struct task_struct *task;	/* c */
	u32 bitset;			/* c */
};

void futex_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_lock_init(&buckets[i].lock, LOCK_FUTEX);
		INIT_LIST_HEAD(&buckets[i].waiters);
	}
}

/* --- keys --- */

/*
 * The mapping's number, which a waiter may keep without a reference: no other is ever given it.
 * Odd, so that it is no mm's address.
 */
static u64 mapping_id(struct address_space *mapping)
{
	static _Atomic u64 last = 1;
	u64 id = mapping->futex_id, none = 0;

	if (id)
		return id;
	id = atomic_fetch_add(&last, 2);
	return atomic_compare_exchange_strong(&mapping->futex_id, &none, id) ? id : none;
}

static int get_futex_key(u32 __user *uaddr, bool shared, struct futex_key *key)
{
	unsigned long addr = (unsigned long)uaddr;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int err = 0;

	if (addr % sizeof(u32))
		return -EINVAL;
	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ (u64)mm, addr };
	if (!shared)
		return 0;
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (!vma || vma->vm_start > addr)
		err = -EFAULT;
	else if (vma->vm_flags & VM_SHARED && vma->vm_mapping)
		*key = (struct futex_key){
			mapping_id(vma->vm_mapping),
			(vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start,
		};
	up_read(&mm->mmap_lock);
	return err;
}

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	return &buckets[hash_64(key->object ^ key->index * 31, FUTEX_HASH_BITS)];
}

static bool match(const struct futex_q *q, const struct futex_key *key, u32 bitset)
{
	return q->key.object == key->object && q->key.index == key->index && q->bitset & bitset;
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock(&(a < b ? a : b)->lock);
	if (a != b)
		spin_lock_nested(&(a < b ? b : a)->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/*
 * => bucket locked. The waiter sees bucket NULL only after the lock is free: until then its stack
 * is there.
 */
static void wake_q(struct futex_q *q)
{
	list_del(&q->list);
	wake_up_process(q->task);
	__atomic_store_n(&q->bucket, NULL, __ATOMIC_RELEASE);
}

/* => bucket locked. How many. */
static int wake_matching(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset)
{
	struct futex_q *q, *n;
	int woken = 0;

	list_for_each_entry_safe(q, n, &b->waiters, list) {
		if (!match(q, key, bitset))
			continue;
		wake_q(q);
		if (++woken >= nr)
			break;
	}
	return woken;
}

static long futex_wake(u32 __user *uaddr, bool shared, int nr, u32 bitset)
{
	struct futex_key key;
	struct futex_bucket *b;
	long ret = get_futex_key(uaddr, shared, &key);

	if (ret)
		return ret;
	if (!bitset)
		return -EINVAL;
	b = bucket_of(&key);
	spin_lock(&b->lock);
	ret = wake_matching(b, &key, nr, bitset);
	spin_unlock(&b->lock);
	return ret;
}

long futex_wake_user(u32 __user *uaddr, int nr)
{
	return futex_wake(uaddr, true, nr, FUTEX_BITSET_MATCH_ANY);
}

/* --- waiting --- */

/* Links @q if *@uaddr is @val; state is set to sleep. 0, -EWOULDBLOCK, -EFAULT. */
static int futex_wait_setup(struct futex_q *q, u32 __user *uaddr, u32 val, bool shared)
{
	u32 now;
	int err;

	for (;;) {
		err = get_futex_key(uaddr, shared, &q->key);
		if (err)
			return err;
		q->bucket = bucket_of(&q->key);
		spin_lock(&q->bucket->lock);
		if (!copy_from_user_nofault(&now, uaddr, sizeof(now)))
			break;
		spin_unlock(&q->bucket->lock);
		if (get_user(now, uaddr))	/* brings the page in */
			return -EFAULT;
	}
	if (now != val) {
		spin_unlock(&q->bucket->lock);
		return -EWOULDBLOCK;
	}
	q->task = current;
	list_add_tail(&q->list, &q->bucket->waiters);
	current->__state = TASK_INTERRUPTIBLE;
	spin_unlock(&q->bucket->lock);
	return 0;
}

/* true: it was still waiting. A requeue may move it from under us. */
static bool unqueue(struct futex_q *q)
{
	for (;;) {
		struct futex_bucket *b = __atomic_load_n(&q->bucket, __ATOMIC_ACQUIRE);

		if (!b)
			return false;
		spin_lock(&b->lock);
		if (q->bucket == b) {
			list_del(&q->list);
			spin_unlock(&b->lock);
			return true;
		}
		spin_unlock(&b->lock);
	}
}

/* Sleeps until woken, signalled or @deadline (CLOCK_MONOTONIC). */
static void futex_sleep(struct futex_q *q, u64 deadline)
{
	u64 now;

	if (!__atomic_load_n(&q->bucket, __ATOMIC_ACQUIRE) || signal_pending(current))
		goto out;
	if (deadline == NO_DEADLINE) {
		schedule_waiting("futex_wait");
	} else {
		now = ktime_get_ns();
		if (now < deadline)
			schedule_timeout_ns(deadline - now, "futex_wait");
	}
out:
	current->__state = TASK_RUNNING;
}

static long futex_wait(u32 __user *uaddr, bool shared, u32 val, u64 deadline, u32 bitset);

static long futex_wait_restart(struct restart_block *rb)
{
	return futex_wait((u32 *)rb->args[0], rb->args[2], rb->args[1], rb->expires, rb->args[3]);
}

static long futex_wait(u32 __user *uaddr, bool shared, u32 val, u64 deadline, u32 bitset)
{
	struct restart_block *rb = &current->restart_block;
	struct futex_q q = { .bitset = bitset };
	int err;

	if (!bitset)
		return -EINVAL;
	for (;;) {
		err = futex_wait_setup(&q, uaddr, val, shared);
		if (err)
			return err;
		futex_sleep(&q, deadline);
		if (!unqueue(&q))
			return 0;
		if (deadline != NO_DEADLINE && ktime_get_ns() >= deadline)
			return -ETIMEDOUT;
		if (signal_pending(current))
			break;
	}
	if (deadline == NO_DEADLINE)
		return -ERESTARTSYS;
	rb->fn = futex_wait_restart;
	rb->expires = deadline;
	rb->args[0] = (unsigned long)uaddr;
	rb->args[1] = val;
	rb->args[2] = shared;
	rb->args[3] = bitset;
	return -ERESTART_RESTARTBLOCK;
}

/* --- moving waiters, and waking two words --- */

/* What goes where; inputs. */
struct requeue {
	u32 __user *from, *to;
	bool shared, compare;
	int nr_wake, nr_requeue;
	u32 val;			/* with @compare: what *from must be */
};

/* => both locked */
static int requeue_matching(const struct requeue *r, struct futex_bucket *from,
			    struct futex_bucket *to, const struct futex_key *key1,
			    const struct futex_key *key2)
{
	struct futex_q *q, *n;
	int done = 0;

	list_for_each_entry_safe(q, n, &from->waiters, list) {
		if (done - r->nr_wake >= r->nr_requeue)
			break;
		if (!match(q, key1, FUTEX_BITSET_MATCH_ANY))
			continue;
		if (++done <= r->nr_wake) {
			wake_q(q);
			continue;
		}
		q->key = *key2;
		if (from != to) {
			list_move_tail(&q->list, &to->waiters);
			q->bucket = to;
		}
	}
	return done;
}

static long futex_requeue(const struct requeue *r)
{
	struct futex_key key1, key2;
	struct futex_bucket *b1, *b2;
	long ret;
	u32 now;

	if (r->nr_wake < 0 || r->nr_requeue < 0)
		return -EINVAL;
	for (;;) {
		ret = get_futex_key(r->from, r->shared, &key1);
		if (!ret)
			ret = get_futex_key(r->to, r->shared, &key2);
		if (ret)
			return ret;
		b1 = bucket_of(&key1);
		b2 = bucket_of(&key2);
		lock_two(b1, b2);
		if (!r->compare || !copy_from_user_nofault(&now, r->from, sizeof(now)))
			break;
		unlock_two(b1, b2);
		if (get_user(now, r->from))
			return -EFAULT;
	}
	if (r->compare && now != r->val)
		ret = -EAGAIN;
	else
		ret = requeue_matching(r, b1, b2, &key1, &key2);
	unlock_two(b1, b2);
	return ret;
}

static s32 sign_extend12(u32 v) { return (s32)(v << 20) >> 20; }

static bool wake_op_holds(u32 old, unsigned int cmp, s32 arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ: return (s32)old == arg;
	case FUTEX_OP_CMP_NE: return (s32)old != arg;
	case FUTEX_OP_CMP_LT: return (s32)old < arg;
	case FUTEX_OP_CMP_GE: return (s32)old >= arg;
	case FUTEX_OP_CMP_LE: return (s32)old <= arg;
	case FUTEX_OP_CMP_GT: return (s32)old > arg;
	}
	return false;
}

/* The operation on @uaddr under the locks. 0 (*old), -EFAULT: the page is not there, -ENOSYS. */
static int do_wake_op(u32 code, u32 __user *uaddr, u32 *old)
{
	unsigned int op = code >> 28 & 7;
	s32 arg = sign_extend12(code >> 12 & 0xfff);
	int err;

	if (code & (u32)FUTEX_OP_OPARG_SHIFT << 28)
		arg = 1 << (arg & 31);
	if (op > FUTEX_OP_XOR || (code >> 24 & 0xf) > FUTEX_OP_CMP_GE)
		return -ENOSYS;
	pagefault_disable();
	err = futex_atomic_op_inuser((enum futex_op)op, arg, old, uaddr);
	pagefault_enable();
	return err;
}

static long futex_wake_op(const struct requeue *r, u32 code)
{
	struct futex_key key1, key2;
	struct futex_bucket *b1, *b2;
	long ret;
	u32 old = 0;

	for (;;) {
		ret = get_futex_key(r->from, r->shared, &key1);
		if (!ret)
			ret = get_futex_key(r->to, r->shared, &key2);
		if (ret)
			return ret;
		b1 = bucket_of(&key1);
		b2 = bucket_of(&key2);
		lock_two(b1, b2);
		ret = do_wake_op(code, r->to, &old);
		if (!ret)
			break;
		unlock_two(b1, b2);
		if (ret != -EFAULT)
			return ret;
		if (fault_in_user_range((unsigned long)r->to, sizeof(u32), true))
			return -EFAULT;
		cond_resched();
	}
	ret = wake_matching(b1, &key1, r->nr_wake, FUTEX_BITSET_MATCH_ANY);
	if (wake_op_holds(old, code >> 24 & 0xf, sign_extend12(code & 0xfff)))
		ret += wake_matching(b2, &key2, r->nr_requeue, FUTEX_BITSET_MATCH_ANY);
	unlock_two(b1, b2);
	return ret;
}

/* --- the system call --- */

/* @uts as a deadline of CLOCK_MONOTONIC. FUTEX_WAIT's is relative, FUTEX_WAIT_BITSET's absolute. */
static int futex_deadline(const struct timespec __user *uts, int op, u64 *deadline)
{
	struct timespec ts;
	u64 ns, now = ktime_get_ns(), real;

	*deadline = NO_DEADLINE;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	ns = timespec_to_ns(&ts);
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT) {
		*deadline = now + ns;
	} else if (op & FUTEX_CLOCK_REALTIME) {
		real = ktime_get_real_ns();
		*deadline = ns <= real ? 0 : now + (ns - real);
	} else {
		*deadline = ns;
	}
	return 0;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, unsigned long arg4, u32 __user *uaddr2, u32 val3)
{
	int cmd = op & FUTEX_CMD_MASK, err;
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	struct requeue r = { .from = uaddr, .to = uaddr2, .shared = shared, .nr_wake = val,
			     .nr_requeue = arg4, .val = val3, .compare = cmd == FUTEX_CMP_REQUEUE };
	u64 deadline;

	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fallthrough */
	case FUTEX_WAIT_BITSET:
		err = futex_deadline((const struct timespec *)arg4, op, &deadline);
		return err ? err : futex_wait(uaddr, shared, val, deadline, val3);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fallthrough */
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, shared, val, val3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(&r);
	case FUTEX_WAKE_OP:
		return futex_wake_op(&r, val3);
	}
	return -ENOSYS;
}

/* --- robust lists: mutexes that a dying thread holds --- */

long sys_set_robust_list(struct robust_list_head __user *head, size_t len)
{
	if (len != sizeof(*head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(int pid, void __user *__user *head, size_t __user *len)
{
	struct task_struct *t = pid ? find_get_task(pid) : get_task_struct(current);
	void *list;
	bool may;

	if (!t)
		return -ESRCH;
	list = READ_ONCE(t->robust_list);
	may = ptrace_may_access_real(t);	/* after it: an execve may come in between */
	put_task_struct(t);
	if (!may)
		return -EPERM;
	return put_user(sizeof(struct robust_list_head), len) || put_user(list, head) ? -EFAULT : 0;
}

/* One mutex of the list. false: the list is broken. */
static bool handle_futex_death(u32 __user *uaddr, bool pi, bool pending)
{
	u32 val, old;

	if ((unsigned long)uaddr % sizeof(u32) || get_user(val, uaddr))
		return false;
	/* Died between unlocking and waking: somebody may sleep on a free mutex. */
	if (pending && !pi && !val) {
		futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
		return true;
	}
	while ((val & FUTEX_TID_MASK) == (u32)current->pid) {
		if (futex_atomic_cmpxchg_inatomic(&old, uaddr, val,
						  (val & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return false;
		if (old == val) {
			if (!pi && val & FUTEX_WAITERS)
				futex_wake(uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
			break;
		}
		val = old;
	}
	return true;
}

void exit_robust_list(struct task_struct *t)
{
	struct robust_list_head __user *head = t->robust_list;
	u64 entry, next, pending;
	s64 offset;

	if (!head)
		return;
	t->robust_list = NULL;
	if (get_user(entry, &head->list.next) || get_user(offset, &head->futex_offset) ||
	    get_user(pending, &head->list_op_pending))
		return;
	for (int i = 0; i < ROBUST_LIST_LIMIT && (entry & ~1UL) != (u64)&head->list; i++) {
		/* before the owner may free it */
		bool bad = get_user(next, (u64 *)(entry & ~1UL));

		if ((entry & ~1UL) != (pending & ~1UL) &&
		    !handle_futex_death((u32 *)((entry & ~1UL) + offset), entry & 1, false))
			return;
		if (bad)
			return;
		entry = next;
		cond_resched();
	}
	if (pending)
		handle_futex_death((u32 *)((pending & ~1UL) + offset), pending & 1, true);
}
