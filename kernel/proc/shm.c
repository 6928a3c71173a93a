/*
 * shm.c - System V shared memory: shmget, shmat, shmdt, shmctl.
 *
 * Idea:   a segment is a shmem object with an id. Each attachment is a VMA of that
 *         object whose open and close count shm_nattch; a removed segment lives on
 *         without a key until the last VMA goes, as a file without a name does.
 * Locks:  shm_ids.mutex (LOCK_IPC) below mmap_lock: VMAs come and go with that held.
 * Above:  the system call table.   Below: mm/shmem.c, mm/mmap.c.   In Linux: ipc/shm.c.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/bug.h"
#include "kernel/proc/cred.h"
#include "kernel/proc/ipc.h"
#include "kernel/proc/syscalls.h"
#include "kernel/x86/uaccess.h"
#include "mm/gup.h"
#include "mm/mmap.h"
#include "mm/shmem.h"
#include "mm/slab.h"

/* Guard: shm_ids.mutex, but for what is set once. */
struct shm_segment {
	struct kern_ipc_perm ipc;	/* first */
	struct shmem_object *object;	/* c: a reference */
	struct list_head link;		/* in segments: VMAs know their object only */
	size_t size;			/* c: as it was asked for */
	unsigned long nattch;
	kpid_t cpid, lpid;
	s64 atime, dtime, ctime;
	struct user_struct *locked_by;	/* SHM_LOCK: a reference; he may be gone before the segment */
};

static unsigned long shmmax = ~0UL - (1UL << 24), shmall = ~0UL - (1UL << 24);
static int shmmni = 4096;
CTL_SYSCTL_ULONG("kernel.shmmax", shmmax, 0, 0);
CTL_SYSCTL_ULONG("kernel.shmall", shmall, 0, 0);
CTL_SYSCTL_INT("kernel.shmmni", shmmni, 0, IPCMNI);

static void free_segment(struct kern_ipc_perm *ipc);
static void show_segment(struct seq_file *m, struct kern_ipc_perm *ipc);
static int account_lock(struct shm_segment *shm, bool lock);
static struct ipc_ids shm_ids = IPC_IDS_INIT(shm_ids),
	.max = &shmmni, .free = free_segment, .show = show_segment,
	.heading = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  "
		   "cgid      atime      dtime      ctime                   rss                  swap\n",
};
CTL_SYSCTL_INT("kernel.shm_next_id", shm_ids.next_id, 0, INT32_MAX);
static LIST_HEAD(segments);		/* shm_ids.mutex */
static unsigned long total_pages;	/* shm_ids.mutex */

static struct shm_segment *to_shm(struct kern_ipc_perm *ipc)
{
	return container_of(ipc, struct shm_segment, ipc);
}
static unsigned long segment_pages(const struct shm_segment *shm)
{
	return PAGE_ALIGN(shm->size) >> PAGE_SHIFT;
}

/* Its last attachment and its name are gone. => mutex held */
static void free_segment(struct kern_ipc_perm *ipc)
{
	struct shm_segment *shm = to_shm(ipc);

	if (shm->ipc.mode & SHM_LOCKED)
		account_lock(shm, false);
	list_del(&shm->link);
	total_pages -= segment_pages(shm);
	shmem_object_put(shm->object);
	kfree(shm);
}

/* --- shmget --- */

static struct kern_ipc_perm *make_segment(const struct ipc_get *get)
{
	unsigned long pages = PAGE_ALIGN(get->size) >> PAGE_SHIFT;
	struct shm_segment *shm;

	if (get->size < 1 || get->size > shmmax || (get->flags & SHM_HUGETLB))
		return ERR_PTR(-EINVAL);
	if (pages << PAGE_SHIFT < get->size || total_pages + pages < pages ||
	    total_pages + pages > shmall)
		return ERR_PTR(-ENOSPC);
	shm = kzalloc(sizeof(*shm), GFP_KERNEL_ACCOUNT);
	if (!shm)
		return ERR_PTR(-ENOMEM);
	shm->object = shmem_object_new(pages << PAGE_SHIFT, get->flags & SHM_NORESERVE);
	if (!shm->object) {
		kfree(shm);
		return ERR_PTR(-ENOMEM);
	}
	shm->size = get->size;
	shm->cpid = current->tgid;
	shm->ctime = ipc_now();
	list_add_tail(&shm->link, &segments);
	total_pages += pages;
	return &shm->ipc;
}

static int segment_fits(struct kern_ipc_perm *ipc, const struct ipc_get *get)
{
	return to_shm(ipc)->size < get->size ? -EINVAL : 0;
}

/* syscalls.h */
long sys_shmget(int key, size_t size, int flags)
{
	return ipc_get(&shm_ids, &(struct ipc_get){ .key = key, .flags = flags, .size = size,
						    .make = make_segment, .fits = segment_fits });
}

/* --- attachments --- */

/* => mutex held. Every VMA holds its segment by nattch and the object by a reference. */
static struct shm_segment *segment_of(struct vm_area_struct *vma)
{
	struct shm_segment *shm;

	list_for_each_entry(shm, &segments, link)
		if (shmem_object_mapping(shm->object) == vma->vm_mapping)
			return shm;
	BUG();
}

static void shm_open(struct vm_area_struct *vma)
{
	struct shm_segment *shm;

	mutex_lock(&shm_ids.mutex);
	shm = segment_of(vma);
	shmem_object_get(shm->object);
	shm->ipc.refs++;
	shm->nattch++;
	shm->atime = ipc_now();
	shm->lpid = current->tgid;
	mutex_unlock(&shm_ids.mutex);
}

static void shm_close(struct vm_area_struct *vma)
{
	struct shmem_object *object;
	struct shm_segment *shm;

	mutex_lock(&shm_ids.mutex);
	shm = segment_of(vma);
	object = shm->object;
	shm->nattch--;
	shm->dtime = ipc_now();
	shm->lpid = current->tgid;
	if (!shm->nattch && (shm->ipc.mode & SHM_DEST) && !shm->ipc.deleted)
		ipc_remove(&shm_ids, &shm->ipc);
	ipc_put(&shm_ids, &shm->ipc);
	mutex_unlock(&shm_ids.mutex);
	shmem_object_put(object);
}

static void shm_show_name(struct vm_area_struct *vma, struct seq_file *m)
{
	mutex_lock(&shm_ids.mutex);
	seq_printf(m, "/SYSV%08x (deleted)", (u32)segment_of(vma)->ipc.key);
	mutex_unlock(&shm_ids.mutex);
}

static void shm_identify(struct vm_area_struct *vma, kdev_t *dev, unsigned long *ino)
{
	mutex_lock(&shm_ids.mutex);
	*dev = 1;			/* 00:01, the kernel's own tmpfs */
	*ino = segment_of(vma)->ipc.id;
	mutex_unlock(&shm_ids.mutex);
}

static const struct vm_operations_struct shm_vm_ops = {
	.open = shm_open,
	.close = shm_close,
	.fault = shmem_fault,
	.show_name = shm_show_name,
	.identify = shm_identify,
};

/* do_mmap()'s upcall; the "file" is the segment, which the caller holds. */
static int shm_setup(struct vm_area_struct *vma, struct file *segment)
{
	vma->vm_mapping = shmem_object_mapping(((struct shm_segment *)(void *)segment)->object);
	vma->vm_ops = &shm_vm_ops;
	shm_open(vma);
	return 0;
}

/* Where it is to go, by shmat's rules: anywhere, or there (MAP_FIXED in *fixed). 0, -EINVAL */
static int attach_address(unsigned long *addr, int flags, int *fixed)
{
	*fixed = *addr ? MAP_FIXED : 0;		/* rounded down to 0 it is page 0 that is asked for */
	if (!*addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (!(*addr & ~PAGE_MASK))
		return 0;
	if (!(flags & SHM_RND))
		return -EINVAL;
	*addr &= PAGE_MASK;
	return !*addr && (flags & SHM_REMAP) ? -EINVAL : 0;
}

static long map_segment(struct shm_segment *shm, unsigned long addr, int fixed, int flags)
{
	struct mm_struct *mm = current->mm;
	struct mmap_request req = {
		.addr = addr,
		.len = segment_pages(shm) << PAGE_SHIFT,
		.prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
			(flags & SHM_EXEC ? PROT_EXEC : 0),
		.flags = MAP_SHARED | fixed,
		.file = (struct file *)(void *)shm,
		.mapping = shmem_object_mapping(shm->object),
		.file_readable = true,
		.file_writable = !(flags & SHM_RDONLY),
		.setup = shm_setup,
	};
	long ret = -EINVAL;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if (!fixed || (flags & SHM_REMAP) ||
	    (addr + req.len >= addr && !find_vma_intersection(mm, addr, addr + req.len)))
		ret = do_mmap(mm, &req);
	up_write(&mm->mmap_lock);
	if (ret >= 0 && req.populate)
		mm_populate(ret, req.len);
	return ret;
}

/* syscalls.h */
long sys_shmat(int id, unsigned long addr, int flags)
{
	int rights = S_IRUGO | (flags & SHM_RDONLY ? 0 : S_IWUGO) | (flags & SHM_EXEC ? S_IXUGO : 0);
	struct kern_ipc_perm *ipc;
	int fixed;
	long ret;

	if (id < 0)
		return -EINVAL;
	ret = attach_address(&addr, flags, &fixed);
	if (ret)
		return ret;
	mutex_lock(&shm_ids.mutex);
	ipc = ipc_find(&shm_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : ipc_permitted(ipc, rights);
	if (!ret) {
		ipc->refs++;		/* nobody removes it while it is being mapped */
		to_shm(ipc)->nattch++;
	}
	mutex_unlock(&shm_ids.mutex);
	if (ret)
		return ret;
	ret = map_segment(to_shm(ipc), addr, fixed, flags);
	mutex_lock(&shm_ids.mutex);
	if (!--to_shm(ipc)->nattch && (ipc->mode & SHM_DEST) && !ipc->deleted)
		ipc_remove(&shm_ids, ipc);
	ipc_put(&shm_ids, ipc);
	mutex_unlock(&shm_ids.mutex);
	return ret;
}

/*
 * All that is left of the attachment that began at @addr: munmap may have cut it, and its first
 * page need not be there any more. => mmap_lock for writing. 0, -EINVAL: there is none
 */
static int detach(struct mm_struct *mm, unsigned long addr)
{
	unsigned long at = addr, end = ~0UL;
	struct address_space *mapping = NULL;
	struct vm_area_struct *vma;

	while ((vma = find_vma(mm, at)) && vma->vm_start < end) {
		at = vma->vm_end;
		if (vma->vm_ops != &shm_vm_ops ||
		    vma->vm_start - addr != vma->vm_pgoff << PAGE_SHIFT ||
		    (mapping && vma->vm_mapping != mapping))
			continue;
		mapping = vma->vm_mapping;
		end = addr + PAGE_ALIGN(*mapping->i_size);
		if (do_munmap(mm, vma->vm_start, vma->vm_end - vma->vm_start))
			return -ENOMEM;
	}
	return mapping ? 0 : -EINVAL;
}

/* syscalls.h */
long sys_shmdt(unsigned long addr)
{
	int ret;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (down_write_killable(&current->mm->mmap_lock))
		return -EINTR;
	ret = detach(current->mm, addr);
	up_write(&current->mm->mmap_lock);
	return ret;
}

/* --- shmctl --- */

static int copy_info(void __user *buf)
{
	struct shminfo64 info = { .shmmax = shmmax, .shmmin = 1, .shmmni = shmmni, .shmseg = shmmni,
				  .shmall = shmall };
	int max;

	mutex_lock(&shm_ids.mutex);
	max = ipc_max_index(&shm_ids);
	mutex_unlock(&shm_ids.mutex);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : max;
}

static int copy_shm_info(void __user *buf)
{
	struct shm_info info = { 0 };
	struct shm_segment *shm;
	unsigned long present, swapped;
	int max;

	mutex_lock(&shm_ids.mutex);
	info.used_ids = shm_ids.in_use;
	info.shm_tot = total_pages;
	list_for_each_entry(shm, &segments, link) {
		shmem_object_pages(shm->object, &present, &swapped);
		info.shm_rss += present;
		info.shm_swp += swapped;
	}
	max = ipc_max_index(&shm_ids);
	mutex_unlock(&shm_ids.mutex);
	return copy_to_user(buf, &info, sizeof(info)) ? -EFAULT : max;
}

static int stat_segment(int id, int cmd, void __user *buf)
{
	struct shmid64_ds ds = { 0 };
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&shm_ids.mutex);
	ipc = cmd == IPC_STAT ? ipc_find(&shm_ids, id) : ipc_find_index(&shm_ids, id);
	ret = IS_ERR(ipc) ? PTR_ERR(ipc) : cmd == SHM_STAT_ANY ? 0 : ipc_permitted(ipc, S_IRUGO);
	if (!ret) {
		struct shm_segment *shm = to_shm(ipc);

		ipc_to_user_perm(ipc, &ds.shm_perm);
		ds.shm_segsz = shm->size;
		ds.shm_atime = shm->atime;
		ds.shm_dtime = shm->dtime;
		ds.shm_ctime = shm->ctime;
		ds.shm_cpid = shm->cpid;
		ds.shm_lpid = shm->lpid;
		ds.shm_nattch = shm->nattch;
		ret = cmd == IPC_STAT ? 0 : ipc->id;
	}
	mutex_unlock(&shm_ids.mutex);
	return ret >= 0 && copy_to_user(buf, &ds, sizeof(ds)) ? -EFAULT : ret;
}

/* SHM_LOCK and SHM_UNLOCK's account: root may, others up to RLIMIT_MEMLOCK. => mutex held */
static int account_lock(struct shm_segment *shm, bool lock)
{
	struct user_struct *user = current_cred()->user;
	long pages = segment_pages(shm);

	if (!lock) {
		shm->locked_by->locked_shm -= pages;
		free_uid(shm->locked_by);
		return 0;
	}
	user->locked_shm += pages;
	if (user->locked_shm > (long)(rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT) &&
	    !capable(CAP_IPC_LOCK)) {
		user->locked_shm -= pages;
		return -ENOMEM;
	}
	user->count++;
	shm->locked_by = user;
	return 0;
}

static int lock_segment(struct shm_segment *shm, bool lock)
{
	int ret;

	if (!capable(CAP_IPC_LOCK)) {
		kuid_t euid = current_cred()->euid;

		if (euid != shm->ipc.uid && euid != shm->ipc.cuid)
			return -EPERM;
		if (lock && !rlimit(RLIMIT_MEMLOCK))
			return -EPERM;
	}
	if (lock == !!(shm->ipc.mode & SHM_LOCKED))
		return 0;
	ret = account_lock(shm, lock);
	if (ret)
		return ret;
	shm->ipc.mode ^= SHM_LOCKED;
	shmem_object_lock(shm->object, lock);
	return 0;
}

/* What IPC_RMID means: the name goes now, the memory with the last attachment. => mutex held */
static void remove_segment(struct shm_segment *shm)
{
	if (shm->nattch) {
		shm->ipc.mode |= SHM_DEST;
		shm->ipc.key = IPC_PRIVATE;
	} else {
		ipc_remove(&shm_ids, &shm->ipc);
	}
}

/* The commands that change a segment. @ds: IPC_SET's. */
static int change_segment(int id, int cmd, const struct shmid64_ds *ds)
{
	struct kern_ipc_perm *ipc;
	int ret;

	mutex_lock(&shm_ids.mutex);
	ipc = ipc_find(&shm_ids, id);
	if (IS_ERR(ipc)) {
		ret = PTR_ERR(ipc);
	} else if (cmd == SHM_LOCK || cmd == SHM_UNLOCK) {
		ret = lock_segment(to_shm(ipc), cmd == SHM_LOCK);
	} else {
		ret = ipc_owner_permitted(ipc);
		if (!ret && cmd == IPC_SET) {
			ret = ipc_set(ipc, &ds->shm_perm);
			if (!ret)
				to_shm(ipc)->ctime = ipc_now();
		} else if (!ret) {
			remove_segment(to_shm(ipc));
		}
	}
	mutex_unlock(&shm_ids.mutex);
	return ret;
}

/* syscalls.h */
long sys_shmctl(int id, int cmd, void __user *buf)
{
	struct shmid64_ds ds;

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return copy_info(buf);
	case SHM_INFO:
		return copy_shm_info(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat_segment(id, cmd, buf);
	case IPC_SET:
		if (copy_from_user(&ds, buf, sizeof(ds)))
			return -EFAULT;
		return change_segment(id, cmd, &ds);
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return change_segment(id, cmd, NULL);
	}
	return -EINVAL;
}

/* --- /proc/sysvipc/shm --- */

static void show_segment(struct seq_file *m, struct kern_ipc_perm *ipc)
{
	struct shm_segment *shm = to_shm(ipc);
	unsigned long present, swapped;

	shmem_object_pages(shm->object, &present, &swapped);
	seq_printf(m, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lld %10lld %10lld %21lu %21lu\n",
		   ipc->key, ipc->id, ipc->mode, (unsigned long)shm->size, shm->cpid, shm->lpid,
		   shm->nattch, ipc->uid, ipc->gid, ipc->cuid, ipc->cgid, (long long)shm->atime,
		   (long long)shm->dtime, (long long)shm->ctime, present << PAGE_SHIFT,
		   swapped << PAGE_SHIFT);
}

static int shm_show(struct seq_file *m) { return ipc_show(&shm_ids, m); }
CTL_FILE("/proc/sysvipc/shm", .mode = 0444, .show = shm_show);
