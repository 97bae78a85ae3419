-- Answers to requests with an Idempotency-Key, and which of them are being served. The key itself is not here, and the
-- answer is readable only for who has it.
CREATE TABLE idempotency_keys (
    account     BLOB NOT NULL CHECK (length(account) = 16),
    key_hash    BLOB NOT NULL CHECK (length(key_hash) = 32),
    token       BLOB NOT NULL CHECK (length(token) = 16),  -- of the request that holds the key
    expires_at  INTEGER NOT NULL,                          -- of the hold while there is no answer, then of the answer
    fingerprint BLOB CHECK (length(fingerprint) = 32),     -- of the request that was answered
    answer      BLOB,
    PRIMARY KEY (account, key_hash),
    CHECK ((fingerprint IS NULL) = (answer IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
