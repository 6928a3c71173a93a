/*
 * inotify.c - inotify(7): a file from which to read what happens to other files.
 *
 * Idea:   an instance (group) has watches, each on one inode, which it keeps alive, and a queue
 *         of events. One that equals the queue's last is not added; one that does not fit (or
 *         for which there is no memory) becomes a single IN_Q_OVERFLOW at the queue's end.
 *
 *           inode->i_watches ── watch ── watch          a watch is in its inode's list,
 *                                 │                     and in its group's tree by number
 *           group->watches ───────┘
 *           group->events ── event ── event ──▶ read(2)
 *
 *         A file of a cgroup is a new inode for each look-up: its watch hangs on the
 *         controller's struct cgroup_file, too, whose news are IN_MODIFY.
 * Locks:  fsnotify_lock (LOCK_FSNOTIFY, irqsave) guards everything. An inode must not be put
 *         under it, so a watch that ends is put on the list "dead", for reap().
 * Above:  the system call table, fsnotify.c.   Below: anon_inodes.c.
 *         In Linux: fs/notify/inotify.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/fs/anon_inodes.h"
#include "kernel/fs/cgroup2.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/fsnotify.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/read_write.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/ctlfile.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define IN_HOW (IN_ONESHOT | IN_EXCL_UNLINK)	/* flags that stay with the watch */
#define IN_ALL_BITS (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR |        \
		     IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR |   \
		     IN_ONESHOT)
#define INT_MAX __INT_MAX__
#define GFP_EVENT (GFP_ATOMIC | __GFP_NOWARN)
/* nobody is killed for an event */
#define GFP_SPARE (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* All guarded by fsnotify_lock but those marked c: set once. */
struct event {
	struct list_head list;
	s32 wd;
	u32 mask, cookie;
	u32 len;			/* of the name; 0: none */
	char name[];
};
/* The limits are a user's, by effective uid. */
struct inotify_user {
	struct list_head list;
	kuid_t uid;			/* c */
	int instances;
	int watches;
};
struct group {
	struct wait_queue_head wq;	/* readers and pollers */
	struct rb_root watches;		/* by wd */
	struct list_head events;
	int nr_events;
	int max_events;			/* c */
	int last_wd;
	struct inotify_user *user;	/* c */
	struct event overflow;		/* on the list or not; without a name, so it may end the struct */
};
struct watch {
	struct hlist_node on_inode, on_news;
	struct rb_node node;
	struct list_head list;		/* live_watches or dead_watches */
	struct group *group;		/* c */
	struct inode *inode;		/* c: a reference */
	struct cgroup_file *news;	/* c: NULL: no file of a cgroup that has any */
	struct cgroup_subsys_state *css;	/* c: a reference: news lives there */
	int wd;				/* c */
	u32 mask;			/* IN_ALL_EVENTS, IN_UNMOUNT, IN_HOW */
};

_Atomic int fsnotify_watches, fsnotify_dir_watches;
static spinlock_t fsnotify_lock = SPINLOCK_INIT(LOCK_FSNOTIFY);
static LIST_HEAD(users);
static LIST_HEAD(live_watches);
static LIST_HEAD(dead_watches);
static int reaping;			/* fsnotify_lock: reap()s that have watches in their hands */
static DECLARE_WAIT_QUEUE_HEAD(reaped);

static int max_queued_events = 16384;
static int max_user_instances = 128;
static int max_user_watches;		/* inotify_init */

/* --- the queue --- */

static u32 padded(const struct event *e)
{
	return e->len ? ALIGN_UP(e->len + 1, sizeof(struct inotify_event)) : 0;
}

static size_t record_size(const struct event *e)
{
	return sizeof(struct inotify_event) + padded(e);
}

static struct event *new_event(u32 len, gfp_t gfp)
{
	return kmalloc(sizeof(struct event) + len + 1, gfp);
}

static void free_event(struct group *group, struct event *e)
{
	if (e != &group->overflow)
		kfree(e);
}

static void append(struct group *group, struct event *e)
{
	list_add_tail(&e->list, &group->events);
	group->nr_events++;
	wake_up_all(&group->wq);
}

static void queue_overflow(struct group *group)
{
	if (list_empty(&group->overflow.list))
		append(group, &group->overflow);
}

static bool equals_last(struct group *group, int wd, const struct fs_event *ev, u32 len)
{
	struct event *last;

	if (list_empty(&group->events))
		return false;
	last = list_last_entry(&group->events, struct event, list);
	return last->wd == wd && last->mask == ev->mask && last->len == len &&
	       (!len || !memcmp(last->name, ev->name, len));
}

/*
 * @spare: memory for it, or NULL; *spare NULL: try without sleeping. Taken if it is used.
 * => fsnotify_lock
 */
static void queue_event(struct group *group, int wd, const struct fs_event *ev,
			struct event **spare)
{
	u32 len = ev->name ? strlen(ev->name) : 0;
	struct event *e;

	if (equals_last(group, wd, ev, len))
		return;
	if (group->nr_events >= group->max_events) {
		queue_overflow(group);
		return;
	}
	e = spare && *spare ? *spare : new_event(len, GFP_EVENT);
	if (!e) {
		queue_overflow(group);
		return;
	}
	if (spare)
		*spare = NULL;
	e->wd = wd;
	e->mask = ev->mask;
	e->cookie = ev->cookie;
	e->len = len;
	if (len)
		memcpy(e->name, ev->name, len);
	e->name[len] = 0;
	append(group, e);
}

/* --- the end of watches --- */

#define WATCHES_AT_ONCE 64

/* Out of all lists; what it refers to goes in reap(). => fsnotify_lock */
static void end_watch(struct watch *w, bool tell)
{
	static const struct fs_event ignored = { .mask = IN_IGNORED };

	hlist_del(&w->on_inode);
	if (w->news)
		hlist_del(&w->on_news);
	rb_erase(&w->node, &w->group->watches);
	w->group->user->watches--;
	fsnotify_watches--;
	if (S_ISDIR(w->inode->i_mode))
		fsnotify_dir_watches--;
	if (tell)
		queue_event(w->group, w->wd, &ignored, NULL);
	list_move_tail(&w->list, &dead_watches);
}

/* Frees the watches that have ended. => none of the inodes' locks that iput() takes; may sleep */
static void reap(void)
{
	unsigned long flags;
	LIST_HEAD(list);

	if (list_empty(&dead_watches))
		return;
	flags = spin_lock_irqsave(&fsnotify_lock);
	list_splice_init(&dead_watches, &list);
	reaping++;
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	while (!list_empty(&list)) {
		struct watch *w = list_first_entry(&list, struct watch, list);

		list_del(&w->list);
		iput(w->inode);
		if (w->css)
			css_put(w->css);
		kfree(w);
	}
	flags = spin_lock_irqsave(&fsnotify_lock);
	reaping--;
	wake_up_all(&reaped);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
}

/* --- what happens --- */

static bool wants(const struct watch *w, const struct fs_event *ev)
{
	if (ev->unlinked && w->mask & IN_EXCL_UNLINK)
		return false;
	return w->mask & ev->mask & (IN_ALL_EVENTS | IN_UNMOUNT);
}

/* => fsnotify_lock. The watch may be gone afterwards. */
static void tell_watch(struct watch *w, const struct fs_event *ev, struct event **spare)
{
	queue_event(w->group, w->wd, ev, spare);
	if (w->mask & IN_ONESHOT)
		end_watch(w, true);
}

/* Memory for the events that @ev will make, as long as there is some: a list. */
static void prepare_events(struct inode *inode, const struct fs_event *ev, struct list_head *list)
{
	u32 len = ev->name ? strlen(ev->name) : 0;
	unsigned long flags;
	struct watch *w;
	int n = 0;

	flags = spin_lock_irqsave(&fsnotify_lock);
	hlist_for_each_entry(w, &inode->i_watches, on_inode)
		n += wants(w, ev);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	while (n--) {
		struct event *e = new_event(len, GFP_SPARE);

		if (!e)
			return;
		list_add(&e->list, list);
	}
}

static struct event *next_spare(struct list_head *list)
{
	struct event *e;

	if (list_empty(list))
		return NULL;
	e = list_first_entry(list, struct event, list);
	list_del(&e->list);
	return e;
}

/* fsnotify.h */
void inotify_handle(struct inode *inode, const struct fs_event *event)
{
	struct event *spare = NULL;
	struct hlist_node *n, *next;
	struct fs_event ev = *event;
	unsigned long flags;
	LIST_HEAD(list);

	if (ev.mask & (IN_DELETE_SELF | IN_MOVE_SELF))
		ev.mask &= ~IN_ISDIR;		/* as the first inotify had it */
	prepare_events(inode, &ev, &list);
	flags = spin_lock_irqsave(&fsnotify_lock);
	for (n = inode->i_watches.first; n; n = next) {
		struct watch *w = hlist_entry(n, struct watch, on_inode);

		next = n->next;
		if (!wants(w, &ev))
			continue;
		if (!spare)
			spare = next_spare(&list);
		tell_watch(w, &ev, &spare);
	}
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	kfree(spare);
	while ((spare = next_spare(&list)))
		kfree(spare);
	reap();
}

/* The controller has news for the readers of @file. Any context. */
static void cgroup_news(struct cgroup_file *file)
{
	static const struct fs_event ev = { .mask = IN_MODIFY };
	unsigned long flags = spin_lock_irqsave(&fsnotify_lock);
	struct hlist_node *n, *next;

	for (n = file->watches.first; n; n = next) {
		struct watch *w = hlist_entry(n, struct watch, on_news);

		next = n->next;
		if (wants(w, &ev))
			tell_watch(w, &ev, NULL);
	}
	spin_unlock_irqrestore(&fsnotify_lock, flags);
}

static void end_watches_of(struct inode *inode)
{
	unsigned long flags = spin_lock_irqsave(&fsnotify_lock);

	while (inode->i_watches.first)
		end_watch(hlist_entry(inode->i_watches.first, struct watch, on_inode), true);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	reap();
}

/* fsnotify.h */
void inotify_inode_gone(struct inode *inode)
{
	struct fs_event ev = { .mask = IN_DELETE_SELF };

	if (!READ_ONCE(inode->i_watches.first))
		return;
	inotify_handle(inode, &ev);
	end_watches_of(inode);
}

/* fsnotify.h */
void inotify_super_gone(struct super_block *sb)
{
	static const struct fs_event file = { .mask = IN_UNMOUNT };
	static const struct fs_event dir = { .mask = IN_UNMOUNT | IN_ISDIR };
	unsigned long flags = spin_lock_irqsave(&fsnotify_lock);
	struct watch *w, *next;

	list_for_each_entry_safe(w, next, &live_watches, list)
		if (w->inode->i_sb == sb) {
			queue_event(w->group, w->wd, S_ISDIR(w->inode->i_mode) ? &dir : &file, NULL);
			end_watch(w, true);
		}
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	reap();
	/* Another may be about to put an inode of this file system. */
	wait_event(reaped, !READ_ONCE(reaping), "umount");
}

/* --- the file --- */

/* The first event if it fits into @room; NULL: there is none; ERR_PTR(-EINVAL): it does not fit. */
static struct event *take_event(struct group *group, size_t room)
{
	unsigned long flags = spin_lock_irqsave(&fsnotify_lock);
	struct event *e = NULL;

	if (!list_empty(&group->events)) {
		e = list_first_entry(&group->events, struct event, list);
		if (record_size(e) > room) {
			e = ERR_PTR(-EINVAL);
		} else {
			list_del_init(&e->list);
			group->nr_events--;
		}
	}
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	return e;
}

/* Its record's size, or -EFAULT: then it is lost. */
static kssize_t copy_event(const struct event *e, char __user *buf)
{
	static const char zeros[sizeof(struct inotify_event)];
	struct inotify_event head = {
		.wd = e->wd, .mask = e->mask, .cookie = e->cookie, .len = padded(e),
	};

	if (copy_to_user(buf, &head, sizeof(head)))
		return -EFAULT;
	buf += sizeof(head);
	if (e->len && (copy_to_user(buf, e->name, e->len) ||
		       copy_to_user(buf + e->len, zeros, head.len - e->len)))
		return -EFAULT;
	return record_size(e);
}

/* As many as there are and fit: bytes; 0: none is there; -EINVAL: the first does not fit. */
static kssize_t read_events(struct group *group, char __user *buf, size_t len)
{
	size_t done = 0;

	for (;;) {
		struct event *e = take_event(group, len - done);
		kssize_t n;

		if (!e || IS_ERR(e))
			return done ? (kssize_t)done : PTR_ERR(e);
		n = copy_event(e, buf + done);
		free_event(group, e);
		if (n < 0)
			return n;
		done += n;
	}
}

static kssize_t inotify_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct group *group = file->private_data;
	kssize_t n;
	int err;

	reap();
	while (!(n = read_events(group, buf, len))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(group->wq, READ_ONCE(group->nr_events),
					       "inotify_read");
		if (err)
			return err;
	}
	return n;
}

static unsigned int inotify_poll(struct file *file, struct poll_table *pt)
{
	struct group *group = file->private_data;

	poll_wait(file, &group->wq, pt);
	return READ_ONCE(group->nr_events) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long inotify_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct group *group = file->private_data;
	unsigned long flags;
	struct event *e;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	flags = spin_lock_irqsave(&fsnotify_lock);
	list_for_each_entry(e, &group->events, list)
		bytes += record_size(e);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	return put_user(bytes, (int __user *)arg) ? -EFAULT : 0;
}

/* One instance less of @user. => fsnotify_lock */
static void put_user_count(struct inotify_user *user)
{
	if (--user->instances)
		return;
	WARN_ON(user->watches);
	list_del(&user->list);
	kfree(user);
}

/* Some of a group's watches end: there may be a million, and interrupts are off. False: none was left. */
static bool end_some_watches(struct group *group)
{
	unsigned long flags = spin_lock_irqsave(&fsnotify_lock);
	struct rb_node *n = NULL;

	for (int i = 0; i < WATCHES_AT_ONCE && (n = rb_first(&group->watches)); i++)
		end_watch(rb_entry(n, struct watch, node), false);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	reap();
	return n;
}

/* => nobody has its file any more */
static void free_group(struct group *group)
{
	unsigned long flags;

	while (end_some_watches(group))
		cond_resched();
	flags = spin_lock_irqsave(&fsnotify_lock);
	put_user_count(group->user);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	/* No watch leads here any more. */
	while (!list_empty(&group->events)) {
		struct event *e = list_first_entry(&group->events, struct event, list);

		list_del(&e->list);
		free_event(group, e);
	}
	kfree(group);
}

static int inotify_release(struct inode *inode, struct file *file)
{
	free_group(file->private_data);
	return 0;
}

static const struct file_operations inotify_fops = {
	.read = inotify_read, .poll = inotify_poll, .ioctl = inotify_ioctl,
	.release = inotify_release, .llseek = noop_llseek,
};

/* --- watches begin --- */

static struct watch *find_wd(struct group *group, int wd)
{
	struct rb_node *n = group->watches.rb_node;

	while (n) {
		struct watch *w = rb_entry(n, struct watch, node);

		if (w->wd == wd)
			return w;
		n = wd < w->wd ? n->rb_left : n->rb_right;
	}
	return NULL;
}

/* The group's watch on what @new is to watch, or NULL. */
static struct watch *find_same(const struct watch *new)
{
	struct watch *w;

	if (new->news) {
		hlist_for_each_entry(w, &new->news->watches, on_news)
			if (w->group == new->group)
				return w;
		return NULL;
	}
	hlist_for_each_entry(w, &new->inode->i_watches, on_inode)
		if (w->group == new->group)
			return w;
	return NULL;
}

/* Its number is the largest: to the right of all. */
static void insert_wd(struct group *group, struct watch *w)
{
	struct rb_node **link = &group->watches.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->rb_right;
	}
	rb_link_node(&w->node, parent, link);
	rb_insert_color(&w->node, &group->watches);
}

static int update_watch(struct watch *w, u32 mask, u32 arg)
{
	if (arg & IN_MASK_CREATE)
		return -EEXIST;
	w->mask = arg & IN_MASK_ADD ? w->mask | mask : mask;
	return w->wd;
}

static int begin_watch(struct watch *w)
{
	struct group *group = w->group;

	if (group->user->watches >= READ_ONCE(max_user_watches) || group->last_wd == INT_MAX)
		return -ENOSPC;
	group->user->watches++;
	fsnotify_watches++;
	if (S_ISDIR(w->inode->i_mode))
		fsnotify_dir_watches++;
	w->wd = ++group->last_wd;
	insert_wd(group, w);
	hlist_add_head(&w->on_inode, &w->inode->i_watches);
	if (w->news)
		hlist_add_head(&w->on_news, &w->news->watches);
	list_add_tail(&w->list, &live_watches);
	return w->wd;
}

/* A number, or -errno. May sleep. */
static int watch_inode(struct group *group, struct inode *inode, u32 arg)
{
	u32 mask = (arg & (IN_ALL_EVENTS | IN_HOW)) | IN_UNMOUNT;
	struct watch *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), *old;
	unsigned long flags;
	int wd;

	if (!new)
		return -ENOMEM;
	ihold(inode);
	*new = (struct watch){ .group = group, .inode = inode, .mask = mask };
	new->news = cgroup_inode_news(inode, &new->css);
	flags = spin_lock_irqsave(&fsnotify_lock);
	old = find_same(new);
	wd = old ? update_watch(old, mask, arg) : begin_watch(new);
	if (old || wd < 0)
		list_add_tail(&new->list, &dead_watches);
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	reap();
	return wd;
}

static int add_watch(struct group *group, const char __user *name, u32 arg)
{
	unsigned int lookup = arg & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	int err;

	if (arg & IN_ONLYDIR)
		lookup |= LOOKUP_DIRECTORY;
	err = user_path_at(AT_FDCWD, name, lookup, &path);
	if (err)
		return err;
	if (arg & IN_ONLYDIR && !S_ISDIR(path.dentry->d_inode->i_mode))
		err = -ENOTDIR;
	else
		err = inode_permission(path.dentry->d_inode, MAY_READ);
	if (!err)
		err = watch_inode(group, path.dentry->d_inode, arg);
	path_put(&path);
	return err;
}

/* --- system calls: syscalls.h --- */

/* The user of @group becomes current's: 0, or -EMFILE; @new is taken over or freed. */
static int count_instance(struct group *group, struct inotify_user *new)
{
	struct inotify_user *user = NULL, *u;
	unsigned long flags;
	int err = 0;

	flags = spin_lock_irqsave(&fsnotify_lock);
	list_for_each_entry(u, &users, list)
		if (u->uid == new->uid)
			user = u;
	if ((user ? user->instances : 0) >= READ_ONCE(max_user_instances)) {
		err = -EMFILE;
	} else {
		if (!user) {
			user = new;
			new = NULL;
			list_add(&user->list, &users);
		}
		user->instances++;
		group->user = user;
	}
	spin_unlock_irqrestore(&fsnotify_lock, flags);
	kfree(new);
	return err;
}

static struct group *new_group(void)
{
	struct inotify_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	struct group *group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	struct fs_ids ids;
	int err;

	if (!group || !user) {
		kfree(group);
		kfree(user);
		return ERR_PTR(-ENOMEM);
	}
	init_waitqueue_head(&group->wq);
	INIT_LIST_HEAD(&group->events);
	INIT_LIST_HEAD(&group->overflow.list);
	group->watches = RB_ROOT;
	group->max_events = READ_ONCE(max_queued_events);
	group->overflow.wd = -1;
	group->overflow.mask = IN_Q_OVERFLOW;
	fs_current_ids(&ids);
	user->uid = ids.euid;
	err = count_instance(group, user);
	if (!err)
		return group;
	kfree(group);
	return ERR_PTR(err);
}

long sys_inotify_init1(int flags)
{
	struct group *group;
	int fd;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	group = new_group();
	if (IS_ERR(group))
		return PTR_ERR(group);
	fd = anon_inode_getfd("inotify", &inotify_fops, group, O_RDONLY | flags);
	if (fd < 0)
		free_group(group);
	return fd;
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

long sys_inotify_add_watch(int fd, const char __user *name, u32 mask)
{
	struct fd f;
	long ret;

	if (mask & ~IN_ALL_BITS || !mask)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if ((mask & IN_MASK_ADD && mask & IN_MASK_CREATE) || f.file->f_op != &inotify_fops)
		ret = -EINVAL;
	else
		ret = add_watch(f.file->private_data, name, mask);
	fdput(f);
	return ret;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fd f = fdget(fd);
	unsigned long flags;
	long ret = -EINVAL;
	struct watch *w;

	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &inotify_fops) {
		flags = spin_lock_irqsave(&fsnotify_lock);
		w = find_wd(f.file->private_data, wd);
		if (w) {
			end_watch(w, true);
			ret = 0;
		}
		spin_unlock_irqrestore(&fsnotify_lock, flags);
		reap();
	}
	fdput(f);
	return ret;
}

/*
 * fsnotify.h. The limit is a hundredth of low memory, if each watch keeps an inode that nobody else
 * uses; as Linux.
 */
void inotify_boot(void)
{
	unsigned long cost = sizeof(struct watch) + 2 * sizeof(struct inode);
	unsigned long n = (totalram_pages() - totalhigh_pages()) / 100 * PAGE_SIZE / cost;

	max_user_watches = MIN(MAX(n, 8192UL), 1048576UL);
	cgroup_news_hook = cgroup_news;
}
CTL_SYSCTL_INT("fs.inotify.max_queued_events", max_queued_events, 0, INT_MAX);
CTL_SYSCTL_INT("fs.inotify.max_user_instances", max_user_instances, 0, INT_MAX);
CTL_SYSCTL_INT("fs.inotify.max_user_watches", max_user_watches, 0, INT_MAX);
