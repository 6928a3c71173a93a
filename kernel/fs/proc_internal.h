/*
 * proc_internal.h - shared by the files of /proc and /sys.
 */
#pragma once

#include "kernel/fs/fs.h"
#include "kernel/lib/ctlfile.h"

/*
 * An open text file: what show printed, until it is read from the start again. In parts: what it
 * printed last, which stands at @start.
 */
struct text_file {
	struct mutex lock;		/* LOCK_SEQ: m */
	struct seq_file m;		/* buf NULL: nothing printed yet */
	loff_t start;			/* LOCK_SEQ: where m's text stands in the file */
	bool in_parts;			/* c: ctl_pid_file's */
	int (*show)(struct text_file *t);
	const void *entry;		/* c: ctl_file, ctl_sysctl, ctl_pid_file … */
	struct task_struct *task;	/* c: of a process's file; the inode holds the reference */
	unsigned int exec_id;		/* c: the program that was looked at when it was opened */
};

/* For file_operations: open with text_open() from an open function of one's own. */
int text_open(struct file *file, int (*show)(struct text_file *t), const void *entry,
	      struct task_struct *task);
/* The same in a struct of @size bytes, zeroed, that begins with a text_file. */
int text_open_size(struct file *file, size_t size, int (*show)(struct text_file *t),
		   const void *entry);
int text_release(struct inode *inode, struct file *file);
/*
 * Serves a read_at function: @fill is called with a page's worth at a time. => file->private_data is
 * a text_file
 */
kssize_t words_read(struct file *file, char __user *buf, size_t len, loff_t *pos,
		    kssize_t (*fill)(struct text_file *t, void *buf, size_t len, loff_t pos));
kssize_t text_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
/* A user's buffer as a NUL-terminated kernel copy of at most a page; *len is cut to it. ERR_PTR. */
char *copy_text(const char __user *buf, size_t *len);
/* The same without a cut, for who has looked at @len: a few pages at most. */
char *copy_whole_text(const char __user *buf, size_t len);

/*
 * Static trees: parents are made as needed. @path is relative to @sb's root. The inode, or NULL
 * without memory.
 */
struct inode *tree_add(struct super_block *sb, const char *path, umode_t mode,
		       const struct file_operations *fops, void *private);
/* What is at @path goes, with all below it. Who has a file of it open may still read it. */
void tree_remove(struct super_block *sb, const char *path);
struct inode *tree_symlink(struct super_block *sb, const char *path, const char *target);
/* the CTL_FILEs below "/proc/" */
void tree_add_ctl_files(struct super_block *sb, const char *prefix);
int tree_setattr(struct dentry *dentry, struct iattr *attr);	/* i_op->setattr of its entries */
/* i_op->setattr of what keeps its owner and its mode: -EPERM. */
int fixed_setattr(struct dentry *dentry, struct iattr *attr);
/* an empty read-only-looking root */
int tree_mount(struct super_block *sb, unsigned long magic);
/* For a directory that tree_add() has made; those that are made below it take after it. */
extern const struct inode_operations fixed_dir_operations;

/* proc_sysctl.c */
void proc_sysctl_add(struct super_block *sb);
/* proc_base.c */
struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *dentry);
/* Of an inode below /proc/<pid>: the task, as long as the inode lives. */
struct task_struct *proc_task(const struct inode *inode);
extern const struct file_operations proc_mem_fops;	/* proc_mem.c */
/* positions from PROC_PID_POS on */
int proc_pid_readdir(struct file *file, struct dir_context *ctx);
#define PROC_PID_POS (1L << 40)
