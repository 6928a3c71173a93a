/*
 * eventpoll.c - epoll(7): a set of files that is asked again and again.
 *
 * Idea:   each file in the set (epitem) keeps entries on the file's wait queues
 *         for ever. A wake-up puts the item on the set's ready list and wakes
 *         epoll_wait(), which asks the ready items alone what is really there. A
 *         level-triggered item goes back to the list's end while it has something;
 *         an edge-triggered one leaves until the next wake-up. A set may not be
 *         member of another set (EINVAL; on Linux it may, five deep).
 * Locks:  ep->reading (LOCK_EPOLL_SET): one at a time takes events out of a set, and may wait for
 *         his own memory meanwhile.
 *         epoll_mutex (LOCK_EPOLL) for all sets' shape: one is enough here, as nobody waits for
 *         a user's page while he has it.
 *         ep->wq.lock (LOCK_WAITQ_POLL) for the ready list: taken by wake-ups,
 *         under the lock of the queue that woke.
 * Above:  the system call table.   Below: poll.h.   In Linux: fs/eventpoll.c.
 */
#include "kernel/abi/epoll.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/time.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/eventpoll.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fs_user.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/sigmask.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EP_MAX_EVENTS ((int)(0x7fffffff / sizeof(struct epoll_event)))

static DEFINE_MUTEX(epoll_mutex, LOCK_EPOLL);
static unsigned long max_user_watches;	/* eventpoll_boot */
CTL_SYSCTL_ULONG("fs.epoll.max_user_watches", max_user_watches, 0, 0x7fffffffffffffffL);

/* Guards: e epoll_mutex   w wq.lock */
struct eventpoll {
	struct wait_queue_head wq;	/* those in epoll_wait */
	struct wait_queue_head poll_wait;	/* those who poll the set itself */
	struct list_head ready;		/* w */
	struct mutex reading;
	bool taken;			/* w: what was ready is with who has @reading */
	struct rb_root items;		/* e: by file and descriptor */
	struct fs_user *user;		/* c: has its watches */
};
struct epitem {
	struct rb_node node;		/* e */
	struct list_head ready;		/* w: empty: not on the list */
	struct hlist_node file_link;	/* e: in file->f_ep */
	struct file *file;		/* c: no reference: it leaves when it is closed */
	int fd;				/* c */
	struct eventpoll *ep;		/* c */
	struct epoll_event event;	/* e; the wake-up reads events */
	struct eppoll_entry *entries;	/* e */
};
struct eppoll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct epitem *item;
	struct eppoll_entry *next;
};
struct ep_table { struct poll_table pt; struct epitem *item; int error; };

static const struct file_operations eventpoll_fops;

static void mark_ready(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags = spin_lock_irqsave(&ep->wq.lock);

	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
}

static void wake_set(struct eventpoll *ep)
{
	wake_up(&ep->wq);
	wake_up_key(&ep->poll_wait, TASK_NORMAL, 1, (void *)EPOLLIN);
}

/* A queue of the file was woken: its lock is held, interrupts are off. */
static int ep_poll_callback(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct epitem *item = container_of(wait, struct eppoll_entry, wait)->item;
	u32 events = READ_ONCE(item->event.events);

	if (!(events & ~EP_PRIVATE_BITS))
		return 0;		/* disarmed by EPOLLONESHOT */
	if (key && !((unsigned long)key & events))
		return 0;
	mark_ready(item);
	wake_set(item->ep);
	return 1;
}

static void ep_queue(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct ep_table *table = container_of(pt, struct ep_table, pt);
	struct eppoll_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);

	if (!entry) {
		table->error = -ENOMEM;
		return;
	}
	entry->wait.func = ep_poll_callback;
	INIT_LIST_HEAD(&entry->wait.entry);
	entry->wq = wq;
	entry->item = table->item;
	entry->next = table->item->entries;
	table->item->entries = entry;
	add_wait_queue(wq, &entry->wait);
}

static unsigned int item_poll(struct epitem *item, struct poll_table *pt)
{
	return item->file->f_op->poll(item->file, pt) & item->event.events;
}

static struct epitem *find_item(struct eventpoll *ep, struct file *file, int fd)
{
	struct rb_node *n = ep->items.rb_node;

	while (n) {
		struct epitem *item = rb_entry(n, struct epitem, node);

		if (item->file == file && item->fd == fd)
			return item;
		n = file < item->file || (file == item->file && fd < item->fd) ? n->rb_left
									       : n->rb_right;
	}
	return NULL;
}

static void insert_item(struct eventpoll *ep, struct epitem *new)
{
	struct rb_node **link = &ep->items.rb_node, *parent = NULL;

	while (*link) {
		struct epitem *item = rb_entry(*link, struct epitem, node);

		parent = *link;
		link = new->file < item->file || (new->file == item->file && new->fd < item->fd)
			? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, &ep->items);
}

/* => epoll_mutex held. */
static void remove_item(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags;

	while (item->entries) {
		struct eppoll_entry *entry = item->entries;

		item->entries = entry->next;
		remove_wait_queue(entry->wq, &entry->wait);	/* no callback runs after this */
		kfree(entry);
	}
	flags = spin_lock_irqsave(&ep->wq.lock);
	list_del_init(&item->ready);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	rb_erase(&item->node, &ep->items);
	hlist_del(&item->file_link);
	ep->user->epoll_watches--;
	kfree(item);
}

static int ep_insert(struct eventpoll *ep, const struct epoll_event *event, struct file *file,
		     int fd)
{
	struct epitem *item;
	struct ep_table table = { .pt.queue = ep_queue, .error = 0 };

	if ((unsigned long)ep->user->epoll_watches >= READ_ONCE(max_user_watches))
		return -ENOSPC;
	item = table.item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item)
		return -ENOMEM;
	ep->user->epoll_watches++;
	INIT_LIST_HEAD(&item->ready);
	item->file = file;
	item->fd = fd;
	item->ep = ep;
	item->event = *event;
	insert_item(ep, item);
	hlist_add_head(&item->file_link, &file->f_ep);
	if (item_poll(item, &table.pt) && !table.error) {
		mark_ready(item);
		wake_set(ep);
	}
	if (table.error)
		remove_item(item);
	return table.error;
}

static int ep_modify(struct epitem *item, const struct epoll_event *event)
{
	item->event.data = event->data;
	WRITE_ONCE(item->event.events, event->events);
	if (item_poll(item, NULL)) {
		mark_ready(item);
		wake_set(item->ep);
	}
	return 0;
}

/* eventpoll.h */
void eventpoll_release_file(struct file *file)
{
	mutex_lock(&epoll_mutex);
	while (!hlist_empty(&file->f_ep))
		remove_item(hlist_entry(file->f_ep.first, struct epitem, file_link));
	mutex_unlock(&epoll_mutex);
}

static void free_set(struct eventpoll *ep)
{
	fs_user_put(ep->user);
	kfree(ep);
}

static int eventpoll_release(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *n;

	mutex_lock(&epoll_mutex);
	while ((n = rb_first(&ep->items)))
		remove_item(rb_entry(n, struct epitem, node));
	mutex_unlock(&epoll_mutex);
	free_set(ep);
	return 0;
}

/* Is there anything, or may there be when who is reading has done? A look. */
static bool may_be_ready(struct eventpoll *ep)
{
	return !list_empty(&ep->ready) || READ_ONCE(ep->taken);
}

static unsigned int eventpoll_poll(struct file *file, struct poll_table *pt)
{
	struct eventpoll *ep = file->private_data;

	poll_wait(file, &ep->poll_wait, pt);
	return may_be_ready(ep) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations eventpoll_fops = {
	.poll = eventpoll_poll, .release = eventpoll_release, .llseek = noop_llseek,
};

static struct epitem *take_ready(struct eventpoll *ep, struct list_head *from)
{
	unsigned long flags = spin_lock_irqsave(&ep->wq.lock);
	struct epitem *item = NULL;

	if (!list_empty(from)) {
		item = list_first_entry(from, struct epitem, ready);
		list_del_init(&item->ready);
	}
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	return item;
}

/* The list @from takes @to's place, at the head; whether somebody has it. */
static void move_ready(struct eventpoll *ep, struct list_head *from, struct list_head *to, bool taken)
{
	unsigned long flags = spin_lock_irqsave(&ep->wq.lock);

	list_splice_init(from, to);
	ep->taken = taken;
	spin_unlock_irqrestore(&ep->wq.lock, flags);
}

/*
 * One event to the user. His page may have to be fetched, and who fetches it may take his time
 * (userfaultfd): so the mutex is let go for that. *itemp is NULL if the item went meanwhile.
 * => epoll_mutex held, and again on return. 0, -EFAULT
 */
static int send_event(struct eventpoll *ep, struct epitem **itemp, const struct epoll_event *event,
		      struct epoll_event __user *to)
{
	struct file *file = (*itemp)->file;
	int fd = (*itemp)->fd, error;

	if (likely(!copy_to_user_nofault(to, event, sizeof(*event))))
		return 0;
	mutex_unlock(&epoll_mutex);
	error = copy_to_user(to, event, sizeof(*event)) ? -EFAULT : 0;
	mutex_lock(&epoll_mutex);
	*itemp = find_item(ep, file, fd);
	return error;
}

/* Asks the items that were ready as we began; events to the user. How many, or -EFAULT. */
static int ep_send_events(struct eventpoll *ep, struct epoll_event __user *events, int max)
{
	LIST_HEAD(work);
	int n = 0;

	mutex_lock(&ep->reading);
	mutex_lock(&epoll_mutex);
	move_ready(ep, &ep->ready, &work, true);
	while (n < max) {
		struct epitem *item = take_ready(ep, &work);
		struct epoll_event event;
		u32 asked;

		if (!item)
			break;
		asked = item->event.events;
		event.events = item_poll(item, NULL);
		if (!event.events)
			continue;
		event.data = item->event.data;
		if (asked & EPOLLONESHOT)
			WRITE_ONCE(item->event.events, asked & EP_PRIVATE_BITS);
		if (send_event(ep, &item, &event, &events[n])) {
			if (item && asked & EPOLLONESHOT)
				WRITE_ONCE(item->event.events, item->event.events | asked);
			if (item)
				mark_ready(item);
			n = n ? n : -EFAULT;
			break;
		}
		n++;
		if (item && !(asked & (EPOLLONESHOT | EPOLLET)))
			mark_ready(item);
	}
	/* Those not asked come first the next time. */
	move_ready(ep, &work, &ep->ready, false);
	mutex_unlock(&epoll_mutex);
	mutex_unlock(&ep->reading);
	return n;
}

static int ep_poll(struct eventpoll *ep, struct epoll_event __user *events, int max, u64 deadline)
{
	for (;;) {
		s64 left = INT64_MAX;
		int n = 0;

		if (may_be_ready(ep))
			n = ep_send_events(ep, events, max);
		if (n || !deadline)
			return n;
		if (deadline != ~0UL) {
			u64 now = ktime_get_ns();

			if (now >= deadline)
				return 0;
			left = deadline - now;
		}
		left = wait_event_interruptible_timeout(ep->wq, may_be_ready(ep), "ep_poll", left);
		if (left < 0)
			return -EINTR;
	}
}

static long do_epoll_wait(int epfd, struct epoll_event __user *events, int max, u64 deadline)
{
	struct fd f;
	long ret;

	if (max <= 0 || max > EP_MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(events, max * sizeof(*events)))
		return -EFAULT;
	f = fdget(epfd);
	if (!f.file)
		return -EBADF;
	ret = f.file->f_op == &eventpoll_fops ? ep_poll(f.file->private_data, events, max, deadline)
					      : -EINVAL;
	fdput(f);
	return ret;
}

static u64 ms_deadline(int ms)
{
	return ms < 0 ? ~0UL : ms == 0 ? 0 : ktime_get_ns() + ms * (u64)NSEC_PER_MSEC;
}

/* eventpoll.h. A 25th of low memory may be watches of one user, as on Linux. */
void eventpoll_boot(void)
{
	max_user_watches = (totalram_pages() - totalhigh_pages()) / 25 * PAGE_SIZE /
			   (sizeof(struct epitem) + sizeof(struct eppoll_entry));
}

/* System calls: syscalls.h. */
long sys_epoll_create1(int flags)
{
	struct eventpoll *ep;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return -ENOMEM;
	ep->user = fs_user_get();
	if (!ep->user) {
		kfree(ep);
		return -ENOMEM;
	}
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	spin_lock_init(&ep->wq.lock, LOCK_WAITQ_POLL);
	spin_lock_init(&ep->poll_wait.lock, LOCK_WAITQ_POLL);
	INIT_LIST_HEAD(&ep->ready);
	mutex_init(&ep->reading, LOCK_EPOLL_SET);
	ep->items = RB_ROOT;
	fd = anon_inode_getfd("[eventpoll]", &eventpoll_fops, ep, O_RDWR | (flags & O_CLOEXEC));
	if (fd < 0)
		free_set(ep);
	return fd;
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

static int ctl_locked(struct eventpoll *ep, int op, struct file *file, int fd,
		      struct epoll_event *event)
{
	struct epitem *item = find_item(ep, file, fd);

	event->events |= EPOLLERR | EPOLLHUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : ep_insert(ep, event, file, fd);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		remove_item(item);
		return 0;
	case EPOLL_CTL_MOD:
		return item ? ep_modify(item, event) : -ENOENT;
	default:
		return -EINVAL;
	}
}

long sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event __user *uevent)
{
	struct epoll_event event = { 0, 0 };
	struct fd ep, target;
	long err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	ep = fdget(epfd);
	if (!ep.file)
		return -EBADF;
	target = fdget(fd);
	if (!target.file)
		goto put;
	err = -EPERM;
	if (!target.file->f_op->poll)
		goto put_target;
	err = -EINVAL;
	if (ep.file->f_op != &eventpoll_fops || target.file->f_op == &eventpoll_fops)
		goto put_target;
	mutex_lock(&epoll_mutex);
	err = ctl_locked(ep.file->private_data, op, target.file, fd, &event);
	mutex_unlock(&epoll_mutex);
put_target:
	fdput(target);
put:
	fdput(ep);
	return err;
}

long sys_epoll_wait(int epfd, struct epoll_event __user *events, int max, int timeout_ms)
{
	return do_epoll_wait(epfd, events, max, ms_deadline(timeout_ms));
}

static long masked_wait(int epfd, struct epoll_event __user *events, int max, u64 deadline,
			const u64 __user *sigmask, size_t size)
{
	long ret = set_user_sigmask(sigmask, size);

	if (ret)
		return ret;
	ret = do_epoll_wait(epfd, events, max, deadline);
	restore_sigmask_unless(ret == -EINTR);
	return ret;
}

long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int max, int timeout_ms,
		     const u64 __user *sigmask, size_t size)
{
	return masked_wait(epfd, events, max, ms_deadline(timeout_ms), sigmask, size);
}

long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int max,
		      const struct timespec __user *timeout, const u64 __user *sigmask, size_t size)
{
	u64 deadline = ~0UL;
	struct timespec ts;

	if (timeout) {
		if (copy_from_user(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
		deadline = timespec_deadline(&ts);
	}
	return masked_wait(epfd, events, max, deadline, sigmask, size);
}
