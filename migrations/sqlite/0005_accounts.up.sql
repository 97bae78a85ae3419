-- Accounts, and the API keys that act for them. When a row came into being, its id says.
CREATE TABLE accounts (
    id   BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE CHECK (length(name) > 0)
) STRICT, WITHOUT ROWID;

-- Everything that was stored before there were accounts belongs to this one.
INSERT INTO accounts (id, name) VALUES (x'01934b7e5f00700080005afe11640001', 'default');

CREATE TABLE api_keys (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account      BLOB NOT NULL REFERENCES accounts (id),
    name         TEXT NOT NULL CHECK (length(name) > 0),
    secret_hash  BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),  -- SHA-256; the secret itself is nowhere
    scopes       TEXT NOT NULL CHECK (length(scopes) > 0),               -- names with spaces between them
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_account ON api_keys (account, id);
