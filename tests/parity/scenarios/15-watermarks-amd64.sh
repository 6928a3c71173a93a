# 15: lowmem_reserve_ratio, min_free_kbytes, watermark_scale_factor: what they do to zoneinfo (amd64)
# boot: -m 512 -c 1 -k transparent_hugepage=never
# programs: wr
# close: 15,8 (min|low|high|managed) \d+.*
# close: 5,0 ^\d+$
# close: 15,8 protection: .*
r() { echo "# $*"; eval "$*"; }
zones() { awk '/^Node/ {z=$4} /  (min|low|high|managed|boost) / {printf "%s %s %s; ", z, $1, $2} /protection/ {print z, $0}' /proc/zoneinfo; }
r 'cat /proc/sys/vm/lowmem_reserve_ratio /proc/sys/vm/min_free_kbytes /proc/sys/vm/watermark_scale_factor /proc/sys/vm/watermark_boost_factor'; zones
r 'cat /proc/sys/vm/user_reserve_kbytes /proc/sys/vm/admin_reserve_kbytes'
for v in '32 32 32 0 0' '1 1 1 1 1' '0 0 0 0 0' '256 256 32 0 0' '64' '64 16'; do
  r "wr /proc/sys/vm/lowmem_reserve_ratio '$v'; cat /proc/sys/vm/lowmem_reserve_ratio"; zones
done
echo '256 256 32 0 0' > /proc/sys/vm/lowmem_reserve_ratio
for v in 1024 8192 16384 65536 131072; do r "wr /proc/sys/vm/min_free_kbytes $v; cat /proc/sys/vm/min_free_kbytes"; zones; r "grep -E 'MemAvailable|MemFree' /proc/meminfo"; done
r 'wr /proc/sys/vm/min_free_kbytes 0 -1 x 2743; cat /proc/sys/vm/min_free_kbytes'; zones
for v in 1 100 1000 3000; do r "wr /proc/sys/vm/watermark_scale_factor $v; cat /proc/sys/vm/watermark_scale_factor"; zones; done
r 'wr /proc/sys/vm/watermark_scale_factor 0 3001'
r 'wr /proc/sys/vm/watermark_scale_factor 10; wr /proc/sys/vm/percpu_pagelist_high_fraction 8 7 0; grep -A4 pagesets /proc/zoneinfo'
