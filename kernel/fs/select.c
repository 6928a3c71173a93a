/*
 * select.c - poll(2), ppoll(2), select(2), pselect6(2).
 *
 * Idea:   in the first round each file's poll function hangs an entry of ours on
 *         its wait queues and says what is ready. If nothing is, we sleep until a
 *         queue wakes us and ask again, now without hanging anything. An entry
 *         holds its file, so the queue cannot vanish. The first few entries lie on
 *         the stack, more in pages.
 * Locks:  none of its own; pwq->triggered is a flag set under the queue's lock.
 * Above:  the system call table.   Below: poll.h.   In Linux: fs/select.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/sigmask.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bitops.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define INLINE_ENTRIES 8
#define POLLIN_SET (EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR)
#define POLLOUT_SET (EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR)
#define POLLEX_SET EPOLLPRI
#define NO_DEADLINE ~0UL

struct poll_wqueues;
struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct file *file;		/* a reference */
	struct poll_wqueues *pwq;
	unsigned int key;		/* events it waits for */
};
struct poll_page {
	struct poll_page *next;
	unsigned int used;
	struct poll_entry entries[];
};
struct poll_wqueues {
	struct poll_table pt;
	struct poll_page *pages;
	unsigned int key;		/* of the file that is being asked */
	int triggered;			/* set by a waker */
	int error;			/* -ENOMEM */
	unsigned int used;
	struct poll_entry inline_entries[INLINE_ENTRIES];
};
#define ENTRIES_PER_PAGE ((PAGE_SIZE - sizeof(struct poll_page)) / sizeof(struct poll_entry))

static int pollwake(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct poll_entry *entry = container_of(wait, struct poll_entry, wait);

	if (key && !((unsigned long)key & entry->key))
		return 0;
	__atomic_store_n(&entry->pwq->triggered, 1, __ATOMIC_SEQ_CST);
	return default_wake_function(wait, mode, sync, key);
}

static struct poll_entry *new_entry(struct poll_wqueues *pwq)
{
	struct poll_page *page = pwq->pages;

	if (pwq->used < INLINE_ENTRIES)
		return &pwq->inline_entries[pwq->used++];
	if (!page || page->used == ENTRIES_PER_PAGE) {
		page = __get_free_pages(GFP_KERNEL, 0);
		if (!page) {
			pwq->error = -ENOMEM;
			return NULL;
		}
		page->next = pwq->pages;
		page->used = 0;
		pwq->pages = page;
	}
	return &page->entries[page->used++];
}

static void pollwait(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct poll_wqueues *pwq = container_of(pt, struct poll_wqueues, pt);
	struct poll_entry *entry = new_entry(pwq);

	if (!entry)
		return;
	entry->file = get_file(file);
	entry->wq = wq;
	entry->pwq = pwq;
	entry->key = pwq->key;
	init_wait(&entry->wait);
	entry->wait.func = pollwake;
	entry->wait.private = current;
	add_wait_queue(wq, &entry->wait);
}

static void poll_initwait(struct poll_wqueues *pwq)
{
	pwq->pt.queue = pollwait;
	pwq->pages = NULL;
	pwq->triggered = 0;
	pwq->error = 0;
	pwq->used = 0;
}

static void free_entry(struct poll_entry *entry)
{
	remove_wait_queue(entry->wq, &entry->wait);
	fput(entry->file);
}

static void poll_freewait(struct poll_wqueues *pwq)
{
	for (unsigned int i = 0; i < pwq->used; i++)
		free_entry(&pwq->inline_entries[i]);
	while (pwq->pages) {
		struct poll_page *page = pwq->pages;

		pwq->pages = page->next;
		for (unsigned int i = 0; i < page->used; i++)
			free_entry(&page->entries[i]);
		free_pages_address(page, 0);
	}
}

/* Sleeps until a waker, a signal or @deadline. False: time ran out. */
static bool poll_schedule_timeout(struct poll_wqueues *pwq, u64 deadline, const char *what)
{
	bool in_time = true;

	current->__state = TASK_INTERRUPTIBLE;
	if (!__atomic_load_n(&pwq->triggered, __ATOMIC_SEQ_CST) && !signal_pending(current)) {
		if (deadline == NO_DEADLINE) {
			schedule_waiting(what);
		} else {
			u64 now = ktime_get_ns();

			in_time = now < deadline &&
				  schedule_timeout_ns(deadline - now, what) > 0;
		}
	}
	current->__state = TASK_RUNNING;
	__atomic_store_n(&pwq->triggered, 0, __ATOMIC_SEQ_CST);
	return in_time;
}

static unsigned int vfs_poll(struct file *file, struct poll_table *pt)
{
	return file->f_op->poll ? file->f_op->poll(file, pt)
				: EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static unsigned int poll_one(struct pollfd *pfd, struct poll_wqueues *pwq)
{
	unsigned int mask, want = (u16)pfd->events | EPOLLERR | EPOLLHUP;
	struct fd f;

	if (pfd->fd < 0)
		return 0;
	f = fdget(pfd->fd);
	if (!f.file)
		return EPOLLNVAL;
	pwq->key = want;
	mask = vfs_poll(f.file, &pwq->pt) & want;
	fdput(f);
	return mask;
}

/* How many of @fds are ready, -ENOMEM, or -EINTR. */
static int do_poll(struct pollfd *fds, unsigned int n, struct poll_wqueues *pwq, u64 deadline)
{
	bool last = deadline == 0;
	int ready = 0;

	if (last)
		pwq->pt.queue = NULL;
	for (;;) {
		for (unsigned int i = 0; i < n; i++) {
			fds[i].revents = poll_one(&fds[i], pwq);
			if (fds[i].revents) {
				ready++;
				pwq->pt.queue = NULL;	/* it will not sleep: no more entries */
			}
			cond_resched();
		}
		pwq->pt.queue = NULL;
		if (ready)
			return ready;
		if (pwq->error)
			return pwq->error;
		if (signal_pending(current))
			return -EINTR;
		if (last)
			return 0;
		last = !poll_schedule_timeout(pwq, deadline, "poll");
	}
}

/* Linux's limit on the number is the limit on descriptors: poll(2), EINVAL. */
static long do_sys_poll(struct pollfd __user *ufds, unsigned int n, u64 deadline)
{
	struct pollfd few[INLINE_ENTRIES], *fds = few;
	struct poll_wqueues pwq;
	long ret = -EFAULT;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > INLINE_ENTRIES) {
		fds = kvmalloc(n * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	if (copy_from_user(fds, ufds, n * sizeof(*fds)))
		goto free;
	poll_initwait(&pwq);
	ret = do_poll(fds, n, &pwq, deadline);
	poll_freewait(&pwq);
	if (ret >= 0)
		for (unsigned int i = 0; i < n; i++)
			if (put_user(fds[i].revents, &ufds[i].revents)) {
				ret = -EFAULT;
				break;
			}
free:
	if (fds != few)
		kvfree(fds);
	return ret;
}

static long do_restart_poll(struct restart_block *restart)
{
	long ret = do_sys_poll((struct pollfd __user *)restart->args[0], restart->args[1],
			       restart->expires);

	return ret == -EINTR ? -ERESTART_RESTARTBLOCK : ret;
}

/* syscalls.h */
long sys_poll(struct pollfd __user *fds, unsigned int n, int timeout_ms)
{
	u64 deadline = timeout_ms < 0 ? NO_DEADLINE : timeout_ms == 0 ? 0 :
		       ktime_get_ns() + timeout_ms * (u64)NSEC_PER_MSEC;
	long ret = do_sys_poll(fds, n, deadline);

	if (ret == -EINTR) {
		current->restart_block.fn = do_restart_poll;
		current->restart_block.expires = deadline;
		current->restart_block.args[0] = (unsigned long)fds;
		current->restart_block.args[1] = n;
		ret = -ERESTART_RESTARTBLOCK;
	}
	return ret;
}

/* sigmask.h */
int set_user_sigmask(const u64 __user *umask, size_t size)
{
	u64 mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, umask))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_current_blocked(mask);
	set_tif(current, TIF_RESTORE_SIGMASK);
	return 0;
}

/* sigmask.h */
void restore_sigmask_unless(bool interrupted)
{
	if (interrupted || !test_tif(current, TIF_RESTORE_SIGMASK))
		return;
	clear_tif(current, TIF_RESTORE_SIGMASK);
	set_current_blocked(current->saved_sigmask);
}

static bool valid_timespec(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}

/* sigmask.h */
u64 timespec_deadline(const struct timespec *ts)
{
	u64 now = ktime_get_ns();

	if (!ts->tv_sec && !ts->tv_nsec)
		return 0;
	if (ts->tv_sec > 1000000000LL)	/* thirty years: for ever */
		return NO_DEADLINE;
	return now + ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

/* What is left goes back to the program, as Linux does it (a fault there is ignored). */
static void store_remaining(struct timespec __user *uts, struct timeval __user *utv, u64 deadline)
{
	u64 now = ktime_get_ns(), left = deadline > now ? deadline - now : 0;

	if (uts) {
		struct timespec ts = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

		(void)!copy_to_user(uts, &ts, sizeof(ts));
	}
	if (utv) {
		struct timeval tv = { left / NSEC_PER_SEC, left % NSEC_PER_SEC / NSEC_PER_USEC };

		(void)!copy_to_user(utv, &tv, sizeof(tv));
	}
}

/* syscalls.h */
long sys_ppoll(struct pollfd __user *fds, unsigned int n, struct timespec __user *uts,
	       const u64 __user *umask, size_t size)
{
	u64 deadline = NO_DEADLINE;
	struct timespec ts;
	long ret;

	if (uts) {
		if (copy_from_user(&ts, uts, sizeof(ts)))
			return -EFAULT;
		if (!valid_timespec(&ts))
			return -EINVAL;
		deadline = timespec_deadline(&ts);
	}
	ret = set_user_sigmask(umask, size);
	if (ret)
		return ret;
	ret = do_sys_poll(fds, n, deadline);
	restore_sigmask_unless(ret == -EINTR);
	if (uts && deadline != NO_DEADLINE)
		store_remaining(uts, NULL, deadline);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

/* Three sets asked for and three found, in one allocation of words each. */
struct fd_sets { unsigned int words; unsigned long *in[3], *out[3]; };

static const unsigned int set_masks[3] = { POLLIN_SET, POLLOUT_SET, POLLEX_SET };

/* One descriptor of select, of which @wanted is asked: what is ready now, 0 mostly; -EBADF */
static int select_one(unsigned int fd, unsigned int wanted, struct poll_wqueues *pwq)
{
	struct fd f = fdget(fd);
	unsigned int mask;

	if (!f.file)
		return -EBADF;
	pwq->key = wanted | EPOLLERR | EPOLLHUP;
	mask = vfs_poll(f.file, &pwq->pt);
	fdput(f);
	return mask & wanted;
}

/* The descriptors of word @word, of which @valid count: how many bits are set now, or -EBADF. */
static int select_word(struct fd_sets *s, unsigned int word, unsigned long valid,
		       struct poll_wqueues *pwq)
{
	unsigned long in = s->in[0][word], out = s->in[1][word], ex = s->in[2][word];
	unsigned long todo = (in | out | ex) & valid;
	int ready = 0;

	for (; todo; todo &= todo - 1) {
		unsigned long bit = todo & -todo;
		int mask = select_one(word * BITS_PER_LONG + __builtin_ctzl(todo),
				      (in & bit ? POLLIN_SET : 0) | (out & bit ? POLLOUT_SET : 0) |
				      (ex & bit ? POLLEX_SET : 0), pwq);

		if (mask < 0)
			return mask;
		for (int k = 0; mask && k < 3; k++)
			if (s->in[k][word] & bit && mask & set_masks[k]) {
				s->out[k][word] |= bit;
				ready++;
			}
		if (ready)
			pwq->pt.queue = NULL;	/* it will not sleep: no more entries */
	}
	return ready;
}

static int do_select(struct fd_sets *s, unsigned int n, struct poll_wqueues *pwq, u64 deadline)
{
	bool last = deadline == 0;
	int ready = 0;

	if (last)
		pwq->pt.queue = NULL;
	for (;;) {
		for (unsigned int fd = 0; fd < n; fd += BITS_PER_LONG) {
			unsigned int left = n - fd;
			int r = select_word(s, BIT_WORD(fd), left < BITS_PER_LONG ?
					    BIT_MASK(left) - 1 : ~0UL, pwq);

			if (r < 0)
				return r;
			ready += r;
			cond_resched();
		}
		pwq->pt.queue = NULL;
		if (ready || pwq->error)
			return ready ? ready : pwq->error;
		if (signal_pending(current))
			return -ERESTARTNOHAND;
		if (last)
			return 0;
		last = !poll_schedule_timeout(pwq, deadline, "select");
	}
}

static long core_sys_select(int n, unsigned long __user *uset[3], u64 deadline)
{
	unsigned long few[6 * 4], *words = few;	/* 256 descriptors without an allocation */
	struct poll_wqueues pwq;
	struct fd_sets s;
	size_t bytes;
	long ret = -EFAULT;

	if (n < 0)
		return -EINVAL;
	n = MIN((unsigned int)n, READ_ONCE(current->files->max_fds));
	s.words = BITS_TO_LONGS(n);
	bytes = s.words * sizeof(long);
	if (s.words > 4) {
		words = kvmalloc(6 * bytes, GFP_KERNEL);
		if (!words)
			return -ENOMEM;
	}
	memset(words, 0, 6 * bytes);
	for (int k = 0; k < 3; k++) {
		s.in[k] = words + k * s.words;
		s.out[k] = words + (k + 3) * s.words;
		if (uset[k] && copy_from_user(s.in[k], uset[k], bytes))
			goto free;
	}
	poll_initwait(&pwq);
	ret = do_select(&s, n, &pwq, deadline);
	poll_freewait(&pwq);
	if (ret >= 0)
		for (int k = 0; k < 3; k++)
			if (uset[k] && copy_to_user(uset[k], s.out[k], bytes))
				ret = -EFAULT;
free:
	if (words != few)
		kvfree(words);
	return ret;
}

/* syscalls.h */
long sys_select(int n, unsigned long __user *in, unsigned long __user *out,
		unsigned long __user *ex, struct timeval __user *utv)
{
	unsigned long __user *sets[3] = { in, out, ex };
	u64 deadline = NO_DEADLINE;
	struct timeval tv;
	long ret;

	if (utv) {
		struct timespec ts;

		if (copy_from_user(&tv, utv, sizeof(tv)))
			return -EFAULT;
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return -EINVAL;
		ts.tv_sec = tv.tv_sec + tv.tv_usec / 1000000;
		ts.tv_nsec = tv.tv_usec % 1000000 * NSEC_PER_USEC;
		deadline = timespec_deadline(&ts);
	}
	ret = core_sys_select(n, sets, deadline);
	if (utv && deadline != NO_DEADLINE)
		store_remaining(NULL, utv, deadline);
	return ret;
}

/* syscalls.h. The sixth argument points to { mask, size }. */
long sys_pselect6(int n, unsigned long __user *in, unsigned long __user *out,
		  unsigned long __user *ex, struct timespec __user *uts, void __user *usig)
{
	struct { const u64 __user *mask; size_t size; } sig = { NULL, 0 };
	unsigned long __user *sets[3] = { in, out, ex };
	u64 deadline = NO_DEADLINE;
	struct timespec ts;
	long ret;

	if (usig && copy_from_user(&sig, usig, sizeof(sig)))
		return -EFAULT;
	if (uts) {
		if (copy_from_user(&ts, uts, sizeof(ts)))
			return -EFAULT;
		if (!valid_timespec(&ts))
			return -EINVAL;
		deadline = timespec_deadline(&ts);
	}
	ret = set_user_sigmask(sig.mask, sig.size);
	if (ret)
		return ret;
	ret = core_sys_select(n, sets, deadline);
	restore_sigmask_unless(ret == -ERESTARTNOHAND);
	if (uts && deadline != NO_DEADLINE)
		store_remaining(uts, NULL, deadline);
	return ret;
}
