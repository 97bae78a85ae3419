"""A control group of this machine for one test: limits of memory and processes that the kernel itself enforces."""

import os
import signal
import time
from pathlib import Path

TOP = Path("/sys/fs/cgroup")


class NoControlGroup(Exception):
    """None can be made here; the text says why."""


def own_group(controller):
    """Where this process is: the folder of its group, and whether it is one of version 2."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return TOP / controllers / path.lstrip("/"), False
        if not controllers and (TOP / "cgroup.controllers").exists():
            return TOP / path.lstrip("/"), True
    raise NoControlGroup(f"this machine has no control groups for {controller}")


def make_group(controller, name):
    """A group below that of this process (version 1), so that its limits go on to hold; in version 2, where a group has either
    processes or others below it, beside it."""
    own, is_second_version = own_group(controller)
    parent = own.parent if is_second_version and own != TOP else own
    group = parent / name
    try:
        if is_second_version and controller not in (parent / "cgroup.subtree_control").read_text().split():
            raise NoControlGroup(f"{parent} does not hand {controller} on")
        group.mkdir()
    except OSError as error:
        raise NoControlGroup(f"no control group can be made for {controller}: {error}") from error
    return group, is_second_version


class ControlGroup:
    """With limits of memory, of processes and threads, or of both. To be used in `with`: at the end, whatever is still in
    it is killed, and it is removed."""

    def __init__(self, memory_bytes=None, processes=None):
        self._groups = {}
        try:
            if memory_bytes:
                self._make("memory")
                self._write("memory", "memory.max", "memory.limit_in_bytes", memory_bytes)
                self._forbid_swapping(memory_bytes)
            if processes:
                self._make("pids")
                self.limit_processes(processes)
        except BaseException:
            self.remove()
            raise

    def _make(self, controller):
        self._groups[controller] = make_group(controller, f"safelight-test-{os.getpid()}-{time.monotonic_ns()}")

    def _write(self, controller, second, first, value):
        group, is_second_version = self._groups[controller]
        (group / (second if is_second_version else first)).write_text(str(value))

    def _forbid_swapping(self, memory_bytes):
        """Where the kernel counts it. Version 1 counts memory and swap together."""
        group, is_second_version = self._groups["memory"]
        file, limit = ("memory.swap.max", 0) if is_second_version else ("memory.memsw.limit_in_bytes", memory_bytes)
        if (group / file).exists():
            (group / file).write_text(str(limit))

    def limit_processes(self, count):
        """Of all that are in it together, threads counted."""
        self._write("pids", "pids.max", "pids.max", count)

    def processes(self):
        return int((self._groups["pids"][0] / "pids.current").read_text())

    def kills(self):
        """How many processes the kernel has killed for want of memory."""
        group, is_second_version = self._groups["memory"]
        lines = (group / ("memory.events" if is_second_version else "memory.oom_control")).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def enter(self):
        """For a new process, before it becomes the program that is tested."""
        for group, _ in self._groups.values():
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        for group, _ in self._groups.values():
            deadline = time.monotonic() + 10
            while group.exists():
                for pid in (group / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
                try:
                    group.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)  # what was killed is not gone yet

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
