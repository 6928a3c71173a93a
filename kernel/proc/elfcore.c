/*
 * elfcore.c - a core file in ELF: the registers of all threads, and the memory.
 *
 * Idea:   program headers say which addresses lie where in the file; one of them is the notes:
 *
 *           ELF header │ program headers │ notes ........................ │ (page) memory …
 *                        PT_NOTE           PRSTATUS of who died
 *                        PT_LOAD a VMA     PRPSINFO SIGINFO AUXV FILE, once
 *                        …                 FPREGSET, XSTATE
 *                                          PRSTATUS FPREGSET XSTATE of each other thread
 *
 *         The headers are written first, so all sizes must be known before: the notes are walked
 *         twice, to be measured and to be written. Nobody but other processes that share the
 *         memory can change it meanwhile; so the VMAs are listed once, and a page that is gone
 *         since is a hole, as one that nobody ever touched.
 * Locks:  mmap_lock for reading: to list the VMAs, and for each page.
 * Above:  coredump.c.
 * Below:  gup.c, ptrace_regs.c, fpu.c.   In Linux: fs/binfmt_elf.c.
 */
#include "kernel/abi/elf.h"
#include "kernel/abi/elfcore.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/proc/coredump.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/dumpable.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/ptrace.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/signal.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/process.h"
#include "mm/gup.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vma.h"

#define FILE_NOTE_MAX (4UL << 20)	/* as Linux: mappings beyond it have no names */
#define MAYBE_ELF_HEADER 1UL		/* a size: one page if it begins as an ELF file does */

/* A VMA as it was when the dump began. */
struct core_vma {
	unsigned long start, end, flags, pgoff;
	unsigned long dump_size;	/* bytes from start on that are in the file */
	struct file *file;		/* a reference, or NULL */
};

/* One core file on its way. */
struct elf_core {
	struct coredump_params *p;
	struct core_vma *vmas;
	unsigned int nr_vmas;
	bool measuring;			/* the notes' size is wanted, not the notes */
	size_t notes;			/* their size so far */
	char *file_note;		/* NT_FILE's content; NULL: none */
	size_t file_note_size;
	/* scratch */
	struct elf_prstatus prstatus;
	u8 fpregs[FPU_LEGACY_SIZE];
};

/* --- what of the memory --- */

static bool is_unlinked_or_anon(const struct vm_area_struct *vma)
{
	return !vma->vm_file || !vma->vm_file->f_inode->i_nlink;
}

/* A mapping that the kernel made (it has a name, and no object): always of use to a debugger. */
static bool is_special_mapping(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->show_name && !vma->vm_file && !vma->vm_mapping;
}

/* Bytes of @vma that go into the file, by coredump_filter; or MAYBE_ELF_HEADER. => mmap_lock */
static unsigned long vma_dump_size(const struct vm_area_struct *vma, unsigned long filter)
{
	unsigned long all = vma->vm_end - vma->vm_start;

	if (is_special_mapping(vma))
		return all;
	if (vma->vm_flags & (VM_DONTDUMP | VM_IO))
		return 0;
	if (vma->vm_flags & VM_SHARED)
		return filter & (is_unlinked_or_anon(vma) ? MMF_DUMP_ANON_SHARED
							  : MMF_DUMP_MAPPED_SHARED) ? all : 0;
	if (vma->anon_vma && filter & MMF_DUMP_ANON_PRIVATE)
		return all;
	if (!vma->vm_file)
		return 0;
	if (filter & MMF_DUMP_MAPPED_PRIVATE)
		return all;
	/* The first page tells a debugger which build of a library it is. */
	if (filter & MMF_DUMP_ELF_HEADERS && !vma->vm_pgoff && vma->vm_flags & VM_READ)
		return vma->vm_file->f_inode->i_mode & 0111 ? PAGE_SIZE : MAYBE_ELF_HEADER;
	return 0;
}

/* Fills c->vmas. 0, -ENOMEM, -EINTR */
static int list_vmas(struct elf_core *c)
{
	struct mm_struct *mm = c->p->mm;
	struct vm_area_struct *vma;

	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	c->vmas = kvmalloc(mm->map_count * sizeof(*c->vmas), GFP_KERNEL);
	if (!c->vmas) {
		up_read(&mm->mmap_lock);
		return -ENOMEM;
	}
	for_each_vma(mm, vma) {
		struct core_vma *m = &c->vmas[c->nr_vmas++];

		*m = (struct core_vma){ vma->vm_start, vma->vm_end, vma->vm_flags, vma->vm_pgoff,
					vma_dump_size(vma, c->p->filter), vma->vm_file };
		if (m->file)
			get_file(m->file);
	}
	up_read(&mm->mmap_lock);
	return 0;
}

static void look_for_elf_headers(struct elf_core *c)
{
	for (unsigned int i = 0; i < c->nr_vmas; i++) {
		struct core_vma *m = &c->vmas[i];
		char magic[SELFMAG];

		if (m->dump_size != MAYBE_ELF_HEADER)
			continue;
		m->dump_size = access_remote_vm(c->p->mm, m->start, magic, SELFMAG, FOLL_FORCE) ==
			       SELFMAG && !memcmp(magic, ELFMAG, SELFMAG) ? PAGE_SIZE : 0;
	}
}

/* --- notes --- */

static bool emit_padded(struct elf_core *c, const void *data, size_t len)
{
	static const char zeroes[4];

	return dump_emit(c->p, data, len) && (!(len % 4) || dump_emit(c->p, zeroes, 4 - len % 4));
}

/* One note, measured or written. @name: "CORE", or "LINUX" for what came later. */
static bool note(struct elf_core *c, const char *name, u32 type, const void *data, size_t len)
{
	struct elf64_nhdr head = { strlen(name) + 1, len, type };

	if (c->measuring) {
		c->notes += sizeof(head) + ALIGN_UP(head.n_namesz, 4U) + ALIGN_UP(len, 4UL);
		return true;
	}
	return dump_emit(c->p, &head, sizeof(head)) && emit_padded(c, name, head.n_namesz) &&
	       emit_padded(c, data, len);
}

static struct timeval to_timeval(u64 ns)
{
	return (struct timeval){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000 };
}

static void fill_prstatus(struct elf_core *c, struct task_struct *t)
{
	struct elf_prstatus *s = &c->prstatus;
	u64 utime, stime;

	memset(s, 0, sizeof(*s));
	s->si_signo = s->pr_cursig = c->p->info->si_signo;
	s->pr_sigpend = t->pending.signal;
	s->pr_sighold = t->blocked;
	read_lock(&tasklist_lock);
	s->pr_ppid = t->real_parent->pid;
	read_unlock(&tasklist_lock);
	s->pr_pid = t->pid;
	s->pr_pgrp = t->signal->pgrp;
	s->pr_sid = t->signal->session;
	if (thread_group_leader(t))
		thread_group_cputime(t, &utime, &stime);
	else
		task_cputime(t, &utime, &stime);
	s->pr_utime = to_timeval(utime);
	s->pr_stime = to_timeval(stime);
	s->pr_cutime = to_timeval(t->signal->ctimes.utime);
	s->pr_cstime = to_timeval(t->signal->ctimes.stime);
	task_user_regs(t, &s->pr_reg);
	s->pr_fpvalid = !!t->fpu;
}

/* The arguments with blanks between them. */
static void fill_psargs(struct mm_struct *mm, char *psargs)
{
	unsigned long len = MIN(mm->arg_end - mm->arg_start, ELF_PRARGSZ - 1UL);
	int got = access_remote_vm(mm, mm->arg_start, psargs, (int)len, FOLL_FORCE);

	for (int i = 0; i < got; i++)
		if (!psargs[i])
			psargs[i] = ' ';
}

static bool note_prpsinfo(struct elf_core *c)
{
	struct elf_prpsinfo info = {
		.pr_sname = 'R', .pr_nice = current->static_nice, .pr_flag = current->flags,
		.pr_uid = current->cred->uid, .pr_gid = current->cred->gid,
		.pr_pid = current->tgid, .pr_pgrp = current->signal->pgrp,
		.pr_sid = current->signal->session,
	};

	if (c->measuring)
		return note(c, "CORE", NT_PRPSINFO, NULL, sizeof(info));
	read_lock(&tasklist_lock);
	info.pr_ppid = current->real_parent->pid;
	read_unlock(&tasklist_lock);
	strscpy(info.pr_fname, current->comm, sizeof(info.pr_fname));
	fill_psargs(c->p->mm, info.pr_psargs);
	return note(c, "CORE", NT_PRPSINFO, &info, sizeof(info));
}

static bool note_auxv(struct elf_core *c)
{
	const unsigned long *auxv = c->p->mm->auxv;
	unsigned int n = 0;

	while (n + 2 < ARRAY_SIZE(c->p->mm->auxv) && auxv[n])
		n += 2;
	return note(c, "CORE", NT_AUXV, auxv, (n + 2) * sizeof(long));	/* AT_NULL too */
}

/* Registers beside the general ones. False: ended, or no memory. */
static bool note_fpu(struct elf_core *c, struct task_struct *t)
{
	size_t size = fpu_xstate_size();
	void *xstate;
	bool done;

	if (!t->fpu)
		return true;
	if (!c->measuring)
		fpu_copy_legacy(t->fpu, c->fpregs);
	if (!note(c, "CORE", NT_PRFPREG, c->fpregs, sizeof(c->fpregs)))
		return false;
	if (!size || c->measuring)
		return !size || note(c, "LINUX", NT_X86_XSTATE, NULL, size);
	xstate = kmalloc(size, GFP_KERNEL);
	if (!xstate)
		return false;
	fpu_copy_xstate(t->fpu, xstate);
	done = note(c, "LINUX", NT_X86_XSTATE, xstate, size);
	kfree(xstate);
	return done;
}

static bool note_prstatus(struct elf_core *c, struct task_struct *t)
{
	if (!c->measuring)
		fill_prstatus(c, t);
	return note(c, "CORE", NT_PRSTATUS, &c->prstatus, sizeof(c->prstatus));
}

/* All of them, in Linux's order. */
static bool all_notes(struct elf_core *c)
{
	if (!note_prstatus(c, current) || !note_prpsinfo(c) ||
	    !note(c, "CORE", NT_SIGINFO, c->p->info, sizeof(*c->p->info)) || !note_auxv(c))
		return false;
	if (c->file_note && !note(c, "CORE", NT_FILE, c->file_note, c->file_note_size))
		return false;
	if (!note_fpu(c, current))
		return false;
	for (struct core_thread *w = c->p->core->waiters; w; w = w->next)
		if (!note_prstatus(c, w->task) || !note_fpu(c, w->task))
			return false;
	return true;
}

/* NT_FILE's content in c->file_note: 0; -ENOSPC: the buffer is too small. */
static int fill_file_note(struct elf_core *c, size_t size, char *path_buf)
{
	u64 *words = (u64 *)c->file_note;
	size_t files = 0, n = 2, at;

	for (unsigned int i = 0; i < c->nr_vmas; i++)
		files += c->vmas[i].file != NULL;
	at = (2 + 3 * files) * sizeof(u64);
	if (at > size)
		return -ENOSPC;
	words[0] = files;
	words[1] = PAGE_SIZE;
	for (unsigned int i = 0; i < c->nr_vmas; i++) {
		const struct core_vma *m = &c->vmas[i];
		const char *path;
		size_t len;

		if (!m->file)
			continue;
		words[n++] = m->start;
		words[n++] = m->end;
		words[n++] = m->pgoff;
		path = file_path(m->file, path_buf, PATH_MAX);
		if (IS_ERR(path))
			path = "";
		len = strlen(path) + 1;
		if (at + len > size)
			return -ENOSPC;
		memcpy(c->file_note + at, path, len);
		at += len;
	}
	c->file_note_size = at;
	return 0;
}

/* Larger and larger, until it fits. Without memory, or too large: a core without that note. */
static void make_file_note(struct elf_core *c)
{
	char *path_buf = alloc_name();

	for (size_t size = PAGE_SIZE; path_buf && size <= FILE_NOTE_MAX; size *= 4) {
		c->file_note = kvmalloc(size, GFP_KERNEL);
		if (!c->file_note || !fill_file_note(c, size, path_buf))
			break;
		kfree(c->file_note);
		c->file_note = NULL;
	}
	if (path_buf)
		putname(path_buf);
}

/* --- the file --- */

static u32 segment_flags(unsigned long vm_flags)
{
	return (vm_flags & VM_READ ? PF_R : 0) | (vm_flags & VM_WRITE ? PF_W : 0) |
	       (vm_flags & VM_EXEC ? PF_X : 0);
}

static bool emit_headers(struct elf_core *c, loff_t data)
{
	unsigned int segments = c->nr_vmas + 1;
	struct elf64_hdr elf = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(elf), .e_ehsize = sizeof(elf),
		.e_phentsize = sizeof(struct elf64_phdr), .e_phnum = MIN(segments, PN_XNUM),
	};
	struct elf64_phdr phdr = {
		.p_type = PT_NOTE, .p_filesz = c->notes,
		.p_offset = sizeof(elf) + segments * sizeof(phdr),
	};

	if (segments >= PN_XNUM) {		/* the only section, behind everything */
		elf.e_shoff = data;
		for (unsigned int i = 0; i < c->nr_vmas; i++)
			elf.e_shoff += c->vmas[i].dump_size;
		elf.e_shentsize = sizeof(struct elf64_shdr);
		elf.e_shnum = 1;
	}
	if (!dump_emit(c->p, &elf, sizeof(elf)) || !dump_emit(c->p, &phdr, sizeof(phdr)))
		return false;
	for (unsigned int i = 0; i < c->nr_vmas; i++) {
		const struct core_vma *m = &c->vmas[i];

		phdr = (struct elf64_phdr){
			.p_type = PT_LOAD, .p_offset = data, .p_vaddr = m->start,
			.p_filesz = m->dump_size, .p_memsz = m->end - m->start,
			.p_flags = segment_flags(m->flags),
			.p_align = PAGE_SIZE,
		};
		if (!dump_emit(c->p, &phdr, sizeof(phdr)))
			return false;
		data += m->dump_size;
	}
	return true;
}

static bool emit_memory(struct elf_core *c)
{
	for (unsigned int i = 0; i < c->nr_vmas; i++) {
		const struct core_vma *m = &c->vmas[i];

		for (unsigned long at = m->start; at < m->start + m->dump_size; at += PAGE_SIZE) {
			struct page *page = get_dump_page(c->p->mm, at);
			bool done = dump_user_page(c->p, page);

			if (page)
				put_page(page);
			if (!done)
				return false;
			cond_resched();
		}
	}
	return true;
}

/* The number of segments that did not fit into the header. */
static bool emit_extension(struct elf_core *c)
{
	struct elf64_shdr shdr = { .sh_size = 1, .sh_info = c->nr_vmas + 1 };

	return c->nr_vmas + 1 < PN_XNUM || dump_emit(c->p, &shdr, sizeof(shdr));
}

/* => all is listed. As far as it goes. */
static void emit_all(struct elf_core *c)
{
	size_t head = sizeof(struct elf64_hdr) +
		      (c->nr_vmas + 1UL) * sizeof(struct elf64_phdr);
	loff_t data;

	c->measuring = true;
	all_notes(c);
	c->measuring = false;
	data = PAGE_ALIGN(head + c->notes);
	if (!emit_headers(c, data) || !all_notes(c))
		return;
	dump_skip(c->p, data - c->p->pos);
	if (emit_memory(c))
		emit_extension(c);
}

/* coredump.h */
bool elf_core_dump(struct coredump_params *p)
{
	struct elf_core *c = kzalloc(sizeof(*c), GFP_KERNEL);
	unsigned long flags;
	bool listed;

	if (!c)
		return false;
	c->p = p;
	flags = local_irq_save();
	save_user_state(&current->fs_base, &current->gs_base, &current->segments, current->fpu);
	local_irq_restore(flags);
	listed = !list_vmas(c);
	if (listed) {
		look_for_elf_headers(c);
		make_file_note(c);
		emit_all(c);
	}
	for (unsigned int i = 0; i < c->nr_vmas; i++)
		if (c->vmas[i].file)
			fput(c->vmas[i].file);
	kfree(c->vmas);
	kfree(c->file_note);
	kfree(c);
	return listed;
}
