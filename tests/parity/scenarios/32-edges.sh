# 32: edges: locks and limits one page too far, growing stacks and breaks, process_madvise and process_mrelease, who shares an oom_score_adj, what counts as committed
# boot: -m 512 -s 64 -c 1 -k transparent_hugepage=never
# programs: lims procadv oomadj commit
# close: 0,0 VmLck -?\d+ VmData
# close: 0,0 (signal|exit|resident|child|args:|=) -?\d+
# close: 0,12 (ok|errno|memory) [+-]\d+$
r() { echo "# $*"; eval "$*"; }
r lims
r procadv
r 'oomadj; oomadj 1000'
r 'cat /proc/sys/vm/overcommit_memory; commit'
r 'echo 1 > /proc/sys/vm/overcommit_memory; commit'
r 'echo 2 > /proc/sys/vm/overcommit_memory; echo 60 > /proc/sys/vm/overcommit_ratio; commit; commit 1000'
