/*
 * initramfs.c - fills the rootfs from the archive that the loader left in memory.
 *
 * Idea:   the archive is one or more cpio archives (newc), each plain or gzip,
 *         with zeroes between them. Data comes in pieces, from the inflater or
 *         straight from memory, into a machine with three main states: the header is
 *         being gathered, the name, the contents. Contents go into the page cache
 *         as they come, from the window into the page.
 *
 *             HEADER ──110 bytes──> NAME ──namesize──> DATA ──filesize──> HEADER
 *
 *         Files with several names carry their contents with the last one; the
 *         others are linked to it by (major, minor, inode).
 * Locks:  none: the boot alone runs.
 * Above:  kernel/main.c.   Below: namei_ops.c, mm/filemap.h, lib/inflate.h.
 *         In Linux: init/initramfs.c; the format:
 *         Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include "boot/boot_info.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/inflate.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "mm/filemap.h"
#include "mm/highmem.h"
#include "mm/mm_init.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define CPIO_HEADER 110		/* bytes: 6 of magic, 13 numbers of 8 hexadecimal digits */
#define LINK_BUCKETS 32

enum cpio_field { F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_FILESIZE, F_DEVMAJOR, F_DEVMINOR,
		  F_RDEVMAJOR, F_RDEVMINOR, F_NAMESIZE, F_CHECK, NR_FIELDS };

/* A name that others are linked to. */
struct cpio_link {
	struct cpio_link *next;
	u32 ino, major, minor;
	char name[];
};

struct unpack {
	enum { WANT_HEADER, WANT_NAME, WANT_DATA, WANT_SKIP } state;
	char header[CPIO_HEADER];
	unsigned int have;		/* bytes of header or name gathered */
	u32 f[NR_FIELDS];
	char *name;			/* PATH_MAX */
	char *target;			/* a symbolic link's text is gathered here: PATH_MAX */
	struct file *file;		/* the regular file being written */
	loff_t pos;			/* in it */
	u64 left;			/* bytes of contents still to come, padding excluded */
	u64 stream;			/* bytes of this archive so far: padding is by it */
	bool skip;			/* the entry makes nothing: its contents are passed over */
	bool trailer;			/* it was seen: what follows is a new archive or zeroes */
	const char *error;
	char failed[64];		/* the name it happened with */
	unsigned int nr_files;
	struct cpio_link *links[LINK_BUCKETS];
};

static int fail(struct unpack *u, const char *why)
{
	if (!u->error) {
		u->error = why;
		strscpy(u->failed, u->have && u->state != WANT_HEADER ? u->name : "",
			sizeof(u->failed));
	}
	return -EINVAL;
}

static struct cpio_link **link_bucket(struct unpack *u)
{
	return &u->links[(u->f[F_INO] + u->f[F_DEVMINOR] + (u->f[F_DEVMAJOR] << 3)) % LINK_BUCKETS];
}

/* The first name of this inode, or NULL, and then this one is remembered. */
static const char *find_link(struct unpack *u)
{
	struct cpio_link **bucket = link_bucket(u), *l;
	size_t len = strlen(u->name) + 1;

	for (l = *bucket; l; l = l->next)
		if (l->ino == u->f[F_INO] && l->major == u->f[F_DEVMAJOR] &&
		    l->minor == u->f[F_DEVMINOR])
			return l->name;
	l = kmalloc(sizeof(*l) + len, GFP_KERNEL);
	if (!l) {
		fail(u, "out of memory");
		return NULL;
	}
	l->ino = u->f[F_INO];
	l->major = u->f[F_DEVMAJOR];
	l->minor = u->f[F_DEVMINOR];
	memcpy(l->name, u->name, len);
	l->next = *bucket;
	*bucket = l;
	return NULL;
}

static void free_links(struct unpack *u)
{
	for (unsigned int i = 0; i < LINK_BUCKETS; i++)
		while (u->links[i]) {
			struct cpio_link *l = u->links[i];

			u->links[i] = l->next;
			kfree(l);
		}
}

/* Owner, mode, time of what was just made. Root's rights, no checks. */
static void set_attributes(struct inode *inode, const struct unpack *u)
{
	inode->i_uid = u->f[F_UID];
	inode->i_gid = u->f[F_GID];
	if (!S_ISLNK(inode->i_mode))
		inode->i_mode = (inode->i_mode & S_IFMT) | (u->f[F_MODE] & S_IALLUGO);
	inode->i_mtime = (struct timespec){ .tv_sec = u->f[F_MTIME] };
}

static void set_path_attributes(const struct unpack *u)
{
	struct path path;

	if (filename_lookup(AT_FDCWD, u->name, 0, &path))
		return;
	set_attributes(path.dentry->d_inode, u);
	path_put(&path);
}

/* A later archive may replace what an earlier one made, also by another kind of file. */
static void remove_old(struct unpack *u)
{
	struct path path;
	umode_t mode;

	if (filename_lookup(AT_FDCWD, u->name, 0, &path))
		return;
	mode = path.dentry->d_inode->i_mode;
	path_put(&path);
	if (((mode ^ u->f[F_MODE]) & S_IFMT) == 0 && !S_ISLNK(mode))
		return;
	if (S_ISDIR(mode))
		do_rmdir(AT_FDCWD, u->name);
	else
		do_unlinkat(AT_FDCWD, u->name);
}

static int start_regular(struct unpack *u)
{
	const char *first = u->f[F_NLINK] > 1 ? find_link(u) : NULL;
	int flags = O_WRONLY | O_CREAT;

	if (u->error)
		return -EINVAL;
	if (first) {
		int err = do_linkat(AT_FDCWD, first, AT_FDCWD, u->name, 0);

		if ((err && err != -EEXIST) || !u->f[F_FILESIZE])
			return 0;
	} else {
		flags |= O_TRUNC;
	}
	u->file = filp_open(u->name, flags, u->f[F_MODE]);
	if (IS_ERR(u->file))
		u->file = NULL;
	u->pos = 0;
	return 0;
}

static void start_other(struct unpack *u)
{
	int err;

	if (!(u->f[F_MODE] & S_IFMT))
		return;
	if (S_ISDIR(u->f[F_MODE]))
		err = do_mkdirat(AT_FDCWD, u->name, u->f[F_MODE]);
	else
		err = do_mknodat(AT_FDCWD, u->name, u->f[F_MODE],
				 MKDEV(u->f[F_RDEVMAJOR], u->f[F_RDEVMINOR]));
	if (!err || err == -EEXIST)
		set_path_attributes(u);
}

/*
 * The name is complete: makes the thing. What cannot be made (no such directory, a link that is too
 * long, no type) is left out without a word, as on Linux. 0; -EINVAL: no memory
 */
static int start_entry(struct unpack *u)
{
	u->skip = false;
	if (!strcmp(u->name, "TRAILER!!!")) {
		u->skip = true;
		u->trailer = true;
		free_links(u);
		return 0;
	}
	u->nr_files++;
	remove_old(u);
	if (S_ISREG(u->f[F_MODE]))
		return start_regular(u);
	if (S_ISLNK(u->f[F_MODE]))
		u->skip = u->left >= PATH_MAX;
	else
		start_other(u);
	return 0;
}

/* The contents are complete. */
static int finish_entry(struct unpack *u)
{
	if (u->file) {
		set_attributes(u->file->f_inode, u);
		fput(u->file);
		u->file = NULL;
	} else if (S_ISLNK(u->f[F_MODE]) && !u->skip) {
		u->target[u->pos] = 0;
		if (!do_symlinkat(u->target, AT_FDCWD, u->name))
			set_path_attributes(u);
	}
	u->pos = 0;
	u->have = 0;
	u->state = WANT_HEADER;
	return 0;
}

static int hex_digit(char c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static int parse_header(struct unpack *u)
{
	const char *p = u->header + 6;

	if (memcmp(u->header, "070701", 6) && memcmp(u->header, "070702", 6))
		return fail(u, memcmp(u->header, "070707", 6) ? "no cpio magic"
							      : "old cpio format: use -H newc");
	for (int i = 0; i < NR_FIELDS; i++) {
		u->f[i] = 0;
		for (int k = 0; k < 8; k++, p++) {
			if (hex_digit(*p) < 0)
				return fail(u, "a broken header");
			u->f[i] = u->f[i] << 4 | hex_digit(*p);
		}
	}
	u->left = u->f[F_FILESIZE];
	u->have = 0;
	u->state = WANT_NAME;
	if (u->f[F_NAMESIZE] && u->f[F_NAMESIZE] <= PATH_MAX)
		return 0;
	/* no name, or no sensible one: Linux passes over the entry */
	u->left += ALIGN_UP((u64)CPIO_HEADER + u->f[F_NAMESIZE], 4UL) - CPIO_HEADER;
	u->state = u->left ? WANT_SKIP : WANT_HEADER;
	return 0;
}

static kssize_t take_header(struct unpack *u, const u8 *data, size_t n)
{
	size_t skip = 0;

	/* Between entries and archives: padding to 4 bytes, and any number of zeroes. */
	if (!u->have)
		while (skip < n && !data[skip] && (u->stream + skip) % 4)
			skip++;
	if (!u->have && u->trailer)
		while (skip < n && !data[skip])
			skip++;
	if (skip)
		return skip;
	if (!u->have && u->trailer) {
		u->trailer = false;	/* another archive */
		u->stream = 0;
	}
	n = MIN(n, (size_t)(CPIO_HEADER - u->have));
	memcpy(u->header + u->have, data, n);
	u->have += n;
	if (u->have == CPIO_HEADER && parse_header(u))
		return -EINVAL;
	return n;
}

static kssize_t take_name(struct unpack *u, const u8 *data, size_t n)
{
	n = MIN(n, (size_t)(u->f[F_NAMESIZE] - u->have));
	memcpy(u->name + u->have, data, n);
	u->have += n;
	if (u->have < u->f[F_NAMESIZE])
		return n;
	if (u->name[u->have - 1])
		return fail(u, "a name without an end");
	if (start_entry(u))
		return -EINVAL;
	u->state = WANT_DATA;
	if (!u->left && finish_entry(u))
		return -EINVAL;
	return n;
}

static kssize_t take_data(struct unpack *u, const u8 *data, size_t n)
{
	size_t skip = 0;

	/* The name is padded: the contents start on a multiple of 4. */
	if (u->left == u->f[F_FILESIZE])
		while (skip < n && (u->stream + skip) % 4)
			skip++;
	if (skip)
		return skip;
	n = MIN((u64)n, u->left);
	if (u->file) {
		if (filemap_write_kernel(u->file->f_mapping, &u->pos, data, n) != (kssize_t)n)
			return fail(u, "out of memory");
	} else if (S_ISLNK(u->f[F_MODE]) && !u->skip) {
		memcpy(u->target + u->pos, data, n);
		u->pos += n;
	}
	u->left -= n;
	if (!u->left && finish_entry(u))
		return -EINVAL;
	return n;
}

/* Name and contents of an entry that is not to be. */
static kssize_t take_nothing(struct unpack *u, size_t n)
{
	n = MIN((u64)n, u->left);
	u->left -= n;
	if (!u->left)
		u->state = WANT_HEADER;
	return n;
}

/* Some of the @n bytes, at least one: how many; or -EINVAL. */
static kssize_t take(struct unpack *u, const u8 *data, size_t n)
{
	switch (u->state) {
	case WANT_HEADER: return take_header(u, data, n);
	case WANT_NAME: return take_name(u, data, n);
	case WANT_SKIP: return take_nothing(u, n);
	default: return take_data(u, data, n);
	}
}

/* The inflater's output, or the archive itself: any number of bytes. 0, -EINVAL. */
static int feed(void *ctx, const u8 *data, size_t n)
{
	struct unpack *u = ctx;

	while (n) {
		kssize_t took = take(u, data, n);

		if (took < 0)
			return took;
		u->stream += took;
		data += took;
		n -= took;
	}
	return 0;
}

/* A plain archive: up to its trailer. Bytes taken, or -EINVAL. */
static long unpack_plain(struct unpack *u, const u8 *data, size_t n)
{
	size_t done = 0;

	u->trailer = false;
	u->stream = 0;
	while (done < n && !(u->trailer && u->state == WANT_HEADER && !u->have)) {
		kssize_t took = take(u, data + done, n - done);

		if (took < 0)
			return took;
		u->stream += took;
		done += took;
	}
	return done;
}

static long unpack_gzip(struct unpack *u, const u8 *data, size_t n)
{
	void *workspace = kvmalloc(INFLATE_WORKSPACE, GFP_KERNEL);
	long took;

	if (!workspace)
		return fail(u, "out of memory");
	u->trailer = false;
	u->stream = 0;
	took = gunzip(data, n, feed, u, workspace);
	kvfree(workspace);
	if (took < 0 && !u->error)
		u->error = gunzip_error ? gunzip_error : "broken gzip data";
	return took;
}

/* Formats Linux can unpack and this kernel cannot: a clear word instead of "no cpio magic". */
static const char *other_format(const u8 *p, size_t n)
{
	static const struct { u8 magic[4]; u8 len; const char *name; } known[] = {
		{ { 'B', 'Z', 'h' }, 3, "bzip2 is not supported: use gzip" },
		{ { 0xfd, '7', 'z', 'X' }, 4, "xz is not supported: use gzip" },
		{ { 0x5d, 0 }, 2, "lzma is not supported: use gzip" },
		{ { 0x89, 'L', 'Z', 'O' }, 4, "lzo is not supported: use gzip" },
		{ { 0x02, 0x21, 0x4c, 0x18 }, 4, "lz4 is not supported: use gzip" },
		{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd is not supported: use gzip" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (n >= known[i].len && !memcmp(p, known[i].magic, known[i].len))
			return known[i].name;
	return NULL;
}

static int unpack_all(struct unpack *u, const u8 *data, size_t n)
{
	while (n && !u->error) {
		long took;

		if (!*data) {
			data++;
			n--;
			continue;
		}
		if (n > 2 && data[0] == 0x1f && data[1] == 0x8b)
			took = unpack_gzip(u, data, n);
		else if (n > 6 && !memcmp(data, "0707", 4))
			took = unpack_plain(u, data, n);
		else
			took = fail(u, other_format(data, n) ? other_format(data, n)
							     : "junk where an archive should be");
		if (took <= 0)
			break;
		data += took;
		n -= took;
	}
	if (!u->error && (u->state != WANT_HEADER || u->have))
		fail(u, "the archive is cut short");
	return u->error ? -EINVAL : 0;
}

/* What the kernel of Linux has built in: a place for a console before there is one. */
static void default_rootfs(void)
{
	do_mkdirat(AT_FDCWD, "/dev", 0755);
	do_mknodat(AT_FDCWD, "/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	do_mkdirat(AT_FDCWD, "/root", 0700);
}

static int unpack_to_rootfs(const u8 *data, size_t n)
{
	struct unpack *u = kzalloc(sizeof(*u), GFP_KERNEL);
	int err = -ENOMEM;

	if (!u)
		return err;
	u->name = alloc_name();
	u->target = alloc_name();
	if (u->name && u->target)
		err = unpack_all(u, data, n);
	if (u->file)
		fput(u->file);
	free_links(u);
	if (u->error)
		pr_emerg("Initramfs unpacking failed: %s%s%s\n", u->error, *u->failed ? " at " : "",
			 u->failed);
	putname(u->name);
	putname(u->target);
	kfree(u);
	return err;
}

/* fs.h */
int populate_rootfs(void)
{
	phys_addr_t start = boot_info.initrd_start, end = start + boot_info.initrd_size;
	bool low = end <= (phys_addr_t)max_low_pfn << PAGE_SHIFT;
	void *data;
	int err;

	default_rootfs();
	if (!boot_info.initrd_size)
		return 0;
	pr_info("Trying to unpack rootfs image as initramfs...\n");
	data = low ? (void *)(DIRECT_BASE + start) : memremap(start, boot_info.initrd_size);
	if (!data) {
		pr_emerg("Initramfs unpacking failed: cannot map it\n");
		return -ENOMEM;
	}
	err = unpack_to_rootfs(data, boot_info.initrd_size);
	if (!low)
		memunmap(data);
	free_initrd_mem(start & PAGE_MASK, PAGE_ALIGN(end));
	return err;
}
