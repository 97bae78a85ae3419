-- Ready variants that are to be made again by another transform, because their preset changed. A table of its own: the
-- variant stays ready, with its old content, until the new one takes its place, and its job stays PROCESSED.
CREATE TABLE rerenders (
    image_id     BLOB NOT NULL,
    name         TEXT NOT NULL,
    transform    TEXT NOT NULL,                                           -- the wanted one, in the canonical form
    state        TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'failed')),
    tries        INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),           -- claims since it was asked for
    token        INTEGER CHECK (token > 0),                               -- the fencing token, while it is claimed
    due_at       INTEGER NOT NULL,                                        -- when it may be claimed; the end of the lease while it is
    error_code   TEXT,
    error_detail TEXT,
    PRIMARY KEY (image_id, name),
    FOREIGN KEY (image_id, name) REFERENCES variants (image_id, name) ON DELETE CASCADE,
    CONSTRAINT claimed_only_while_waiting CHECK (token IS NULL OR (state = 'waiting' AND tries > 0)),
    CONSTRAINT error_exactly_when_failed CHECK (
        (error_code IS NOT NULL) = (state = 'failed') AND (error_detail IS NOT NULL) = (state = 'failed'))
) STRICT, WITHOUT ROWID;

CREATE INDEX rerenders_claimable ON rerenders (due_at, image_id, name) WHERE state = 'waiting';
CREATE INDEX rerenders_by_name ON rerenders (name, state);

-- How many wait, claimed or not; and how many claims there were, which is where fencing tokens come from.
INSERT INTO totals (name, value) VALUES ('rerenders', 0), ('rerender_claims', 0);

CREATE TRIGGER rerenders_inserted AFTER INSERT ON rerenders WHEN NEW.state = 'waiting'
BEGIN
    UPDATE totals SET value = value + 1 WHERE name = 'rerenders';
END;

CREATE TRIGGER rerenders_changed AFTER UPDATE OF state ON rerenders WHEN OLD.state <> NEW.state
BEGIN
    UPDATE totals SET value = value + iif(NEW.state = 'waiting', 1, -1) WHERE name = 'rerenders';
END;

CREATE TRIGGER rerenders_deleted AFTER DELETE ON rerenders WHEN OLD.state = 'waiting'
BEGIN
    UPDATE totals SET value = value - 1 WHERE name = 'rerenders';
END;

-- Only what is ready is made again; what is not has no old content to keep.
CREATE TRIGGER rerenders_of_ready_variants BEFORE INSERT ON rerenders
WHEN (SELECT status FROM variants WHERE image_id = NEW.image_id AND name = NEW.name) IS NOT 'ready'
BEGIN
    SELECT RAISE(ABORT, 'only a ready variant is made again');
END;

CREATE TRIGGER rerenders_end_with_readiness AFTER UPDATE OF status ON variants
WHEN OLD.status = 'ready' AND NEW.status <> 'ready'
BEGIN
    DELETE FROM rerenders WHERE image_id = NEW.image_id AND name = NEW.name;
END;
