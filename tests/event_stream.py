"""Reads server-sent events as a browser would: keeps the id of the last one, and can come back with it."""

import http.client
import json
import threading
import time
from dataclasses import dataclass

from http_client import Response


@dataclass(frozen=True)
class Event:
    type: str
    id: str
    data: dict


class EventStream:
    """Gathers events on a thread of its own, until the stream ends or is closed."""

    def __init__(self, port, target="/v1/events", last_id=None, headers=None, observe=None):
        self.events = []
        self.comments = 0
        self.last_id = last_id
        self.ended = False
        self._news = threading.Condition()
        fields = {"Accept": "text/event-stream", **(headers or {})}
        if last_id:
            fields["Last-Event-ID"] = last_id
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", target, headers=fields)
        self.socket = self.connection.sock  # the connection forgets it when it is not to be kept
        self.response = self.connection.getresponse()
        self.status = self.response.status
        body = b"" if self.status == 200 else self.response.read()
        if observe:
            observe("GET", target, Response(self.status, self.response.getheaders(), body))
        if self.status == 200:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def _read(self):
        fields = {}
        try:
            for line in self.response:
                text = line.decode().rstrip("\n")
                if text:
                    name, _, value = text.partition(":")
                    if not name:
                        self.comments += 1
                    fields[name] = value.removeprefix(" ")
                    continue
                self._take(fields)
                fields = {}
        except (OSError, http.client.HTTPException, AttributeError, ValueError):
            pass  # cut off, or closed by the test
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _take(self, fields):
        with self._news:
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                self.events.append(Event(fields.get("event", "message"), self.last_id, json.loads(fields["data"])))
            self._news.notify_all()

    def wait_for(self, condition, timeout_s=20):
        """The first event that fits, past or to come."""
        found = lambda: next((event for event in self.events if condition(event)), None)
        with self._news:
            self._news.wait_for(lambda: found() or self.ended, timeout_s)
            event = found()
        assert event, f"not told of (ended: {self.ended}): {[(each.type, each.id) for each in self.events][-20:]}"
        return event

    def wait_for_place(self, timeout_s=20):
        """Until the client could come back."""
        with self._news:
            assert self._news.wait_for(lambda: self.last_id, timeout_s)
        return self.last_id

    def wait_for_end(self, timeout_s=20):
        """Returns how long that took."""
        begun = time.monotonic()
        with self._news:
            assert self._news.wait_for(lambda: self.ended, timeout_s), "the stream did not end"
        return time.monotonic() - begun

    def finished(self):
        """job → status, of those whose finish was told."""
        with self._news:
            return {event.data["id"]: event.data["status"] for event in self.events if event.type == "job.finished"}

    def wait_for_finishes(self, jobs, timeout_s=30):
        with self._news:
            everything = lambda: set(jobs) <= {event.data["id"] for event in self.events if event.type == "job.finished"}
            assert self._news.wait_for(lambda: everything() or self.ended, timeout_s) and everything(), (
                f"missing: {set(jobs) - {event.data['id'] for event in self.events if event.type == 'job.finished'}}")

    def types(self, job):
        with self._news:
            return [event.type for event in self.events if job in (event.data.get("id"), event.data.get("job_id"))]

    def close(self):
        try:
            self.socket.shutdown(2)
        except OSError:
            pass
        self.connection.close()
