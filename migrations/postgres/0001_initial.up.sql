-- The first schema for PostgreSQL. Ids and blob keys are UUIDs of version 7, which sort by time; times are milliseconds
-- since 1970 UTC. What a record's creation time is, its id says. The states are guarded here, not only in the code.
--
-- Names compare byte by byte (COLLATE "C"): an index must not depend on the version of the operating system's locales.
-- Who changes more than one of these tables locks the job first, then image, variants, rerenders, blobs, totals.

-- The blob ledger: a row for every blob from before its first byte until after its last one is gone.
CREATE TABLE blobs (
    key      uuid NOT NULL PRIMARY KEY,
    state    text NOT NULL CHECK (state IN ('writing', 'live', 'doomed')),
    deadline bigint NOT NULL
);

CREATE INDEX blobs_overdue ON blobs (deadline) WHERE state = 'writing';
CREATE INDEX blobs_doomed ON blobs (key) WHERE state = 'doomed';

CREATE TABLE images (
    id           uuid NOT NULL PRIMARY KEY,
    owner        uuid NOT NULL,
    filename     text NOT NULL,
    blob         uuid NOT NULL UNIQUE REFERENCES blobs (key),
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    format       text NOT NULL,
    width_px     bigint NOT NULL CHECK (width_px > 0),
    height_px    bigint NOT NULL CHECK (height_px > 0),
    frames       bigint NOT NULL CHECK (frames > 0),
    has_alpha    boolean NOT NULL,
    colour_space text NOT NULL,
    orientation  bigint NOT NULL CHECK (orientation BETWEEN 1 AND 8),

    -- What EXIF says; texts are empty when the picture does not say.
    camera_make  text NOT NULL DEFAULT '',
    camera_model text NOT NULL DEFAULT '',
    taken_at     text NOT NULL DEFAULT '',
    artist       text NOT NULL DEFAULT '',
    copyright    text NOT NULL DEFAULT '',
    latitude     double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude    double precision CHECK (longitude BETWEEN -180 AND 180),

    -- The focal point, as shares of the displayed sides.
    focal_x      double precision CHECK (focal_x BETWEEN 0 AND 1),
    focal_y      double precision CHECK (focal_y BETWEEN 0 AND 1),

    -- The look, from the first render on. Colours are three bytes each, the dominant one first.
    dhash        bigint,
    dominant     bytea CHECK (octet_length(dominant) = 3),
    palette      bytea CHECK (octet_length(palette) BETWEEN 3 AND 18 AND octet_length(palette) % 3 = 0),
    thumbhash    bytea,
    blurhash     text,

    CONSTRAINT position_whole_or_not_at_all CHECK ((longitude IS NULL) = (latitude IS NULL)),
    CONSTRAINT focal_point_whole_or_not_at_all CHECK ((focal_y IS NULL) = (focal_x IS NULL)),
    CONSTRAINT look_whole_or_not_at_all CHECK (
        (dominant IS NULL) = (dhash IS NULL) AND (palette IS NULL) = (dhash IS NULL)
        AND (thumbhash IS NULL) = (dhash IS NULL) AND (blurhash IS NULL) = (dhash IS NULL))
);

-- With all that a search for similar images reads.
CREATE INDEX images_by_owner ON images (owner, id) INCLUDE (dhash);

CREATE TABLE variants (
    image_id     uuid NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    name         text COLLATE "C" NOT NULL,
    position     bigint NOT NULL CHECK (position >= 0),   -- in the order in which they were asked for
    transform    text NOT NULL,                           -- the canonical form
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
    updated_at   bigint NOT NULL,
    blob         uuid REFERENCES blobs (key),
    format       text,
    width_px     bigint CHECK (width_px > 0),
    height_px    bigint CHECK (height_px > 0),
    size_bytes   bigint CHECK (size_bytes >= 0),
    sha256       bytea CHECK (octet_length(sha256) = 32),
    error_code   text,
    error_detail text,
    PRIMARY KEY (image_id, name),
    CONSTRAINT content_exactly_when_ready CHECK (
        CASE status WHEN 'ready'
            THEN blob IS NOT NULL AND format IS NOT NULL AND width_px IS NOT NULL AND height_px IS NOT NULL
                 AND size_bytes IS NOT NULL AND sha256 IS NOT NULL
            ELSE blob IS NULL AND format IS NULL AND width_px IS NULL AND height_px IS NULL
                 AND size_bytes IS NULL AND sha256 IS NULL
        END),
    CONSTRAINT error_exactly_when_failed CHECK (
        CASE status WHEN 'failed'
            THEN error_code IS NOT NULL AND error_detail IS NOT NULL
            ELSE error_code IS NULL AND error_detail IS NULL
        END)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX variants_by_blob ON variants (blob) WHERE blob IS NOT NULL;

CREATE TABLE jobs (
    id          uuid NOT NULL PRIMARY KEY,
    owner       uuid NOT NULL,
    image_id    uuid NOT NULL UNIQUE REFERENCES images (id),
    status      text COLLATE "C" NOT NULL DEFAULT 'UNPROCESSED'
                CHECK (status IN ('UNPROCESSED', 'PROCESSING', 'PROCESSED', 'FAILED')),
    attempts    bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0),                -- the fencing token; only rises
    tries       bigint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts), -- since work was last asked for or finished
    due_at      bigint NOT NULL,
    lease_until bigint,                                                         -- set while claimed
    -- Kept as it was written. The cast to json takes what jsonb does not: the escape of a NUL.
    metadata    text NOT NULL CHECK (json_typeof(metadata::json) = 'object'),
    updated_at  bigint NOT NULL,
    finished_at bigint,
    CONSTRAINT finished_at_exactly_when_finished CHECK (
        (finished_at IS NOT NULL) = (status IN ('PROCESSED', 'FAILED'))),
    CONSTRAINT claimed_only_while_processing CHECK (lease_until IS NULL OR status = 'PROCESSING')
) WITH (fillfactor = 80);

CREATE INDEX jobs_by_owner ON jobs (owner, id);
CREATE INDEX jobs_by_owner_and_status ON jobs (owner, status, id);
CREATE INDEX jobs_claimable ON jobs (due_at, id) WHERE status = 'PROCESSING';

-- Ready variants that are to be made again by another transform, because their preset changed. A table of its own: the
-- variant stays ready, with its old content, until the new one takes its place, and its job stays PROCESSED.
CREATE TABLE rerenders (
    image_id     uuid NOT NULL,
    name         text COLLATE "C" NOT NULL,
    transform    text NOT NULL,                                           -- the wanted one, in the canonical form
    state        text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'failed')),
    tries        bigint NOT NULL DEFAULT 0 CHECK (tries >= 0),            -- claims since it was asked for
    token        bigint CHECK (token > 0),                                -- the fencing token, while it is claimed
    due_at       bigint NOT NULL,                                         -- when it may be claimed; the end of the lease while it is
    error_code   text,
    error_detail text,
    PRIMARY KEY (image_id, name),
    FOREIGN KEY (image_id, name) REFERENCES variants (image_id, name) ON DELETE CASCADE,
    CONSTRAINT claimed_only_while_waiting CHECK (token IS NULL OR (state = 'waiting' AND tries > 0)),
    CONSTRAINT error_exactly_when_failed CHECK (
        (error_code IS NOT NULL) = (state = 'failed') AND (error_detail IS NOT NULL) = (state = 'failed'))
);

CREATE INDEX rerenders_claimable ON rerenders (due_at, image_id, name) WHERE state = 'waiting';
CREATE INDEX rerenders_by_name ON rerenders (name, state);

-- Where fencing tokens come from: none is ever given out twice, so that a row which went and came back cannot be
-- mistaken for the old one.
CREATE SEQUENCE rerender_tokens OWNED BY rerenders.token;

-- Totals that would cost a scan to count: the sum over the shards. A backend writes to a shard of its own as far as
-- possible, because a row that everybody writes to would make all transactions wait for each other's commit. One shard
-- alone may be negative.
CREATE TABLE totals (
    name  text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (name, shard)
) WITH (fillfactor = 10);

INSERT INTO totals (name, shard, value)
SELECT name, shard, 0 FROM unnest(ARRAY['backlog', 'rerenders']) AS name, generate_series(0, 63) AS shard;

CREATE FUNCTION add_to_total(which text, difference integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE totals SET value = value + difference WHERE name = which AND shard = pg_backend_pid() % 64;
END $$;

-- The one place that says what a job's status is: a function of its variants.
CREATE FUNCTION status_of_image(wanted uuid) RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT CASE
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted AND status = 'pending') THEN 'PROCESSING'
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted AND status = 'failed') THEN 'FAILED'
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted) THEN 'PROCESSED'
               ELSE 'UNPROCESSED'
           END
$$;

-- The lock first, the look at the variants after it: that is a statement of its own, and sees what was committed while
-- this one waited. So transactions that change different variants of one image agree on the status.
CREATE FUNCTION derive_job_status(of_image uuid, changed_at bigint, keep_finished_at boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    derived text;
BEGIN
    PERFORM 1 FROM jobs WHERE image_id = of_image FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    derived := status_of_image(of_image);
    UPDATE jobs
    SET status = derived,
        finished_at = CASE WHEN derived IN ('PROCESSED', 'FAILED')
                           THEN coalesce(CASE WHEN keep_finished_at THEN finished_at END, changed_at) END
    WHERE image_id = of_image AND status <> derived;
END $$;

-- The status follows the variants …
CREATE FUNCTION variants_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM derive_job_status(image_id, max(updated_at), false) FROM changed GROUP BY image_id ORDER BY image_id;
    RETURN NULL;
END $$;
CREATE TRIGGER variants_added AFTER INSERT ON variants
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION variants_added();

CREATE FUNCTION variants_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM derive_job_status(NEW.image_id, NEW.updated_at, false);
    RETURN NULL;
END $$;
CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants
FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION variants_changed();

CREATE FUNCTION variants_removed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM derive_job_status(image_id, max(updated_at), true) FROM changed GROUP BY image_id ORDER BY image_id;
    RETURN NULL;
END $$;
CREATE TRIGGER variants_removed AFTER DELETE ON variants
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION variants_removed();

-- … and nothing else writes it.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER variants_stay BEFORE UPDATE OF image_id ON variants
FOR EACH ROW WHEN (OLD.image_id <> NEW.image_id) EXECUTE FUNCTION refuse_change('a variant stays with its image');
CREATE TRIGGER jobs_stay BEFORE UPDATE OF image_id ON jobs
FOR EACH ROW WHEN (OLD.image_id <> NEW.image_id) EXECUTE FUNCTION refuse_change('a job stays with its image');

CREATE FUNCTION jobs_status_set() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.status <> status_of_image(NEW.image_id) THEN
        RAISE EXCEPTION 'the status of a job is derived from its variants' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_inserted BEFORE INSERT ON jobs
FOR EACH ROW EXECUTE FUNCTION jobs_status_set();
CREATE TRIGGER jobs_status_set BEFORE UPDATE OF status ON jobs
FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION jobs_status_set();

-- The backlog: jobs whose status is PROCESSING.
CREATE FUNCTION count_backlog() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_total('backlog', (TG_OP <> 'DELETE' AND NEW.status = 'PROCESSING')::integer
                                    - (TG_OP <> 'INSERT' AND OLD.status = 'PROCESSING')::integer);
    RETURN NULL;
END $$;
CREATE TRIGGER backlog_inserted AFTER INSERT ON jobs
FOR EACH ROW WHEN (NEW.status = 'PROCESSING') EXECUTE FUNCTION count_backlog();
CREATE TRIGGER backlog_changed AFTER UPDATE OF status ON jobs
FOR EACH ROW WHEN ((OLD.status = 'PROCESSING') <> (NEW.status = 'PROCESSING')) EXECUTE FUNCTION count_backlog();
CREATE TRIGGER backlog_deleted AFTER DELETE ON jobs
FOR EACH ROW WHEN (OLD.status = 'PROCESSING') EXECUTE FUNCTION count_backlog();

-- Rerenders that wait, claimed or not.
CREATE FUNCTION count_rerenders() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_total('rerenders', (TG_OP <> 'DELETE' AND NEW.state = 'waiting')::integer
                                      - (TG_OP <> 'INSERT' AND OLD.state = 'waiting')::integer);
    RETURN NULL;
END $$;
CREATE TRIGGER rerenders_inserted AFTER INSERT ON rerenders
FOR EACH ROW WHEN (NEW.state = 'waiting') EXECUTE FUNCTION count_rerenders();
CREATE TRIGGER rerenders_changed AFTER UPDATE OF state ON rerenders
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION count_rerenders();
CREATE TRIGGER rerenders_deleted AFTER DELETE ON rerenders
FOR EACH ROW WHEN (OLD.state = 'waiting') EXECUTE FUNCTION count_rerenders();

-- Only what is ready is made again; what is not has no old content to keep.
CREATE FUNCTION rerenders_of_ready_variants() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM variants WHERE image_id = NEW.image_id AND name = NEW.name AND status = 'ready') THEN
        RAISE EXCEPTION 'only a ready variant is made again' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rerenders_of_ready_variants BEFORE INSERT ON rerenders
FOR EACH ROW EXECUTE FUNCTION rerenders_of_ready_variants();

CREATE FUNCTION rerenders_end_with_readiness() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM rerenders WHERE image_id = NEW.image_id AND name = NEW.name;
    RETURN NULL;
END $$;
CREATE TRIGGER rerenders_end_with_readiness AFTER UPDATE OF status ON variants
FOR EACH ROW WHEN (OLD.status = 'ready' AND NEW.status <> 'ready') EXECUTE FUNCTION rerenders_end_with_readiness();

-- Who listens learns which jobs became claimable, and which changed for those who wait for them. It is decided by what the
-- job has become when the transaction ends: a completion gives the job back before it stores what was made.
-- The schema is part of the channel's name, because channels belong to the whole database.
CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    now_is jobs%ROWTYPE;
    news   text := 'changed';
BEGIN
    SELECT * INTO now_is FROM jobs WHERE id = OLD.id;
    IF now_is.status = 'PROCESSING' THEN
        IF now_is.lease_until IS NOT NULL OR now_is.due_at > now_is.updated_at THEN
            RETURN NULL;  -- held, or not due yet: whoever polls will find it
        END IF;
        news := 'claimable';
    END IF;
    PERFORM pg_notify('safelight_' || md5(TG_TABLE_SCHEMA), news || ' ' || OLD.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER jobs_changed_news AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.lease_until IS NOT NULL AND NEW.lease_until IS NULL
                   OR NEW.due_at < OLD.due_at)
EXECUTE FUNCTION tell_of_job();
CREATE CONSTRAINT TRIGGER jobs_deleted_news AFTER DELETE ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION tell_of_job();
