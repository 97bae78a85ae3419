"""A server that pictures are fetched from: each path answers as a test says, right or wrong."""

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SourceServer:
    """On this machine, on a port of its own. `serve(path, body)` for what is well, `script(path, function)` for what is not:
    the function is given the request's handler."""

    def __init__(self, certificate=None):
        self.requests, self._scripts, self._changed = [], {}, threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802
                self.close_connection = True
                with outer._changed:
                    outer.requests.append((self.path, dict(self.headers)))
                    outer._changed.notify_all()
                outer._scripts.get(self.path, SourceServer.not_found)(self)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def not_found(handler):
        handler.send_response(404)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"secret")

    def serve(self, path, body, **headers):
        def answer(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)
        self._scripts[path] = answer
        return self.url + path

    def redirect(self, path, location, status=302):
        def answer(handler):
            handler.send_response(status)
            handler.send_header("Location", location)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        self._scripts[path] = answer
        return self.url + path

    def fail(self, path, status):
        def answer(handler):
            handler.send_response(status)
            handler.send_header("Content-Length", "6")
            handler.end_headers()
            handler.wfile.write(b"secret")
        self._scripts[path] = answer
        return self.url + path

    def send(self, path, data):
        """Bytes as they are, and the end of the connection."""
        self._scripts[path] = lambda handler: handler.wfile.write(data)
        return self.url + path

    def held(self, path, data, rest=b""):
        """Sends `data` and waits: see Held."""
        held = Held(self.url + path, data, rest)
        self._scripts[path] = held.answer
        return held

    def count(self, path):
        with self._changed:
            return sum(asked == path for asked, _ in self.requests)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Held:
    """An answer that stands still after its first bytes, until it is released or whoever asked goes away."""

    def __init__(self, url, data, rest):
        self.url, self._data, self._rest = url, data, rest
        self.asked, self.left, self._released = threading.Event(), threading.Event(), threading.Event()

    def answer(self, handler):
        handler.wfile.write(self._data)
        self.asked.set()
        handler.connection.settimeout(0.05)
        while not self._released.is_set():
            try:
                if not handler.connection.recv(1):
                    self.left.set()
                    return
            except (TimeoutError, socket.timeout):
                continue
            except OSError:
                self.left.set()
                return
        handler.wfile.write(self._rest)

    def release(self):
        self._released.set()


def ok_head(length):
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
