"""What lies in a data folder: the catalog's rows and the blob store's files, read without the program."""

import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path


def open_catalog(data):
    """Read-only, as it stands."""
    connection = sqlite3.connect(f"file:{Path(data) / 'catalog.db'}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection


def rows(data, query, *parameters):
    connection = open_catalog(data)
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.close()


def blob_path(data, key):
    """Where the blob with this key (16 bytes) lies."""
    return Path(data) / "blobs" / f"{key[-1]:02x}" / str(uuid.UUID(bytes=key))


def blob_files(data):
    """Every file in the blob store."""
    return sorted(path for path in (Path(data) / "blobs").rglob("*") if path.is_file())


@dataclass(frozen=True)
class Contents:
    images: int
    jobs: int
    variants: int
    ledger: int
    files: int


def contents(data):
    count = lambda table: rows(data, f"SELECT count(*) FROM {table}")[0][0]
    return Contents(count("images"), count("jobs"), count("variants"), count("blobs"), len(blob_files(data)))


def is_quiet(data):
    """No work waits, and nothing has to be swept."""
    waiting = rows(data, "SELECT count(*) FROM jobs WHERE status = 'PROCESSING'")[0][0]
    waiting += rows(data, "SELECT count(*) FROM rerenders WHERE state = 'waiting'")[0][0]
    waiting += rows(data, "SELECT count(*) FROM bulk_operations WHERE finished_at IS NULL")[0][0]
    unsettled = rows(data, "SELECT count(*) FROM blobs WHERE state <> 'live'")[0][0]
    return waiting == 0 and unsettled == 0
