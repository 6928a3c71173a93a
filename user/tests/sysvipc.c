/*
 * sysvipc - System V shared memory, semaphores and message queues, as ipc(2)'s pages describe them.
 * `sysvipc clean` removes all that there are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define MIB (1UL << 20)

union arg { int val; struct semid_ds *buf; unsigned short *array; };

static int run(void (*child)(int), int arg)
{
	pid_t pid = FORK_OR_EXIT();
	int status;

	if (!pid) {
		child(arg);
		_exit(failures != 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* --- shared memory --- */

static void attach_and_write(int id)
{
	char *p = shmat(id, NULL, 0);

	CHECK(p != (void *)-1);
	CHECK(p[0] == 'a' && p[4096] == 0);
	p[4096] = 'b';
	/* left attached: exit detaches */
}

static void as_nobody(int id)
{
	struct shmid_ds ds;

	CHECK(setuid(65534) == 0);
	CHECK((long)shmat(id, NULL, 0) == -1 && errno == EACCES);
	FAILS(shmctl(id, IPC_STAT, &ds), EACCES);
	FAILS(shmctl(id, IPC_RMID, NULL), EPERM);
	FAILS(shmctl(id, SHM_LOCK, NULL), EPERM);
}

static void test_shm(void)
{
	int id = shmget(IPC_PRIVATE, 2 * MIB, IPC_CREAT | 0600), other;
	struct shmid_ds ds;
	char *p, *q;

	CHECK(id >= 0);
	FAILS(shmget(0x1234, 4096, 0600), ENOENT);
	FAILS(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
	other = shmget(0x1234, 4096, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(other >= 0);
	FAILS(shmget(0x1234, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	FAILS(shmget(0x1234, 4097, 0600), EINVAL);
	CHECK(shmget(0x1234, 4096, 0600) == other);
	CHECK(shmctl(other, IPC_RMID, NULL) == 0);
	FAILS(shmctl(other, IPC_STAT, &ds), EINVAL);

	p = shmat(id, NULL, 0);
	CHECK(p != (void *)-1);
	p[0] = 'a';
	CHECK(run(attach_and_write, id) == 0);
	CHECK(p[4096] == 'b');
	CHECK(run(as_nobody, id) == 0);
	q = shmat(id, NULL, SHM_RDONLY);
	CHECK(q != p && q[4096] == 'b');
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 2 && ds.shm_segsz == 2 * MIB);
	CHECK(ds.shm_cpid == getpid());
	CHECK((long)shmat(id, p + 1, 0) == -1 && errno == EINVAL);
	CHECK((long)shmat(id, p, 0) == -1 && errno == EINVAL);
	CHECK((long)shmat(id, NULL, SHM_REMAP) == -1 && errno == EINVAL);
	CHECK(shmat(id, p, SHM_REMAP) == p);
	CHECK(shmat(id, p + 5 * MIB + 1, SHM_RND) == p + 5 * MIB);
	CHECK(shmdt(p + 5 * MIB) == 0);
	FAILS(shmdt(p + 5 * MIB), EINVAL);
	FAILS(shmdt(p + 1), EINVAL);
	/* a hole in the middle: shmdt takes what is left on both sides */
	CHECK(munmap(q + MIB, 4096) == 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 3);
	CHECK(shmdt(q) == 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 1);
	CHECK(shmctl(id, SHM_LOCK, NULL) == 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && (ds.shm_perm.mode & SHM_LOCKED));
	CHECK(shmctl(id, SHM_UNLOCK, NULL) == 0);
	/* removed: lives until the last detaches, and can still be attached by its id */
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && (ds.shm_perm.mode & SHM_DEST));
	CHECK(p[0] == 'a');
	CHECK(shmdt(p) == 0);
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	FAILS(shmctl(id, 9999, &ds), EINVAL);
}

/* --- semaphores --- */

static void take_with_undo(int id)
{
	struct sembuf op = { 0, -1, SEM_UNDO };

	CHECK(semop(id, &op, 1) == 0);
	/* the end gives it back */
}

static void wait_for_one(int id)
{
	struct sembuf op = { 1, -1, 0 };

	CHECK(semop(id, &op, 1) == 0);
}

static void wait_until_removed(int id)
{
	struct sembuf op = { 1, -1, 0 };

	FAILS(semop(id, &op, 1), EIDRM);
}

static void on_alarm(int sig) { }

static void wait_for_count(int id, int cmd, int n)
{
	while (semctl(id, 1, cmd) != n)
		usleep(1000);
}

static void set_limits(const char *limits)
{
	int fd = open("/proc/sys/kernel/sem", O_WRONLY);

	CHECK(fd >= 0 && write(fd, limits, strlen(limits)) == (ssize_t)strlen(limits));
	close(fd);
}

/* A limit of -1 is none, but so many operations that their size is a small number again are too many. */
static void without_limit(int id)
{
	struct sembuf op = { 0, 0, IPC_NOWAIT };

	set_limits("32000 1024000000 -1 32000");
	FAILS(semop(id, &op, 1), EAGAIN);
	FAILS(semop(id, &op, 0x5555555555555556), E2BIG);
	set_limits("32000 1024000000 500 32000");
}

static void test_sem(void)
{
	int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600), status;
	unsigned short values[3] = { 1, 0, 5 };
	struct sembuf ops[2] = { { 2, -1, 0 }, { 1, -1, IPC_NOWAIT } };
	struct timespec tenth = { 0, 50 * 1000 * 1000 };
	struct semid_ds ds;
	pid_t pid;

	CHECK(id >= 0);
	FAILS(semget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
	FAILS(semget(IPC_PRIVATE, 32001, IPC_CREAT | 0600), EINVAL);
	CHECK(semctl(id, 0, SETALL, (union arg){ .array = values }) == 0);
	CHECK(semctl(id, 2, GETVAL) == 5);
	/* all or nothing */
	FAILS(semop(id, ops, 2), EAGAIN);
	CHECK(semctl(id, 2, GETVAL) == 5);
	ops[1].sem_flg = 0;
	FAILS(semtimedop(id, ops, 2, &tenth), EAGAIN);
	CHECK(semctl(id, 2, GETVAL) == 5 && semctl(id, 1, GETNCNT) == 0);
	ops[0] = (struct sembuf){ 3, 1, 0 };
	FAILS(semop(id, ops, 1), EFBIG);
	FAILS(semop(id, ops, 0), EINVAL);
	FAILS(semop(id, ops, 501), E2BIG);
	FAILS(semctl(id, 0, SETVAL, (union arg){ .val = 32768 }), ERANGE);
	FAILS(semctl(id, 3, GETVAL), EINVAL);
	ops[0] = (struct sembuf){ 0, 32767, 0 };
	FAILS(semop(id, ops, 1), ERANGE);

	without_limit(id);
	CHECK(run(take_with_undo, id) == 0);
	CHECK(semctl(id, 0, GETVAL) == 1);

	pid = FORK_OR_EXIT();
	if (!pid) {
		wait_for_one(id);
		_exit(failures != 0);
	}
	wait_for_count(id, GETNCNT, 1);
	CHECK(semctl(id, 1, SETVAL, (union arg){ .val = 1 }) == 0);
	waitpid(pid, &status, 0);
	CHECK(status == 0 && semctl(id, 1, GETVAL) == 0);
	CHECK(semctl(id, 1, GETPID) == pid);

	signal(SIGALRM, on_alarm);
	siginterrupt(SIGALRM, 1);
	alarm(1);
	ops[0] = (struct sembuf){ 1, -1, 0 };
	FAILS(semop(id, ops, 1), EINTR);

	pid = FORK_OR_EXIT();
	if (!pid) {
		wait_until_removed(id);
		_exit(failures != 0);
	}
	wait_for_count(id, GETNCNT, 1);
	CHECK(semctl(id, 0, IPC_STAT, (union arg){ .buf = &ds }) == 0 && ds.sem_nsems == 3);
	CHECK(semctl(id, 0, IPC_RMID) == 0);
	waitpid(pid, &status, 0);
	CHECK(status == 0);
	FAILS(semctl(id, 0, GETVAL), EINVAL);
}

/* --- messages --- */

struct text { long type; char text[8192]; };

static void receive_late(int id)
{
	struct text m;

	CHECK(msgrcv(id, &m, sizeof(m.text), 7, 0) == 5 && !memcmp(m.text, "hello", 5));
}

static void test_msg(void)
{
	static struct text m = { .type = 3, .text = "three" };
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600), status;
	struct msqid_ds ds;
	pid_t pid;

	CHECK(id >= 0);
	CHECK(msgsnd(id, &m, 5, 0) == 0);
	m = (struct text){ 2, "two" };
	CHECK(msgsnd(id, &m, 3, 0) == 0);
	m = (struct text){ 9, "nine" };
	CHECK(msgsnd(id, &m, 4, 0) == 0);
	CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 3 && ds.msg_qbytes == 16384);
	FAILS(msgrcv(id, &m, 4, 3, 0), E2BIG);
	CHECK(msgrcv(id, &m, 4, 3, MSG_NOERROR) == 4 && m.type == 3);
	CHECK(msgrcv(id, &m, 100, -5, 0) == 3 && m.type == 2);
	FAILS(msgrcv(id, &m, 100, -5, IPC_NOWAIT), ENOMSG);
	FAILS(msgrcv(id, &m, 100, 9, IPC_NOWAIT | MSG_EXCEPT), ENOMSG);
	CHECK(msgrcv(id, &m, 100, 0, 0) == 4 && m.type == 9);

	m.type = 0;
	FAILS(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = 1;
	FAILS(msgsnd(id, &m, 8193, 0), EINVAL);
	FAILS(msgsnd(id, (void *)8, 1, 0), EFAULT);
	CHECK(msgsnd(id, &m, 8192, 0) == 0 && msgsnd(id, &m, 8192, 0) == 0);
	FAILS(msgsnd(id, &m, 1, IPC_NOWAIT), EAGAIN);
	CHECK(msgrcv(id, &m, 8192, 0, 0) == 8192 && msgrcv(id, &m, 8192, 0, 0) == 8192);

	pid = FORK_OR_EXIT();
	if (!pid) {
		receive_late(id);
		_exit(failures != 0);
	}
	m = (struct text){ 7, "hello" };
	CHECK(msgsnd(id, &m, 5, 0) == 0);
	waitpid(pid, &status, 0);
	CHECK(status == 0);
	CHECK(msgctl(id, IPC_RMID, NULL) == 0);
	FAILS(msgsnd(id, &m, 1, 0), EINVAL);
}

static void clean(void)
{
	struct shmid_ds shm;
	struct semid_ds sem;
	struct msqid_ds msg;

	for (int i = 0, id; i < 32768; i++) {
		if ((id = shmctl(i, SHM_STAT, &shm)) >= 0)
			shmctl(id, IPC_RMID, NULL);
		if ((id = semctl(i, 0, SEM_STAT, (union arg){ .buf = &sem })) >= 0)
			semctl(id, 0, IPC_RMID);
		if ((id = msgctl(i, MSG_STAT, &msg)) >= 0)
			msgctl(id, IPC_RMID, NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		clean();
		return 0;
	}
	test_shm();
	test_sem();
	test_msg();
	return finish("sysvipc");
}
