/*
 * ipc.h - System V shared memory, semaphores, messages: Linux x86-64's commands and layouts.
 */
#pragma once

#include "kernel/lib/types.h"

#define IPC_PRIVATE 0
#define IPC_CREAT 01000
#define IPC_EXCL 02000
#define IPC_NOWAIT 04000

enum { IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3 };
enum { SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15 };
enum {
	GETPID = 11,
	GETVAL = 12,
	GETALL = 13,
	GETNCNT = 14,
	GETZCNT = 15,
	SETVAL = 16,
	SETALL = 17,
	SEM_STAT = 18,
	SEM_INFO = 19,
	SEM_STAT_ANY = 20
};
enum { MSG_STAT = 11, MSG_INFO = 12, MSG_STAT_ANY = 13 };

#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_REMAP 040000
#define SHM_EXEC 0100000
#define SHM_HUGETLB 04000
#define SHM_NORESERVE 010000
#define SHM_DEST 01000			/* in mode: goes when the last one detaches */
#define SHM_LOCKED 02000		/* in mode: not swapped */

#define SEM_UNDO 0x1000
#define SEMVMX 32767

#define MSG_NOERROR 010000
#define MSG_EXCEPT 020000
#define MSG_COPY 040000

struct ipc64_perm {
	s32 key;
	u32 uid, gid, cuid, cgid, mode;
	u16 seq, pad;
	u64 unused[2];
};

struct shmid64_ds {
	struct ipc64_perm shm_perm;
	u64 shm_segsz;
	s64 shm_atime, shm_dtime, shm_ctime;
	s32 shm_cpid, shm_lpid;
	u64 shm_nattch, unused[2];
};
struct shminfo64 { u64 shmmax, shmmin, shmmni, shmseg, shmall, unused[4]; };
struct shm_info {
	s32 used_ids, pad;
	u64 shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

struct semid64_ds {
	struct ipc64_perm sem_perm;
	s64 sem_otime;
	u64 unused1;
	s64 sem_ctime;
	u64 unused2, sem_nsems, unused[2];
};
struct seminfo { s32 semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem; };
struct sembuf { u16 sem_num; s16 sem_op, sem_flg; };

struct msqid64_ds {
	struct ipc64_perm msg_perm;
	s64 msg_stime, msg_rtime, msg_ctime;
	u64 msg_cbytes, msg_qnum, msg_qbytes;
	s32 msg_lspid, msg_lrpid;
	u64 unused[2];
};
struct msginfo { s32 msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql; u16 msgseg; };
