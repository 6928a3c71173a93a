# 27: what a wrong or odd text does to the sysctls of vm, to a process's files and to a group's: empty, signed, hex, with blanks and NULs, too large, too long
# boot: -m 512 -s 64 -c 1 -k transparent_hugepage=never
# programs: oddwrite
r() { echo "# $*"; eval "$*"; }
echo 1 > /proc/sys/kernel/printk
for f in admin_reserve_kbytes dirty_background_bytes dirty_background_ratio dirty_bytes dirty_expire_centisecs dirty_ratio \
  dirty_writeback_centisecs drop_caches max_map_count min_free_kbytes mmap_min_addr oom_dump_tasks oom_kill_allocating_task \
  overcommit_kbytes overcommit_memory overcommit_ratio page-cluster panic_on_oom percpu_pagelist_high_fraction swappiness \
  user_reserve_kbytes vfs_cache_pressure watermark_boost_factor watermark_scale_factor; do
  r oddwrite /proc/sys/vm/$f
done
r oddwrite -q /proc/sys/vm/lowmem_reserve_ratio
for f in kernel/panic kernel/printk_ratelimit kernel/sysrq kernel/shmmax kernel/sem kernel/hung_task_timeout_secs kernel/hostname \
  kernel/randomize_va_space fs/pipe-user-pages-soft fs/suid_dumpable; do
  r oddwrite /proc/sys/$f
done
for f in oom_score_adj oom_adj clear_refs coredump_filter; do r oddwrite /proc/self/$f; done
r oddwrite -q /proc/pressure/memory
mkdir /cg; mount -t cgroup2 none /cg; echo '+memory +pids +cpuset' > /cg/cgroup.subtree_control; mkdir /cg/a
for f in cgroup.freeze cgroup.max.depth cgroup.max.descendants cgroup.subtree_control cgroup.type cpuset.cpus cpuset.mems \
  memory.high memory.low memory.max memory.min memory.oom.group memory.swap.high memory.swap.max pids.max; do
  r oddwrite /cg/a/$f
done
for f in cgroup.kill cgroup.events memory.reclaim memory.current memory.peak memory.stat memory.events memory.pressure; do
  r oddwrite -q /cg/a/$f
done
# pieces: a number counts at the start only, a string goes on where it ended
r 'exec 5> /proc/sys/vm/swappiness; echo 70 >&5; echo 80 >&5; exec 5>&-; cat /proc/sys/vm/swappiness'
r 'exec 5> /proc/sys/kernel/hostname; printf abc >&5; printf def >&5; exec 5>&-; cat /proc/sys/kernel/hostname'
r 'exec 5<> /proc/self/clear_refs; read x <&5; echo $?; exec 5>&-; cat /cg/a/memory.reclaim /cg/a/cgroup.kill /proc/sys/vm/drop_caches'
