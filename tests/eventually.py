"""Waiting for a condition that no signal tells of: asked often, for a bounded time."""

import time


def eventually(condition, timeout_s=10, interval_s=0.02, describe=lambda: "the condition did not come true"):
    """Returns the first true value of `condition()`."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{describe()} (waited {timeout_s} s)")
        time.sleep(interval_s)
