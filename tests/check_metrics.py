"""I9: what /metrics says of an installation at rest is what is in its backends."""

import time

WITHIN_S = 5  # what was just finished is given back, and the last webhooks are being sent

# What a process has in hand; nothing is, at rest.
IDLE = ("safelight_workers_busy", "safelight_render_memory_bytes", "safelight_webhooks_in_flight", "safelight_source_fetches")


def metric_faults(remains, client):
    """What is said otherwise than it is, as texts."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        before, told, after = counted(remains), gauges(client), counted(remains)
        wrong = [f"{name} is {told.get(name)}, and there are {value}" for name, value in after.items() if told.get(name) != value]
        wrong += [f"{name} is {told[name]} at rest" for name in IDLE if told.get(name)]
        oldest_s = told["safelight_webhook_oldest_waiting_seconds"]
        if (oldest_s == 0) != (after["safelight_webhook_deliveries_waiting"] == 0):
            wrong.append(f"the oldest webhook delivery waits for {oldest_s} s")
        if before == after and not wrong:
            return []
        if time.monotonic() > deadline:
            return wrong or [f"it is not at rest: {before}, {after}"]
        time.sleep(0.02)


def counted(remains):
    row, = remains.rows("SELECT (SELECT count(*) FROM jobs WHERE status = 'PROCESSING') AS safelight_backlog_jobs, "
                        "(SELECT count(*) FROM rerenders WHERE state = 'waiting') AS safelight_backlog_rerenders, "
                        "(SELECT count(*) FROM webhook_deliveries WHERE status = 'waiting') AS safelight_webhook_deliveries_waiting")
    return {**row, "safelight_queue_hints": remains.hints.waiting()}


def gauges(client):
    """The figures without labels."""
    answer = client.get("/metrics")
    assert answer.status == 200, answer
    lines = [line.split() for line in answer.body.decode().splitlines() if line.startswith("safelight_") and "{" not in line]
    return {name: float(value) for name, value in lines}
