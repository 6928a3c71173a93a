# 29: memory policies on two nodes: modes and flags, right and wrong, of the task and of a mapping; numa_maps, move_pages, migrate_pages; cpuset.mems written in every way, and what it does to policies
# boot: -m 512 -c 2 -k transparent_hugepage=never
# qemu: -object memory-backend-ram,id=m0,size=256M -object memory-backend-ram,id=m1,size=256M -numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1,cpus=1
# programs: nodes
r() { echo "# $*"; eval "$*"; }
on0() { taskset 1 nodes "$@"; }
for a in "3 3" "2 2" "1 2" "1 0" "0 0" "4 0" "4 1" "2 0" "3 0" "3 4" "2 4" "5 2" "5 3" "6 3" "99 1" "0x8002 2" "0x4003 3" "0xc002 2" \
  "0x4002 8" "0x8000 1" "0x2002 2" "0x2001 2" "0x8004 0" "0x8001 0" "0x4001 2"; do
  r "on0 pol $a alloc 1024 touch maps get"
done
for a in "3 3 0" "2 2 0" "1 2 0" "0 0 0" "4 0 0" "2 2 1" "2 2 2" "2 2 4" "2 2 7" "2 2 8" "5 2 0" "2 0 0" "3 1 2" "0 1 0"; do
  r "on0 alloc 512 mbind $a maps touch maps"
done
r 'on0 alloc 512 touch mbind 2 2 2 maps mbind 2 1 1; on0 pol 2 1 alloc 512 touch mbind 2 2 1'
r 'on0 alloc 256 touch movepages 1 maps movepages 0 movepages 5 movepages -1 status'
r 'on0 alloc 256 movepages 1 status'
r 'on0 alloc 256 touch migrate 1 2 maps migrate 2 1 maps migrate 4 1 migrate 0 0'
r 'on0 getat 0; on0 alloc 64 getat 1; on0 alloc 64 touch getat 3; on0 getat 4; on0 getat 2; on0 getat 8'
r 'on0 pol 3 3 alloc 1024 touch maps fork maps touch maps'
r 'cat /sys/devices/system/node/node1/cpulist /sys/devices/system/node/node1/cpumap /sys/devices/system/node/node1/distance'
mkdir -p /cg; mount -t cgroup2 none /cg; echo '+cpuset +memory' > /cg/cgroup.subtree_control; mkdir -p /cg/a/b
echo '+cpuset' > /cg/a/cgroup.subtree_control
m() { echo "$1" > /cg/a/cpuset.mems; for f in mems mems.effective; do tr '\n' ';' < /cg/a/cpuset.$f | tr 01 ab; done; tr 01 ab < /cg/a/b/cpuset.mems.effective; }
for v in 1 0-1 0-7 5 1,1 1-0 ,1, ' 0 ' 0-1:1/2 0-1:2/2 0-1:3/2 0:1/2 all N 0-N x 1x 4294967296 ''; do r "m '$v'"; done
in_() { g=$1; shift; (echo 0 > /cg/$g/cgroup.procs; exec "$@"); }
m 1; echo 1 > /cg/a/cpuset.cpus
r 'in_ a/b grep -E "_allowed_list" /proc/self/status | tr 01 ab'
r 'in_ a/b nodes alloc 512 touch maps pol 2 1; in_ a/b nodes pol 2 3 get alloc 256 touch maps; in_ a/b nodes pol 0x4002 1 get alloc 256 touch maps'
r 'in_ a/b nodes pol 0x8002 1 get; in_ a/b nodes pol 3 3 get; in_ a/b cat /proc/self/cpuset'
