/*
 * cgroup2_files.c - reading, writing and polling a group's files.
 *
 * Idea:   a file is an entry of some controller's table (struct cftype): text that a show function
 *         prints and a write function parses, as in /proc. A controller that was switched off,
 *         or a group that was removed, leaves open files behind: ENODEV. One that announces
 *         news (cgroup_file_notify) counts them, and a poller has news until it has read
 *         the last.
 * Locks:  text_file.lock (LOCK_SEQ) around show; write holds none: the handlers take cgroup_mutex
 *         if they need it.
 * Above:  cgroup2.c.   Below: proc_generic.c, the controllers.   In Linux: fs/kernfs/file.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/cgroup2.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/pressure.h"
#include "kernel/lib/string.h"
#include "kernel/sched/rcu.h"
#include "mm/slab.h"

#define WRITE_MAX 4096			/* longer ones are E2BIG, but for cftype.max_write_len */

/* text.entry is the struct cgroup_inode, which the open file keeps. */
struct cgroup_open_file {
	struct text_file text;
	/* c: of a file with news: the css whose wait queue pollers stand in, a reference */
	struct cgroup_subsys_state *pinned;
	unsigned int seen;		/* text.lock: the news that show has told, plus one */
	struct cgroup *ns;		/* c: the opener's namespace, a reference (refcnt) */
};

/* cgroup2.h */
struct cgroup_subsys_state *cgroup_inode_css(const struct cgroup_inode *ci)
{
	struct cgroup_subsys_state *css;

	if (!ci->ss) {
		if (READ_ONCE(ci->cgroup->dead))
			return NULL;
		css_get(&ci->cgroup->self);	/* never the last: it goes with the group */
		return &ci->cgroup->self;
	}
	rcu_read_lock();
	css = READ_ONCE(ci->cgroup->css[ci->ss->id]);
	if (css && !css_tryget(css))
		css = NULL;
	rcu_read_unlock();
	return css;
}

static struct cgroup_file *news_of(const struct cgroup_inode *ci, struct cgroup_subsys_state *css)
{
	return ci->cft->file_offset ? (void *)((char *)css + ci->cft->file_offset) : NULL;
}

/* cgroup2.h */
struct cgroup_file *cgroup_inode_news(const struct inode *inode, struct cgroup_subsys_state **css)
{
	const struct cgroup_inode *ci = inode->i_private;

	if (inode->i_fop != &cgroup_file_fops || !ci->cft->file_offset)
		return NULL;
	*css = cgroup_inode_css(ci);
	return *css ? news_of(ci, *css) : NULL;
}

static int cgroup_file_show(struct text_file *t)
{
	struct cgroup_open_file *of = container_of(t, struct cgroup_open_file, text);
	const struct cgroup_inode *ci = t->entry;
	struct cgroup_subsys_state *css = cgroup_inode_css(ci);
	struct cgroup_file *news;
	int err;

	if (!css)
		return -ENODEV;
	news = news_of(ci, css);
	if (news)	/* first: what comes while show prints may be told twice, never not at all */
		of->seen = news->seq + 1;
	err = ci->cft->show(&t->m, css);
	css_put(css);
	return err;
}

static int cgroup_file_open(struct inode *inode, struct file *file)
{
	struct cgroup_inode *ci = inode->i_private;
	struct cgroup_open_file *of;
	int err;

	err = text_open_size(file, sizeof(struct cgroup_open_file),
			     ci->cft->show ? cgroup_file_show : NULL, ci);
	if (err)
		return err;
	of = file->private_data;
	of->ns = current_cgroup_ns();
	cgroup_get(of->ns);
	if (ci->cft->file_offset)
		of->pinned = cgroup_inode_css(ci);
	return 0;
}

/* cgroup2.h */
struct cgroup *cgroup_file_ns(const struct file *file)
{
	return ((struct cgroup_open_file *)file->private_data)->ns;
}

/*
 * What limits a namespace's own root is set from outside: the writer is inside, and @cft is no file
 * that was left to him.
 */
static bool is_delegators(const struct cgroup_inode *ci, const struct cgroup *ns)
{
	return cgroup_nsdelegate && ns->parent && ns == ci->cgroup &&
	       !(ci->cft->flags & CFTYPE_NS_DELEGATABLE);
}

/* Blanks at both ends go. */
static char *trim(char *s)
{
	size_t len;

	while (isspace(*s))
		s++;
	for (len = strlen(s); len && isspace(s[len - 1]); len--)
		s[len - 1] = 0;
	return s;
}

static kssize_t cgroup_file_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct text_file *t = file->private_data;

	return t->show ? text_read(file, buf, len, pos) : -EINVAL;
}

static kssize_t cgroup_file_write(struct file *file, const char __user *buf, size_t len,
				  loff_t *pos)
{
	const struct cgroup_inode *ci = ((struct text_file *)file->private_data)->entry;
	struct cgroup_subsys_state *css;
	kssize_t n;
	char *text;

	if (len > MAX((size_t)ci->cft->max_write_len, (size_t)WRITE_MAX))
		return -E2BIG;
	if (!len)
		return 0;
	if (is_delegators(ci, cgroup_file_ns(file)))
		return -EPERM;
	if (!ci->cft->write && !ci->cft->write_file)
		return -EINVAL;
	text = copy_whole_text(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	css = cgroup_inode_css(ci);
	if (css) {
		n = ci->cft->write ? ci->cft->write(css, trim(text), len) :
				     ci->cft->write_file(file, css, trim(text), len);
		css_put(css);
	} else {
		n = -ENODEV;
	}
	kfree(text);
	if (n > 0)
		*pos += n;
	return n;
}

/* EPOLLPRI until the last news has been read. */
static unsigned int cgroup_file_poll(struct file *file, struct poll_table *pt)
{
	const unsigned int ready = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
	struct cgroup_open_file *of = file->private_data;
	const struct cgroup_inode *ci = of->text.entry;
	struct cgroup_file *news;

	if (!ci->cft->file_offset)
		return ready;
	if (!of->pinned)
		return ready | EPOLLERR | EPOLLPRI;
	news = news_of(ci, of->pinned);
	poll_wait(file, &news->wait, pt);
	return READ_ONCE(of->seen) == news->seq + 1 ? ready : ready | EPOLLERR | EPOLLPRI;
}

static int cgroup_file_release(struct inode *inode, struct file *file)
{
	struct cgroup_open_file *of = file->private_data;

	if (of->pinned)
		css_put(of->pinned);
	cgroup_put(of->ns);
	return text_release(inode, file);
}

/* --- pressure --- */

static enum psi_res res_of(const struct cgroup_inode *ci)
{
	return ci->cft->name[0] == 'i' ? PSI_IO : ci->cft->name[0] == 'm' ? PSI_MEM : PSI_CPU;
}

static int group_pressure_show(struct text_file *t)
{
	const struct cgroup_inode *ci = t->entry;

	if (READ_ONCE(ci->cgroup->dead) || !psi_cgroup_is_on(ci->cgroup))
		return -ENODEV;
	return psi_show(&t->m, ci->cgroup->psi, res_of(ci));
}

static int group_pressure_open(struct inode *inode, struct file *file)
{
	return text_open_size(file, sizeof(struct pressure_file), group_pressure_show,
			      inode->i_private);
}

static kssize_t group_pressure_write(struct file *file, const char __user *buf, size_t len,
				     loff_t *pos)
{
	const struct cgroup_inode *ci = ((struct text_file *)file->private_data)->entry;

	if (len > WRITE_MAX)
		return -E2BIG;
	if (READ_ONCE(ci->cgroup->dead) || !psi_cgroup_is_on(ci->cgroup))
		return -ENODEV;
	if (!len)
		return 0;
	return pressure_write(file, buf, len, ci->cgroup->psi, res_of(ci));
}

/* cgroup2.h */
const struct file_operations cgroup_pressure_fops = {
	.open = group_pressure_open,
	.release = pressure_release,
	.read = text_read,
	.write = group_pressure_write,
	.poll = pressure_poll,
};

const struct file_operations cgroup_file_fops = {
	.open = cgroup_file_open,
	.release = cgroup_file_release,
	.read = cgroup_file_read,
	.write = cgroup_file_write,
	.poll = cgroup_file_poll,
};
