"""What poolers of PostgreSQL call transaction pooling, as little of it as there can be: one session of the server, which
every client has until its transaction is over.

    with TransactionPooler(("127.0.0.1", postgres_port)) as pooler:
        settings = {"SAFELIGHT_CATALOG": f"postgresql://user@127.0.0.1:{pooler.port}/database"}
"""

import os
import socket
import socketserver
import struct
import threading

ENCRYPTION_REQUESTS = (80877103, 80877104)  # TLS, GSSAPI
READY = b"Z"
ENDS_A_TURN = (b"Q", b"S")  # a simple query; the end of a pipeline
IDLE = b"I"


def _read(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionResetError("the other end is gone")
        data += piece
    return data


def _read_message(connection):
    """(its kind, all of its bytes)"""
    head = _read(connection, 5)
    return head[:1], head + _read(connection, struct.unpack("!I", head[1:])[0] - 4)


def read_startup(connection):
    """The first message of a client that wants no encryption, or is told that there is none."""
    while True:
        head = _read(connection, 8)
        length, code = struct.unpack("!II", head)
        rest = _read(connection, length - 8)
        if code not in ENCRYPTION_REQUESTS:
            return head + rest
        connection.sendall(b"N")


class _Client(socketserver.BaseRequestHandler):
    def handle(self):
        pooler = self.server.pooler
        try:
            greeting = pooler.greeting(read_startup(self.request))
            self.request.sendall(greeting)
            while self._has_turn(pooler):
                pass
        except OSError:
            pass  # it is gone

    def _has_turn(self, pooler):
        kind, message = _read_message(self.request)
        if kind == b"X":
            return False
        with pooler.turn:
            while True:
                pooler.session.sendall(message)
                if kind in ENDS_A_TURN and self._relay_answers(pooler) == IDLE:
                    return True
                kind, message = _read_message(self.request)

    def _relay_answers(self, pooler):
        while True:
            kind, message = _read_message(pooler.session)
            self.request.sendall(message)
            if kind == READY:
                return message[5:6]


class TransactionPooler:
    """Of one user and one database: those of the first client."""

    def __init__(self, target):
        self._target = target
        self._starting = threading.Lock()
        self._greeting = None
        self.turn = threading.Lock()
        self.session = None

    def greeting(self, startup):
        """What the server said when its session began, with a key of the pooler's own."""
        with self._starting:
            if self.session is None:
                self.session = socket.create_connection(self._target)
                self.session.sendall(startup)
                self._greeting = b""
                kind = None
                while kind != READY:
                    kind, message = _read_message(self.session)
                    own_key = b"K" + struct.pack("!I", 12) + os.urandom(8)
                    self._greeting += own_key if kind == b"K" else message
            return self._greeting

    def __enter__(self):
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Client, bind_and_activate=True)
        self._server.daemon_threads = True
        self._server.pooler = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        if self.session:
            self.session.close()
