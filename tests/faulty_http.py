"""An HTTP proxy on loopback that understands what it passes on, and spoils a share of it on command: for the S3 store.

    with FaultyHttp(("127.0.0.1", s3_port)) as proxy:
        proxy.refuse(503, "SlowDown", share=0.3)  # answers by itself, and the store is not asked
        proxy.refuse(403, "AccessDenied", only=lambda method, path: method == "DELETE")
        proxy.set_clock(120)                      # the Date of answers is two minutes ahead
        proxy.lose(share=0.3)                     # the store does it, and the answer gets lost
        proxy.truncate(share=0.3)                 # half of an answer's body comes, then the end
        proxy.heal()

Signatures stay good, because the Host field is passed on as it came. tests/delaying_proxy.py is for what needs no
understanding: delays, silence, slow bytes.
"""

import datetime
import email.utils
import http.client
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "content-length"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble, *details = self.server.draw(self.command, self.path)
        if trouble == "refuse":
            return self._refuse(*details)
        try:
            answer, content = self._ask(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # as if nobody were there
            return None
        if trouble == "lose":
            self.close_connection = True
            return None
        return self._pass_on(answer, content, trouble == "truncate")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _relay

    def _ask(self, body):
        connection = http.client.HTTPConnection(*self.server.target, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    connection.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _pass_on(self, answer, content, truncated):
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() == "date":
                value = email.utils.format_datetime(email.utils.parsedate_to_datetime(value) + self.server.clock_ahead, usegmt=True)
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if truncated and len(content) > 1:
            content = content[:len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)

    def _refuse(self, status, code):
        content = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>By command.</Message></Error>'.encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target, seed):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.trouble = ("none",)
        self.share = 0.0
        self.only = None
        self.clock_ahead = datetime.timedelta()
        self.spoiled = 0
        self._chance = random.Random(seed)
        self._mutex = threading.Lock()

    def draw(self, method, path):
        """What happens to the next request."""
        with self._mutex:
            if self.only and not self.only(method, path):
                return ("none",)
            if self._chance.random() >= self.share:
                return ("none",)
            self.spoiled += 1
            return self.trouble

    def handle_error(self, request, client_address):
        """A client that went away is no news."""


class FaultyHttp:
    """Runs in threads of its own; any thread may call. A command holds for requests that come after it."""

    def __init__(self, target, seed=20261126):
        self._server = _Server(target, seed)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def refuse(self, status, code, share=1.0, only=None):
        """`only` tells by method and path which requests; without it, all are."""
        self._set(("refuse", status, code), share, only)

    def set_clock(self, ahead_s):
        self._server.clock_ahead = datetime.timedelta(seconds=ahead_s)

    def lose(self, share=1.0):
        self._set(("lose",), share)

    def truncate(self, share=1.0):
        self._set(("truncate",), share)

    def heal(self):
        self._set(("none",), 0.0)

    @property
    def spoiled(self):
        """So many requests, since the start."""
        return self._server.spoiled

    def _set(self, trouble, share, only=None):
        self._server.share = 0.0  # never the new share with the old trouble
        self._server.trouble = trouble
        self._server.only = only
        self._server.share = share
