# 30: groups: limits lowered below use, swap.max and swap.high, oom.group in a tree, freezer and OOM, kill, moves, memory.min, dirty pages in a small group, a kubelet's tree
# boot: -m 512 -s 128 -c 1 -t 200 -k transparent_hugepage=never
# disks: ext2:64
# programs: memdo
# close: 0,1 \d+ MiB
r() { echo "# $*"; eval "$*"; }
mkdir /cg; mount -t cgroup2 none /cg; cd /cg; echo '+memory +pids' > cgroup.subtree_control
echo 1 > /proc/sys/kernel/printk
new() { for g; do mkdir -p /cg/$g; done; }
on() { for g; do echo '+memory' > /cg/$g/cgroup.subtree_control; done; }
in_() { g=$1; shift; (echo 0 > /cg/$g/cgroup.procs; exec "$@"); }
# oom counts and kills; high and max depend on how reclaim went
ev() { for g; do echo $g $(grep oom $g/memory.events | sed 's/ / v/') local $(grep oom $g/memory.events.local | sed 's/ / v/'); done; }
log() { dmesg -c | grep -E "oom-kill:|Killed|Tasks in" | sed 's/^\[[^]]*\] //; s/total-vm.*oom_/oom_/'; }
mib() { for f; do echo "$f $(( ($(cat $f) + 524288) / 1048576 )) MiB"; done; }
# until the condition holds
til() { n=0; until eval "$1" || [ $n = 300 ]; do sleep 0.1; n=$((n + 1)); done; [ $n -lt 300 ] || echo "never: $1"; }
holds() { til "[ \$(cat $1/memory.current) -gt $2 ]"; }
clean() { for g in $(find /cg -depth -mindepth 1 -type d); do echo 1 > $g/cgroup.kill; done; wait 2>/dev/null; for g in $(find /cg -depth -mindepth 1 -type d); do til "rmdir $g 2>/dev/null"; done; }
dmesg -c > /dev/null
echo "== limits below use"
new a; echo 100M > a/memory.max; in_ a memdo anon 40960 w echo there pause & holds a 41000000
r 'echo 20M > a/memory.max; echo $?; [ $(cat a/memory.current) -le 20971520 ] && echo kept; ev a; mib a/memory.peak'
r 'echo 0 > a/memory.swap.max; echo $?; [ $(cat a/memory.swap.current) -gt 15000000 ] && echo stays; echo 5M > a/memory.swap.high; cat a/memory.swap.high a/memory.swap.events'
r 'echo 0 > a/memory.peak; echo 1 > a/memory.current'
clean
echo "== oom.group in a tree"
new b/c b/d; on b; echo 1 > b/memory.oom.group; echo 30M > b/memory.max; echo 0 > b/memory.swap.max
in_ b/c sleep 1000 & in_ b/d sleep 1001 & til 'grep -q . b/c/cgroup.procs && grep -q . b/d/cgroup.procs'
r 'in_ b/c memdo anon 40960 w; echo $?; til "! grep -q . b/d/cgroup.procs"; ev b b/c b/d'; wait; r log
echo 0 > b/memory.oom.group; echo 1 > b/c/memory.oom.group
in_ b/c sleep 1000 & in_ b/d sleep 1001 & til 'grep -q . b/c/cgroup.procs && grep -q . b/d/cgroup.procs'
r 'in_ b/c memdo anon 40960 w; echo $?; til "! grep -q . b/c/cgroup.procs"; grep -c . b/d/cgroup.procs; ev b b/c b/d'; r log
r 'rmdir b b/c'; clean
echo "== freezer"
new f; echo 20M > f/memory.max; echo 0 > f/memory.swap.max
in_ f memdo anon 12288 w pause & holds f 12582912
r 'echo 1 > f/cgroup.freeze; til "grep -q frozen.1 f/cgroup.events"; cat f/cgroup.events f/cgroup.freeze'
r 'in_ f memdo anon 6144 w echo not yet & til "[ \$(grep -c . f/cgroup.procs) = 2 ]"; til "grep -q frozen.1 f/cgroup.events"; cat f/cgroup.events'
r 'echo 1 > f/cgroup.kill; til "grep -q populated.0 f/cgroup.events"; cat f/cgroup.events; ev f'; clean
echo "== moves"
new g h; in_ g memdo anon 10240 w pause & holds g 10485760
r 'for p in $(cat g/cgroup.procs); do echo $p > h/cgroup.procs; done; mib g/memory.current h/memory.current; rmdir h; rmdir g; echo $?; sed "s/ / v/" cgroup.stat | head -1'; clean
r 'echo 99999 > cgroup.procs; echo -1 > cgroup.procs; echo x > cgroup.procs'
echo "== subtree_control, names, modes"
new j/k
r 'echo +memory > j/k/cgroup.subtree_control; echo +memory > j/cgroup.subtree_control; echo +memory > j/k/cgroup.subtree_control; cat j/k/cgroup.subtree_control; (echo 0 > j/cgroup.procs); echo +bad > j/cgroup.subtree_control; echo memory > j/cgroup.subtree_control; echo "+pids -pids" > j/cgroup.subtree_control; echo -memory > j/cgroup.subtree_control; echo -memory > j/k/cgroup.subtree_control; echo "-memory +pids" > j/cgroup.subtree_control; cat j/cgroup.subtree_control'
r 'echo threaded > j/k/cgroup.type; cat j/cgroup.type j/k/cgroup.type'
r 'mkdir j/cgroup.procs; touch j/file; rm j/cgroup.procs; mv j/k j/z; ln j/cgroup.procs j/l; chmod 600 j/cgroup.procs; ls -l j/cgroup.procs | cut -c1-10'; clean
echo "== memory.min"
for parent in 30M; do
  new p/a p/b; on p; echo 60M > p/memory.max; echo 30M > p/a/memory.min; echo $parent > p/memory.min
  in_ p/a memdo anon 30720 w pause & holds p/a 31457280
  in_ p/b memdo anon 51200 w echo written pause > /out & til 'grep -q written /out'
  r "mib p/a/memory.current p/a/memory.swap.current; ev p"; clean; rm /out
done
echo "== dirty pages of a file in a small group"
mkdir /d; mount -t ext4 /dev/vdb /d; new w; echo 5M > w/memory.max
r 'in_ w dd if=/dev/zero of=/d/x bs=64k count=320 2>/dev/null; echo $?; in_ w cat /d/x | wc -c; in_ w dd if=/dev/zero of=/d/x bs=64k count=320 conv=notrunc 2>/dev/null; echo $?; ev w'
r 'in_ w memdo file /d/x w sum; echo $?; ev w; umount /d; echo $?'; clean
echo "== kubelet"
K=kubepods; new $K/burstable/pod1/c1 $K/burstable/pod1/c2 $K/besteffort/pod2/c3 $K/pod3/c4
on $K $K/burstable $K/burstable/pod1 $K/besteffort $K/besteffort/pod2 $K/pod3
echo 150M > $K/memory.max; echo 0 > $K/memory.swap.max; echo 40M > $K/pod3/memory.max; echo 60M > $K/burstable/pod1/memory.max; echo 50M > $K/burstable/pod1/c1/memory.max
in_ $K/pod3/c4 memdo write /proc/self/oom_score_adj -997 anon 30720 w pause & holds $K/pod3/c4 31457280
in_ $K/besteffort/pod2/c3 memdo write /proc/self/oom_score_adj 1000 anon 20480 w pause & holds $K/besteffort/pod2/c3 20971520
in_ $K/burstable/pod1/c2 memdo write /proc/self/oom_score_adj 900 anon 20480 w pause & holds $K/burstable/pod1/c2 20971520
r 'in_ $K/burstable/pod1/c1 memdo write /proc/self/oom_score_adj 950 anon 57344 w; echo $?; log'
r 'in_ $K/burstable/pod1/c1 memdo write /proc/self/oom_score_adj 800 anon 46080 w; echo $?; log'
r 'in_ $K/besteffort/pod2/c3 memdo write /proc/self/oom_score_adj 999 anon 184320 w; echo $?; log'
r 'ev $K $K/burstable $K/burstable/pod1 $K/burstable/pod1/c1 $K/burstable/pod1/c2 $K/besteffort/pod2/c3 $K/pod3/c4; cat $K/pod3/c4/cgroup.procs | grep -c .'
clean; r 'sed "s/ / v/" cgroup.stat | head -1; ls -d */ 2>&1'
