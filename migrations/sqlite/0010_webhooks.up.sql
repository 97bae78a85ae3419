-- Endpoints that are told what became of jobs. When one was made, its id says. One that was removed is no endpoint any more; its
-- row stays until its deliveries are gone.
CREATE TABLE webhooks (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner           BLOB NOT NULL CHECK (length(owner) = 16),
    url             TEXT NOT NULL CHECK (length(url) > 0),
    description     TEXT NOT NULL,
    events          INTEGER NOT NULL CHECK (events BETWEEN 0 AND 7),  -- 1: job.processed, 2: job.failed, 4: webhook.disabled; 0: those of jobs
    updated_at      INTEGER NOT NULL,
    disabled_at     INTEGER,
    disabled_reason TEXT CHECK (disabled_reason IN ('paused', 'gone', 'failing')),
    removed_at      INTEGER,
    CONSTRAINT reason_exactly_when_disabled CHECK ((disabled_reason IS NOT NULL) = (disabled_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_by_owner ON webhooks (owner, id) WHERE removed_at IS NULL;
CREATE INDEX webhooks_removed ON webhooks (removed_at, id) WHERE removed_at IS NOT NULL;

-- By which deliveries are signed: all that have not expired, of which one never does.
CREATE TABLE webhook_secrets (
    webhook    BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    id         BLOB NOT NULL CHECK (length(id) = 16),
    secret     BLOB NOT NULL CHECK (length(secret) = 32),
    expires_at INTEGER,
    PRIMARY KEY (webhook, id)
) STRICT, WITHOUT ROWID;

-- What is to be told, and was: written in the transaction in which it came to pass. Jobs may be gone since. The sequence is the
-- order in which the deliveries of one job came to pass.
CREATE TABLE webhook_deliveries (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    webhook     BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       TEXT NOT NULL CHECK (event IN ('job.processed', 'job.failed', 'webhook.disabled')),
    job         BLOB CHECK (length(job) = 16),
    payload     TEXT NOT NULL CHECK (json_valid(payload)),  -- sent as it stands here
    status      TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),                -- the fencing token; only rises
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts), -- that failed, since it was asked for
    due_at      INTEGER NOT NULL,                                                -- the end of the lease while it is claimed
    lease_until INTEGER,                                                         -- set while claimed
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    CONSTRAINT job_exactly_when_of_a_job CHECK ((job IS NULL) = (event = 'webhook.disabled')),
    CONSTRAINT finished_at_exactly_when_finished CHECK ((finished_at IS NOT NULL) = (status <> 'waiting')),
    CONSTRAINT claimed_only_while_waiting CHECK (lease_until IS NULL OR status = 'waiting')
) STRICT;

CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, sequence);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, sequence) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook, sequence) WHERE status = 'failed';
CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (webhook, finished_at) WHERE status = 'delivered';
CREATE INDEX webhook_deliveries_of_job ON webhook_deliveries (webhook, job, sequence) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

-- How each attempt ended. The number is its fencing token: one that is missing belongs to a process that died.
CREATE TABLE webhook_attempts (
    delivery    BLOB NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL CHECK (number > 0),
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    http_status INTEGER CHECK (http_status BETWEEN 100 AND 999),  -- empty: there was no answer
    error       TEXT,                                             -- empty: it was taken
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- Nothing that finishes a job can forget to tell of it. An account without endpoints pays for a look into an index.
CREATE TRIGGER webhooks_told_of_job AFTER UPDATE OF status ON jobs
WHEN NEW.status IN ('PROCESSED', 'FAILED') AND OLD.status <> NEW.status
BEGIN
    INSERT INTO webhook_deliveries (id, webhook, event, job, payload, due_at, created_at)
    SELECT randomblob(16), webhooks.id, iif(NEW.status = 'PROCESSED', 'job.processed', 'job.failed'), NEW.id,
           '{"type":"' || iif(NEW.status = 'PROCESSED', 'job.processed', 'job.failed')
           || '","timestamp":"' || strftime('%Y-%m-%dT%H:%M:%fZ', NEW.finished_at / 1000.0, 'unixepoch')
           || '","data":{"job_id":"' || lower(substr(hex(NEW.id), 1, 8) || '-' || substr(hex(NEW.id), 9, 4) || '-'
               || substr(hex(NEW.id), 13, 4) || '-' || substr(hex(NEW.id), 17, 4) || '-' || substr(hex(NEW.id), 21))
           || '","image_id":"' || lower(substr(hex(NEW.image_id), 1, 8) || '-' || substr(hex(NEW.image_id), 9, 4) || '-'
               || substr(hex(NEW.image_id), 13, 4) || '-' || substr(hex(NEW.image_id), 17, 4) || '-'
               || substr(hex(NEW.image_id), 21))
           || '","status":"' || NEW.status || '"}}',
           NEW.finished_at, NEW.finished_at
    FROM webhooks INDEXED BY webhooks_by_owner
    WHERE webhooks.owner = NEW.owner AND webhooks.removed_at IS NULL AND webhooks.disabled_at IS NULL
      AND (webhooks.events = 0 OR (webhooks.events & iif(NEW.status = 'PROCESSED', 1, 2)) <> 0);
END;

-- That an endpoint is not told any more, its account's others are told, unless it was asked for.
CREATE TRIGGER webhooks_told_of_webhook AFTER UPDATE OF disabled_at ON webhooks
WHEN OLD.disabled_at IS NULL AND NEW.disabled_reason IN ('gone', 'failing')
BEGIN
    INSERT INTO webhook_deliveries (id, webhook, event, payload, due_at, created_at)
    SELECT randomblob(16), others.id, 'webhook.disabled',
           '{"type":"webhook.disabled","timestamp":"'
           || strftime('%Y-%m-%dT%H:%M:%fZ', NEW.disabled_at / 1000.0, 'unixepoch')
           || '","data":{"webhook_id":"' || lower(substr(hex(NEW.id), 1, 8) || '-' || substr(hex(NEW.id), 9, 4) || '-'
               || substr(hex(NEW.id), 13, 4) || '-' || substr(hex(NEW.id), 17, 4) || '-' || substr(hex(NEW.id), 21))
           || '","reason":"' || NEW.disabled_reason || '"}}',
           NEW.disabled_at, NEW.disabled_at
    FROM webhooks AS others INDEXED BY webhooks_by_owner
    WHERE others.owner = NEW.owner AND others.removed_at IS NULL AND others.disabled_at IS NULL
      AND (others.events & 4) <> 0 AND others.id <> NEW.id;
END;
