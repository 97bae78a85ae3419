"""A TCP proxy on loopback that delays, throttles, stalls, cuts and corrupts what goes through it, on command.

In a test, around any server that Safelight talks to:

    with DelayingProxy(("127.0.0.1", redis_port)) as proxy:
        server = SafelightProcess(folder, {"SAFELIGHT_QUEUE": f"redis://127.0.0.1:{proxy.port}"})
        proxy.delay(0.5)                  # each piece arrives half a second later, both ways
        proxy.stall(DOWN)                 # the server's answers are held; what is asked still arrives
        proxy.cut()                       # every connection is reset, now
        proxy.cut_after(1000, DOWN)       # each new connection is reset when 1000 bytes of answers went through
        proxy.corrupt(100, DOWN)          # the byte at 100 of each new connection's answers has a bit flipped
        proxy.refuse()                    # nobody is let in: connection refused
        proxy.heal()                      # all as it should be; what was held goes on

A command is in force when its call returns. Faults that count bytes count from the beginning of a connection, and hold for
those that are opened afterwards; the others hold for all.

As a program, it reads the same commands from its standard input, one a line, and answers each with "ok" or a reason:

    python tests/delaying_proxy.py --to 127.0.0.1:6379
    listening on 127.0.0.1:40123
    delay 0.5 down
    ok
"""

import argparse
import asyncio
import dataclasses
import ipaddress
import socket
import struct
import sys
import threading

UP = "up"  # from the client to the server
DOWN = "down"
BOTH = (UP, DOWN)

PIECE_BYTES_MAX = 64 * 1024
PIECES_HELD_MAX = 64  # past them the sender is not read from any more, as a network would do


class BadCommand(ValueError):
    """A command that makes no sense; the text says why."""


@dataclasses.dataclass(frozen=True)
class Faults:
    """What happens to one direction; never changed, always replaced."""

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    stalled: bool = False
    cut_after_bytes: int | None = None  # of a new connection
    corrupt_at_byte: int | None = None  # of a new connection


class _Way:
    """One direction of one connection: pieces come in, wait their time, and go out, in order."""

    def __init__(self, link, name, reader, writer):
        self._link, self._name, self._reader, self._writer = link, name, reader, writer
        self._pieces = asyncio.Queue(PIECES_HELD_MAX)
        # Those that count bytes are those of the connection's beginning.
        beginning = link.proxy.faults[name]
        self._cut_after, self._corrupt_at = beginning.cut_after_bytes, beginning.corrupt_at_byte
        self._passed = 0

    async def take(self):
        loop = asyncio.get_running_loop()
        while piece := await self._reader.read(PIECE_BYTES_MAX):
            await self._pieces.put((loop.time(), piece))
        await self._pieces.put((loop.time(), b""))

    async def give(self):
        while True:
            came_at, piece = await self._pieces.get()
            await self._wait_for_time(came_at)
            if not piece:
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                return
            await self._pass_on(piece)

    async def _wait_for_time(self, came_at):
        """The faults of now count, not those of when the piece came: a heal lets go of what is held."""
        loop = asyncio.get_running_loop()
        while True:
            faults = self._link.proxy.faults[self._name]
            left = came_at + faults.delay_s - loop.time()
            if not faults.stalled and left <= 0:
                return
            await self._link.proxy.change(None if faults.stalled else left)

    async def _pass_on(self, piece):
        if self._corrupt_at is not None and 0 <= self._corrupt_at - self._passed < len(piece):
            at = self._corrupt_at - self._passed
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1:]
        ends = self._cut_after is not None and self._passed + len(piece) >= self._cut_after
        if ends:
            piece = piece[:self._cut_after - self._passed]
        while piece:
            rate = self._link.proxy.faults[self._name].bytes_per_s
            now = piece if rate is None else piece[:max(1, int(rate / 20))]
            piece = piece[len(now):]
            self._writer.write(now)
            await self._writer.drain()
            self._passed += len(now)
            self._link.proxy.count(self._name, len(now))
            if rate is not None:
                await asyncio.sleep(len(now) / rate)
        if ends:
            # What was written goes out before the end comes.
            self._link.close_politely()
            raise ConnectionResetError("cut after so many bytes")


class _Link:
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy, accepted):
        self.proxy = proxy
        self._accepted = accepted
        self._client = None  # (reader, writer)
        self._server = None

    async def run(self):
        self._client = client_reader, client_writer = await asyncio.open_connection(sock=self._accepted)
        try:
            self._server = await asyncio.open_connection(*self.proxy.target)
        except OSError:
            _reset(client_writer)
            return
        server_reader, server_writer = self._server
        ways = [_Way(self, UP, client_reader, server_writer), _Way(self, DOWN, server_reader, client_writer)]
        tasks = [asyncio.create_task(work) for way in ways for work in (way.take(), way.give())]
        try:
            await asyncio.gather(*tasks)
            self.close_politely()
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.reset()

    def close_politely(self):
        for _, writer in filter(None, (self._client, self._server)):
            writer.close()

    def reset(self):
        if self._client is None:
            self._accepted.close()
        for _, writer in filter(None, (self._client, self._server)):
            _reset(writer)


def _reset(writer):
    """Closes without a good-bye: the other side sees a reset, and what was not sent is lost."""
    if writer.transport.is_closing():
        return
    end = writer.get_extra_info("socket")
    if end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _ways(direction):
    ways = BOTH if direction is None or direction == "both" else (direction,)
    if not set(ways) <= set(BOTH):
        raise BadCommand(f"the direction is {UP}, {DOWN} or both, not {direction}")
    return ways


def _loopback(address):
    host, port = address
    if not ipaddress.ip_address(host).is_loopback:
        raise BadCommand(f"{host} is not loopback")
    return host, int(port)


class DelayingProxy:
    """Runs in a thread of its own; any thread may call."""

    def __init__(self, target, listen=("127.0.0.1", 0)):
        self.target = _loopback(target)
        self._listen = _loopback(listen)
        self.port = None
        self.faults = {way: Faults() for way in BOTH}  # touched by the loop's thread only, as all below
        self._bytes = {way: 0 for way in BOTH}
        self._connections = 0
        self._links = {}  # link → its task
        self._changed = None
        self._listener = None
        self._accepting = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="delaying-proxy", daemon=True)

    def start(self):
        self._thread.start()
        self._on_loop(self._open())
        return self

    def close(self):
        if not self._thread.is_alive():
            return
        self._on_loop(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # Faults that hold until they are taken back.

    def delay(self, seconds, direction=None):
        """Each piece arrives so much later; no fewer pieces a second."""
        if seconds < 0:
            raise BadCommand("a delay is not negative")
        self._set(direction, delay_s=seconds)

    def slow(self, bytes_per_s, direction=None):
        if bytes_per_s <= 0:
            raise BadCommand("to let nothing through, stall")
        self._set(direction, bytes_per_s=bytes_per_s)

    def stall(self, direction=None):
        """Connections are taken, bytes are held."""
        self._set(direction, stalled=True)

    def cut_after(self, count, direction=None):
        if count < 0:
            raise BadCommand("a count of bytes is not negative")
        self._set(direction, cut_after_bytes=count)

    def corrupt(self, at, direction=None):
        if at < 0:
            raise BadCommand("the first byte is number 0")
        self._set(direction, corrupt_at_byte=at)

    def refuse(self):
        """Connections that are open stay so."""
        self._on_loop(self._stop_listening())

    def heal(self):
        self._on_loop(self._heal())

    # What happens once.

    def cut(self):
        self._on_loop(self._cut())

    # What went through.

    @property
    def connections(self):
        """So many were taken, since the start."""
        return self._on_loop(self._look(lambda: self._connections))

    @property
    def open_connections(self):
        return self._on_loop(self._look(lambda: len(self._links)))

    def bytes_passed(self, direction):
        return self._on_loop(self._look(lambda: self._bytes[direction]))

    # On the loop's thread.

    def count(self, way, count):
        self._bytes[way] += count

    async def change(self, timeout):
        """Until the faults change, or the time has passed."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except asyncio.TimeoutError:
            pass

    def _on_loop(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _look(self, read):
        return read()

    def _set(self, direction, **values):
        ways = _ways(direction)
        self._on_loop(self._replace({way: dataclasses.replace(self.faults[way], **values) for way in ways}))

    async def _replace(self, faults):
        self.faults = {**self.faults, **faults}
        # Whoever waits looks again; whoever comes waits for the next change.
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _open(self):
        self._changed = asyncio.Event()
        await self._start_listening()

    async def _start_listening(self):
        host, port = self._listen
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, self.port or port), family=family, backlog=128)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _stop_listening(self):
        if self._listener is None:
            return
        self._accepting.cancel()
        await asyncio.gather(self._accepting, return_exceptions=True)
        # Who came and was not taken yet is refused by that as well.
        self._listener.close()
        self._listener = None

    async def _accept(self, listener):
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._connections += 1
            link = _Link(self, client)
            task = self._links[link] = asyncio.create_task(link.run())
            task.add_done_callback(lambda _, link=link: self._links.pop(link))

    async def _heal(self):
        await self._replace({way: Faults() for way in BOTH})
        if self._listener is None:
            await self._start_listening()

    async def _cut(self):
        tasks = list(self._links.values())
        for link in list(self._links):
            link.reset()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _shut_down(self):
        await self._stop_listening()
        await self._cut()


COMMANDS = {
    "delay": (DelayingProxy.delay, float),
    "slow": (DelayingProxy.slow, float),
    "stall": (DelayingProxy.stall, None),
    "cut-after": (DelayingProxy.cut_after, int),
    "corrupt": (DelayingProxy.corrupt, int),
    "refuse": (DelayingProxy.refuse, None),
    "heal": (DelayingProxy.heal, None),
    "cut": (DelayingProxy.cut, None),
}
WITHOUT_DIRECTION = {"refuse", "heal", "cut"}


def obey(proxy, line):
    """Carries out one line, such as "delay 0.5 down". Throws BadCommand."""
    name, *words = line.split()
    if name not in COMMANDS:
        raise BadCommand(f"there is {', '.join(COMMANDS)}, not {name}")
    action, number = COMMANDS[name]
    arguments = []
    if number is not None:
        if not words:
            raise BadCommand(f"{name} takes a number")
        try:
            arguments.append(number(words.pop(0)))
        except ValueError as error:
            raise BadCommand(str(error)) from error
    if words and name not in WITHOUT_DIRECTION:
        arguments.append(words.pop(0))
    if words:
        raise BadCommand(f"what is {' '.join(words)}?")
    action(proxy, *arguments)


def main():
    parser = argparse.ArgumentParser(description="A proxy on loopback with faults on command.")
    parser.add_argument("--to", required=True, help="address:port of the server")
    parser.add_argument("--listen", default="127.0.0.1:0", help="address:port for the clients")
    arguments = parser.parse_args()
    with DelayingProxy(arguments.to.rsplit(":", 1), arguments.listen.rsplit(":", 1)) as proxy:
        print(f"listening on {arguments.listen.rsplit(':', 1)[0]}:{proxy.port}", flush=True)
        for line in filter(str.strip, sys.stdin):
            try:
                obey(proxy, line)
                print("ok", flush=True)
            except BadCommand as problem:
                print(f"error: {problem}", flush=True)


if __name__ == "__main__":
    main()
