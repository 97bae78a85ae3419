"""I8: no byte crosses tenants, as far as the backends tell: what belongs together has one owner, which is an account."""

import json

# Every column that names an account.
OWNED = (("images", "owner"), ("jobs", "owner"), ("uploads", "owner"), ("webhooks", "owner"), ("bulk_operations", "owner"),
         ("api_keys", "account"), ("idempotency_keys", "account"), ("account_usage", "account"), ("account_pixels", "account"),
         ("upload_minutes", "account"), ("upload_places", "account"))
# Pairs of rows of which one belongs to the other.
TOGETHER = (("jobs", "images", "a.image_id = b.id"), ("uploads", "jobs", "a.job = b.id"))


def owner_faults(rows):
    """What crosses tenants, as texts."""
    return [*shared_blobs(rows), *unknown_owners(rows), *other_owners(rows), *deliveries_of_others(rows)]


def shared_blobs(rows):
    """Each blob is the content of one thing."""
    named = {}
    for row in rows("SELECT blob, 'the original of ' AS what, id, owner FROM images UNION ALL "
                    "SELECT v.blob, 'a variant of ', image_id, owner FROM variants v JOIN images ON images.id = image_id "
                    "WHERE v.blob IS NOT NULL UNION ALL "
                    "SELECT blob, 'a part of ', upload, owner FROM upload_parts JOIN uploads ON uploads.id = upload"):
        named.setdefault(row["blob"], []).append(f"{row['what']}{row['id']} of {row['owner']}")
    return [f"{blob} is {', and '.join(things)}" for blob, things in named.items() if len(things) > 1]


def unknown_owners(rows):
    strangers = " UNION ".join(f"SELECT '{table}' AS of_table, {column} AS owner FROM {table} "
                               f"WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = {column})" for table, column in OWNED)
    return [f"a row of {row['of_table']} belongs to {row['owner']}, which is no account" for row in rows(strangers)]


def other_owners(rows):
    torn = " UNION ALL ".join(f"SELECT '{table}' AS of_table, a.id, a.owner, b.owner AS other FROM {table} a JOIN {other} b "
                              f"ON {joined} WHERE a.owner <> b.owner" for table, other, joined in TOGETHER)
    return [f"{row['id']} of {row['of_table']} belongs to {row['owner']}, and what is its own to {row['other']}"
            for row in rows(torn)]


def deliveries_of_others(rows):
    """What an endpoint is told is of its own account."""
    owners = {row["id"]: row["owner"] for row in rows("SELECT id, owner FROM images UNION ALL SELECT id, owner FROM jobs UNION ALL "
                                                      "SELECT id, owner FROM webhooks")}
    faults = []
    for row in rows("SELECT d.id, d.payload, d.job, w.owner FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook"):
        data = json.loads(row["payload"])["data"]
        named = {row["job"], data.get("job_id"), data.get("image_id"), data.get("webhook_id")} - {None}
        faults += [f"the delivery {row['id']} to an endpoint of {row['owner']} tells of {thing} of {owners[thing]}"
                   for thing in named if owners.get(thing, row["owner"]) != row["owner"]]
    return faults
