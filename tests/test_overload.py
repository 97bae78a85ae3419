"""More clients than can be served, some hostile: everybody is told what becomes of his upload, and what was accepted is
done. (overload.py does it for two minutes, and looks at times as well.)"""

import asyncio

import overload
import pictures


def test_a_crowd_is_answered_and_what_was_accepted_is_done(start_server):
    server = start_server({"SAFELIGHT_BACKLOG_MAX": "100", "SAFELIGHT_CONNECTIONS_MAX": "48"})
    pid = server.pid
    seen = asyncio.run(overload.overload(server, 4, 64, 5, pictures.make("jpeg", (360, 360)), overload.hostile_pictures()))
    client = server.client()
    overload.wait_until_idle(client, timeout_s=60)
    assert not overload.broken_promises(seen, overload.unfinished_of(client, seen.accepted))
    assert server.running and server.pid == pid
    assert len(seen.accepted) > 20
    assert seen.statuses[503] > 0, "the backlog, and the connections, have an end"
    assert seen.statuses[415] + seen.statuses[422] > 0, "what is no picture is refused"
    assert seen.health_ms
