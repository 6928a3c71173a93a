"""A scenario: one shell script that runs in the guest, and what its head says of the machine it wants.

    # boot: -m 512 -s 256 -c 2 -k 'KERNEL ARGS'   memory and swap in MiB, CPUs, -t seconds, -a amd64 or i386
    # qemu: ARGS                                  further QEMU arguments
    # disks: KIND:MIB[:OPTIONS] ...               further virtio disks: ext2, ext4, swap or raw
    # programs: NAME[=SOURCE[,FLAG...]] ...       of programs/, static, not optimised
    # procps: yes                                 Debian's own free(1), as /bin/procps-free with its libraries
    # close: PERCENT,SLACK REGEX                  numbers within what REGEX matches are facts, too: so close, or so near

The head is the comment lines at the start; the format is that of the reference recordings.
"""

import fcntl
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = pathlib.Path(os.environ.get("BRINK_PARITY_CACHE", pathlib.Path.home() / ".cache/brink-parity"))
# What free(1) is linked with, by way of libproc2 and libsystemd.
PROCPS = "procps libproc2-0 libc6 libsystemd0 libcap2 libgcrypt20 liblzma5 libzstd1 liblz4-1 libgpg-error0".split()
PROCPS_FILES = ("ld-linux libproc2.so libc.so libsystemd.so libcap.so libgcrypt.so liblzma.so libzstd.so liblz4.so "
                "libgpg-error.so").split()

INIT = """#!/bin/sh
export PATH=/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
  [ -f /mod/$m.ko ] && insmod /mod/$m.ko
done
rm -rf /mod
grep -q ref.swap /proc/cmdline && swapon /dev/vda
echo "@@ start"
sh /script
echo "@@ end"
poweroff -f
"""


class Scenario:
    def __init__(self, path):
        self.path, self.name = pathlib.Path(path), pathlib.Path(path).stem
        head = self.head = {}
        for line in self.path.read_text().splitlines():
            if not line.startswith("#"):
                break
            if m := re.match(r"# (boot|qemu|disks|programs|procps|close): *(.*)", line):
                head.setdefault(m.group(1), []).append(m.group(2))
        words = shlex.split(self.first("boot"))
        options = dict(zip(words[::2], words[1::2]))
        self.i386 = options.get("-a") == "i386"
        self.mem, self.swap = int(options.get("-m", 512)), int(options.get("-s", 0))
        self.cpus, self.limit = int(options.get("-c", 2)), int(options.get("-t", 300))
        self.kernel_args = options.get("-k", "")
        self.qemu = shlex.split(self.first("qemu"))
        self.disks = self.first("disks").split()
        self.programs = self.first("programs").split()
        self.procps = bool(self.first("procps"))
        self.close = []
        for line in head.get("close", []):
            tolerance, regex = line.split(None, 1)
            percent, slack = map(float, tolerance.split(","))
            self.close.append((percent, slack, re.compile(regex)))

    def first(self, key):
        return self.head.get(key, [""])[0]

    # --- what the machine is given ---

    def build_programs(self, directory, bits=64):
        files = []
        for program in self.programs:
            out, _, source = program.partition("=")
            source, *flags = (source or out).split(",")
            compiler = ["gcc", "-m32"] if bits == 32 else [os.environ.get("USER_CC", "musl-gcc")]
            subprocess.run([*compiler, "-static", "-O0", "-w", *flags, "-o", directory / out,
                            HERE / "programs" / f"{source}.c", "-lpthread"], check=True)
            files.append(directory / out)
        return files

    def make_disks(self, directory):
        """=> QEMU's -drive arguments: the swap disk first, then the others."""
        drives = []
        images = ([f"swap:{self.swap}"] if self.swap else []) + self.disks
        for number, disk in enumerate(images):
            kind, mib, *options = disk.split(":")
            image = directory / f"disk{number}"
            with open(image, "wb") as f:
                f.truncate(int(mib) << 20)
            os.chmod(image, 0o600)
            if kind.startswith("ext"):
                # ext2 on both kernels: it is what Brink has, and Linux's ext4 driver serves it under either name.
                run_tool("mke2fs", "-q", "-t", "ext2", image)
            elif kind == "swap":
                run_tool("mkswap", "-q", image)
            drives += ["-drive", ",".join([f"file={image},format=raw,if=virtio,cache=unsafe", *options])]
        return drives

    def make_initramfs(self, directory, busybox, modules, bits=64):
        """=> the file: BusyBox with all its applets, the programs, the script, an /init that runs it.

        @busybox is this machine's; a 32-bit guest gets Debian's of i386, whose applets are the same.
        """
        root = directory / "root"
        for name in "bin dev proc sys tmp root etc mod var/log mnt".split():
            (root / name).mkdir(parents=True)
        shutil.copy(busybox if bits == 64 else busybox_i386(), root / "bin/busybox")
        for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                (root / "bin" / applet).symlink_to("busybox")
        for module in modules:
            shutil.copy(module, root / "mod")
        self.build_programs(root / "bin", bits)
        if self.procps:
            for file, name in procps_files("i386" if bits == 32 else "amd64"):
                shutil.copy(file, root / "bin" / name)
                if self.i386 and bits == 64 and name.startswith("ld-linux"):
                    shutil.copy(file, root / "bin/ld-linux.so.2")   # the name that the script knows
        shutil.copy(self.path, root / "script")
        (root / "init").write_text(INIT)
        for name in ("script", "init"):
            (root / name).chmod(0o755)
        names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=root, input=names,
                                 capture_output=True, check=True).stdout
        file = directory / "initrd"
        # Its end may lie where the firmware keeps rings for the disks (QEMU 7.2 leaves it 160 KiB, five disks want 188).
        file.write_bytes(subprocess.run(["gzip", "-1"], input=archive, capture_output=True, check=True).stdout + bytes(192 << 10))
        return file


def run_tool(name, *args):
    """mke2fs and mkswap live where an ordinary user's PATH may not reach."""
    tool = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not tool:
        raise SystemExit(f"parity: {name} is missing (e2fsprogs, util-linux)")
    subprocess.run([tool, *args], check=True, stdout=subprocess.DEVNULL)


def all_scenarios(wanted):
    """Those whose names start with one of the words; all of them without words."""
    paths = sorted((HERE / "scenarios").glob("*.sh"))
    return [Scenario(p) for p in paths if not wanted or any(p.stem.startswith(w) for w in wanted)]


# --- what comes from Debian, once ---

def download(arch, packages, to):
    """Debian's own packages, unpacked into @to, with apt-get's lists of its own: nothing on this machine changes."""
    with tempfile.TemporaryDirectory(prefix="brink-parity-") as work:
        work = pathlib.Path(work)
        (work / "lists/partial").mkdir(parents=True)
        (work / "cache/archives/partial").mkdir(parents=True)
        options = [f"-oAPT::Architecture={arch}", f"-oAPT::Architectures={arch}", f"-oDir::State::Lists={work}/lists",
                   f"-oDir::Cache={work}/cache", "-oAPT::Sandbox::User=root"]
        subprocess.run(["apt-get", *options, "update"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = []
        for package in packages:
            if package.startswith("linux-image-"):      # a name that only depends on today's version
                text = subprocess.run(["apt-cache", *options, "depends", package], capture_output=True, text=True).stdout
                package = re.search(r"Depends: (\S+)", text).group(1)
            names.append(package)
        subprocess.run(["apt-get", *options, "download", *names], cwd=work, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        fresh = to.with_name(to.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for deb in work.glob("*.deb"):
            subprocess.run(["dpkg", "-x", deb, fresh], check=True)
        fresh.rename(to)


def cached(name, arch, packages):
    to = CACHE / f"{name}-{arch}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:     # scenarios run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not to.is_dir():
            download(arch, packages, to)
    return to


def procps_files(arch):
    tree = cached("procps", arch, PROCPS)
    yield tree / "usr/bin/free", "procps-free"
    files = [p for p in tree.rglob("*so*") if re.search(r"so\.[0-9]+$", p.name)]
    for wanted in PROCPS_FILES:
        file = next((p for p in files if p.name.startswith(wanted)), None)
        if file:
            yield file, file.name


def busybox_i386():
    return cached("busybox", "i386", ["busybox-static"]) / "bin/busybox"


def linux_kernel(arch):
    """=> (kernel, modules) of Debian's Linux 6.1; i386 is the 686-pae kernel, which has a real HighMem."""
    meta = {"amd64": "linux-image-cloud-amd64", "i386": "linux-image-686-pae"}[arch]
    tree = cached("linux", arch, [meta])
    return next((tree / "boot").glob("vmlinuz-*")), list((tree / "lib/modules").rglob("virtio*.ko"))
