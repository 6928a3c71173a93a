/*
 * cgroup2.c - the file system "cgroup2": a directory for each group.
 *
 * Idea:   directories are pinned dentries, made by mkdir and removed by rmdir. The files in them
 *         come and go as controllers are switched on and off, so they are made when somebody looks
 *         (DCACHE_DYNAMIC), from the controllers' tables of struct cftype; what chmod and
 *         chown did to one is kept with the group. One tree for all mounts.
 *
 *           /cg/a (inode ──▶ struct cgroup)
 *             ├─ cgroup.procs   cgroup_core_files[]
 *             ├─ pids.max       the files of controllers that "a" has
 *             └─ b/             a child
 *
 * Locks:  the directory's i_rwsem, then cgroup_mutex.
 * Above:  mount(2), namei.c.   Below: kernel/sched/cgroup.c; cgroup2_files.c opens the files.
 *         In Linux: kernel/cgroup/cgroup.c, fs/kernfs.
 */
#include "kernel/fs/cgroup2.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/sched/psi.h"
#include "mm/slab.h"

#define FILES_POS (1L << 40)		/* readdir: groups first, files from here on */

static const struct inode_operations cgroup_dir_operations, cgroup_file_operations;
static const struct file_operations cgroup_dir_fops;

/* What chmod and chown made of a file. Guard: cgroup_mutex */
struct file_owner {
	struct file_owner *next;
	const struct cftype *cft;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

static struct cgroup *cgroup_of(const struct inode *dir) { return dir->i_private; }

/* --- files --- */

static bool belongs(const struct cgroup *cg, const struct cftype *cft)
{
	if (cft->flags & (CFTYPE_PRESSURE | CFTYPE_NEEDS_PSI) && !cg->psi)
		return false;
	if (cft->flags & CFTYPE_PRESSURE && !psi_cgroup_is_on(cg))
		return false;
	return !(cft->flags & (cg->parent ? CFTYPE_ONLY_ON_ROOT : CFTYPE_NOT_ON_ROOT));
}

/* cgroup2.h */
const struct cftype *cgroup_nth_file(struct cgroup *cg, unsigned int n,
				     struct cgroup_subsys_state **css)
{
	const struct cftype *cft;

	for (cft = cgroup_core_files; cft->name; cft++)
		if (belongs(cg, cft) && !n--) {
			*css = &cg->self;
			return cft;
		}
	for (int i = 0; i < NR_CGROUP_SUBSYS; i++) {
		if (!cg->css[i])
			continue;
		for (cft = cgroup_subsys[i]->files; cft && cft->name; cft++)
			if (belongs(cg, cft) && !n--) {
				*css = cg->css[i];
				return cft;
			}
	}
	return NULL;
}

/* "pids.max"; the core files bear their whole names. */
static int file_name(char *buf, size_t size, const struct cgroup_subsys_state *css,
		     const struct cftype *cft)
{
	if (!css->ss)
		return scnprintf(buf, size, "%s", cft->name);
	return scnprintf(buf, size, "%s.%s", css->ss->name, cft->name);
}

static umode_t file_mode(const struct cftype *cft)
{
	umode_t mode = cft->mode;

	if (!mode)
		mode = (cft->show ? 0444 : 0) | (cft->write || cft->write_file ? 0200 : 0);
	return S_IFREG | mode;
}

/* cgroup2.h */
void cgroup_file_owner(struct cgroup *cg, const struct cftype *cft, struct iattr *attr)
{
	const struct file_owner *o;

	attr->mode = file_mode(cft);
	attr->uid = cg->uid;
	attr->gid = cg->gid;
	for (o = cg->file_owners; o; o = o->next)
		if (o->cft == cft) {
			attr->mode = o->mode;
			attr->uid = o->uid;
			attr->gid = o->gid;
		}
}

static struct file_owner *find_owner(struct cgroup *cg, const struct cftype *cft)
{
	struct file_owner *o;

	for (o = cg->file_owners; o; o = o->next)
		if (o->cft == cft)
			return o;
	o = kmalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	if (o) {
		o->cft = cft;
		o->next = cg->file_owners;
		cg->file_owners = o;
	}
	return o;
}

/* The times are not kept: they are of when somebody looked. A shell's ">" truncates nothing. */
static int cgroup_file_setattr(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	struct cgroup_inode *ci = inode->i_private;
	struct file_owner *o;

	attr->valid &= ~(unsigned int)ATTR_SIZE;
	simple_setattr(dentry, attr);
	if (!(attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID)))
		return 0;
	mutex_lock(&cgroup_mutex);
	o = find_owner(ci->cgroup, ci->cft);
	if (o) {
		o->mode = inode->i_mode;
		o->uid = inode->i_uid;
		o->gid = inode->i_gid;
	}
	mutex_unlock(&cgroup_mutex);
	return o ? 0 : -ENOMEM;
}

static void free_file_inode(struct inode *inode)
{
	struct cgroup_inode *ci = inode->i_private;

	cgroup_put(ci->cgroup);
	kfree(ci);
}

static u64 file_ino(const struct cgroup *cg, unsigned int n)
{
	return 1UL << 40 | cg->id << 8 | n;
}

/* Makes @dentry stand for the @n-th file. => cgroup_mutex. NULL, or ERR_PTR */
static struct dentry *make_file(struct dentry *dentry, struct cgroup *cg, unsigned int n,
				const struct cgroup_subsys_state *css, const struct cftype *cft)
{
	struct cgroup_inode *ci = kmalloc(sizeof(*ci), GFP_KERNEL_ACCOUNT);
	struct inode *inode = ci ? new_inode(dentry->d_sb, file_mode(cft)) : NULL;
	struct iattr attr;

	if (!inode) {
		kfree(ci);
		return ERR_PTR(-ENOMEM);
	}
	*ci = (struct cgroup_inode){ .cgroup = cg, .ss = css->ss, .cft = cft };
	cgroup_get(cg);
	cgroup_file_owner(cg, cft, &attr);
	inode->i_mode = attr.mode;
	inode->i_uid = attr.uid;
	inode->i_gid = attr.gid;
	inode->i_ino = file_ino(cg, n);
	inode->i_private = ci;
	inode->i_free = free_file_inode;
	inode->i_op = &cgroup_file_operations;
	inode->i_fop = cft->flags & CFTYPE_PRESSURE ? &cgroup_pressure_fops : &cgroup_file_fops;
	dentry->d_flags |= DCACHE_DYNAMIC;
	d_instantiate(dentry, inode);
	return NULL;
}

/* A name that is no child group's. */
static struct dentry *cgroup_lookup(struct inode *dir, struct dentry *dentry)
{
	struct cgroup *cg = cgroup_of(dir);
	struct cgroup_subsys_state *css;
	struct dentry *err = NULL;
	const struct cftype *cft;
	char name[64];

	mutex_lock(&cgroup_mutex);
	for (unsigned int n = 0; !cg->dead && (cft = cgroup_nth_file(cg, n, &css)); n++) {
		file_name(name, sizeof(name), css, cft);
		if (!strcmp(name, dentry->d_name)) {
			err = make_file(dentry, cg, n, css, cft);
			break;
		}
	}
	mutex_unlock(&cgroup_mutex);
	return err;
}

/* The files from ctx->pos on. */
static void emit_files(struct cgroup *cg, struct dir_context *ctx)
{
	struct cgroup_subsys_state *css;
	const struct cftype *cft;
	char name[64];
	int len;

	for (;; ctx->pos++) {
		unsigned int n = ctx->pos - FILES_POS;

		mutex_lock(&cgroup_mutex);
		cft = cg->dead ? NULL : cgroup_nth_file(cg, n, &css);
		len = cft ? file_name(name, sizeof(name), css, cft) : 0;
		mutex_unlock(&cgroup_mutex);
		if (!len || !ctx->actor(ctx, name, len, ctx->pos, file_ino(cg, n), DT_REG))
			return;
	}
}

static int cgroup_readdir(struct file *file, struct dir_context *ctx)
{
	if (ctx->pos < FILES_POS) {
		if (dcache_readdir(file, ctx))
			return 0;	/* the buffer is full */
		ctx->pos = FILES_POS;
	}
	emit_files(cgroup_of(file->f_inode), ctx);
	return 0;
}

/* --- directories --- */

static void free_dir_inode(struct inode *inode)
{
	cgroup_put(cgroup_of(inode));
}

/* @cg's reference goes to the inode. NULL: no memory, and the reference is still the caller's. */
static struct inode *dir_inode(struct super_block *sb, struct cgroup *cg, umode_t mode)
{
	struct inode *inode = new_inode(sb, S_IFDIR | mode);

	if (!inode)
		return NULL;
	inode->i_op = &cgroup_dir_operations;
	inode->i_fop = &cgroup_dir_fops;
	inode->i_nlink = 2;
	inode->i_ino = cgroup_ino(cg);
	inode->i_private = cg;
	inode->i_free = free_dir_inode;
	return inode;
}

static int cgroup_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct cgroup *parent = cgroup_of(dir), *cg;
	struct inode *inode;

	/* /proc/<pid>/cgroup has one line for a group. */
	if (strchr(dentry->d_name, '\n'))
		return -EINVAL;
	mutex_lock(&cgroup_mutex);
	cg = cgroup_create(parent, dentry->d_name);
	if (IS_ERR(cg)) {
		mutex_unlock(&cgroup_mutex);
		return PTR_ERR(cg);
	}
	cg->uid = fs_current_fsuid();
	cg->gid = fs_current_fsgid();
	inode = dir_inode(dir->i_sb, cg, mode);
	if (!inode) {
		BUG_ON(cgroup_destroy(cg));	/* nobody has seen it */
		cgroup_put(cg);
		mutex_unlock(&cgroup_mutex);
		return -ENOMEM;
	}
	mutex_unlock(&cgroup_mutex);
	dir->i_nlink++;
	d_add(dentry, inode);
	return 0;
}

static int cgroup_rmdir(struct inode *dir, struct dentry *dentry)
{
	int err;

	mutex_lock(&cgroup_mutex);
	err = cgroup_destroy(cgroup_of(dentry->d_inode));
	mutex_unlock(&cgroup_mutex);
	if (err)
		return err;
	dentry->d_inode->i_nlink = 0;
	dir->i_nlink--;
	d_delete(dentry);
	return 0;
}

static const struct inode_operations cgroup_dir_operations = {
	.lookup = cgroup_lookup,
	.mkdir = cgroup_mkdir,
	.rmdir = cgroup_rmdir,
	.setattr = simple_setattr,
};
static const struct file_operations cgroup_dir_fops = {
	.read = generic_read_dir, .iterate = cgroup_readdir,
};
static const struct inode_operations cgroup_file_operations = { .setattr = cgroup_file_setattr };

/* cgroup2.h */
struct cgroup *cgroup_of_directory(const struct inode *inode)
{
	return inode->i_op == &cgroup_dir_operations ? cgroup_of(inode) : NULL;
}

/* The group's struct goes: what this file has hung on it. */
static void free_owners(struct cgroup *cg)
{
	struct file_owner *o, *next;

	for (o = cg->file_owners; o; o = next) {
		next = o->next;
		kfree(o);
	}
}

/* --- mounting --- */

static int cgroup2_remount(struct super_block *sb, const char *data)
{
	return cgroup_parse_options(data, true);
}

/* Every mount(2): there is one tree, so the last one's options hold for all. */
static int cgroup2_mount_again(struct super_block *sb, const char *data)
{
	return cgroup_parse_options(data, false);
}

/* Called once, without options. */
static int cgroup2_mount(struct super_block *sb, const char *source, const char *data)
{
	sb->s_magic = CGROUP2_SUPER_MAGIC;
	sb->s_singleton = true;
	sb->s_remount = cgroup2_remount;
	sb->s_show_options = cgroup_show_options;
	cgroup_get(&cgroup_root);
	sb->s_root = d_make_root(sb, dir_inode(sb, &cgroup_root, 0555));
	if (!sb->s_root) {
		cgroup_put(&cgroup_root);
		return -ENOMEM;
	}
	return 0;
}

static struct file_system_type cgroup2_type = {
	.name = "cgroup2", .nodev = true, .mount = cgroup2_mount, .mount_again = cgroup2_mount_again,
};

/* fs.h. One tree, made now, so that it is there without a mount, and a mount cannot fail. */
void cgroup2_init(void)
{
	cgroup_free_hook = free_owners;
	register_filesystem(&cgroup2_type);
	BUG_ON(IS_ERR(kern_mount(&cgroup2_type)));
}
