/*
 * cgroup2_members.c - who is in a group, and who may move whom: cgroup.procs, cgroup.threads,
 *                     CLONE_INTO_CGROUP, /proc/<pid>/cgroup.
 *
 * Idea:   a move is allowed to who may write cgroup.procs of the nearest group that both the old
 *         and the new one lie in: so the owner of a subtree shuffles tasks inside it and gets none
 *         in or out. What counts are the credentials and the namespace of who opened the
 *         file, not of who writes: a descriptor that was handed on gives no more.
 * Locks:  cgroup_mutex.
 * Above:  cgroup2_core.c's table; kernel/proc/fork.c.   Below: kernel/sched/cgroup_attach.c.
 *         In Linux: kernel/cgroup/cgroup.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/cgroup2.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/slab.h"

/* --- reading --- */

/* A thread of it counts as living in its group: so who finds no process can rmdir. */
static bool process_lives(struct task_struct *p)
{
	struct task_struct *t;

	for_each_thread(p, t)
		if (!READ_ONCE(t->cgroup_exited))
			return true;
	return false;
}

/* Those that lead their process and live in @cg, in the order they came. => tasklist_lock */
static void show_leaders(struct seq_file *m, struct cgroup *cg)
{
	struct task_struct *t;

	list_for_each_entry(t, &cg->tasks, cg_list)
		if (thread_group_leader(t) && process_lives(t))
			seq_printf(m, "%d\n", t->pid);
}

/*
 * cgroup2.h. A process's pid while a thread of it lives. The root of a threaded subtree has the
 * processes of all of it; of a threaded group only threads can be told.
 */
int cgroup_procs_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	struct cgroup *cg = css->cgroup;
	struct task_struct *p;
	int err = 0;

	mutex_lock(&cgroup_mutex);	/* nobody moves */
	if (cgroup_is_threaded(cg)) {
		err = -EOPNOTSUPP;
	} else {
		read_lock(&tasklist_lock);
		if (!cg->nr_threaded_children)
			show_leaders(m, cg);
		else
			for_each_process(p)
				if (READ_ONCE(p->cgroup)->dom == cg && process_lives(p))
					seq_printf(m, "%d\n", p->pid);
		read_unlock(&tasklist_lock);
	}
	mutex_unlock(&cgroup_mutex);
	return err;
}

/* cgroup2.h */
int cgroup_threads_show(struct seq_file *m, struct cgroup_subsys_state *css)
{
	struct task_struct *t;

	read_lock(&tasklist_lock);
	list_for_each_entry(t, &css->cgroup->tasks, cg_list)
		if (!READ_ONCE(t->cgroup_exited))
			seq_printf(m, "%d\n", t->pid);
	read_unlock(&tasklist_lock);
	return 0;
}

/* --- who may --- */

/* May current write to cgroup.procs of @cg? => cgroup_mutex */
static bool may_write(struct cgroup *cg)
{
	const struct cftype *procs = cgroup_core_files;
	struct iattr a;
	umode_t bit;

	if (fs_capable(CAP_DAC_OVERRIDE))
		return true;
	cgroup_file_owner(cg, procs, &a);
	bit = fs_current_fsuid() == a.uid ? 0200 : fs_in_group(a.gid) ? 0020 : 0002;
	return a.mode & bit;
}

/* The nearest group that both are in. */
static struct cgroup *common_ancestor(struct cgroup *a, struct cgroup *b)
{
	while (a != b) {
		if (a->level > b->level)
			a = a->parent;
		else
			b = b->parent;
	}
	return a;
}

/* From @src to @dst, by current's credentials and in the namespace @ns. => cgroup_mutex */
static int attach_permissions(struct cgroup *src, struct cgroup *dst, bool process,
			      const struct cgroup *ns)
{
	if (!may_write(common_ancestor(src, dst)))
		return -EACCES;
	if (cgroup_nsdelegate && !(cgroup_is_below(src, ns) && cgroup_is_below(dst, ns)))
		return -ENOENT;
	return cgroup_check_attach(src, dst, process);
}

/* --- moving --- */

/* => cgroup_mutex. */
static int attach(struct file *file, struct cgroup *dst, struct task_struct *task, bool process)
{
	const struct cred *old;
	int err;

	/* The parent of kernel threads, and the workers that everybody uses, stay in the root. */
	if (task->flags & PF_WQ_WORKER || (task->flags & PF_KTHREAD && task->tgid == 2))
		return -EINVAL;
	old = fs_override_creds(file->f_cred);
	err = attach_permissions(task->cgroup, dst, process, cgroup_file_ns(file));
	fs_revert_creds(old);
	return err ? err : cgroup_attach_task(dst, task, process);
}

/* The task of that number (0: current), or who leads its process. A reference, or NULL. */
static struct task_struct *find_member(kpid_t pid, bool process)
{
	struct task_struct *task;

	read_lock(&tasklist_lock);	/* a thread that is found has its leader: both may be gone later */
	task = pid ? find_task_by_pid(pid) : current;
	if (task && process)
		task = task->group_leader;
	if (task)
		get_task_struct(task);
	read_unlock(&tasklist_lock);
	return task;
}

static kssize_t members_write(struct file *file, struct cgroup *cg, const char *buf, size_t len,
			      bool process)
{
	struct task_struct *task;
	int pid, err = kstrtoint(buf, 0, &pid);

	if (err || pid < 0)
		return -EINVAL;
	mutex_lock(&cgroup_mutex);
	task = find_member(pid, process);
	err = task ? attach(file, cg, task, process) : -ESRCH;
	mutex_unlock(&cgroup_mutex);
	if (task)
		put_task_struct(task);
	return err ? err : (kssize_t)len;
}

/* cgroup2.h */
kssize_t cgroup_procs_write(struct file *file, struct cgroup_subsys_state *css, char *buf,
			    size_t len)
{
	return members_write(file, css->cgroup, buf, len, true);
}

/* cgroup2.h */
kssize_t cgroup_threads_write(struct file *file, struct cgroup_subsys_state *css, char *buf,
			      size_t len)
{
	return members_write(file, css->cgroup, buf, len, false);
}

/* --- born there --- */

/* fs.h */
int cgroup_clone_into_begin(int fd, bool process, struct cgroup **into)
{
	struct file *file = fget_raw(fd);
	struct cgroup *dst;
	int err;

	if (!file)
		return -EBADF;
	dst = cgroup_of_directory(file->f_inode);
	if (!dst) {
		fput(file);
		return -EBADF;
	}
	mutex_lock(&cgroup_mutex);
	if (dst->dead)
		err = -ENOENT;
	else if (!may_write(dst))
		err = -EACCES;
	else
		err = attach_permissions(current->cgroup, dst, process, current_cgroup_ns());
	if (err)
		mutex_unlock(&cgroup_mutex);
	fput(file);		/* while the mutex is held it is not removed */
	*into = dst;
	return err;
}

/* fs.h */
void cgroup_clone_into_end(void)
{
	mutex_unlock(&cgroup_mutex);
}

/* --- /proc --- */

/* "/../b": how @cg is found from @ns. => @size is enough for any path that cgroup_path() prints */
static int path_from(struct cgroup *cg, struct cgroup *ns, char *buf, size_t size)
{
	struct cgroup *common = common_ancestor(cg, ns);
	size_t ups = 3 * (ns->level - common->level), skip = 0;
	int len = cgroup_path(cg, buf, size);

	if (len < 0 || ns == &cgroup_root)
		return len;
	for (const struct cgroup *up = common; up->parent; up = up->parent)
		skip += strlen(up->name) + 1;
	if (cg == common)		/* nothing but the way up */
		skip = len;
	if (ups + len - skip + 2 > size)
		return -ENAMETOOLONG;
	memmove(buf + ups, buf + skip, len - skip + 1);
	for (size_t i = 0; i < ups; i += 3)
		memcpy(buf + i, "/..", 3);
	len += (int)ups - (int)skip;
	if (!len)
		strscpy(buf, "/", size), len = 1;
	return len;
}

static int pid_cgroup_show(struct seq_file *m, struct task_struct *task)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	struct cgroup *cg;
	int len;

	if (!path)
		return -ENOMEM;
	mutex_lock(&cgroup_mutex);	/* it is not moved */
	cg = task->cgroup;
	len = path_from(cg, current_cgroup_ns(), path, PATH_MAX);
	if (len > 0)
		seq_printf(m, "0::%s%s\n", path, cg->dead ? " (deleted)" : "");
	mutex_unlock(&cgroup_mutex);
	kfree(path);
	return len < 0 ? len : 0;
}
CTL_PID_FILE("cgroup", .mode = 0444, .show = pid_cgroup_show);
