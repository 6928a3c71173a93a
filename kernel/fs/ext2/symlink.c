/*
 * symlink.c - the text of symbolic links: in the inode (up to 59 bytes), or in a block.
 *
 * Locks:  none: a link's text never changes.
 * Above:  kernel/fs/namei.c.   Below: buf.c, blocks.c.   In Linux: fs/ext2/symlink.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/ext2/ext2.h"
#include "kernel/lib/string.h"

/* @text of at most @max bytes, which may lack its NUL, into @buf. */
static int copy_text(const char *text, size_t max, char *buf, size_t size)
{
	size_t len = strnlen(text, max);

	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, text, len);
	buf[len] = 0;
	return len;
}

static int fast_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	const struct inode *inode = dentry->d_inode;
	struct ext2_inode_info *ei = EXT2_I(inode);

	return copy_text((char *)ei->block, MIN((size_t)inode->i_size, sizeof(ei->block)), buf,
			 size);
}

static int ext2_readlink(struct dentry *dentry, char *buf, size_t size, struct path *jump)
{
	struct inode *inode = dentry->d_inode;
	struct ext2_buf block;
	int err;
	u32 nr;

	err = ext2_get_block(inode, 0, &nr, false, NULL);
	if (!err && !nr)
		err = -EIO;
	if (!err)
		err = ext2_bread(inode->i_sb, nr, &block);
	if (err)
		return err;
	err = copy_text((char *)block.data,
			MIN((size_t)inode->i_size, (size_t)inode->i_sb->s_blocksize), buf, size);
	ext2_brelse(&block);
	return err;
}

const struct inode_operations ext2_fast_symlink_inode_operations = {
	.readlink = fast_readlink, .setattr = ext2_setattr, .getattr = ext2_getattr,
};
const struct inode_operations ext2_symlink_inode_operations = {
	.readlink = ext2_readlink, .setattr = ext2_setattr, .getattr = ext2_getattr,
};
const struct inode_operations ext2_special_inode_operations = {
	.setattr = ext2_setattr, .getattr = ext2_getattr,
};
