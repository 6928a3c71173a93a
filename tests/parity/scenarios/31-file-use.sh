# 31: what counts as use of a file's page: reads, rewrites, small pieces, mappings, madvise, drop_caches; major faults of a mapped file; what owns a zombie's files
# boot: -m 512 -s 64 -c 1 -k transparent_hugepage=never
# disks: ext2:100
# programs: memdo
# close: 0,2 ^nr_\S+ \d+$
# close: 0,3 delta: .*
r() { echo "# $*"; eval "$*"; }
mount -t ext2 /dev/vdb /mnt 2>/dev/null || mount -t ext4 /dev/vdb /mnt; mkdir /t; mount -t tmpfs none /t
# MiB on the lists
lru() { sync; awk '/^nr_(in)?active_/ {print $1, int($2 / 256 + 0.5)}' /proc/vmstat; }
r lru
r 'dd if=/dev/zero of=/mnt/a bs=1M count=20 2>/dev/null; lru'
r 'dd if=/dev/zero of=/mnt/a bs=1M count=20 conv=notrunc 2>/dev/null; lru'
r 'dd if=/dev/zero of=/mnt/a bs=64k count=320 conv=notrunc 2>/dev/null; lru'
r 'dd if=/mnt/a of=/dev/null bs=1M 2>/dev/null; lru'
r 'dd if=/dev/zero of=/mnt/a bs=1M count=20 conv=notrunc 2>/dev/null; lru'
r 'dd if=/mnt/a of=/dev/null bs=1M 2>/dev/null; lru'
rm /mnt/a
r 'dd if=/dev/zero of=/mnt/b bs=1k count=20480 2>/dev/null; lru'
r 'dd if=/mnt/b of=/dev/null bs=1k 2>/dev/null; lru'
r 'dd if=/mnt/b of=/dev/null bs=1k 2>/dev/null; lru'
r 'memdo file /mnt/b fadv 4; lru'
r 'memdo file /mnt/b r; lru'
r 'memdo file /mnt/b r; lru'
r 'cat /mnt/b > /dev/null; lru'
# dirty pages cannot be dropped, but are inactive afterwards
r 'memdo file /mnt/b w; echo 1 > /proc/sys/vm/drop_caches; grep -E "^nr_active_file" /proc/vmstat | awk "{print \$2 < 512}"'
rm /mnt/b; sync
echo "== tmpfs"
r 'dd if=/dev/zero of=/t/a bs=1M count=20 2>/dev/null; lru'
r 'dd if=/dev/zero of=/t/a bs=1M count=20 conv=notrunc 2>/dev/null; lru'
r 'dd if=/t/a of=/dev/null bs=1k 2>/dev/null; lru'
r 'memdo file /t/a r; lru; rm /t/a'
echo "== major faults"
dd if=/dev/zero of=/mnt/c bs=1M count=16 2>/dev/null; sync
for advice in 0 1 2; do echo 3 > /proc/sys/vm/drop_caches; r "memdo filep /mnt/c save pgmajfault adv $advice r delta"; done
r 'memdo filep /mnt/c save pgmajfault r delta'
echo "== names in numa_maps"
cp /mnt/c "/mnt/d e"
r 'memdo shared 4096 w sh "grep zero /proc/\$PPID/numa_maps | cut -d\" \" -f3"'
r 'memdo shm 4096 w sh "grep SYSV /proc/\$PPID/numa_maps | cut -d\" \" -f3"'
r 'memdo file "/mnt/d e" r sh "grep mnt /proc/\$PPID/numa_maps | cut -d\" \" -f3"'
echo "== a zombie's files are root's, its directory is not"
r 'memdo uid 1000 sh "sh -c \"exit 3\" & exec sleep 3" & sleep 1; for p in /proc/[0-9]*; do grep -q "^State:.Z" $p/status 2>/dev/null && ls -ld $p $p/oom_score_adj $p/stat $p/fd $p/task | cut -c1-34; done; wait'
