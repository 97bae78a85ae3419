"""`./run stack`: Ctrl-C on the terminal ends it in order, and the servers outlive the processes that need them."""

import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time

import pictures
from eventually import eventually
from http_client import multipart
from own_servers import is_gone
from safelight_process import REPOSITORY, clean_environment


class Terminal:
    """A program on a terminal of its own, and what it says."""

    def __init__(self, *command):
        self.output = ""
        self._end, other = pty.openpty()
        self.process = subprocess.Popen(command, cwd=REPOSITORY, env=clean_environment({"SAFELIGHT_LISTEN": "127.0.0.1:0"}),
                                        stdin=other, stdout=other, stderr=other, start_new_session=True,
                                        preexec_fn=self._as_in_the_foreground)
        os.close(other)
        threading.Thread(target=self._read, daemon=True).start()

    @staticmethod
    def _as_in_the_foreground():
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # the controlling terminal
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has what it runs in the background ignore it

    def _read(self):
        try:
            while piece := os.read(self._end, 65536):
                self.output += piece.decode(errors="replace")
        except OSError:
            pass  # nobody is at the other end any more

    def interrupt(self):
        """Ctrl-C: the terminal sends the signal to all in the foreground."""
        os.write(self._end, b"\x03")


def descendants(pid):
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
                children = [int(child) for child in file.read().split()]
        except FileNotFoundError:
            continue
        found += children
        waiting += children
    return found


def test_ctrl_c_ends_the_stack_in_order():
    terminal = Terminal("scripts/stack.sh")
    try:
        listening = eventually(lambda: re.search(r"listening\s.*?127\.0\.0\.1:(\d+)", terminal.output), timeout_s=60,
                               describe=lambda: terminal.output)
        eventually(lambda: terminal.output.count("working") >= 2, timeout_s=30, describe=lambda: terminal.output)
        processes = descendants(terminal.process.pid)
        assert len(processes) >= 8  # a server, two workers, Redis, memcached, and four of Swift
        content_type, body = multipart([("file", "picture", pictures.make(size=(800, 600)))])
        with socket.create_connection(("127.0.0.1", int(listening[1])), 30) as upload:
            upload.sendall(f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:len(body) // 2])
            time.sleep(0.2)  # it is under way
            terminal.interrupt()
            eventually(lambda: "stopping" in terminal.output, describe=lambda: terminal.output)
            upload.sendall(body[len(body) // 2:])
            answer = upload.recv(65536)
        assert answer.startswith(b"HTTP/1.1 202 "), answer
        assert terminal.process.wait(60) == 0, terminal.output
        eventually(lambda: all(map(is_gone, processes)), timeout_s=10)
        assert not re.search(r"\x1b\[\d+m(warn|error)\x1b", terminal.output), terminal.output
    finally:
        if terminal.process.poll() is None:
            os.killpg(terminal.process.pid, signal.SIGTERM)
            terminal.process.wait(60)
