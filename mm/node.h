/*
 * node.h - the text of /sys/devices/system/node/nodeN/…; kernel/fs makes the files.
 */
#pragma once

#include "kernel/lib/ctlfile.h"

int node_show_meminfo(struct seq_file *m, int nid);
int node_show_numastat(struct seq_file *m, int nid);
int node_show_vmstat(struct seq_file *m, int nid);
int node_show_distance(struct seq_file *m, int nid);
int node_show_cpulist(struct seq_file *m, int nid);
int node_show_cpumap(struct seq_file *m, int nid);
/* "3", "ff", "1,00000000": @mask in hex, as many digits as @bits need */
void seq_print_mask(struct seq_file *m, u64 mask, int bits);
