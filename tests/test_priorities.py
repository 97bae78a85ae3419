"""Priorities, and that no account stands in the way of another."""

import os

import backends
import fairness
import pictures
from http_client import multipart


def test_a_priority_is_shown_wherever_the_job_is(client):
    picture = pictures.make("jpeg")
    for priority in ("interactive", "normal", "bulk"):
        job = client.upload_raw(picture, f"?priority={priority}").json()
        assert job["priority"] == priority
        assert client.get(f"/v1/jobs/{job['id']}").json()["priority"] == priority
    assert client.upload_raw(picture).json()["priority"] == "normal"


def test_a_form_may_say_it_as_well(client):
    content_type, body = multipart([("priority", None, b"bulk"), ("file", "a.jpg", pictures.make("jpeg"))])
    answer = client.request("POST", "/v1/jobs", {"Content-Type": content_type}, body)
    assert answer.status == 202 and answer.json()["priority"] == "bulk"
    twice = client.request("POST", "/v1/jobs?priority=bulk", {"Content-Type": content_type}, body)
    assert twice.status == 400 and twice.problem()["errors"][0]["parameter"] == "priority"


def test_what_is_no_priority_is_refused_by_name(client):
    for wrong in ("urgent", "", "Bulk", "overflow", "1"):
        refused = client.upload_raw(pictures.make("jpeg"), f"?priority={wrong}")
        assert refused.status == 400
        assert refused.problem()["errors"] == [
            {"parameter": "priority", "detail": "\"priority\" is one of: interactive, normal, bulk."}]


def check_fairness(tmp_path, summarise, chosen=None):
    """Few, and by what was still waiting instead of by times: those are what the script by itself is for."""
    backlog = 100 + 100 * os.cpu_count()
    outcome = fairness.run(tmp_path, chosen, backlog, uploads=3, interval_s=0)
    summarise(f"fairness ({'PostgreSQL, Redis, S3' if chosen else 'SQLite'}): {outcome.text()}")
    assert min(outcome.waiting) > backlog / 2, "each went past most of what had waited for longer"


def test_the_many_jobs_of_one_account_do_not_hold_up_another(tmp_path, summarise):
    check_fairness(tmp_path, summarise)


def test_nor_do_they_over_the_scale_out_stack(tmp_path, summarise):
    chosen = backends.Backends().make()
    try:
        check_fairness(tmp_path, summarise, chosen)
    finally:
        chosen.remove()
