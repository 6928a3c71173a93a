/*
 * eventpoll.h - what closing a file means for epoll.
 */
#pragma once

struct file;
void eventpoll_release_file(struct file *file);	/* the last reference goes: it leaves every set */
void eventpoll_boot(void);			/* => memory is counted */
