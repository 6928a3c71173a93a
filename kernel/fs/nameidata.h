/*
 * nameidata.h - a path walk on its way: shared by namei.c and open.c.
 */
#pragma once

#include "kernel/fs/namei.h"

struct nameidata {
	const char *name;		/* what is still to walk */
	unsigned int flags;		/* LOOKUP_* */
	struct path path, root;		/* where we are; the top. References */
	char *buf;			/* the text that name points into, after a link */
	unsigned int links;		/* followed so far */
	bool jumped;			/* the last step was a magic link */
	/* nd_walk(parent): the last component */
	const char *last;
	unsigned int last_len;
	enum last_type last_type;	/* LAST_ROOT: there was none */
	bool trailing_slash;
};

/* 0: nd_end() must follow */
int nd_start(struct nameidata *nd, int dfd, const char *name, unsigned int flags);
void nd_end(struct nameidata *nd);
int nd_walk(struct nameidata *nd, bool parent);
/* steps into a last component that is "." or ".." */
int nd_last_dots(struct nameidata *nd);
/* references in *out; 0, -ENOENT … */
int nd_lookup_last(struct nameidata *nd, struct path *out);
/* The same for one who will make it: -ENOENT also if only the disk knows (it is to be asked locked) */
int nd_lookup_cached(struct nameidata *nd, struct path *out);
/* nd->name is new: walk on */
int nd_follow_link(struct nameidata *nd, struct dentry *link, const char *rest);
void namei_init(void);
