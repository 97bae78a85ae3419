-- Accounts, and the API keys that act for them. When a row came into being, its id says.
CREATE TABLE accounts (
    id   uuid NOT NULL PRIMARY KEY,
    name text NOT NULL COLLATE "C" UNIQUE CHECK (length(name) > 0)
);

-- Everything that was stored before there were accounts belongs to this one.
INSERT INTO accounts (id, name) VALUES ('01934b7e-5f00-7000-8000-5afe11640001', 'default');

CREATE TABLE api_keys (
    id           uuid NOT NULL PRIMARY KEY,
    account      uuid NOT NULL REFERENCES accounts (id),
    name         text NOT NULL CHECK (length(name) > 0),
    secret_hash  bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),  -- SHA-256; the secret itself is nowhere
    scopes       text NOT NULL CHECK (length(scopes) > 0),                      -- names with spaces between them
    expires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint
);

CREATE INDEX api_keys_by_account ON api_keys (account, id);
