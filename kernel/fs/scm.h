/*
 * scm.h - what travels beside the bytes: descriptors and credentials.
 */
#pragma once

#include "kernel/abi/socket.h"
#include "kernel/fs/socket.h"

/* Descriptors in flight: a reference to each file. */
struct scm_fp_list {
	struct list_head dead;		/* while it is being closed */
	int count;
	bool inflight;			/* counted in unix_gc.c */
	struct file *fp[];
};

/* One message's. */
struct scm_cookie {
	struct scm_fp_list *fp;		/* ours; NULL: none */
	struct ucred cred;
	bool has_cred;
};

/* From the user's control buffer. 0, -EINVAL, -EBADF, -EPERM, -EFAULT, -ENOMEM */
int scm_send(struct msghdr *msg, struct scm_cookie *scm);
/* Into the receiver's: descriptors are installed. Takes over scm->fp. */
void scm_recv(struct sock *sk, struct msghdr *msg, struct scm_cookie *scm);
void scm_set_current(struct scm_cookie *scm);	/* the sender's own credentials */
struct scm_fp_list *scm_fp_dup(const struct scm_fp_list *fp);	/* for MSG_PEEK; NULL */
/* Closes them; in the outermost call of a task, so that chains of sockets do not recurse. */
void scm_destroy(struct scm_fp_list *fp);

/* unix_gc.c: which files are in flight. A list is counted while it is in a queue. */
void unix_attach_fds(struct scm_fp_list *fp);
void unix_detach_fds(struct scm_fp_list *fp);
/* A peek's new references to files in flight are seen by every collection from here on. */
void unix_gc_barrier(void);
/* Frees sockets that only each other's queues still hold. May sleep */
void unix_gc(void);
unsigned int unix_tot_inflight(void);
