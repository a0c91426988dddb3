/** "sl64": marks a file as ours among SQLite databases. */
export const applicationId = 0x736c3634

/**
 * The schema, one step a version; `PRAGMA user_version` counts the steps that were done. A step that was released
 * is never changed.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE networks (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    segment TEXT UNIQUE,
    prefix6 BLOB UNIQUE,
    first4 INTEGER,
    last4 INTEGER,
    body TEXT NOT NULL,
    revision INTEGER NOT NULL,
    cursor6 BLOB,
    cursor4 BLOB
  ) STRICT;

  CREATE TABLE nics (
    id TEXT NOT NULL PRIMARY KEY,
    network_id TEXT NOT NULL REFERENCES networks (id),
    host TEXT NOT NULL,
    vm_id TEXT NOT NULL,
    mac TEXT NOT NULL UNIQUE,
    ipv6 BLOB,
    ipv4 BLOB,
    hostname TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (network_id, hostname)
  ) STRICT;
  CREATE INDEX nics_by_vm ON nics (vm_id);
  CREATE UNIQUE INDEX nics_one_default ON nics (vm_id) WHERE is_default = 1;

  -- 16 bytes an address, IPv4 as ::ffff:a.b.c.d. Held while free_after is null; else resting until then (unix
  -- seconds), and nic_id had it last.
  CREATE TABLE addresses (
    network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    address BLOB NOT NULL CHECK (length(address) = 16),
    nic_id TEXT NOT NULL,
    free_after INTEGER,
    PRIMARY KEY (network_id, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX addresses_resting ON addresses (free_after) WHERE free_after IS NOT NULL;
  CREATE INDEX addresses_last_held ON addresses (nic_id) WHERE free_after IS NOT NULL;

  CREATE TABLE routers (
    id TEXT NOT NULL PRIMARY KEY,
    network_id TEXT NOT NULL UNIQUE REFERENCES networks (id),
    host TEXT NOT NULL,
    guest_mac TEXT NOT NULL UNIQUE,
    control_mac TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
  ) STRICT;

  CREATE TABLE hosts (name TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE templates (digest TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
  `,
  // 'secret': the fingerprint of the secret that this store's addresses are made from.
  `
  CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
]
