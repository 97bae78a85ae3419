-- Endpoints that are told what became of jobs. When one was made, its id says. One that was removed is no endpoint any more; its
-- row stays until its deliveries are gone. Who changes one of these tables and others locks them after all others.
CREATE TABLE webhooks (
    id              uuid NOT NULL PRIMARY KEY,
    owner           uuid NOT NULL,
    url             text NOT NULL CHECK (length(url) > 0),
    description     text NOT NULL,
    events          bigint NOT NULL CHECK (events BETWEEN 0 AND 7),  -- 1: job.processed, 2: job.failed, 4: webhook.disabled; 0: those of jobs
    updated_at      bigint NOT NULL,
    disabled_at     bigint,
    disabled_reason text CHECK (disabled_reason IN ('paused', 'gone', 'failing')),
    removed_at      bigint,
    CONSTRAINT reason_exactly_when_disabled CHECK ((disabled_reason IS NOT NULL) = (disabled_at IS NOT NULL))
);

CREATE INDEX webhooks_by_owner ON webhooks (owner, id) WHERE removed_at IS NULL;
CREATE INDEX webhooks_removed ON webhooks (removed_at, id) WHERE removed_at IS NOT NULL;

-- By which deliveries are signed: all that have not expired, of which one never does.
CREATE TABLE webhook_secrets (
    webhook    uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    id         uuid NOT NULL,
    secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
    expires_at bigint,
    PRIMARY KEY (webhook, id)
);

-- What is to be told, and was: written in the transaction in which it came to pass. Jobs may be gone since. The sequence is the
-- order in which the deliveries of one job came to pass: whoever finishes a job has its row locked.
CREATE TABLE webhook_deliveries (
    webhook     uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    sequence    bigint GENERATED ALWAYS AS IDENTITY,
    id          uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    event       text COLLATE "C" NOT NULL CHECK (event IN ('job.processed', 'job.failed', 'webhook.disabled')),
    job         uuid,
    payload     text NOT NULL,  -- sent as it stands here
    status      text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed')),
    attempts    bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0),                -- the fencing token; only rises
    tries       bigint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts), -- that failed, since it was asked for
    due_at      bigint NOT NULL,                                                -- the end of the lease while it is claimed
    lease_until bigint,                                                         -- set while claimed
    created_at  bigint NOT NULL,
    finished_at bigint,
    PRIMARY KEY (webhook, sequence),
    CONSTRAINT job_exactly_when_of_a_job CHECK ((job IS NULL) = (event = 'webhook.disabled')),
    CONSTRAINT finished_at_exactly_when_finished CHECK ((finished_at IS NOT NULL) = (status <> 'waiting')),
    CONSTRAINT claimed_only_while_waiting CHECK (lease_until IS NULL OR status = 'waiting')
) WITH (fillfactor = 80);

CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, sequence) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook, sequence) WHERE status = 'failed';
CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (webhook, finished_at) WHERE status = 'delivered';
CREATE INDEX webhook_deliveries_of_job ON webhook_deliveries (webhook, job, sequence) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

-- How each attempt ended. The number is its fencing token: one that is missing belongs to a process that died.
CREATE TABLE webhook_attempts (
    delivery    uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number      bigint NOT NULL CHECK (number > 0),
    started_at  bigint NOT NULL,
    duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
    http_status bigint CHECK (http_status BETWEEN 100 AND 999),  -- empty: there was no answer
    error       text,                                            -- empty: it was taken
    PRIMARY KEY (delivery, number)
);

CREATE FUNCTION webhook_time(at bigint) RETURNS text LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
    RETURN to_char(to_timestamp(at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
END $$;

-- Nothing that finishes a job can forget to tell of it. An account without endpoints pays for a look into an index; rows are
-- compared as the index has them.
CREATE FUNCTION webhooks_told_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    bit  bigint := CASE NEW.status WHEN 'PROCESSED' THEN 1 ELSE 2 END;
    what text := CASE NEW.status WHEN 'PROCESSED' THEN 'job.processed' ELSE 'job.failed' END;
BEGIN
    INSERT INTO webhook_deliveries (webhook, event, job, payload, due_at, created_at)
    SELECT webhooks.id, what, NEW.id,
           '{"type":"' || what || '","timestamp":"' || webhook_time(NEW.finished_at)
           || '","data":{"job_id":"' || NEW.id || '","image_id":"' || NEW.image_id
           || '","status":"' || NEW.status || '"}}',
           NEW.finished_at, NEW.finished_at
    FROM webhooks
    WHERE webhooks.owner = NEW.owner AND webhooks.removed_at IS NULL AND webhooks.disabled_at IS NULL
      AND (webhooks.events = 0 OR (webhooks.events & bit) <> 0);
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks_told_of_job AFTER UPDATE OF status ON jobs
FOR EACH ROW WHEN (NEW.status IN ('PROCESSED', 'FAILED') AND OLD.status <> NEW.status)
EXECUTE FUNCTION webhooks_told_of_job();

-- That an endpoint is not told any more, its account's others are told, unless it was asked for.
CREATE FUNCTION webhooks_told_of_webhook() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO webhook_deliveries (webhook, event, payload, due_at, created_at)
    SELECT others.id, 'webhook.disabled',
           '{"type":"webhook.disabled","timestamp":"' || webhook_time(NEW.disabled_at)
           || '","data":{"webhook_id":"' || NEW.id || '","reason":"' || NEW.disabled_reason || '"}}',
           NEW.disabled_at, NEW.disabled_at
    FROM webhooks AS others
    WHERE others.owner = NEW.owner AND others.removed_at IS NULL AND others.disabled_at IS NULL
      AND (others.events & 4) <> 0 AND others.id <> NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks_told_of_webhook AFTER UPDATE OF disabled_at ON webhooks
FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_reason IN ('gone', 'failing'))
EXECUTE FUNCTION webhooks_told_of_webhook();
