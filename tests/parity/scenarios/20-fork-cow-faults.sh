# 20: fork and copy-on-write in smaps, step by step; minor and major faults of the usual accesses; the same with transparent huge pages
# boot: -m 512 -s 256 -c 1 -k transparent_hugepage=never
# disks: ext4:64
# programs: fork_cow faults hold madv
# close: 1,8 Rss .*
# close: 1,8 minflt .*
r() { echo "# $*"; eval "$*"; }
mkdir /disk; mount -t ext4 /dev/vdb /disk; dd if=/dev/zero of=/disk/f bs=1M count=8 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches
r fork_cow 32
r faults /disk/f
r cat /proc/sys/vm/page-cluster
r 'echo 0 > /proc/sys/vm/page-cluster'
r faults /disk/f
r 'echo 3 > /proc/sys/vm/page-cluster'
echo '# VmRSS and VmSwap of a process that was pushed out, and what brings it back'
hold 64 & h=$!
sleep 1
r "grep -E 'VmRSS|VmSwap|VmHWM|RssAnon' /proc/$h/status"
hold 420 1
r "grep -E 'VmRSS|VmSwap|VmHWM|RssAnon' /proc/$h/status"
r "awk '{print \"minflt\", \$10, \"majflt\", \$12}' /proc/$h/stat"
r 'grep -E "Swap|AnonPages" /proc/meminfo'
kill -9 $h; wait $h
r 'grep -E "Swap|AnonPages" /proc/meminfo'
r 'grep -E "pswp|pgfault|pgmajfault|pgreuse|swap_ra" /proc/vmstat'
