"""A small HTTP client that hides nothing: every header as it came, raw sockets where framing is the point."""

import http.client
import json
import secrets
import socket
from dataclasses import dataclass, field


@dataclass
class Response:
    status: int
    headers: list
    body: bytes = b""
    informational: list = field(default_factory=list)  # 1xx statuses that came before

    def header(self, name):
        """The value, or None; fields that occur twice are joined."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)

    def problem(self):
        assert self.header("Content-Type") == "application/problem+json", (self.status, self.headers, self.body[:500])
        return self.json()


def multipart(parts, boundary=None):
    """`parts`: (name, filename or None, bytes). Returns the content type and the body."""
    boundary = boundary or secrets.token_hex(16)
    body = bytearray()
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"'.encode()
        if filename is not None:
            raw = filename if isinstance(filename, bytes) else filename.encode()
            disposition += b'; filename="' + raw + b'"'
        body += b"--" + boundary.encode() + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n"
        body += content + b"\r\n"
    body += b"--" + boundary.encode() + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", bytes(body)


class Client:
    """Requests of one server, a connection each. `observe` sees every exchange."""

    def __init__(self, port, observe=None):
        self.port = port
        self._observe = observe

    def request(self, method, target, headers=None, body=None, timeout_s=40):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, target, body=body, headers=headers or {}, encode_chunked=True)
            raw = connection.getresponse()
            response = Response(raw.status, raw.getheaders(), raw.read())
        finally:
            connection.close()
        if self._observe:
            self._observe(method, target, response)
        return response

    def get(self, target, **headers):
        return self.request("GET", target, {name.replace("_", "-"): value for name, value in headers.items()})

    def delete(self, target):
        return self.request("DELETE", target)

    def post_json(self, target, value):
        return self.request("POST", target, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def upload(self, data, filename="picture", variants=None, metadata=None, headers=None):
        """As a form."""
        parts = []
        if variants is not None:
            parts.append(("variants", None, (variants if isinstance(variants, str) else json.dumps(variants)).encode()))
        if metadata is not None:
            parts.append(("metadata", None, (metadata if isinstance(metadata, str) else json.dumps(metadata)).encode()))
        parts.append(("file", filename, data))
        content_type, body = multipart(parts)
        return self.request("POST", "/v1/jobs", {"Content-Type": content_type, **(headers or {})}, body)

    def upload_raw(self, data, query="", content_type="application/octet-stream", headers=None):
        """As the body itself."""
        return self.request("POST", "/v1/jobs" + query, {"Content-Type": content_type, **(headers or {})}, data)

    def wait(self, job_id, seconds=30):
        """The job once it is finished."""
        response = self.get(f"/v1/jobs/{job_id}", Prefer=f"wait={seconds}")
        assert response.status == 200, (response.status, response.body)
        job = response.json()
        assert job["status"] != "PROCESSING", f"not finished after {seconds} s: {job}"
        return job

    def process(self, data, filename="picture", **options):
        """Uploads and waits; the finished job."""
        response = self.upload(data, filename, **options)
        assert response.status == 202, (response.status, response.body)
        return self.wait(response.json()["id"])


# --- raw ---

def connect(port, timeout_s=15):
    return socket.create_connection(("127.0.0.1", port), timeout_s)


def read_to_end(connection):
    """All bytes until the server closes. A reset counts as a close: the rest of a body may have been unread."""
    received = bytearray()
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        received += piece
    return bytes(received)


def read_response(connection, head_only=False):
    """One final response from a connection that stays open; None when it was closed before any byte."""
    buffer = bytearray()
    while True:
        parsed = parse_responses(bytes(buffer), head_only)
        if parsed:
            return parsed[0]
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            assert not buffer, f"the connection was closed in the middle of {bytes(buffer)!r}"
            return None
        buffer += piece


def parse_responses(data, head_only=False):
    """The complete responses in `data`, in order; 1xx ones are noted at the response that follows."""
    responses = []
    informational = []
    while True:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            return responses
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status = status_line.split(" ")[:2]
        assert version == "HTTP/1.1", status_line
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        response = Response(int(status), headers)
        if response.status < 200:
            informational.append(response.status)
            data = rest
            continue
        length = 0 if head_only or response.status in (204, 304) else int(response.header("Content-Length"))
        if len(rest) < length:
            return responses
        response.body = rest[:length]
        response.informational, informational = informational, []
        responses.append(response)
        data = rest[length:]


def exchange(port, data, half_close=False, timeout_s=15):
    """Sends bytes as they are and reads until the server closes; the responses that came."""
    with connect(port, timeout_s) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent: the answer is still there to be read
        return parse_responses(read_to_end(connection))
