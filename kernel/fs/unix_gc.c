/*
 * unix_gc.c - sockets that nobody can reach any more, because they are only in each other's queues.
 *
 * Idea:   a socket can be sent through another one, and then be closed: the message
 *         holds it. Send each of a pair through the other, close both: no descriptor
 *         is left, yet each is kept alive by the message in the other's queue. So:
 *
 *           1. candidates: all references to the file are from messages (f_count == inflight)
 *           2. for each reference that a candidate's queue holds to a candidate: one less
 *           3. a candidate with references left is held from outside: it lives, and so
 *              does everything that its queue holds, and theirs
 *           4. the queues of the others are emptied: their files go, one after the other
 *
 *         Each socket's queue is looked at twice at most, whatever hangs on what.
 * Locks:  unix_gc_lock, then a socket's lock to walk its queue. Descriptors enter and leave
 *         queues under unix_gc_lock (unix_attach_fds, unix_detach_fds). A peek takes its references
 *         without it, and a collection that has looked at f_count before could take the sockets
 *         for dead once the peeker closes the one he reached them by: so he waits for its end
 *         (unix_gc_barrier) before he can close anything.
 * Above:  unix.c, as a socket is released.   Below: scm.c.   In Linux: net/unix/garbage.c (6.1's).
 */
#include "kernel/fs/scm.h"
#include "kernel/fs/skbuff.h"
#include "kernel/fs/unix.h"
#include "kernel/lib/bug.h"

static spinlock_t unix_gc_lock = SPINLOCK_INIT(LOCK_SOCK_GC);
static LIST_HEAD(gc_inflight);		/* unix_gc_lock: sockets in flight */
static LIST_HEAD(gc_reached);		/* unix_gc_lock: alive, their queues are yet to be looked at */
static unsigned int tot_inflight;	/* unix_gc_lock */
static bool gc_in_progress;		/* unix_gc_lock */
static bool gc_again;			/* unix_gc_lock: a socket went meanwhile */

enum gc_state { GC_NONE, GC_CANDIDATE, GC_ALIVE };

/* scm.h */
unsigned int unix_tot_inflight(void)
{
	return READ_ONCE(tot_inflight);
}

/* scm.h */
void unix_attach_fds(struct scm_fp_list *fp)
{
	spin_lock(&unix_gc_lock);
	fp->inflight = true;
	for (int i = 0; i < fp->count; i++) {
		struct sock *sk = sock_of(fp->fp[i]);

		if (!sk)
			continue;
		if (!unix_sk(sk)->inflight++)
			list_add_tail(&unix_sk(sk)->inflight_node, &gc_inflight);
		tot_inflight++;
	}
	spin_unlock(&unix_gc_lock);
}

/* scm.h */
void unix_detach_fds(struct scm_fp_list *fp)
{
	spin_lock(&unix_gc_lock);
	fp->inflight = false;
	for (int i = 0; i < fp->count; i++) {
		struct sock *sk = sock_of(fp->fp[i]);

		if (!sk)
			continue;
		BUG_ON(!unix_sk(sk)->inflight);
		if (!--unix_sk(sk)->inflight)
			list_del_init(&unix_sk(sk)->inflight_node);
		tot_inflight--;
	}
	spin_unlock(&unix_gc_lock);
}

/* scm.h */
void unix_gc_barrier(void)
{
	spin_lock(&unix_gc_lock);
	spin_unlock(&unix_gc_lock);
}

typedef void (*gc_visit)(struct unix_sock *child);

static void visit_queue(struct sock *sk, gc_visit visit)
{
	struct sk_buff *skb;

	list_for_each_entry(skb, &sk->receive_queue, list)
		for (int i = 0; skb->fp && i < skb->fp->count; i++) {
			struct sock *child = sock_of(skb->fp->fp[i]);

			if (child && unix_sk(child)->gc_state != GC_NONE)
				visit(unix_sk(child));
		}
}

/* Each candidate in @u's queue, or in those of connections nobody has accepted. */
static void visit_children(struct unix_sock *u, gc_visit visit)
{
	struct unix_sock *embryo;

	spin_lock(&u->sk.lock);
	if (u->sk.state != TCP_LISTEN)
		visit_queue(&u->sk, visit);
	else
		list_for_each_entry(embryo, &u->accept_queue, accept_node) {
			spin_lock_nested(&embryo->sk.lock);
			visit_queue(&embryo->sk, visit);
			spin_unlock(&embryo->sk.lock);
		}
	spin_unlock(&u->sk.lock);
}

static void dec_inflight(struct unix_sock *u) { u->gc_count--; }
static void mark_alive(struct unix_sock *u)
{
	if (u->gc_state == GC_CANDIDATE) {
		u->gc_state = GC_ALIVE;
		list_add_tail(&u->gc_node, &gc_reached);
	}
}

/* Steps 1 to 3. => unix_gc_lock. The candidates that are left have gc_state GC_CANDIDATE. */
static void mark(void)
{
	struct unix_sock *u;

	list_for_each_entry(u, &gc_inflight, inflight_node) {
		bool only_inflight = u->sk.file && u->sk.file->f_count == (long)u->inflight;

		u->gc_state = only_inflight ? GC_CANDIDATE : GC_NONE;
		u->gc_count = u->inflight;
	}
	list_for_each_entry(u, &gc_inflight, inflight_node)
		if (u->gc_state == GC_CANDIDATE)
			visit_children(u, dec_inflight);
	list_for_each_entry(u, &gc_inflight, inflight_node)
		if (u->gc_count > 0)
			mark_alive(u);
	while (!list_empty(&gc_reached)) {
		u = list_first_entry(&gc_reached, struct unix_sock, gc_node);
		list_del_init(&u->gc_node);
		visit_children(u, mark_alive);
	}
}

/* Step 4: the messages that carry descriptors leave a dead socket's queues. */
static void take_messages(struct sock *sk, struct list_head *hit)
{
	struct sk_buff *skb, *next;

	list_for_each_entry_safe(skb, next, &sk->receive_queue, list)
		if (skb->fp) {
			list_move_tail(&skb->list, hit);
			sk->qlen--;
		}
}

static void sweep(struct list_head *hit)
{
	struct unix_sock *u, *embryo;

	list_for_each_entry(u, &gc_inflight, inflight_node) {
		if (u->gc_state != GC_CANDIDATE)
			continue;
		spin_lock(&u->sk.lock);
		if (u->sk.state != TCP_LISTEN)
			take_messages(&u->sk, hit);
		else
			list_for_each_entry(embryo, &u->accept_queue, accept_node) {
				spin_lock_nested(&embryo->sk.lock);
				take_messages(&embryo->sk, hit);
				spin_unlock(&embryo->sk.lock);
			}
		spin_unlock(&u->sk.lock);
	}
}

/* scm.h */
void unix_gc(void)
{
	LIST_HEAD(hit);

	spin_lock(&unix_gc_lock);
	gc_again = true;
	if (gc_in_progress) {		/* who is at it does it once more, for what we have closed */
		spin_unlock(&unix_gc_lock);
		return;
	}
	gc_in_progress = true;
	while (gc_again) {
		gc_again = false;
		mark();
		sweep(&hit);
		spin_unlock(&unix_gc_lock);
		kfree_skb_list(&hit);	/* closes files: sockets are released, which come here */
		spin_lock(&unix_gc_lock);
	}
	gc_in_progress = false;
	spin_unlock(&unix_gc_lock);
}
