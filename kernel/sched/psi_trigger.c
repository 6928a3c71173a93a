/*
 * psi_trigger.c - telling a program when pressure passes a threshold.
 *
 * Idea:   a trigger has a state, a threshold and a window: it goes off when the state's time in the
 *         window grows by the threshold, once in a window at most. While one of the states
 *         that a group's triggers wait for has lasted within the longest window, a timer looks
 *         ten times in the shortest; otherwise there is no timer, and the change of state
 *         starts it (psi.c). The window slides: what the last one had counts less and less
 *         as this one fills.
 * Locks:  psi_group.lock, irqsave; a trigger's wait queue inside.
 * Above:  kernel/fs/pressure.c.   Below: psi.c.   In Linux: kernel/sched/psi.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched/psi_internal.h"
#include "kernel/x86/clock.h"

#define WINDOW_MIN (500 * NSEC_PER_MSEC)
#define WINDOW_MAX (10 * NSEC_PER_SEC)
#define UNPRIVILEGED_STEP (2 * NSEC_PER_SEC)	/* so that the averages' own rhythm would do */
#define LOOKS_PER_WINDOW 10

/* Guards: c set once   p group->lock   a atomic */
struct psi_trigger {
	struct list_head link;		/* p: group->triggers */
	struct psi_group *group;	/* c */
	enum psi_state state;		/* c */
	u64 threshold, window;		/* c: ns */
	u64 start, start_total;		/* p: when the window began, the state's time then */
	u64 previous;			/* p: growth in the window before */
	u64 last_event;			/* p: ns */
	bool pending;			/* p: passed, but the last event is less than a window old */
	bool event;			/* a: not asked for yet */
	struct wait_queue_head wait;
};

static void reset_window(struct psi_trigger *t, u64 now, u64 previous)
{
	t->start = now;
	t->start_total = t->group->total[PSI_POLL][t->state];
	t->previous = previous;
}

/* The state's growth in the window that ends now. */
static u64 update_window(struct psi_trigger *t, u64 now)
{
	u64 elapsed = now - t->start, growth = t->group->total[PSI_POLL][t->state] - t->start_total;

	if (elapsed > t->window)
		reset_window(t, now, growth);
	else	/* the part of the previous window that this one still covers */
		growth += t->previous * ((t->window - elapsed) >> 10) / (t->window >> 10);
	return growth;
}

/* => group->lock */
static void update_trigger(struct psi_trigger *t, u64 now)
{
	bool grew = t->group->poll_total[t->state] != t->group->total[PSI_POLL][t->state];

	if (!grew && !t->pending)
		return;
	if (grew && update_window(t, now) >= t->threshold)
		t->pending = true;
	if (!t->pending || now < t->last_event + t->window)
		return;
	if (!__atomic_exchange_n(&t->event, true, __ATOMIC_ACQ_REL))
		wake_up_interruptible_all(&t->wait);
	t->last_event = now;
	t->pending = false;
}

static u64 longest_window(const struct psi_group *group)
{
	const struct psi_trigger *t;
	u64 longest = 0;

	list_for_each_entry(t, &group->triggers, link)
		longest = MAX(longest, t->window);
	return longest;
}

/* psi_internal.h: the timer's. Disarmed first: a state that begins from now on arms it again. */
void psi_poll(struct timer_list *timer)
{
	struct psi_group *group = container_of(timer, struct psi_group, poll_timer);
	unsigned long flags;
	struct psi_trigger *t;
	u64 now;

	__atomic_store_n(&group->poll_armed, false, __ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&group->lock);
	now = ktime_get_ns();
	if (list_empty(&group->triggers)) {
		spin_unlock_irqrestore(&group->lock, flags);
		return;
	}
	if (psi_collect(group, PSI_POLL) & group->poll_states) {
		if (now > group->poll_until)	/* the first look after a rest */
			list_for_each_entry(t, &group->triggers, link)
				reset_window(t, now, 0);
		group->poll_until = now + longest_window(group);
	}
	list_for_each_entry(t, &group->triggers, link)
		update_trigger(t, now);
	memcpy(group->poll_total, group->total[PSI_POLL], sizeof(group->poll_total));
	if (now < group->poll_until) {
		WRITE_ONCE(group->poll_armed, true);
		mod_timer(timer, now + group->poll_period);
	}
	spin_unlock_irqrestore(&group->lock, flags);
}

/* What the group's triggers, after a change, ask of it. => group->lock */
static void update_group(struct psi_group *group)
{
	u32 states = 0;
	u64 shortest = WINDOW_MAX;
	struct psi_trigger *t;

	list_for_each_entry(t, &group->triggers, link) {
		states |= 1U << t->state;
		shortest = MIN(shortest, t->window);
	}
	group->poll_period = shortest / LOOKS_PER_WINDOW;
	WRITE_ONCE(group->poll_states, states);
}

/* One of the words @words, then blanks: what stands behind, or NULL. */
static const char *skip_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(s, word, len) && s[len] == ' ' ? s + len : NULL;
}

/* Blanks and a number below 2^32: what stands behind it, or NULL. */
static const char *parse_number(const char *s, u64 *n)
{
	char *end;

	while (*s == ' ')
		s++;
	if (!isdigit(*s))
		return NULL;
	*n = simple_strtoull(s, &end, 10);
	return *n <= UINT32_MAX ? end : NULL;
}

/* "some US US" or "full US US". 0, -EINVAL */
static int parse(struct psi_trigger *t, const char *buf, enum psi_res res, bool privileged)
{
	const char *some = skip_word(buf, "some"), *full = skip_word(buf, "full");
	const char *rest = some ? some : full;
	u64 threshold, window;

	if (rest)
		rest = parse_number(rest, &threshold);
	if (rest)
		rest = parse_number(rest, &window);
	if (!rest)
		return -EINVAL;
	t->state = psi_state_of(res, full);
	t->threshold = threshold * NSEC_PER_USEC;
	t->window = window * NSEC_PER_USEC;
	if (t->window < WINDOW_MIN || t->window > WINDOW_MAX)
		return -EINVAL;
	if (!privileged && t->window % UNPRIVILEGED_STEP)
		return -EINVAL;
	return !t->threshold || t->threshold > t->window ? -EINVAL : 0;
}

/* psi.h */
struct psi_trigger *psi_trigger_create(struct psi_group *group, const char *buf, enum psi_res res,
				       bool privileged)
{
	struct psi_trigger *t;
	unsigned long flags;
	u64 now;
	int err;

	if (!psi_system.cpus)
		return ERR_PTR(-EOPNOTSUPP);
	t = sched_alloc(sizeof(*t), SCHED_ALLOC_SLEEP);
	if (!t)
		return ERR_PTR(-ENOMEM);
	err = parse(t, buf, res, privileged);
	if (err) {
		sched_free(t);
		return ERR_PTR(err);
	}
	t->group = group ? group : &psi_system;
	init_waitqueue_head(&t->wait);
	flags = spin_lock_irqsave(&t->group->lock);
	now = ktime_get_ns();
	psi_collect(t->group, PSI_POLL);
	if (list_empty(&t->group->triggers))
		memcpy(t->group->poll_total, t->group->total[PSI_POLL],
		       sizeof(t->group->poll_total));
	reset_window(t, now, 0);
	list_add_tail(&t->link, &t->group->triggers);
	update_group(t->group);
	/* A state that lasts already will not change: look. */
	t->group->poll_until = now + longest_window(t->group);
	WRITE_ONCE(t->group->poll_armed, true);
	mod_timer(&t->group->poll_timer, now + t->group->poll_period);
	spin_unlock_irqrestore(&t->group->lock, flags);
	return t;
}

/* psi.h. Nobody polls it any more: its file is closed. */
void psi_trigger_destroy(struct psi_trigger *t)
{
	unsigned long flags;

	if (!t)
		return;
	flags = spin_lock_irqsave(&t->group->lock);
	list_del(&t->link);
	update_group(t->group);
	spin_unlock_irqrestore(&t->group->lock, flags);
	sched_free(t);
}

/* psi.h */
struct wait_queue_head *psi_trigger_wait(struct psi_trigger *t)
{
	return &t->wait;
}

/* psi.h */
bool psi_trigger_event(struct psi_trigger *t)
{
	return __atomic_exchange_n(&t->event, false, __ATOMIC_ACQ_REL);
}
