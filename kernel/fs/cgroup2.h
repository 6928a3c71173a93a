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

/* cgroup2_files.c */
extern const struct file_operations cgroup_file_fops, cgroup_pressure_fops;
/* What an inode of a file stands for. All c. */
struct cgroup_inode {
	struct cgroup *cgroup;		/* a reference */
	const struct cgroup_subsys *ss;	/* NULL: a core file */
	const struct cftype *cft;
};
/* The css behind a file: a reference, or NULL if it has gone. */
struct cgroup_subsys_state *cgroup_inode_css(const struct cgroup_inode *ci);
