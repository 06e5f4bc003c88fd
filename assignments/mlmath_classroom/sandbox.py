"""Start the kernels: the student's inside bubblewrap where the machine has it, with an eye on what it takes."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import psutil
import zmq.asyncio
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager

import mlmath_helpers

from . import limits

ISOLATION = [
    "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
    "--die-with-parent", "--new-session", "--clearenv",
]  # fmt: skip
SCRATCH = 2**26  # bytes that a submission may write in each of /tmp, /dev/shm and its working folder


@functools.cache
def available():
    """Whether bubblewrap is installed and may make its namespaces here."""
    program = shutil.which("bwrap")
    trial = [program, *ISOLATION, "--ro-bind", "/", "/", "/bin/true"]
    return bool(program) and subprocess.run(trial, capture_output=True).returncode == 0


def readable():
    """What a submission may read of this machine: the system, Python with its packages, and the book's helpers."""
    system = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"]
    python = [sys.base_prefix, sys.prefix, str(Path(mlmath_helpers.__file__).parent), limits.__file__]
    return [path for path in dict.fromkeys(system + python) if Path(path).exists()]


def manager(folder, work, confined):
    """The manager of a kernel.

    Parameters
    ----------
    folder : Path, where the kernel's description, its connection file and the folder `box` for its sockets will be
    work : Path, the kernel's working folder
    confined : whether to start it inside bubblewrap, where it sees of `folder` only the box, and the connection file
    """
    box, connection = folder / "box", folder / "connection.json"
    box.mkdir(exist_ok=True)
    command = [sys.executable, limits.__file__, "-f", "{connection_file}", "--HistoryManager.hist_file=:memory:"]
    if confined:
        command = [*confinement(box, work), "--ro-bind", str(connection), str(connection), *read_only(), *command]
    (folder / "kernels" / "apart").mkdir(parents=True)
    description = {"argv": command, "display_name": "apart", "language": "python", "interrupt_mode": "message"}
    (folder / "kernels" / "apart" / "kernel.json").write_text(json.dumps(description))
    return AsyncKernelManager(
        kernel_name="apart",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False),
        connection_file=str(connection),
        context=limits.careful(zmq.asyncio.Context()),
        # Free ports are found before they are taken: two kernels that start at once can be given the same one.
        **({"transport": "ipc", "ip": str(box / "s")} if sys.platform == "linux" else {}),
    )


def confinement(box, work):
    """bubblewrap's part of the command."""
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/matplotlib", "IPYTHONDIR": "/tmp/ipython", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    memory = ["--size", str(SCRATCH), "--tmpfs"]
    command = ["bwrap", *ISOLATION, "--proc", "/proc", "--dev", "/dev", *memory, "/dev/shm", *memory, "/tmp"]
    command += [word for path in readable() for word in ("--ro-bind", path, path)]
    fonts = sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))  # reading all fonts anew takes seconds
    command += [word for path in fonts for word in ("--ro-bind", str(path), f"/tmp/matplotlib/{path.name}")]
    command += ["--bind", str(box), str(box), "--chdir", str(work)]
    return command + [word for name, value in environment.items() for word in ("--setenv", name, value)]


def read_only():
    """The folders that bubblewrap makes itself are in memory, without a limit on what is written into them."""
    return ["--remount-ro", "/dev", "--remount-ro", "/"]


def family(manager):
    """The processes of a kernel; inside bubblewrap even those that it has cut loose."""
    try:
        kernel = psutil.Process(manager.provisioner.pid)
        return [kernel, *kernel.children(recursive=True)]
    except (psutil.Error, AttributeError, TypeError):  # it has ended, or was never started
        return []


def end(manager):
    for process in family(manager):
        try:
            process.kill()
        except psutil.Error:
            pass


def greedy(manager, box):
    """Whether a kernel with all its processes takes more memory, or more of the disk, than it may."""
    memory = 0
    for process in family(manager):
        try:
            memory += process.memory_info().rss
        except psutil.Error:
            pass
    return memory > limits.MEMORY + limits.GIB or occupied(box) > SCRATCH


def occupied(folder):
    """The bytes that files take below a folder, or infinity when they are hidden, too deep, or too many to look at."""
    total, waiting = 0, [folder]
    while waiting and total < 2 * SCRATCH:
        try:
            for entry in os.scandir(waiting.pop()):
                total += 4096 + entry.stat(follow_symlinks=False).st_size
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        except FileNotFoundError:
            pass
        except OSError:
            return float("inf")
    return total


def remove(folder):
    """Remove a folder, even one that a submission has made unreadable or nested deeper than Python can follow."""
    if os.name == "posix":
        subprocess.run(["sh", "-c", 'chmod -R u+rwx "$0"; rm -rf "$0"', str(folder)], stderr=subprocess.DEVNULL)
    else:
        shutil.rmtree(folder, ignore_errors=True)
