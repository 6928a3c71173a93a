# 28: a mapping and what is done to it: every madvise, mlock in all its forms, fork, mremap; smaps, pagemap, mincore and vmstat before and after
# boot: -m 512 -s 64 -c 1 -k transparent_hugepage=never
# programs: memdo
# close: 0,12 vma .*
# close: 0,12 (madvise|mlock\w*|munlock\w*|mprotect|mremap|mmap|shmctl|shm|fadvise): \d+
# close: 0,15 (pagemap|mincore|delta).*
# close: 0,0 sum \d+
r() { echo "# $*"; eval "$*"; }
for a in 0 1 2 3 4 8 9 10 11 16 17 18 19 20 21 22 23 26 102; do r "memdo anon 256 w adv $a smaps pm minc r smaps"; done
mkdir /t; mount -t tmpfs -o size=1m t /t; dd if=/dev/zero of=/t/f bs=4k count=64 2>/dev/null
for a in 4 8 9 20 21 22 23; do
  r "memdo shared 256 w adv $a smaps pm r smaps"
  r "memdo file /t/f w adv $a smaps pm r smaps"
  r "memdo filep /t/f w adv $a smaps pm r smaps"
done
r 'memdo anon 256 w mlock adv 4 adv 8 adv 20 adv 21 adv 3 adv 22 adv 23 adv 9 smaps munlock adv 8 smaps'
for p in 0 1; do r "memdo anon 256 prot $p adv 23 adv 22 adv 4 adv 8 adv 21 smaps"; done
r 'memdo anon 256 w adv 10 fork smaps; memdo anon 256 w adv 18 fork smaps sum; memdo anon 256 w fork adv 4 smaps'
r 'memdo anon 256 w unmap adv 4; memdo shared 256 w adv 18'
echo '== mlock'
r 'memdo anon 1024 mlock smaps munlock smaps; memdo anon 1024 mlock2 1 smaps half smaps munlock smaps'
for f in 0 4 8 7 16 6 2; do r "memdo mlockall $f anon 1024 smaps half smaps"; done
r 'memdo anon 1024 w mlockall 5 smaps munlockall smaps; memdo anon 256 mlockall 2 fork smaps anon 256 smaps'
r 'memdo anonf 256 0x2000 smaps; memdo anon 1024 w mlock remap 2048 smaps remap 512 smaps'
r 'memdo memlock 64 uid 1000 anon 64 mlock anon 128 mlock mlockall 1 mlockall 2 mlockall 6 anonf 128 0x2000 anonf 4 0x2000 shm 64 shmctl 11 shmctl 12'
r 'memdo memlock 0 uid 1000 anon 64 mlock mlock2 1 munlock mlockall 1 munlockall anonf 4 0x2000 shm 64 shmctl 11'
r 'memdo anon 64 prot 0 mlock smaps prot 3 smaps; memdo anon 64 mlock prot 0 smaps'
r 'memdo shm 256 w shmctl 11 smaps shmctl 0 shmctl 12 smaps shmctl 99 shmctl 15'
r 'memdo save unevictable_pgs_culled save unevictable_pgs_mlocked save unevictable_pgs_munlocked save unevictable_pgs_rescued save unevictable_pgs_scanned anon 1024 w mlock delta munlock delta'
r 'memdo save pglazyfree save pglazyfreed save pswpout anon 4096 w adv 8 delta unmap delta'
r 'memdo save nr_shmem shared 4096 w delta unmap delta'
echo '== swapped'
r 'memdo anon 1024 w adv 21 smaps mlock smaps; memdo anon 1024 w adv 21 remap 2048 smaps sum; memdo anon 1024 w adv 21 adv 4 smaps'
r 'memdo anon 1024 w adv 21 prot 0 smaps prot 1 r smaps; memdo anon 1024 w fork adv 21 smaps'
r 'memdo file /t/f w adv 21 smaps pm sum; memdo anon 64 w write /proc/self/clear_refs 4 pm half pm write /proc/self/clear_refs 9'
r 'swapoff /t; swapoff /t/f; swapoff /t/none; swapoff /dev/vda; cat /proc/swaps'
