/*
 * pressure.h - the pressure files of /proc and of groups.
 */
#pragma once

#include "kernel/fs/proc_internal.h"
#include "kernel/sched/psi.h"

/* An open pressure file: text, and the trigger that was written to it. */
struct pressure_file {
	struct text_file text;
	struct psi_trigger *trigger;	/* text.lock to set; then c */
};

/* For files whose private_data begins with a struct pressure_file. */
kssize_t pressure_write(struct file *file, const char __user *buf, size_t len,
			struct psi_group *group, enum psi_res res);
unsigned int pressure_poll(struct file *file, struct poll_table *pt);
int pressure_release(struct inode *inode, struct file *file);
void pressure_init(struct super_block *sb);	/* /proc/pressure in @sb, /proc's */
