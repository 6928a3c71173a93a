/*
 * namei.c - making, finding, removing and renaming names.
 *
 * Idea:   each operation changes the directory's block and the counts of links,
 *         in the order that loses nothing if the machine stops between: a name is
 *         written before the old one goes.
 * Locks:  the VFS holds the directories' i_rwsem for writing (lookup: for reading).
 * Above:  kernel/fs/namei_ops.c, open.c, namei.c.   Below: dir.c, ialloc.c, inode.c.   In Linux:
 * fs/ext2/namei.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/string.h"
#include "mm/filemap.h"

static unsigned int name_len(const struct dentry *dentry)
{
	return strlen(dentry->d_name);
}

static struct dentry *ext2_lookup(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode;
	int err;
	u32 ino;

	if (name_len(dentry) > EXT2_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	ino = ext2_inode_by_name(dir, dentry->d_name, name_len(dentry), &err);
	if (!ino)
		return err == -ENOENT ? NULL : ERR_PTR(err);
	inode = ext2_iget(dir->i_sb, ino);
	if (IS_ERR(inode)) {
		if (PTR_ERR(inode) != -ESTALE)
			return ERR_PTR(PTR_ERR(inode));
		EXT2_ERROR(dir->i_sb, "deleted inode referenced: %u", ino);
		return ERR_PTR(-EIO);
	}
	return d_splice(dentry, inode);
}

/*
 * A name goes from @dir. Until the disk knows all about that, the directory is not written by
 * itself: it might be the last name there of somebody who has a new one, or it goes without the inode
 * that it stood for. Said before, for who writes it meanwhile, and after, in the age that it
 * is then.
 */
static int remove_name(struct inode *dir, struct dentry *dentry)
{
	int err;

	ext2_needs_all(dir);
	err = ext2_delete_entry(dir, dentry->d_name, name_len(dentry));
	ext2_needs_all(dir);
	return err;
}

/* A link of @inode goes; a count that was 0 already was wrong on the disk. */
static void drop_link(struct inode *inode)
{
	if (inode->i_nlink)
		inode->i_nlink--;
	inode_touch_ctime(inode);
}

static void add_links(struct inode *inode, int n)
{
	inode->i_nlink += n;
	WRITE_ONCE(EXT2_I(inode)->map_changed, true);	/* it is more than times */
	mark_inode_dirty(inode);
}

/* @inode, new, gets its name; or it goes again. */
static int add_nondir(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	int err = ext2_add_link(dir, dentry->d_name, name_len(dentry), inode);

	unlock_new_inode(inode);
	if (err) {
		inode->i_nlink = 0;
		mark_inode_dirty(inode);
		iput(inode);
		return err;
	}
	d_add(dentry, inode);
	return 0;
}

static int ext2_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode = ext2_new_inode(dir, mode | S_IFREG);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	ext2_set_ops(inode);
	return add_nondir(dir, dentry, inode);
}

/* O_TMPFILE: its number is taken, and given back like that of any open file without a name. */
static struct inode *ext2_tmpfile(struct inode *dir, umode_t mode)
{
	struct inode *inode = ext2_new_inode(dir, mode);

	if (IS_ERR(inode))
		return inode;
	ext2_set_ops(inode);
	inode->i_nlink = 0;
	mark_inode_dirty(inode);
	unlock_new_inode(inode);
	return inode;
}

static int ext2_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, kdev_t rdev)
{
	struct inode *inode;

	inode = ext2_new_inode(dir, mode);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && MAJOR(rdev) < 256 && MINOR(rdev) < 256)
		EXT2_I(inode)->block[0] = MAJOR(rdev) << 8 | MINOR(rdev);	/* the old form */
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		EXT2_I(inode)->block[1] = new_encode_dev(rdev);
	ext2_set_ops(inode);
	return add_nondir(dir, dentry, inode);
}

/* The text of a long link, with its NUL, is its first block. */
static int write_link(struct inode *inode, const char *target, size_t len)
{
	struct ext2_buf buf;
	int err;
	u32 nr;

	if (len >= inode->i_sb->s_blocksize)
		return -ENAMETOOLONG;
	err = ext2_get_block(inode, 0, &nr, true, NULL);
	if (!err)
		err = ext2_bnew(inode->i_sb, nr, &buf);
	if (err)
		return err;
	memcpy(buf.data, target, len + 1);
	ext2_bdirty(inode->i_sb, &buf);
	ext2_brelse(&buf);
	return 0;
}

static int ext2_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	size_t len = strlen(target);
	struct inode *inode = ext2_new_inode(dir, S_IFLNK | 0777);
	int err = 0;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_size = len;
	if (len < sizeof(EXT2_I(inode)->block))
		memcpy(EXT2_I(inode)->block, target, len + 1);
	else
		err = write_link(inode, target, len);
	if (err) {
		inode->i_nlink = 0;
		unlock_new_inode(inode);
		iput(inode);
		return err;
	}
	ext2_set_ops(inode);
	return add_nondir(dir, dentry, inode);
}

static int ext2_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = old->d_inode;
	int err;

	if (inode->i_nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	add_links(inode, 1);
	inode_touch_ctime(inode);
	err = ext2_add_link(dir, dentry->d_name, name_len(dentry), inode);
	if (err) {
		add_links(inode, -1);
		return err;
	}
	if (inode->i_nlink > 1)
		ext2_needs_all(inode);		/* fsync() makes all its names safe */
	ihold(inode);
	d_add(dentry, inode);
	return 0;
}

static int ext2_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode;
	int err;

	if (dir->i_nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	inode = ext2_new_inode(dir, mode | S_IFDIR);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	ext2_set_ops(inode);
	add_links(dir, 1);		/* ".." */
	inode->i_nlink = 2;
	err = ext2_make_empty(inode, dir);
	if (!err)
		err = ext2_add_link(dir, dentry->d_name, name_len(dentry), inode);
	unlock_new_inode(inode);
	if (err) {
		inode->i_nlink = 0;
		mark_inode_dirty(inode);
		iput(inode);
		add_links(dir, -1);
		return err;
	}
	d_add(dentry, inode);
	return 0;
}

static int ext2_unlink(struct inode *dir, struct dentry *dentry)
{
	int err = remove_name(dir, dentry);

	if (err)
		return err;
	drop_link(dentry->d_inode);
	d_delete(dentry);
	return 0;
}

static int ext2_rmdir(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	int err = ext2_empty_dir(inode);

	if (err != 1)
		return err ? err : -ENOTEMPTY;
	err = remove_name(dir, dentry);
	if (err)
		return err;
	inode->i_nlink = 0;
	inode->i_size = 0;
	inode_touch_ctime(inode);
	if (dir->i_nlink > 1)
		add_links(dir, -1);
	d_delete(dentry);
	return 0;
}

/*
 * The entries that a rename changes, all of them found before the first change: after that nothing can
 * fail, neither for the disk's sake nor because we are killed, and no file is left with a name too many.
 */
struct renaming {
	struct ext2_entry old, new;		/* the two names; new: if there is one */
	struct ext2_entry old_up, new_up;	/* ".." of the directories that move */
};

static int find_name(struct inode *dir, const char *name, unsigned int len, struct ext2_entry *pos)
{
	int err = ext2_find_entry(dir, name, len, pos);

	if (err)
		*pos = (struct ext2_entry){ .entry = NULL };
	return err == -ENOENT ? -EIO : err;
}

/* ".." of @inode, if that is a directory and moves. */
static int find_up(struct inode *inode, struct inode *from, struct inode *to, struct ext2_entry *pos)
{
	return from == to || !S_ISDIR(inode->i_mode) ? 0 : find_name(inode, "..", 2, pos);
}

/* 0, -EIO, -EINTR. put_renaming() in any case */
static int find_renaming(struct renaming *r, struct inode *odir, struct dentry *o, struct inode *ndir,
			 struct dentry *n)
{
	int err = find_name(odir, o->d_name, name_len(o), &r->old);

	if (!err && n->d_inode)
		err = find_name(ndir, n->d_name, name_len(n), &r->new);
	return err ? err : find_up(o->d_inode, odir, ndir, &r->old_up);
}

static void put_renaming(struct renaming *r)
{
	ext2_brelse(&r->old.buf);
	ext2_brelse(&r->new.buf);
	ext2_brelse(&r->old_up.buf);
	ext2_brelse(&r->new_up.buf);
}

/* A directory that moved from @odir to @ndir: its ".." is the new one. */
static void new_parent(struct inode *inode, struct ext2_entry *up, struct inode *odir,
		       struct inode *ndir)
{
	if (!up->entry)
		return;
	ext2_set_found(inode, up, ndir);
	if (odir->i_nlink > 1)
		add_links(odir, -1);
	add_links(ndir, 1);
}

/*
 * @inode came from one directory to another: neither is written without the other. A directory that
 * moved has changed the ways of all below it. Said before and after, like remove_name().
 */
static void moved(struct inode *inode, struct inode *odir, struct inode *ndir)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);

	if (S_ISDIR(inode->i_mode))
		sbi->moved_age = sbi->age;
	if (odir == ndir)
		return;
	ext2_needs_all(inode);
	ext2_needs_all(odir);
	ext2_needs_all(ndir);
}

static int exchange(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n)
{
	struct inode *oi = o->d_inode, *ni = n->d_inode;
	struct renaming r = { .old.entry = NULL };
	int err = find_renaming(&r, odir, o, ndir, n);

	if (!err)
		err = find_up(ni, ndir, odir, &r.new_up);
	if (err)
		goto put;
	moved(oi, odir, ndir);
	ext2_set_found(ndir, &r.new, oi);
	ext2_set_found(odir, &r.old, ni);
	new_parent(oi, &r.old_up, odir, ndir);
	new_parent(ni, &r.new_up, ndir, odir);
	moved(oi, odir, ndir);
	moved(ni, ndir, odir);
	inode_touch_ctime(oi);
	inode_touch_ctime(ni);
	d_exchange(o, n);
put:
	put_renaming(&r);
	return err;
}

/* The new name stands for the old's inode: in its place, or as a new entry. */
static int take_name(struct inode *ndir, struct dentry *n, struct inode *inode, struct renaming *r)
{
	if (n->d_inode) {
		ext2_set_found(ndir, &r->new, inode);
		return 0;
	}
	if (S_ISDIR(inode->i_mode) && ndir->i_nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	return ext2_add_link(ndir, n->d_name, name_len(n), inode);
}

/* @victim had the name that is @inode's now. */
static void lost_name(struct inode *victim, struct inode *dir)
{
	if (!S_ISDIR(victim->i_mode)) {
		drop_link(victim);
		return;
	}
	victim->i_nlink = 0;
	inode_touch_ctime(victim);
	if (dir->i_nlink > 1)
		add_links(dir, -1);
}

static int ext2_rename(struct inode *odir, struct dentry *o, struct inode *ndir, struct dentry *n,
		       unsigned int flags)
{
	struct inode *inode = o->d_inode, *victim = n->d_inode;
	struct renaming r = { .old.entry = NULL };
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return exchange(odir, o, ndir, n);
	if (victim && S_ISDIR(victim->i_mode)) {
		err = ext2_empty_dir(victim);
		if (err != 1)
			return err ? err : -ENOTEMPTY;
	}
	err = find_renaming(&r, odir, o, ndir, n);
	if (err)
		goto put;
	moved(inode, odir, ndir);
	if (victim)
		ext2_needs_all(ndir);
	err = take_name(ndir, n, inode, &r);
	if (err)
		goto put;
	ext2_delete_found(odir, &r.old);
	new_parent(inode, &r.old_up, odir, ndir);
	moved(inode, odir, ndir);
	if (victim) {
		ext2_needs_all(ndir);
		lost_name(victim, ndir);
	}
	inode_touch_ctime(inode);
	d_move(o, n);
put:
	put_renaming(&r);
	return err;
}

const struct inode_operations ext2_dir_inode_operations = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.symlink = ext2_symlink,
	.mkdir = ext2_mkdir,
	.rmdir = ext2_rmdir,
	.mknod = ext2_mknod,
	.rename = ext2_rename,
	.tmpfile = ext2_tmpfile,
	.setattr = ext2_setattr,
	.getattr = ext2_getattr,
};
