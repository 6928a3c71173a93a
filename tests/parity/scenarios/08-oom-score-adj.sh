# 08: /proc/PID/oom_score for a table of (resident size, oom_score_adj); then who dies: -1000 on the biggest, +500 on a small one
# boot: -m 512 -s 256 -c 2 -k transparent_hugepage=never
# programs: big_mm=big_mm,-DMB=16 hold withadj
# close: 1,2 oom_score_adj -?\d+ -> .*
r() { echo "# $*"; eval "$*"; }
holds() { # PID MIB: waits until it has touched all of it and sleeps; Linux counts up to 63 pages late
  until awk -v kb=$(($2 * 1024 - 256)) '/^State:/ { s = $2 } /^Vm(RSS|Swap)/ { has += $2 } END { exit s != "S" || has < kb }' /proc/$1/status; do usleep 50000; done
}
dmesg -c > /dev/null
r 'grep -E "MemTotal|SwapTotal" /proc/meminfo'
echo '# table: hold N, then write adj to oom_score_adj and read oom_score (and oom_adj)'
for mib in 0 1 16 64 128 256; do
  hold $mib > /dev/null & h=$!
  until [ "$(cat /proc/$h/comm)" = hold ]; do usleep 10000; done
  holds $h $mib
  usleep 300000   # 0 MiB: its start, too
  rss=$(awk '/VmRSS/ {print $2}' /proc/$h/status); swap=$(awk '/VmSwap/ {print $2}' /proc/$h/status); pte=$(awk '/VmPTE/ {print $2}' /proc/$h/status)
  for adj in -1000 -999 -998 -800 -500 -300 -100 -17 -1 0 1 17 100 300 500 800 999 1000; do
    echo $adj > /proc/$h/oom_score_adj
    echo "hold $mib: VmRSS $rss VmSwap $swap VmPTE $pte kB oom_score_adj $(cat /proc/$h/oom_score_adj) -> oom_score $(cat /proc/$h/oom_score) oom_adj $(cat /proc/$h/oom_adj)"
  done
  kill -9 $h; wait $h
done
dmesg -c > /dev/null
echo '# who dies: hold 200 at -1000, hold 24 at +500, hold 8 at +500, hold 100 at 0, then big_mm (16 MiB blocks)'
withadj -1000 hold 200 & p=$!
withadj 500 hold 24 & q=$!
withadj 500 hold 8 & s=$!
hold 100 & z=$!
holds $p 200; holds $q 24; holds $s 8; holds $z 100
for x in $p $q $s $z 1; do echo "pid $x $(cat /proc/$x/comm): oom_score_adj $(cat /proc/$x/oom_score_adj) oom_score $(cat /proc/$x/oom_score) $(grep VmRSS /proc/$x/status)"; done
big_mm; echo "big_mm: exit status $?"
for x in $p $q $s $z; do [ -d /proc/$x ] && [ "$(awk '/State/ {print $2}' /proc/$x/status)" != Z ] && echo "pid $x alive: $(grep -E 'VmRSS|VmSwap' /proc/$x/status | tr '\n' ' ')" || echo "pid $x gone"; done
r dmesg
r 'dmesg | grep -iE "killed process"'
