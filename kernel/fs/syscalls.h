/*
 * syscalls.h - the file system's system calls, for kernel/proc's table.
 *
 * All: the result, or -errno; arguments as Linux x86-64 passes them.
 */
#pragma once

#include "kernel/abi/uio.h"
#include "kernel/lib/types.h"

struct epoll_event;
struct iovec;
struct open_how;
struct pollfd;
struct stat;
struct statfs;
struct statx;
struct timespec;
struct timeval;
struct utimbuf;

/* read_write.c */
long sys_read(unsigned int fd, char __user *buf, size_t len);
long sys_write(unsigned int fd, const char __user *buf, size_t len);
long sys_pread64(unsigned int fd, char __user *buf, size_t len, loff_t pos);
long sys_pwrite64(unsigned int fd, const char __user *buf, size_t len, loff_t pos);
long sys_lseek(unsigned int fd, loff_t off, unsigned int whence);
/* readv.c */
long sys_readv(unsigned long fd, const struct iovec __user *vec, unsigned long n);
long sys_writev(unsigned long fd, const struct iovec __user *vec, unsigned long n);
long sys_preadv(unsigned long fd, const struct iovec __user *vec, unsigned long n, unsigned long lo,
		unsigned long hi);
long sys_pwritev(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		 unsigned long lo, unsigned long hi);
long sys_preadv2(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		 unsigned long lo, unsigned long hi, int flags);
long sys_pwritev2(unsigned long fd, const struct iovec __user *vec, unsigned long n,
		  unsigned long lo, unsigned long hi, int flags);
/* splice.c */
long sys_sendfile64(int out, int in, loff_t __user *off, size_t count);
long sys_copy_file_range(int in, loff_t __user *in_off, int out, loff_t __user *out_off, size_t len,
			 unsigned int flags);
long sys_splice(int in, loff_t __user *in_off, int out, loff_t __user *out_off, size_t len,
		unsigned int flags);
long sys_tee(int in, int out, size_t len, unsigned int flags);
long sys_vmsplice(int fd, const struct iovec __user *uvec, unsigned long n, unsigned int flags);
/* timerfd.c */
struct itimerspec;
long sys_timerfd_create(int clock, int flags);
long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *uvalue,
			 struct itimerspec __user *uold);
long sys_timerfd_gettime(int fd, struct itimerspec __user *uvalue);
/* signalfd.c */
long sys_signalfd(int fd, const u64 __user *umask, size_t size);
long sys_signalfd4(int fd, const u64 __user *umask, size_t size, int flags);
/* open.c */
long sys_open(const char __user *path, int flags, umode_t mode);
long sys_openat(int dfd, const char __user *path, int flags, umode_t mode);
long sys_openat2(int dfd, const char __user *path, struct open_how __user *how, size_t size);
long sys_creat(const char __user *path, umode_t mode);
long sys_close(unsigned int fd);
long sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
/* fd.c, fcntl.c */
long sys_dup(unsigned int fd);
long sys_dup2(unsigned int fd, unsigned int to);
long sys_dup3(unsigned int fd, unsigned int to, int flags);
long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg);
long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg);
long sys_flock(unsigned int fd, unsigned int cmd);
/* stat.c */
long sys_newstat(const char __user *path, struct stat __user *st);
long sys_newlstat(const char __user *path, struct stat __user *st);
long sys_newfstat(unsigned int fd, struct stat __user *st);
long sys_newfstatat(int dfd, const char __user *path, struct stat __user *st, int flags);
long sys_statx(int dfd, const char __user *path, unsigned int flags, unsigned int mask,
	       struct statx __user *stx);
long sys_readlink(const char __user *path, char __user *buf, int size);
long sys_readlinkat(int dfd, const char __user *path, char __user *buf, int size);
long sys_statfs(const char __user *path, struct statfs __user *st);
long sys_fstatfs(unsigned int fd, struct statfs __user *st);
/* attr.c */
long sys_access(const char __user *path, int mode);
long sys_faccessat(int dfd, const char __user *path, int mode);
long sys_faccessat2(int dfd, const char __user *path, int mode, int flags);
long sys_chmod(const char __user *path, umode_t mode);
long sys_fchmod(unsigned int fd, umode_t mode);
long sys_fchmodat(int dfd, const char __user *path, umode_t mode);
long sys_chown(const char __user *path, kuid_t uid, kgid_t gid);
long sys_lchown(const char __user *path, kuid_t uid, kgid_t gid);
long sys_fchown(unsigned int fd, kuid_t uid, kgid_t gid);
long sys_fchownat(int dfd, const char __user *path, kuid_t uid, kgid_t gid, int flags);
long sys_truncate(const char __user *path, long len);
long sys_ftruncate(unsigned int fd, long len);
long sys_fallocate(int fd, int mode, loff_t off, loff_t len);
long sys_utime(const char __user *path, struct utimbuf __user *times);
long sys_utimes(const char __user *path, struct timeval __user *times);
long sys_futimesat(int dfd, const char __user *path, struct timeval __user *times);
long sys_utimensat(int dfd, const char __user *path, struct timespec __user *times, int flags);
/* readdir.c */
long sys_getdents(unsigned int fd, void __user *buf, unsigned int size);
long sys_getdents64(unsigned int fd, void __user *buf, unsigned int size);
/* fs_struct.c */
long sys_getcwd(char __user *buf, unsigned long size);
long sys_chdir(const char __user *path);
long sys_fchdir(unsigned int fd);
long sys_chroot(const char __user *path);
long sys_umask(int mask);
/* namei_ops.c */
long sys_mkdir(const char __user *path, umode_t mode);
long sys_mkdirat(int dfd, const char __user *path, umode_t mode);
long sys_rmdir(const char __user *path);
long sys_unlink(const char __user *path);
long sys_unlinkat(int dfd, const char __user *path, int flags);
long sys_rename(const char __user *opath, const char __user *npath);
long sys_renameat(int odfd, const char __user *opath, int ndfd, const char __user *npath);
long sys_renameat2(int odfd, const char __user *opath, int ndfd, const char __user *npath,
		   unsigned int flags);
long sys_link(const char __user *opath, const char __user *npath);
long sys_linkat(int odfd, const char __user *opath, int ndfd, const char __user *npath, int flags);
long sys_symlink(const char __user *target, const char __user *path);
long sys_symlinkat(const char __user *target, int dfd, const char __user *path);
long sys_mknod(const char __user *path, umode_t mode, unsigned int dev);
long sys_mknodat(int dfd, const char __user *path, umode_t mode, unsigned int dev);
/* sys_mount.c */
long sys_mount(const char __user *dev, const char __user *dir, const char __user *type,
	       unsigned long flags, const void __user *data);
long sys_umount(const char __user *path, int flags);	/* umount2(2) */
long sys_pivot_root(const char __user *new_root, const char __user *put_old);
/* sync.c */
long sys_sync(void);
long sys_fsync(unsigned int fd);
long sys_fdatasync(unsigned int fd);
long sys_syncfs(int fd);
long sys_sync_file_range(int fd, loff_t off, loff_t len, unsigned int flags);
long sys_fadvise64(int fd, loff_t off, size_t len, int advice);
long sys_readahead(int fd, loff_t off, size_t count);
/* xattr.c: the arguments that count where there are no attributes */
long sys_setxattr(const char __user *path, const char __user *name);
long sys_lsetxattr(const char __user *path, const char __user *name);
long sys_fsetxattr(int fd, const char __user *name);
long sys_getxattr(const char __user *path, const char __user *name);
long sys_lgetxattr(const char __user *path, const char __user *name);
long sys_fgetxattr(int fd, const char __user *name);
long sys_removexattr(const char __user *path, const char __user *name);
long sys_lremovexattr(const char __user *path, const char __user *name);
long sys_fremovexattr(int fd, const char __user *name);
long sys_listxattr(const char __user *path);
long sys_llistxattr(const char __user *path);
long sys_flistxattr(int fd);
/* swap.c */
long sys_swapon(const char __user *path, int flags);
long sys_swapoff(const char __user *path);
/* pipe.c, inotify.c, eventfd.c, eventpoll.c, memfd.c */
long sys_pipe(int __user *fds);
long sys_pipe2(int __user *fds, int flags);
long sys_inotify_init(void);
long sys_inotify_init1(int flags);
long sys_inotify_add_watch(int fd, const char __user *name, u32 mask);
long sys_inotify_rm_watch(int fd, int wd);
long sys_eventfd(unsigned int count);
long sys_eventfd2(unsigned int count, int flags);
long sys_userfaultfd(int flags);
long sys_epoll_create(int size);
long sys_epoll_create1(int flags);
long sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event __user *event);
long sys_epoll_wait(int epfd, struct epoll_event __user *events, int max, int timeout_ms);
long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int max, int timeout_ms,
		     const u64 __user *sigmask, size_t size);
long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int max,
		      const struct timespec __user *timeout, const u64 __user *sigmask,
		      size_t size);
long sys_memfd_create(const char __user *name, unsigned int flags);
/* select.c */
long sys_poll(struct pollfd __user *fds, unsigned int n, int timeout_ms);
long sys_ppoll(struct pollfd __user *fds, unsigned int n, struct timespec __user *timeout,
	       const u64 __user *sigmask, size_t size);
long sys_select(int n, unsigned long __user *in, unsigned long __user *out,
		unsigned long __user *ex, struct timeval __user *timeout);
long sys_pselect6(int n, unsigned long __user *in, unsigned long __user *out,
		  unsigned long __user *ex, struct timespec __user *timeout, void __user *sig);
/* socket.c */
struct sockaddr;
struct user_msghdr;
struct mmsghdr;
struct timespec;
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, int __user *ufds);
long sys_bind(int fd, const struct sockaddr __user *uaddr, int len);
long sys_connect(int fd, const struct sockaddr __user *uaddr, int len);
long sys_listen(int fd, int backlog);
long sys_accept(int fd, struct sockaddr __user *uaddr, int __user *ulen);
long sys_accept4(int fd, struct sockaddr __user *uaddr, int __user *ulen, int flags);
long sys_getsockname(int fd, struct sockaddr __user *uaddr, int __user *ulen);
long sys_getpeername(int fd, struct sockaddr __user *uaddr, int __user *ulen);
long sys_shutdown(int fd, int how);
long sys_getsockopt(int fd, int level, int name, void __user *val, int __user *len);
long sys_setsockopt(int fd, int level, int name, const void __user *val, int len);
/* sockmsg.c */
long sys_sendto(int fd, const void __user *buf, size_t len, unsigned int flags,
		const struct sockaddr __user *uaddr, int addrlen);
long sys_recvfrom(int fd, void __user *buf, size_t len, unsigned int flags,
		  struct sockaddr __user *uaddr, int __user *ulen);
long sys_sendmsg(int fd, const struct user_msghdr __user *umsg, unsigned int flags);
long sys_recvmsg(int fd, struct user_msghdr __user *umsg, unsigned int flags);
long sys_sendmmsg(int fd, struct mmsghdr __user *vec, unsigned int n, unsigned int flags);
long sys_recvmmsg(int fd, struct mmsghdr __user *vec, unsigned int n, unsigned int flags,
		  struct timespec __user *timeout);
