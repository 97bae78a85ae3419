-- Answers to requests with an Idempotency-Key, and which of them are being served. The key itself is not here, and the
-- answer is readable only for who has it.
CREATE TABLE idempotency_keys (
    account     uuid NOT NULL,
    key_hash    bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    token       uuid NOT NULL,                                     -- of the request that holds the key
    expires_at  bigint NOT NULL,                                   -- of the hold while there is no answer, then of the answer
    fingerprint bytea CHECK (octet_length(fingerprint) = 32),      -- of the request that was answered
    answer      bytea,
    PRIMARY KEY (account, key_hash),
    CHECK ((fingerprint IS NULL) = (answer IS NULL))
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
