/*
 * binfmt_elf.c - loading ELF programs: static, static-PIE, and with an
 *                interpreter (ld.so), which is only one more ELF file.
 *
 * Idea: check the headers; let the old program go; map each PT_LOAD segment;
 *       zero what is beyond the file's part (bss); put argc, argv, envp and the
 *       auxiliary vector under the strings on the stack; jump. All numbers in
 *       the file are an enemy's until checked.
 *
 *          argc │ argv[] 0 │ envp[] 0 │ auxv[] 0,0 │ … │ random │ "x86_64" │ strings
 *          ^rsp, 16-byte aligned
 *
 * Locks:  those of vm_mmap().
 * Above:  exec.c.   Below: mm/mmap.c, page cache.   In Linux: fs/binfmt_elf.c.
 *         Source: System V ABI, AMD64 supplement, 3.4.
 */
#include "kernel/abi/auxvec.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/sigcontext.h"
#include "kernel/fs/fs.h"
#include "kernel/fs/read_write.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/proc/binfmt.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/vdso.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/uaccess.h"
#include "mm/mmap.h"
#include "mm/slab.h"

#define ELF_ET_DYN_BASE (TASK_SIZE / 3 * 2)	/* where a PIE with an interpreter goes */
#define MMAP_RND_PAGES ((1UL << 28) - 1)	/* vm.mmap_rnd_bits, Linux's default */
#define BRK_RND_RANGE 0x02000000UL		/* 32 MiB: how far brk may start beyond bss */
#define MAX_PHDRS_SIZE 65536
#define HWCAP2_FSGSBASE 2

/* One ELF file on its way into memory. Inputs first. */
struct elf_image {
	struct file *file;
	struct elf64_hdr hdr;
	struct elf64_phdr *phdrs;	/* kmalloc */
	unsigned long bias;		/* out: added to the file's addresses */
	unsigned long start_code, end_code, start_data, end_data, brk;	/* out */
	/* out: where the program headers are in memory, 0: nowhere */
	unsigned long phdr_addr;
	unsigned long vdso;		/* out: where [vdso] is, 0: nowhere */
};

/* Exactly @len bytes at @pos. -EIO: the file is shorter. */
static int elf_read(struct file *file, void *buf, size_t len, loff_t pos)
{
	kssize_t n = kernel_read(file, buf, len, &pos);

	account_read(n);
	return n == (kssize_t)len ? 0 : n < 0 ? (int)n : -EIO;
}

static bool elf_header_ok(const struct elf64_hdr *h)
{
	return !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       (h->e_type == ET_EXEC || h->e_type == ET_DYN) && h->e_machine == EM_X86_64 &&
	       h->e_ident[EI_CLASS] == ELFCLASS64;
}

static int load_elf_phdrs(struct elf_image *img)
{
	size_t size = (size_t)img->hdr.e_phnum * sizeof(struct elf64_phdr);

	if (img->hdr.e_phentsize != sizeof(struct elf64_phdr) || !size || size > MAX_PHDRS_SIZE)
		return -ENOEXEC;
	img->phdrs = kmalloc(size, GFP_KERNEL);
	if (!img->phdrs)
		return -ENOMEM;
	return elf_read(img->file, img->phdrs, size, img->hdr.e_phoff) ? -ENOEXEC : 0;
}

static const struct elf64_phdr *find_phdr(const struct elf_image *img, u32 type)
{
	for (int i = 0; i < img->hdr.e_phnum; i++)
		if (img->phdrs[i].p_type == type)
			return &img->phdrs[i];
	return NULL;
}

/* --- segments --- */

static int elf_prot(const struct elf64_phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* From the first segment's page to the last one's end; 0: none. -1: nonsense. */
static unsigned long total_mapping_size(const struct elf_image *img)
{
	unsigned long low = ~0UL, high = 0;

	for (int i = 0; i < img->hdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &img->phdrs[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_memsz > TASK_SIZE || ph->p_vaddr > TASK_SIZE ||
		    ph->p_filesz > ph->p_memsz)
			return ~0UL;
		low = MIN(low, ph->p_vaddr & PAGE_MASK);
		high = MAX(high, ph->p_vaddr + ph->p_memsz);
	}
	return high ? high - low : 0;
}

/*
 * The file's part of a segment at @addr, or anywhere. The address, or -errno. @span: bytes to
 * reserve.
 */
static unsigned long elf_map(const struct elf_image *img, const struct elf64_phdr *ph,
			     unsigned long addr, unsigned long flags, unsigned long span)
{
	unsigned long offset = ph->p_vaddr & ~PAGE_MASK, size = PAGE_ALIGN(ph->p_filesz + offset);
	struct file *file = img->file;
	struct mmap_request req = {
		.addr = addr & PAGE_MASK,
		.len = span ? PAGE_ALIGN(span) : size,
		.prot = elf_prot(ph),
		.flags = MAP_PRIVATE | flags,
		.pgoff = (ph->p_offset - offset) >> PAGE_SHIFT,
		.file = file,
		.mapping = file->f_mapping,
		.setup = file_mmap_setup,
		.file_readable = true,
		.file_writable = false,
		.max_pages = (~0UL >> 1) >> PAGE_SHIFT,	/* offsets are signed */
	};
	unsigned long at;

	if ((ph->p_offset - offset) & ~PAGE_MASK || ph->p_offset < offset)
		return -EINVAL;		/* the file's layout does not fit pages */
	at = vm_mmap(&req);
	/* The whole span found a place together; what is beyond this segment is the others'. */
	if (at < TASK_SIZE && span && PAGE_ALIGN(span) > size)
		vm_munmap(at + size, PAGE_ALIGN(span) - size);
	return at;
}

/* What the segment has beyond the file: zeroes to the page's end, then anonymous pages. */
static int map_bss(const struct elf64_phdr *ph, unsigned long bias)
{
	unsigned long start = ph->p_vaddr + ph->p_filesz + bias,
		      end = PAGE_ALIGN(ph->p_vaddr + ph->p_memsz + bias);
	unsigned long page = PAGE_ALIGN(start);

	/* A segment that may not be written keeps the file's bytes, as in Linux. */
	if (ph->p_filesz && start != page && ph->p_flags & PF_W &&
	    clear_user((void *)start, page - start))
		return -EFAULT;
	if (!ph->p_filesz)
		page = start & PAGE_MASK;
	return end > page ? vm_brk_flags(page, end - page, ph->p_flags & PF_X ? VM_EXEC : 0) : 0;
}

static int map_segment(struct elf_image *img, const struct elf64_phdr *ph, unsigned long flags,
		       unsigned long span)
{
	unsigned long want = img->bias + ph->p_vaddr, at;

	if (want >= TASK_SIZE || ph->p_memsz > TASK_SIZE - want)
		return -EINVAL;
	if (ph->p_filesz) {
		at = elf_map(img, ph, flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? want : 0, flags,
			     span);
		if (at >= TASK_SIZE)
			return IS_ERR((void *)at) ? (int)at : -EINVAL;
		img->bias = at - (ph->p_vaddr & PAGE_MASK);
	}
	return ph->p_memsz > ph->p_filesz ? map_bss(ph, img->bias) : 0;
}

static void note_segment(struct elf_image *img, const struct elf64_phdr *ph)
{
	unsigned long start = ph->p_vaddr + img->bias, file_end = start + ph->p_filesz;

	if (ph->p_flags & PF_X && (start < img->start_code || !img->end_code))
		img->start_code = start;
	if (ph->p_flags & PF_X && file_end > img->end_code)
		img->end_code = file_end;
	if (start > img->start_data)
		img->start_data = start;
	if (file_end > img->end_data)
		img->end_data = file_end;
	if (start + ph->p_memsz > img->brk)
		img->brk = start + ph->p_memsz;
	if (img->hdr.e_phoff >= ph->p_offset && img->hdr.e_phoff < ph->p_offset + ph->p_filesz)
		img->phdr_addr = img->hdr.e_phoff - ph->p_offset + start;
}

/*
 * All segments. @place: for ET_DYN: 0: where mmap finds room; else the lowest address.
 * The first mapping reserves the whole span, so the others cannot hit anything.
 */
static int map_elf_image(struct elf_image *img, unsigned long place)
{
	unsigned long span = total_mapping_size(img), flags = 0;
	const struct elf64_phdr *first = find_phdr(img, PT_LOAD);
	int err;

	if (!first || !span || span == ~0UL)
		return -EINVAL;
	img->bias = 0;
	if (img->hdr.e_type == ET_EXEC || place)
		flags = MAP_FIXED_NOREPLACE;
	if (img->hdr.e_type == ET_DYN && place)
		img->bias = (place - first->p_vaddr) & PAGE_MASK;
	if (!flags && !first->p_filesz)
		return -EINVAL;		/* nothing to find a place with */
	for (int i = 0; i < img->hdr.e_phnum; i++) {
		const struct elf64_phdr *ph = &img->phdrs[i];

		if (ph->p_type != PT_LOAD)
			continue;
		err = map_segment(img, ph, flags, ph == first && ph->p_filesz ? span : 0);
		if (err)
			return err;
		note_segment(img, ph);
		flags = MAP_FIXED;
	}
	return 0;
}

/* --- the interpreter --- */

/* PT_INTERP's file, opened and checked; ->file NULL: there is none. */
static int open_interpreter(const struct elf_image *img, struct elf_image *interp)
{
	const struct elf64_phdr *ph = find_phdr(img, PT_INTERP);
	struct file *file;
	char *name;
	int err;

	if (!ph)
		return 0;
	if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2)
		return -ENOEXEC;
	name = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	err = elf_read(img->file, name, ph->p_filesz, ph->p_offset);
	if (!err && name[ph->p_filesz - 1])
		err = -ENOEXEC;
	if (!err) {
		file = open_exec(name);
		if (IS_ERR(file))
			err = PTR_ERR(file);
		else
			interp->file = file;
	}
	kfree(name);
	if (err)
		return err;
	err = elf_read(interp->file, &interp->hdr, sizeof(interp->hdr), 0);
	if (err)
		return err;
	return elf_header_ok(&interp->hdr) && !load_elf_phdrs(interp) ? 0 : -ELIBBAD;
}

static void put_image(struct elf_image *img, bool close)
{
	kfree(img->phdrs);
	if (close && img->file) {
		allow_write_access(img->file);
		fput(img->file);
	}
}

/* --- the stack --- */

static unsigned long push_user(unsigned long *sp, const void *data, size_t len)
{
	*sp -= len;
	return copy_to_user((void *)*sp, data, len) ? 0 : *sp;
}

/* mm->auxv; how many words. */
static int fill_auxv(struct linux_binprm *bprm, const struct elf_image *img,
		     const struct elf_image *interp, unsigned long platform, unsigned long random)
{
	const struct cred *cred = current_cred();
	const unsigned long auxv[][2] = {
		{ AT_SYSINFO_EHDR, img->vdso },
		{ AT_MINSIGSTKSZ,
		  fpu_sigframe_size() + sizeof(struct rt_sigframe) + 128 + 64 + 16 },
		{ AT_HWCAP, cpu_info.words[CPUID_1_EDX] },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, 100 },
		{ AT_PHDR, img->phdr_addr },
		{ AT_PHENT, sizeof(struct elf64_phdr) },
		{ AT_PHNUM, img->hdr.e_phnum },
		{ AT_BASE, interp->file ? interp->bias : 0 },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, img->hdr.e_entry + img->bias },
		{ AT_UID, cred->uid },
		{ AT_EUID, cred->euid },
		{ AT_GID, cred->gid },
		{ AT_EGID, cred->egid },
		{ AT_SECURE, bprm->secureexec },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, cpu_has(X86_FSGSBASE) ? HWCAP2_FSGSBASE : 0 },
		{ AT_EXECFN, bprm_addr(bprm, bprm->exec_used) },
		{ AT_PLATFORM, platform },
		{ AT_NULL, 0 },
	};
	size_t skip = 0;

	_Static_assert(sizeof(auxv) <= sizeof(((struct mm_struct *)0)->auxv), "room for auxv");
	memset(current->mm->auxv, 0, sizeof(current->mm->auxv));
	if (!img->vdso)		/* there is none: the vector begins with the next */
		skip = 1;
	memcpy(current->mm->auxv, auxv + skip, sizeof(auxv) - skip * sizeof(*auxv));
	return (sizeof(auxv) - skip * sizeof(*auxv)) / sizeof(long);
}

/* @n pointers to the strings that begin at *@p, and a NULL. *@p moves behind them. */
static int put_string_pointers(unsigned long **slot, int n, unsigned long *p)
{
	while (n-- > 0) {
		long len;

		if (put_user(*p, (*slot)++))
			return -EFAULT;
		len = strnlen_user((char *)*p, MAX_ARG_STRLEN);
		if (!len || (unsigned long)len > MAX_ARG_STRLEN)
			return -EINVAL;
		*p += len;
	}
	return put_user(0UL, (*slot)++);
}

/* Everything below the strings; *sp: where the program starts with its stack. */
static int create_elf_tables(struct linux_binprm *bprm, const struct elf_image *img,
			     const struct elf_image *interp, unsigned long *sp)
{
	struct mm_struct *mm = current->mm;
	unsigned long p = bprm_addr(bprm, bprm->used), platform, random, *slot;
	u64 seed[2] = { get_random_u64(), get_random_u64() };
	int words;

	mm->arg_start = p;
	if (current->flags & PF_RANDOMIZE)
		*sp = (p - get_random_below(8192)) & ~15UL;
	else
		*sp = p & ~15UL;
	platform = push_user(sp, "x86_64", sizeof("x86_64"));
	random = push_user(sp, seed, sizeof(seed));
	if (!platform || !random)
		return -EFAULT;
	words = fill_auxv(bprm, img, interp, platform, random);
	*sp = ((*sp & ~15UL) - (1 + bprm->argc + 1 + bprm->envc + 1 + words) * sizeof(long)) & ~15UL;
	slot = (unsigned long *)*sp;
	if (put_user((long)bprm->argc, slot++) || put_string_pointers(&slot, bprm->argc, &p))
		return -EFAULT;
	mm->arg_end = mm->env_start = p;
	if (put_string_pointers(&slot, bprm->envc, &p))
		return -EFAULT;
	mm->env_end = p;
	return copy_to_user(slot, mm->auxv, words * sizeof(long)) ? -EFAULT : 0;
}

/* --- all together --- */

static void set_mm_layout(const struct elf_image *img, bool has_interp)
{
	struct mm_struct *mm = current->mm;

	mm->start_code = img->start_code;
	mm->end_code = img->end_code;
	mm->start_data = img->start_data;
	mm->end_data = img->end_data;
	mm->start_brk = mm->brk = PAGE_ALIGN(img->brk);
	if (!(current->flags & PF_RANDOMIZE) || randomize_va_space < 2)
		return;
	/* The heap of a static PIE would sit in the mmap area: it gets a place of its own. */
	if (img->hdr.e_type == ET_DYN && !has_interp)
		mm->brk = ELF_ET_DYN_BASE;
	mm->start_brk = mm->brk = PAGE_ALIGN(mm->brk + get_random_below(BRK_RND_RANGE));
}

/* Past the point of no return. */
static int load_into_memory(struct linux_binprm *bprm, struct elf_image *img,
			    struct elf_image *interp)
{
	const struct elf64_phdr *stack = find_phdr(img, PT_GNU_STACK);
	unsigned long place = 0, entry, sp;
	int err = setup_arg_pages(bprm, stack && stack->p_flags & PF_X);

	if (err)
		return err;
	if (img->hdr.e_type == ET_DYN && interp->file) {
		place = ELF_ET_DYN_BASE;
		if (current->flags & PF_RANDOMIZE)
			place += (get_random_long() & MMAP_RND_PAGES) << PAGE_SHIFT;
	}
	err = map_elf_image(img, place);
	if (err)
		return err;
	set_mm_layout(img, interp->file);
	entry = img->hdr.e_entry + img->bias;
	if (interp->file) {
		err = map_elf_image(interp, 0);
		if (err)
			return err;
		entry = interp->hdr.e_entry + interp->bias;
	}
	if (entry >= TASK_SIZE)
		return -EINVAL;
	err = map_vdso(bprm_addr(bprm, bprm->used), &img->vdso);
	if (err)
		return err;
	err = create_elf_tables(bprm, img, interp, &sp);
	if (err)
		return err;
	current->mm->start_stack = sp;
	start_thread(current_pt_regs(), entry, sp);
	return 0;
}

int load_elf_binary(struct linux_binprm *bprm)
{
	struct elf_image *img = kzalloc(2 * sizeof(*img), GFP_KERNEL), *interp = img + 1;
	int err = -ENOEXEC;

	if (!img)
		return -ENOMEM;
	img->file = bprm->file;
	memcpy(&img->hdr, bprm->buf, sizeof(img->hdr));
	if (!elf_header_ok(&img->hdr) || !bprm->file->f_mapping)
		goto out;
	err = load_elf_phdrs(img);
	if (!err)
		err = open_interpreter(img, interp);
	if (!err)
		err = begin_new_exec(bprm);
	if (!err)
		err = load_into_memory(bprm, img, interp);
out:
	put_image(img, false);
	put_image(interp, true);
	kfree(img);
	return err;
}
