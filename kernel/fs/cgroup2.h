/*
 * cgroup2.h - shared by the files of the file system "cgroup2".
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/fs/permission.h"
#include "kernel/sched/cgroup_internal.h"

/* cgroup2_core.c: the files that every group has, whatever controllers are on. */
extern const struct cftype cgroup_core_files[];

/*
 * cgroup2.c. The n-th file of @cg, or NULL after the last; *css: whose (a reference), the group's
 * own "self" for those of cgroup_core_files.
 * => cgroup_mutex held
 */
const struct cftype *cgroup_nth_file(struct cgroup *cg, unsigned int n,
				     struct cgroup_subsys_state **css);
/* Owner and mode of the file @cft of @cg, which chown and chmod may have changed. => cgroup_mutex */
void cgroup_file_owner(struct cgroup *cg, const struct cftype *cft, struct iattr *attr);

/* cgroup2.c: the group whose directory @inode is (it holds a reference), or NULL */
struct cgroup *cgroup_of_directory(const struct inode *inode);

/* cgroup2_members.c: cgroup.procs, cgroup.threads */
int cgroup_procs_show(struct seq_file *m, struct cgroup_subsys_state *css);
int cgroup_threads_show(struct seq_file *m, struct cgroup_subsys_state *css);
kssize_t cgroup_procs_write(struct file *file, struct cgroup_subsys_state *css, char *buf,
			    size_t len);
kssize_t cgroup_threads_write(struct file *file, struct cgroup_subsys_state *css, char *buf,
			      size_t len);

/* cgroup2_options.c: what the last mount or remount said */
extern bool cgroup_nsdelegate;
/* Takes the options over, if all are known (else -EINVAL, logged); @keep: what it does not name stays. */
int cgroup_parse_options(const char *data, bool keep);
void cgroup_show_options(struct seq_file *m, struct super_block *sb);

/* cgroup2_files.c */
/* The namespace that an open file of a group was opened in: its root. */
struct cgroup *cgroup_file_ns(const struct file *file);
/* The root of current's namespace. */
static inline struct cgroup *current_cgroup_ns(void)
{
	return current->cgroup_ns ? current->cgroup_ns : &cgroup_root;
}
static inline bool cgroup_is_below(const struct cgroup *cg, const struct cgroup *top)
{
	while (cg && cg->level > top->level)
		cg = cg->parent;
	return cg == top;
}
extern const struct file_operations cgroup_file_fops, cgroup_pressure_fops;
/* What an inode of a file stands for. All c. */
struct cgroup_inode {
	struct cgroup *cgroup;		/* a reference */
	const struct cgroup_subsys *ss;	/* NULL: a core file */
	const struct cftype *cft;
};
/*
 * What announces the news of the file @inode: NULL if it has none, or is no file of a group. Else with
 * a reference on the *css that it lives in.
 */
struct cgroup_file *cgroup_inode_news(const struct inode *inode, struct cgroup_subsys_state **css);
/* The css behind a file: a reference, or NULL if it has gone. */
struct cgroup_subsys_state *cgroup_inode_css(const struct cgroup_inode *ci);
