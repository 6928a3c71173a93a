/*
 * sysfs_topology.c - /sys/devices/system/cpu and /sys/devices/system/node: which CPUs and which
 *                    memory there are, and how they belong together.
 *
 * Idea:   a file is a function and a number, of a CPU or of a node. The files of
 *         every possible CPU and every node are made when /sys is; nothing comes or goes later.
 * Locks:  none: made at boot.
 * Above:  sysfs.c.   Below: mm/node.c, kernel/x86/topology.c.
 *         In Linux: drivers/base/cpu.c, node.c, topology.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/fs/sysfs.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/x86/topology.h"
#include "mm/mmzone.h"
#include "mm/node.h"
#include "mm/numa.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

/* --- the whole machine's --- */

static int show_cpus(struct seq_file *m, int n)
{
	seq_printf(m, n > 1 ? "0-%d\n" : "%d\n", n - 1);
	return 0;
}
static int online_show(struct seq_file *m) { return show_cpus(m, nr_cpus); }
static int possible_show(struct seq_file *m) { return show_cpus(m, nr_cpus_possible); }
static int kernel_max_show(struct seq_file *m)
{
	seq_printf(m, "%d\n", MAX_CPUS - 1);
	return 0;
}
static int offline_show(struct seq_file *m)
{
	unsigned long offline = ((1UL << nr_cpus_possible) - 1) & ~((1UL << nr_cpus) - 1);

	seq_printf(m, "%*pbl\n", MAX_CPUS, &offline);
	return 0;
}
CTL_FILE("/sys/devices/system/cpu/online", .mode = 0444, .show = online_show);
CTL_FILE("/sys/devices/system/cpu/offline", .mode = 0444, .show = offline_show);
CTL_FILE("/sys/devices/system/cpu/present", .mode = 0444, .show = possible_show);
CTL_FILE("/sys/devices/system/cpu/possible", .mode = 0444, .show = possible_show);
CTL_FILE("/sys/devices/system/cpu/kernel_max", .mode = 0444, .show = kernel_max_show);

/* The nodes of which @has is true. */
static int show_nodes(struct seq_file *m, bool (*has)(pg_data_t *pgdat))
{
	nodemask_t mask = NODE_MASK_NONE;
	int nid;

	for_each_online_node(nid)
		if (!has || has(NODE_DATA(nid)))
			node_set(nid, &mask);
	seq_printf(m, "%*pbl\n", nodemask_list(&mask));
	return 0;
}
static bool has_memory(pg_data_t *pgdat) { return pgdat->node_present_pages; }
static bool has_normal(pg_data_t *pgdat)
{
	return pgdat->node_zones[ZONE_DMA].present_pages ||
	       pgdat->node_zones[ZONE_NORMAL].present_pages;
}
static bool has_cpu(pg_data_t *pgdat) { return node_cpumask(pgdat->node_id); }
static int nodes_show(struct seq_file *m) { return show_nodes(m, NULL); }
static int has_memory_show(struct seq_file *m) { return show_nodes(m, has_memory); }
static int has_normal_show(struct seq_file *m) { return show_nodes(m, has_normal); }
static int has_cpu_show(struct seq_file *m) { return show_nodes(m, has_cpu); }
CTL_FILE("/sys/devices/system/node/online", .mode = 0444, .show = nodes_show);
CTL_FILE("/sys/devices/system/node/possible", .mode = 0444, .show = nodes_show);
CTL_FILE("/sys/devices/system/node/has_memory", .mode = 0444, .show = has_memory_show);
CTL_FILE("/sys/devices/system/node/has_high_memory", .mode = 0444, .show = has_memory_show);
CTL_FILE("/sys/devices/system/node/has_normal_memory", .mode = 0444, .show = has_normal_show);
CTL_FILE("/sys/devices/system/node/has_cpu", .mode = 0444, .show = has_cpu_show);

/* --- a CPU's --- */

static int core_id_show(struct seq_file *m, int cpu)
{
	seq_printf(m, "%u\n", cpu_core_id(cpu));
	return 0;
}
static int package_id_show(struct seq_file *m, int cpu)
{
	seq_printf(m, "%u\n", cpu_package_id(cpu));
	return 0;
}
static int show_map(struct seq_file *m, u64 mask)
{
	seq_print_mask(m, mask, nr_cpus_possible);
	seq_putc(m, '\n');
	return 0;
}
static int show_list(struct seq_file *m, u64 mask)
{
	seq_printf(m, "%*pbl\n", MAX_CPUS, &mask);
	return 0;
}
static int core_map_show(struct seq_file *m, int cpu) { return show_map(m, cpu_core_mask(cpu)); }
static int core_list_show(struct seq_file *m, int cpu) { return show_list(m, cpu_core_mask(cpu)); }
static int package_map_show(struct seq_file *m, int cpu)
{
	return show_map(m, cpu_package_mask(cpu));
}
static int package_list_show(struct seq_file *m, int cpu)
{
	return show_list(m, cpu_package_mask(cpu));
}

/* --- the files --- */

struct numbered_file {
	const char *name;
	int (*show)(struct seq_file *m, int number);
};
/* The old names (siblings) and the new ones (cpus) of the same sets. */
static const struct numbered_file cpu_files[] = {
	{ "topology/core_id", core_id_show },
	{ "topology/physical_package_id", package_id_show },
	{ "topology/core_cpus", core_map_show },
	{ "topology/core_cpus_list", core_list_show },
	{ "topology/thread_siblings", core_map_show },
	{ "topology/thread_siblings_list", core_list_show },
	{ "topology/package_cpus", package_map_show },
	{ "topology/package_cpus_list", package_list_show },
	{ "topology/core_siblings", package_map_show },
	{ "topology/core_siblings_list", package_list_show },
};
static const struct numbered_file node_files[] = {
	{ "meminfo", node_show_meminfo },   { "numastat", node_show_numastat },
	{ "vmstat", node_show_vmstat },	    { "distance", node_show_distance },
	{ "cpulist", node_show_cpulist },   { "cpumap", node_show_cpumap },
};

/* Function and number of one file; what its inode's i_private points to. */
struct bound_file { const struct numbered_file *file; int number; };

static int bound_show(struct text_file *t)
{
	const struct bound_file *b = t->entry;

	return b->file->show(&t->m, b->number);
}
static int bound_open(struct inode *inode, struct file *file)
{
	return text_open(file, bound_show, inode->i_private, NULL);
}
static const struct file_operations bound_fops = {
	.open = bound_open, .release = text_release, .read = text_read,
};

static void add_files(struct super_block *sb, const char *kind, int number,
		      const struct numbered_file *files, unsigned int n)
{
	struct bound_file *bound = kmalloc(n * sizeof(*bound), GFP_KERNEL);
	char path[96];

	BUG_ON(!bound);		/* boot */
	for (unsigned int i = 0; i < n; i++) {
		bound[i] = (struct bound_file){ &files[i], number };
		snprintf(path, sizeof(path), "devices/system/%s/%s%d/%s", kind, kind, number,
			 files[i].name);
		WARN_ON(!tree_add(sb, path, S_IFREG | 0444, &bound_fops, &bound[i]));
	}
}

/* sysfs.h */
void sysfs_add_topology(struct super_block *sb)
{
	int cpu, nid;

	for_each_possible_cpu(cpu)
		add_files(sb, "cpu", cpu, cpu_files, ARRAY_SIZE(cpu_files));
	for_each_online_node(nid)
		add_files(sb, "node", nid, node_files, ARRAY_SIZE(node_files));
}

/*
 * The links between a node and its CPUs: which they are is known when all are up.
 * => process 1, before /init
 */
void sysfs_link_cpus(void)
{
	static char targets[MAX_CPUS][2][40];
	struct super_block *sb = sysfs_tree();
	char path[64];
	int cpu;

	for_each_online_cpu(cpu) {
		int nid = cpu_to_node(cpu);

		snprintf(targets[cpu][0], sizeof(targets[cpu][0]), "../../cpu/cpu%d", cpu);
		snprintf(path, sizeof(path), "devices/system/node/node%d/cpu%d", nid, cpu);
		WARN_ON(!tree_symlink(sb, path, targets[cpu][0]));
		snprintf(targets[cpu][1], sizeof(targets[cpu][1]), "../../node/node%d", nid);
		snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/node%d", cpu, nid);
		WARN_ON(!tree_symlink(sb, path, targets[cpu][1]));
	}
}
