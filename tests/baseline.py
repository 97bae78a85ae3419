"""I7: a process that is at rest again is the one that was started, with the memory and the open files of then."""

import collections
import re
import time
from pathlib import Path

WITHIN_S = 5  # for what was just finished to be put away
MEMORY_FACTOR_MAX = 1.2
LISTENING = "0A"
# Made on demand and kept: connections to the catalog and to the store, and the pair of sockets that libcurl has beside each.
POOLED = ("connection to a server", "socket")


class Baseline:
    """Of a SafelightProcess that is started and idle."""

    def __init__(self, process):
        self.process, self.pid = process, process.pid
        self.open, self.rss_bytes = descriptors(process), process.rss_bytes()

    def faults(self):
        """What is not as it was, as texts."""
        deadline = time.monotonic() + WITHIN_S
        while (faults := self._faults()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return faults

    def _faults(self):
        if not self.process.running or self.process.pid != self.pid:
            return [f"the process {self.pid} was started again, or has ended"]
        most = {**self.open, **dict.fromkeys(POOLED, 2 * len(self.process.threads()))}
        faults = [f"{count} × {what} are open, and {most.get(what, 0)} may be"
                  for what, count in sorted(descriptors(self.process).items()) if count > most.get(what, 0)]
        rss_bytes = self.process.rss_bytes()
        if rss_bytes > MEMORY_FACTOR_MAX * self.rss_bytes:
            faults.append(f"{rss_bytes} bytes of memory are taken, after {self.rss_bytes}")
        return faults


def descriptors(process):
    """How many of each kind are open."""
    ends = tcp_ends(process.pid)
    counts = collections.Counter()
    for target in process.open_files():
        socket = re.fullmatch(r"socket:\[(\d+)\]", target)
        counts[kind_of(*ends[socket[1]], process.port) if socket and socket[1] in ends else re.sub(r":\[\d+\]$", "", target)] += 1
    counts["socket"] -= len(process.renderers())  # one leads to each; these come on demand
    return counts


def kind_of(local_port, state, port):
    if state == LISTENING:
        return "listening socket"
    return "connection of a client" if local_port == port else "connection to a server"


def tcp_ends(pid):
    """By the number that a descriptor leads to: the port of this machine, and the state."""
    ends = {}
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            ends[fields[9]] = (int(fields[1].rpartition(":")[2], 16), fields[3])
    return ends
