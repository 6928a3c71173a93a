/*
 * ioctl.h - ioctl(2) numbers that are not a terminal's. Linux x86-64's.
 */
#pragma once

#define FIOCLEX 0x5451
#define FIONCLEX 0x5450
#define FIONREAD 0x541B
#define FIONBIO 0x5421
#define FIOASYNC 0x5452
#define FIOQSIZE 0x5460
#define FIBMAP 1
#define FIGETBSZ 2
#define BLKROSET 0x125d
#define BLKROGET 0x125e
#define BLKRRPART 0x125f
#define BLKGETSIZE 0x1260
#define BLKFLSBUF 0x1261
#define BLKSSZGET 0x1268
#define BLKPG 0x1269
#define BLKPG_ADD_PARTITION 1
#define BLKPG_DEL_PARTITION 2
#define BLKPG_RESIZE_PARTITION 3
struct blkpg_ioctl_arg { int op, flags, datalen; void *data; };
struct blkpg_partition { long long start, length; int pno; char devname[64], volname[64]; };
#define BLKBSZGET 0x80081270
#define BLKBSZSET 0x40081271
#define BLKGETSIZE64 0x80081272
#define BLKIOMIN 0x1278
#define BLKIOOPT 0x1279
#define BLKALIGNOFF 0x127a
#define BLKPBSZGET 0x127b
#define BLKDISCARDZEROES 0x127c
#define BLKROTATIONAL 0x127e
