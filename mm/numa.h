/*
 * numa.h - which memory and which CPUs are a node, and how far nodes are apart.
 */
#pragma once

#include "kernel/lib/nodemask.h"
#include "kernel/x86/percpu.h"
#include "mm/mmzone.h"

#define LOCAL_DISTANCE 10		/* ACPI 6.4, 5.2.17 */
#define REMOTE_DISTANCE 20

/* From the ACPI tables or numa=fake=: nr_online_nodes. => memblock knows all RAM; parameters parsed */
void numa_init(void);
int numa_pfn_nid(unsigned long pfn);			/* boot: before struct pages are there */
unsigned long numa_segment_end(unsigned long pfn);	/* first pfn past @pfn's node's stretch */
int node_distance(int a, int b);
/* @cpu came up: which node it is in. => its APIC id is known */
void numa_cpu_up(int cpu);
u64 node_cpumask(int nid);				/* CPUs that are up */

/* zonelist.c */
/* All nodes, @nid first, then by distance; load[] spreads equals over the nodes that ask. */
void numa_node_order(int nid, int nr_nodes, int order[], int load[]);
void build_all_zonelists(void);		/* => every node's zones are there */
