/*
 * msg.c - System V message queues: msgget, msgsnd, msgrcv, msgctl.
 *
 * Idea:   a queue is a list of messages, oldest first. A sender sleeps while its message
 *         would not fit into msg_qbytes, a receiver while none that it wants is there;
 *         each change of the queue lets all sleepers of the other kind look again.
 * Locks:  msg_ids.mutex (LOCK_IPC) guards queues and messages. A message's text goes to
 *         and from user memory before it is linked and after it is unlinked.
 * Above:  the system call table.   In Linux: ipc/msg.c, ipc/msgutil.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/ipc.h"
#include "kernel/proc/syscalls.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/uaccess.h"
#include "mm/slab.h"

struct msg {
	struct list_head link;		/* msg_ids.mutex */
	long type;			/* c */
	size_t size;			/* c */
	char text[];
};

/* Guard: msg_ids.mutex. */
struct msg_queue {
	struct kern_ipc_perm ipc;	/* first */
	struct list_head messages;
	unsigned long cbytes, qnum, qbytes;
	s64 stime, rtime, ctime;
	kpid_t lspid, lrpid;
	struct wait_queue_head senders, receivers;
};

static int msgmax = 8192, msgmnb = 16384, msgmni = 32000;
CTL_SYSCTL_INT("kernel.msgmax", msgmax, 0, INT32_MAX);
CTL_SYSCTL_INT("kernel.msgmnb", msgmnb, 0, INT32_MAX);
CTL_SYSCTL_INT("kernel.msgmni", msgmni, 0, IPCMNI);

static void free_queue(struct kern_ipc_perm *ipc);
static void show_queue(struct seq_file *m, struct kern_ipc_perm *ipc);
static struct ipc_ids msg_ids = IPC_IDS_INIT(msg_ids),
	.max = &msgmni, .free = free_queue, .show = show_queue,
	.heading = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  "
		   "cgid      stime      rtime      ctime\n",
};

CTL_SYSCTL_INT("kernel.msg_next_id", msg_ids.next_id, 0, INT32_MAX);

static struct msg_queue *to_queue(struct kern_ipc_perm *ipc)
{
	return container_of(ipc, struct msg_queue, ipc);
}

static void free_queue(struct kern_ipc_perm *ipc)
{
	struct msg_queue *q = to_queue(ipc);

	while (!list_empty(&q->messages)) {
		struct msg *msg = list_first_entry(&q->messages, struct msg, link);

		list_del(&msg->link);
		kvfree(msg);
	}
	kfree(q);
}

/* --- msgget --- */

static struct kern_ipc_perm *make_queue(const struct ipc_get *get)
{
	struct msg_queue *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);

	if (!q)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&q->messages);
	init_waitqueue_head(&q->senders);
	init_waitqueue_head(&q->receivers);
	q->qbytes = msgmnb;
	q->ctime = ipc_now();
	return &q->ipc;
}

/* syscalls.h */
long sys_msgget(int key, int flags)
{
	return ipc_get(&msg_ids, &(struct ipc_get){ .key = key, .flags = flags, .make = make_queue });
}

/* --- sleeping --- */

/* The queue of @id with a reference, the mutex held; or ERR_PTR and nothing held. */
static struct msg_queue *lock_queue(int id, int mode)
{
	struct kern_ipc_perm *ipc;
	int err;

	mutex_lock(&msg_ids.mutex);
	ipc = ipc_find(&msg_ids, id);
	err = IS_ERR(ipc) ? PTR_ERR(ipc) : ipc_permitted(ipc, mode);
	if (err) {
		mutex_unlock(&msg_ids.mutex);
		return ERR_PTR(err);
	}
	ipc->refs++;
	return to_queue(ipc);
}

static void unlock_queue(struct msg_queue *q)
{
	ipc_put(&msg_ids, &q->ipc);
	mutex_unlock(&msg_ids.mutex);
}

/* => mutex held, dropped while it sleeps. 0: look again; -EIDRM, -EINTR (never restarted) */
static int wait_for_queue(struct msg_queue *q, struct wait_queue_head *wq, int mode, const char *what)
{
	struct wait_queue_entry wait;
	bool interrupted;

	init_wait(&wait);
	prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
	mutex_unlock(&msg_ids.mutex);
	interrupted = signal_pending(current);
	if (!interrupted)
		schedule_waiting(what);
	finish_wait(wq, &wait);
	mutex_lock(&msg_ids.mutex);
	if (q->ipc.deleted)
		return -EIDRM;
	return interrupted ? -EINTR : ipc_permitted(&q->ipc, mode);
}

/* --- msgsnd --- */

static bool fits(const struct msg_queue *q, size_t size)
{
	return q->cbytes + size <= q->qbytes && q->qnum + 1 <= q->qbytes;
}

static int send(struct msg_queue *q, struct msg *msg, int flags)
{
	int err = 0;

	while (!err && !fits(q, msg->size))
		err = flags & IPC_NOWAIT ? -EAGAIN
					 : wait_for_queue(q, &q->senders, S_IWUGO, "msgsnd");
	if (err)
		return err;
	list_add_tail(&msg->link, &q->messages);
	q->cbytes += msg->size;
	q->qnum++;
	q->stime = ipc_now();
	q->lspid = current->tgid;
	wake_up_all(&q->receivers);
	return 0;
}

/* syscalls.h */
long sys_msgsnd(int id, const void __user *umsg, size_t size, int flags)
{
	struct msg_queue *q;
	struct msg *msg;
	long type;
	int err;

	if (get_user(type, (const long __user *)umsg))
		return -EFAULT;
	if (size > (size_t)msgmax || (long)size < 0 || id < 0 || type < 1)
		return -EINVAL;
	msg = kvmalloc(sizeof(*msg) + size, GFP_KERNEL_ACCOUNT);
	if (!msg)
		return -ENOMEM;
	msg->type = type;
	msg->size = size;
	if (copy_from_user(msg->text, (const long __user *)umsg + 1, size)) {
		kvfree(msg);
		return -EFAULT;
	}
	q = lock_queue(id, S_IWUGO);
	err = IS_ERR(q) ? PTR_ERR(q) : send(q, msg, flags);
	if (!IS_ERR(q))
		unlock_queue(q);
	if (err)
		kvfree(msg);
	return err;
}

/* --- msgrcv --- */

/*
 * The message that msgrcv(@type, @flags) takes: the oldest; the oldest of @type (or of any other,
 * MSG_EXCEPT); the oldest of the lowest type that is at most -@type; the @type'th (MSG_COPY).
 */
static struct msg *choose(struct msg_queue *q, long type, int flags)
{
	struct msg *msg, *best = NULL;
	long n = 0, limit = type == INT64_MIN ? INT64_MAX : -type;

	list_for_each_entry(msg, &q->messages, link) {
		if (flags & MSG_COPY) {
			if (n++ == type)
				return msg;
		} else if (type < 0) {
			if (msg->type <= limit && (!best || msg->type < best->type))
				best = msg;
		} else if (!type || (msg->type == type) != !!(flags & MSG_EXCEPT)) {
			return msg;
		}
	}
	return best;
}

/* MSG_COPY leaves the message where it is. */
static struct msg *copy_msg(const struct msg *msg)
{
	struct msg *copy = kvmalloc(sizeof(*copy) + msg->size, GFP_KERNEL_ACCOUNT);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	memcpy(copy, msg, sizeof(*copy) + msg->size);
	return copy;
}

/* => mutex held. A message of the caller's own, or ERR_PTR. */
static struct msg *receive(struct msg_queue *q, size_t size, long type, int flags)
{
	struct msg *msg;
	int err;

	while (!(msg = choose(q, type, flags))) {
		err = flags & IPC_NOWAIT ? -ENOMSG
					 : wait_for_queue(q, &q->receivers, S_IRUGO, "msgrcv");
		if (err)
			return ERR_PTR(err);
	}
	if (msg->size > size && !(flags & MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	if (flags & MSG_COPY)
		return copy_msg(msg);
	list_del(&msg->link);
	q->cbytes -= msg->size;
	q->qnum--;
	q->rtime = ipc_now();
	q->lrpid = current->tgid;
	wake_up_all(&q->senders);
	return msg;
}

/* syscalls.h */
kssize_t sys_msgrcv(int id, void __user *umsg, size_t size, long type, int flags)
{
	struct msg_queue *q;
	struct msg *msg;
	kssize_t ret;

	if (id < 0 || (long)size < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	q = lock_queue(id, S_IRUGO);
	if (IS_ERR(q))
		return PTR_ERR(q);
	msg = receive(q, size, type, flags);
	unlock_queue(q);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ret = MIN(size, msg->size);
	if (put_user(msg->type, (long __user *)umsg) ||
	    copy_to_user((long __user *)umsg + 1, msg->text, ret))
		ret = -EFAULT;
	kvfree(msg);
	return ret;
}

/* --- msgctl --- */

static int copy_msginfo(int cmd, void __user *buf)
{
	struct msginfo info = { .msgmni = msgmni, .msgmax = msgmax, .msgmnb = msgmnb, .msgssz = 16,
				.msgseg = 0xffff, .msgmap = msgmnb, .msgpool = msgmni * (msgmnb / 1024),
				.msgtql = msgmnb };
	struct kern_ipc_perm *ipc;
	unsigned long index;
	int max;

	mutex_lock(&msg_ids.mutex);
	if (cmd == MSG_INFO) {
		info.msgpool = msg_ids.in_use;
		info.msgmap = info.msgtql = 0;
		xa_for_each(&msg_ids.table, index, ipc) {
			info.msgmap += to_queue(ipc)->qnum;
			info.msgtql += to_queue(ipc)->cbytes;
		}
	}
	max = ipc_max_index(&msg_ids);
	mutex_unlock(&msg_ids.mutex);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : max;
}

static int stat_queue(int id, int cmd, void __user *buf)
{
	struct msqid64_ds ds = { 0 };
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&msg_ids.mutex);
	ipc = cmd == IPC_STAT ? ipc_find(&msg_ids, id) : ipc_find_index(&msg_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : cmd == MSG_STAT_ANY ? 0 : ipc_permitted(ipc, S_IRUGO);
	if (!ret) {
		struct msg_queue *q = to_queue(ipc);

		ipc_to_user_perm(ipc, &ds.msg_perm);
		ds.msg_stime = q->stime;
		ds.msg_rtime = q->rtime;
		ds.msg_ctime = q->ctime;
		ds.msg_cbytes = q->cbytes;
		ds.msg_qnum = q->qnum;
		ds.msg_qbytes = q->qbytes;
		ds.msg_lspid = q->lspid;
		ds.msg_lrpid = q->lrpid;
		ret = cmd == IPC_STAT ? 0 : ipc->id;
	}
	mutex_unlock(&msg_ids.mutex);
	return ret >= 0 && copy_to_user(buf, &ds, sizeof(ds)) ? -EFAULT : ret;
}

/* IPC_SET (@ds), IPC_RMID. => mutex held */
static int change_queue(struct msg_queue *q, const struct msqid64_ds *ds)
{
	int ret = ipc_owner_permitted(&q->ipc);

	if (ret)
		return ret;
	if (ds && ds->msg_qbytes > (unsigned long)msgmnb && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (ds) {
		ret = ipc_set(&q->ipc, &ds->msg_perm);
		if (ret)
			return ret;
		q->qbytes = ds->msg_qbytes;
		q->ctime = ipc_now();
	}
	/* A sleeper may now lack the right, or have room; or the queue is gone. */
	wake_up_all(&q->receivers);
	wake_up_all(&q->senders);
	if (!ds)
		ipc_remove(&msg_ids, &q->ipc);
	return 0;
}

/* syscalls.h */
long sys_msgctl(int id, int cmd, void __user *buf)
{
	struct kern_ipc_perm *ipc;
	struct msqid64_ds ds;
	int ret;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return copy_msginfo(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return stat_queue(id, cmd, buf);
	case IPC_SET:
		if (copy_from_user(&ds, buf, sizeof(ds)))
			return -EFAULT;
		break;
	case IPC_RMID:
		break;
	default:
		return -EINVAL;
	}
	mutex_lock(&msg_ids.mutex);
	ipc = ipc_find(&msg_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : change_queue(to_queue(ipc), cmd == IPC_SET ? &ds : NULL);
	mutex_unlock(&msg_ids.mutex);
	return ret;
}

/* --- /proc/sysvipc/msg --- */

static void show_queue(struct seq_file *m, struct kern_ipc_perm *ipc)
{
	struct msg_queue *q = to_queue(ipc);

	seq_printf(m, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10lld %10lld %10lld\n", ipc->key,
		   ipc->id, ipc->mode, q->cbytes, q->qnum, q->lspid, q->lrpid, ipc->uid, ipc->gid,
		   ipc->cuid, ipc->cgid, (long long)q->stime, (long long)q->rtime, (long long)q->ctime);
}

static int msg_show(struct seq_file *m) { return ipc_show(&msg_ids, m); }
CTL_FILE("/proc/sysvipc/msg", .mode = 0444, .show = msg_show);
