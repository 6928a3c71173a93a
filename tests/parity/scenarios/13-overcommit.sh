# 13: vm.overcommit_memory 0, 1 and 2 with overcommit_ratio, overcommit_kbytes and the reserves: the largest mmap granted, to root and to uid 1000
# boot: -m 512 -s 256 -c 1 -k transparent_hugepage=never
# programs: ocprobe asuid wr hold forktry
# close: 1,8192 largest single mmap.*
# close: 1,8 ^CommitLimit: +\d+
r() { echo "# $*"; eval "$*"; }
probe() {
  grep -E 'CommitLimit|Committed_AS' /proc/meminfo | tr '\n' ' '; echo
  for k in plain noreserve ro shared; do ocprobe $k; done
  asuid 1000 /bin/ocprobe plain; asuid 1000 /bin/ocprobe noreserve
}
s() { echo "$2" > /proc/sys/vm/$1; echo "vm.$1 = $(cat /proc/sys/vm/$1)"; }
r 'grep -E "MemTotal|MemFree|SwapTotal|Commit" /proc/meminfo'
r 'grep . /proc/sys/vm/overcommit_* /proc/sys/vm/*_reserve_kbytes'
for mode in 0 1 2; do
  echo; s overcommit_memory $mode; s overcommit_ratio 50; probe
done
echo; s overcommit_ratio 100; probe
echo; s overcommit_ratio 0; probe
echo; s overcommit_kbytes 300000; r cat /proc/sys/vm/overcommit_ratio; probe
echo; s overcommit_ratio 80; r cat /proc/sys/vm/overcommit_kbytes; probe
echo; s admin_reserve_kbytes 65536; probe
echo; s admin_reserve_kbytes 0; s user_reserve_kbytes 0; probe
echo; s user_reserve_kbytes 131072; probe
echo; echo '== mode 2: fork and stack count too; what a refused fork says'
s admin_reserve_kbytes 8192; s user_reserve_kbytes 8192; s overcommit_ratio 50
hold 300 4 & h=$!
sleep 2; r 'grep -E "CommitLimit|Committed_AS" /proc/meminfo'
hold 195 1; echo "second hold: exit status $?"
wait $h
r forktry 300
r forktry 300 untouched
r forktry 200
echo; echo '== without swap'
r swapoff /dev/vda
for mode in 0 2; do s overcommit_memory $mode; probe; done
echo; echo '== bad values'
r 'wr /proc/sys/vm/overcommit_memory 3 -1 x; wr /proc/sys/vm/overcommit_ratio -1 1000; cat /proc/sys/vm/overcommit_ratio; wr /proc/sys/vm/overcommit_memory 0'
r 'asuid 1000 /bin/wr /proc/sys/vm/overcommit_memory 1'
r 'dmesg | grep -c __vm_enough_memory; dmesg | grep -E "__vm_enough|callbacks" | tail -4'
