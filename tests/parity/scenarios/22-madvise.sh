# 22: madvise DONTNEED, FREE, COLD, PAGEOUT, WILLNEED, POPULATE_*, *ONFORK, REMOVE, MERGEABLE, HUGEPAGE: smaps, mincore, pagemap and faults after each
# boot: -m 384 -s 128 -c 1 -k transparent_hugepage=never
# programs: madv hold
# close: 4,64 Rss .*pages; 
r() { echo "# $*"; eval "$*"; }
r madv dontneed free free+push cold cold+push pageout pageout+push willneed populate_read populate_write dontfork wipeonfork remove mergeable hugepage nohugepage sequential random
r 'grep -E "pglazyfree|pgdeactivate|pswp|swap_ra" /proc/vmstat'
echo; echo '== without swap: COLD and PAGEOUT of anonymous memory do nothing, FREE works'
r 'swapoff /dev/vda; madv pageout free'
r 'grep -E "pglazyfree|pgdeactivate|pswp|swap_ra" /proc/vmstat'
