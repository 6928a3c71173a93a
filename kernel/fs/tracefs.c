/*
 * tracefs.c - the file system "tracefs": which events are written down.
 *
 *         tracing_on  trace  trace_pipe  trace_marker  buffer_size_kb  set_event  available_events
 *         events/enable
 *         events/kmem/enable
 *         events/kmem/mm_page_alloc/{enable,id,format}
 *         per_cpu/cpu0/{trace,trace_pipe,stats}
 *
 * Idea:   the tree is fixed; it is made once, of the events that the kernel has. Rings are made
 *         when the first event is switched on: who never traces pays no memory. Files without an
 *         idea of their own are CTL_FILEs below "/tracefs/".
 * Locks:  trace_lock.
 * Above:  mount(2); main.c.   Below: kernel/sched/trace.c, trace_read.c, proc_generic.c.
 *         In Linux: fs/tracefs, kernel/trace/trace.c, trace_events.c.
 */
#include "kernel/fs/tracefs.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/statfs.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/proc_internal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/uaccess.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/trace.h"
#include "mm/vmalloc.h"

#define DEFAULT_KB 1408UL	/* a ring's size, as on Linux */
#define MIN_RING 8192UL		/* bytes: several of the largest records */

struct mutex trace_lock = MUTEX_INIT(trace_lock, LOCK_TRACE);
static u64 ring_bytes;		/* trace_lock: each CPU's; 0: not yet */
static u64 wanted_bytes;	/* trace_lock: what they will have; 0: the default */

/* --- the rings --- */

/* Linux's size, but never more than 1/64 of all memory for the rings together. */
static u64 default_bytes(void)
{
	u64 fair = ((u64)totalram_pages() << PAGE_SHIFT) / 64 / nr_cpus;

	return MAX(MIN(fair, DEFAULT_KB << 10), MIN_RING) & ~7UL;
}

/* Every CPU gets an empty ring of @size bytes. => trace_lock held. 0, -ENOMEM: all is as before */
static int set_ring_size(u64 size)
{
	void *ring[MAX_CPUS] = { NULL };
	int cpu;

	for_each_online_cpu(cpu) {
		ring[cpu] = vmalloc_gfp(size, GFP_KERNEL | __GFP_NOWARN | __GFP_HIGHMEM |
						      __GFP_RETRY_MAYFAIL);
		if (ring[cpu])
			continue;
		while (cpu--)
			vfree(ring[cpu]);
		return -ENOMEM;
	}
	for_each_online_cpu(cpu)
		vfree(trace_set_ring(cpu, ring[cpu], size));
	ring_bytes = size;
	return 0;
}

/* There is something to write to. => trace_lock held. 0, -ENOMEM */
static int need_rings(void)
{
	if (ring_bytes)
		return 0;
	return set_ring_size(wanted_bytes ? wanted_bytes : default_bytes());
}

static int buffer_size_show(struct seq_file *m)
{
	mutex_lock(&trace_lock);
	if (ring_bytes)
		seq_printf(m, "%lu\n", (unsigned long)ring_bytes >> 10);
	else
		seq_printf(m, "0 (expanded: %lu)\n",
			   (unsigned long)(wanted_bytes ? wanted_bytes : default_bytes()) >> 10);
	mutex_unlock(&trace_lock);
	return 0;
}

/* The number that a program wrote: no blanks, one newline at most. 0 or -errno */
static int parse_ulong(char *buf, size_t len, unsigned long *value)
{
	buf[MIN(len, (size_t)KSTRTO_LONG_MAX)] = 0;
	return kstrtoul(buf, 10, value);
}

static kssize_t buffer_size_write(char *buf, size_t len)
{
	unsigned long kb;
	int err = parse_ulong(buf, len, &kb);

	if (err)
		return err;
	if (!kb)
		return -EINVAL;
	if (kb > totalram_pages() << (PAGE_SHIFT - 10))
		return -ENOMEM;
	mutex_lock(&trace_lock);
	err = set_ring_size(MAX(kb << 10, MIN_RING));
	mutex_unlock(&trace_lock);
	return err ? err : (kssize_t)len;
}
CTL_FILE("/tracefs/buffer_size_kb", .mode = 0640, .show = buffer_size_show,
	 .write = buffer_size_write);

static int buffer_total_show(struct seq_file *m)
{
	mutex_lock(&trace_lock);
	seq_printf(m, "%lu\n", (unsigned long)ring_bytes * nr_cpus >> 10);
	mutex_unlock(&trace_lock);
	return 0;
}
CTL_FILE("/tracefs/buffer_total_size_kb", .mode = 0440, .show = buffer_total_show);

static int tracing_on_show(struct seq_file *m)
{
	seq_printf(m, "%d\n", tracing_on);
	return 0;
}

static kssize_t tracing_on_write(char *buf, size_t len)
{
	unsigned long value;
	int err = parse_ulong(buf, len, &value);

	if (err)
		return err;
	WRITE_ONCE(tracing_on, value != 0);
	if (!value)
		wake_up_all(&trace_wait);	/* for some it is the end: pipe_at_end() */
	return len;
}
CTL_FILE("/tracefs/tracing_on", .mode = 0640, .show = tracing_on_show, .write = tracing_on_write);

/* --- small ones --- */

static int nop_show(struct seq_file *m)
{
	seq_puts(m, "nop\n");
	return 0;
}
static kssize_t nop_write(char *buf, size_t len)
{
	return strcmp(strim(buf), "nop") ? -EINVAL : (kssize_t)len;
}
CTL_FILE("/tracefs/current_tracer", .mode = 0640, .show = nop_show, .write = nop_write);
CTL_FILE("/tracefs/available_tracers", .mode = 0440, .show = nop_show);

static int clock_show(struct seq_file *m)
{
	seq_puts(m, "[local]\n");
	return 0;
}
static kssize_t clock_write(char *buf, size_t len)
{
	return strcmp(strim(buf), "local") ? -EINVAL : (kssize_t)len;
}
CTL_FILE("/tracefs/trace_clock", .mode = 0640, .show = clock_show, .write = clock_write);

static int readme_show(struct seq_file *m)
{
	seq_puts(m, "Brink's trace ring, in the form of Linux's ftrace.\n\n"
		    "  available_events  what can be traced, as system:event\n"
		    "  set_event         what is: `echo oom:mark_victim >> set_event`,\n"
		    "                    `echo vmscan:* > set_event`, `echo !oom:* >> set_event`\n"
		    "  events/           the same by directories: echo 1 > events/oom/enable\n"
		    "                    events/oom/mark_victim/format says which fields it has\n"
		    "  tracing_on        0: nothing is written, whatever is enabled\n"
		    "  trace             what was written; reading leaves it there;\n"
		    "                    `echo > trace` empties it\n"
		    "  trace_pipe        the same, but reading takes it, and waits for more\n"
		    "  trace_marker      a text written here becomes a line of the trace\n"
		    "  buffer_size_kb    the ring of each CPU; the oldest lines are overwritten\n"
		    "  per_cpu/cpuN/     one CPU's trace, and stats: overrun counts lost events\n\n"
		    "Kernel parameters: trace_event=system:event,…  trace_buf_size=SIZE\n"
		    "  ftrace_dump_on_oops (the last lines are printed at a panic)\n");
	return 0;
}
CTL_FILE("/tracefs/README", .mode = 0440, .show = readme_show);

/* A text may come in the middle of anything: it is a line of its own. */
static kssize_t marker_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	size_t n = MIN(len, TRACE_MARKER_MAX);
	char *text;
	int err;

	if (!len)
		return 0;
	mutex_lock(&trace_lock);
	err = need_rings();
	mutex_unlock(&trace_lock);
	if (err)
		return err;
	text = copy_text(buf, &n);
	if (IS_ERR(text))
		return PTR_ERR(text);
	trace_marker(text, n);
	kfree(text);
	*pos += n;
	return n;
}
static const struct file_operations marker_fops = { .write = marker_write };

/* --- switching events --- */

/* Is @ev one of those that @system and @event name? NULL: any. */
static bool event_matches(const struct trace_event *ev, const char *system, const char *event)
{
	return (!system || !strcmp(system, ev->system)) && (!event || !strcmp(event, ev->name));
}

/* => trace_lock held. 0, -EINVAL: there is no such event, -ENOMEM */
static int switch_events(const char *system, const char *event, bool on)
{
	struct trace_event *const *pos;
	bool any = false;

	if (on && need_rings())
		return -ENOMEM;
	for_each_trace_event(pos)
		if (event_matches(*pos, system, event)) {
			WRITE_ONCE((*pos)->enabled, on);
			any = true;
		}
	return any ? 0 : -EINVAL;
}

/* "kmem:kfree", "kmem:*", "kmem:", "kfree" (in any system), "*:*"; a "!" before it: off. */
static int switch_by_name(char *name)
{
	bool on = *name != '!';
	char *event = name + !on, *system = NULL;

	if (strchr(event, ':'))
		system = strsep(&event, ":");
	if (system && (!*system || !strcmp(system, "*")))
		system = NULL;
	if (!*event || !strcmp(event, "*"))
		event = NULL;
	/* A lone name may be a system's, too. */
	if (!system && event && switch_events(event, NULL, on) == 0)
		return 0;
	return switch_events(system, event, on);
}

/* The words of @list, divided by any of @separators. 0, or the first error: the rest is left. */
static int switch_by_list(char *list, const char *separators)
{
	char *word;
	int err = 0;

	mutex_lock(&trace_lock);
	while (!err && (word = strsep(&list, separators)))
		if (*word)
			err = switch_by_name(word);
	mutex_unlock(&trace_lock);
	return err;
}

static int show_events(struct seq_file *m, bool enabled_only)
{
	struct trace_event *const *pos;

	for_each_trace_event(pos)
		if ((*pos)->enabled || !enabled_only)
			seq_printf(m, "%s:%s\n", (*pos)->system, (*pos)->name);
	return 0;
}
static int available_events_show(struct seq_file *m) { return show_events(m, false); }
CTL_FILE("/tracefs/available_events", .mode = 0440, .show = available_events_show);

static int set_event_show(struct text_file *t) { return show_events(&t->m, true); }

/* ">" begins anew, ">>" adds. */
static int set_event_open(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE && file->f_flags & O_TRUNC) {
		mutex_lock(&trace_lock);
		switch_events(NULL, NULL, false);
		mutex_unlock(&trace_lock);
	}
	return text_open(file, set_event_show, NULL, NULL);
}

static kssize_t set_event_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *text = copy_text(buf, &len);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = switch_by_list(text, " \t\n");
	kfree(text);
	if (err)
		return err;
	*pos += len;
	return len;
}
static const struct file_operations set_event_fops = {
	.open = set_event_open, .release = text_release, .read = text_read,
	.write = set_event_write,
};

/* --- events/…/enable, id, format --- */

/* i_private of an "enable" above an event: its system, or this for all. */
static char all_systems[] = "";

/* '0', '1', or 'X': some are on, some off. */
static char enabled_state(const char *system)
{
	struct trace_event *const *pos;
	bool on = false, off = false;

	for_each_trace_event(pos)
		if (event_matches(*pos, *system ? system : NULL, NULL)) {
			on |= (*pos)->enabled;
			off |= !(*pos)->enabled;
		}
	return on ? off ? 'X' : '1' : '0';
}

static int enable_show_system(struct text_file *t)
{
	seq_printf(&t->m, "%c\n", enabled_state(t->entry));
	return 0;
}
static int enable_show_event(struct text_file *t)
{
	const struct trace_event *ev = t->entry;

	seq_printf(&t->m, "%d\n", ev->enabled);
	return 0;
}
static int enable_open_system(struct inode *inode, struct file *file)
{
	return text_open(file, enable_show_system, inode->i_private, NULL);
}
static int enable_open_event(struct inode *inode, struct file *file)
{
	return text_open(file, enable_show_event, inode->i_private, NULL);
}

/* 0 or 1; else -errno. */
static int read_switch(const char __user *buf, size_t len)
{
	char *text = copy_text(buf, &len);
	unsigned long value;
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = parse_ulong(text, len, &value);
	kfree(text);
	return err ? err : value > 1 ? -EINVAL : (int)value;
}

static kssize_t write_switch(const char __user *buf, size_t len, const char *system,
			     const char *event)
{
	int on = read_switch(buf, len), err;

	if (on < 0)
		return on;
	mutex_lock(&trace_lock);
	err = switch_events(system, event, on);
	mutex_unlock(&trace_lock);
	return err ? err : (kssize_t)len;
}

static kssize_t enable_write_system(struct file *file, const char __user *buf, size_t len,
				    loff_t *pos)
{
	const char *system = ((struct text_file *)file->private_data)->entry;

	return write_switch(buf, len, *system ? system : NULL, NULL);
}
static kssize_t enable_write_event(struct file *file, const char __user *buf, size_t len,
				   loff_t *pos)
{
	const struct trace_event *ev = ((struct text_file *)file->private_data)->entry;

	return write_switch(buf, len, ev->system, ev->name);
}
static const struct file_operations enable_system_fops = {
	.open = enable_open_system, .release = text_release, .read = text_read,
	.write = enable_write_system,
};
static const struct file_operations enable_event_fops = {
	.open = enable_open_event, .release = text_release, .read = text_read,
	.write = enable_write_event,
};

static int id_show(struct text_file *t)
{
	const struct trace_event *ev = t->entry;

	seq_printf(&t->m, "%d\n", ev->id);
	return 0;
}
static int id_open(struct inode *inode, struct file *file)
{
	return text_open(file, id_show, inode->i_private, NULL);
}
static const struct file_operations id_fops = {
	.open = id_open, .release = text_release, .read = text_read,
};

#define COMMON_BYTES 8		/* of the fields that all events have */

static int format_show(struct text_file *t)
{
	const struct trace_event *ev = t->entry;
	struct seq_file *m = &t->m;

	seq_printf(m, "name: %s\nID: %d\nformat:\n", ev->name, ev->id);
	seq_puts(m, "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n");
	for (unsigned int i = 0; i < ev->nr_fields; i++) {
		const struct trace_field *f = &ev->fields[i];

		seq_printf(m, "\tfield:%s %s%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n", f->type,
			   f->name, f->dim, f->offset + COMMON_BYTES, f->size, f->is_signed);
	}
	seq_printf(m, "\nprint fmt: %s\n", ev->print_fmt);
	return 0;
}
static int format_open(struct inode *inode, struct file *file)
{
	return text_open(file, format_show, inode->i_private, NULL);
}
static const struct file_operations format_fops = {
	.open = format_open, .release = text_release, .read = text_read,
};

/* --- the tree --- */

static int add_file(struct super_block *sb, const char *path, umode_t mode,
		    const struct file_operations *fops, void *private)
{
	return tree_add(sb, path, mode, fops, private) ? 0 : -ENOMEM;
}

static int add_event(struct super_block *sb, struct trace_event *ev)
{
	static const struct { const char *name; umode_t mode; const struct file_operations *fops;
	} files[] = {
		{ "enable", S_IFREG | 0640, &enable_event_fops },
		{ "id", S_IFREG | 0440, &id_fops },
		{ "format", S_IFREG | 0440, &format_fops },
	};
	char path[96];
	int err;

	snprintf(path, sizeof(path), "events/%s", ev->system);
	err = add_file(sb, path, S_IFDIR | 0750, NULL, NULL);
	snprintf(path, sizeof(path), "events/%s/enable", ev->system);
	if (!err)
		err = add_file(sb, path, S_IFREG | 0640, &enable_system_fops, (void *)ev->system);
	snprintf(path, sizeof(path), "events/%s/%s", ev->system, ev->name);
	if (!err)
		err = add_file(sb, path, S_IFDIR | 0750, NULL, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		snprintf(path, sizeof(path), "events/%s/%s/%s", ev->system, ev->name,
			 files[i].name);
		err = add_file(sb, path, files[i].mode, files[i].fops, ev);
	}
	return err;
}

static int add_cpu(struct super_block *sb, long cpu)
{
	static const struct { const char *name; umode_t mode; const struct file_operations *fops;
	} files[] = {
		{ "trace", S_IFREG | 0640, &trace_fops },
		{ "trace_pipe", S_IFREG | 0440, &trace_pipe_fops },
		{ "stats", S_IFREG | 0440, &trace_stats_fops },
	};
	char path[48];
	int err;

	snprintf(path, sizeof(path), "per_cpu/cpu%ld", cpu);
	err = add_file(sb, path, S_IFDIR | 0750, NULL, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		snprintf(path, sizeof(path), "per_cpu/cpu%ld/%s", cpu, files[i].name);
		err = add_file(sb, path, files[i].mode, files[i].fops, (void *)(cpu + 1));
	}
	return err;
}

static int tracefs_fill(struct super_block *sb)
{
	struct trace_event *const *pos;
	int err = 0, cpu;

	tree_add_ctl_files(sb, "/tracefs/");
	if (add_file(sb, "trace", S_IFREG | 0640, &trace_fops, NULL) ||
	    add_file(sb, "trace_pipe", S_IFREG | 0440, &trace_pipe_fops, NULL) ||
	    add_file(sb, "trace_marker", S_IFREG | 0220, &marker_fops, NULL) ||
	    add_file(sb, "set_event", S_IFREG | 0640, &set_event_fops, NULL) ||
	    add_file(sb, "events", S_IFDIR | 0750, NULL, NULL) ||
	    add_file(sb, "per_cpu", S_IFDIR | 0750, NULL, NULL) ||
	    add_file(sb, "events/enable", S_IFREG | 0640, &enable_system_fops, all_systems))
		return -ENOMEM;
	for_each_trace_event(pos)
		if (!err)
			err = add_event(sb, *pos);
	for_each_possible_cpu(cpu)
		if (!err)
			err = add_cpu(sb, cpu);
	return err;
}

static int tracefs_mount(struct super_block *sb, const char *source, const char *data)
{
	int err = tree_mount(sb, TRACEFS_MAGIC);

	if (err)
		return err;
	sb->s_root->d_inode->i_mode = S_IFDIR | 0700;
	return tracefs_fill(sb);
}
static struct file_system_type tracefs_type = { .name = "tracefs", .nodev = true,
						.mount = tracefs_mount };

static void identify_mapping(const struct address_space *mapping, kdev_t *dev, unsigned long *ino)
{
	if (!mapping->host)
		return;
	*dev = mapping->host->i_sb->s_dev;
	*ino = mapping->host->i_ino;
}

/* --- at boot --- */

static const char *boot_events = "";

static int set_trace_event(const char *value)
{
	boot_events = value;
	return 0;
}
CTL_PARAM("trace_event", set_trace_event);

static int set_trace_buf_size(const char *value)
{
	char *end;

	wanted_bytes = MAX(memparse(value, &end) & ~7UL, MIN_RING);
	return 0;
}
CTL_PARAM("trace_buf_size", set_trace_buf_size);

/* fs.h. => the CPUs are up, for each gets a ring if trace_event= asks for events */
void tracefs_boot_events(void)
{
	char *list = kstrdup(boot_events, GFP_KERNEL);

	if (list && *list && switch_by_list(list, ","))
		pr_warn("Failed to enable trace event: %s\n", boot_events);
	kfree(list);
}

/* fs.h */
void tracefs_init(void)
{
	trace_init();
	trace_identify_mapping = identify_mapping;
	register_filesystem(&tracefs_type);
}
