"""Somebody who is told by webhooks: quick, slow, refusing, or away."""

import json
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eventually import eventually
from safelight_process import REPOSITORY

CLIENTS = REPOSITORY / "tests/clients"


@dataclass
class Message:
    at: float
    path: str
    headers: dict
    body: str

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def event(self):
        return json.loads(self.body)

    @property
    def job(self):
        return self.event["data"].get("job_id")


class Receiver:
    """On this machine, always on the same port, while it is open. `answer` gives (status, headers) of a message; `delay_s` goes
    before each answer."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.delay_s = 0
        self.answer = lambda message: (204, {})
        self.messages = []
        self._lock = threading.Lock()
        self._server = None

    def open(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                self.close_connection = True
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                message = Message(time.monotonic(), self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with outer._lock:
                    outer.messages.append(message)
                time.sleep(outer.delay_s)
                status, headers = outer.answer(message)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                except OSError:
                    pass  # who asked is gone

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def close(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def url(self, path="/hooks"):
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path):
        with self._lock:
            return [message for message in self.messages if message.path == path]

    def wait_for(self, count, path="/hooks", timeout_s=30):
        eventually(lambda: len(self.at(path)) >= count, timeout_s,
                   describe=lambda: f"{len(self.at(path))} messages at {path}, not {count}")
        return self.at(path)


def verify(pairs):
    """(secret, message) each, by the library of the Standard Webhooks project. Returns how many were verified, and those that
    were not."""
    lines = [json.dumps({"secret": secret, "headers": message.headers, "body": message.body}) for secret, message in pairs]
    done = subprocess.run(["node", "verify_webhooks.mjs"], cwd=CLIENTS, input="\n".join(lines), capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    return result["verified"], result["refused"]
