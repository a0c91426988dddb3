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
  // Small keys, few indexes, rows of NICs in the order in which they came: so many pages does a claim write.
  `
  ALTER TABLE networks ADD COLUMN number INTEGER;
  UPDATE networks SET number = rowid;
  CREATE UNIQUE INDEX networks_number ON networks (number);

  CREATE TABLE new_nics (
    number INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    network_id TEXT NOT NULL REFERENCES networks (id),
    host TEXT NOT NULL,
    vm_id BLOB NOT NULL CHECK (length(vm_id) = 16),
    mac BLOB NOT NULL UNIQUE CHECK (length(mac) = 6),
    ipv6 BLOB,
    ipv4 BLOB,
    hostname TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT;
  INSERT INTO new_nics
  SELECT rowid, id, network_id, host, unhex(vm_id, '-'), unhex(mac, ':'), ipv6, ipv4, hostname, is_default, state
  FROM nics ORDER BY rowid;

  -- 16 bytes an address, IPv4 as ::ffff:a.b.c.d. Held by the NIC of that number; or resting until free_after (unix
  -- seconds), and the NIC of last_nic_id had it last.
  CREATE TABLE new_addresses (
    network INTEGER NOT NULL REFERENCES networks (number) ON DELETE CASCADE,
    address BLOB NOT NULL CHECK (length(address) = 16),
    nic INTEGER,
    free_after INTEGER,
    last_nic_id TEXT,
    PRIMARY KEY (network, address),
    CHECK ((nic IS NULL) = (free_after IS NOT NULL) AND (nic IS NULL) = (last_nic_id IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_addresses
  SELECT networks.number, address, iif(free_after IS NULL, nics.rowid, NULL), free_after,
    iif(free_after IS NULL, NULL, nic_id)
  FROM addresses JOIN networks ON networks.id = addresses.network_id LEFT JOIN nics ON nics.id = nic_id
  ORDER BY networks.number, address;

  DROP TABLE nics;
  DROP TABLE addresses;
  ALTER TABLE new_nics RENAME TO nics;
  ALTER TABLE new_addresses RENAME TO addresses;
  CREATE INDEX addresses_resting ON addresses (free_after) WHERE free_after IS NOT NULL;
  CREATE INDEX addresses_last_held ON addresses (last_nic_id) WHERE last_nic_id IS NOT NULL;
  -- The NICs of a VM, of which one is the default.
  CREATE UNIQUE INDEX nics_by_vm ON nics (vm_id, (CASE is_default WHEN 1 THEN 0 ELSE number END));
  -- A host name that is the NIC's id is unique as that is; a claim looks whether the one is the other's.
  CREATE UNIQUE INDEX nics_by_given_name ON nics (network_id, hostname) WHERE hostname <> id;
  `,
  // Pools of /64s. A slot is a /64 as the number that the 35 bits after its /29 make.
  `
  CREATE TABLE pools (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The lowest and highest address.
    first6 BLOB NOT NULL,
    last6 BLOB NOT NULL,
    body TEXT NOT NULL,
    -- The slot where the policy sequential goes on.
    cursor INTEGER NOT NULL
  ) STRICT;

  -- Held while free_after is null; else resting until then (unix seconds), and the holder had it last.
  CREATE TABLE pool_prefixes (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    slot INTEGER NOT NULL,
    holder_kind TEXT NOT NULL CHECK (holder_kind IN ('network', 'claim')),
    holder_id TEXT NOT NULL,
    free_after INTEGER,
    PRIMARY KEY (pool_id, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX pool_prefixes_one_each ON pool_prefixes (holder_id, holder_kind, pool_id) WHERE free_after IS NULL;
  CREATE INDEX pool_prefixes_last_held ON pool_prefixes (holder_id, holder_kind, pool_id) WHERE free_after IS NOT NULL;
  CREATE INDEX pool_prefixes_resting ON pool_prefixes (pool_id, free_after) WHERE free_after IS NOT NULL;

  -- The slots without a row in pool_prefixes, in runs as long as can be: a free one is found without a scan.
  CREATE TABLE pool_runs (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (pool_id, last)
  ) STRICT, WITHOUT ROWID;
  `,
  // Where a network may be. Of one from before nobody knows, so it may be on every host.
  `
  CREATE TABLE network_hosts (
    network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    PRIMARY KEY (network_id, host)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO network_hosts SELECT networks.id, hosts.name FROM networks, hosts;
  `,
  // Who converges a network's router; holder is null when it was given back. Milliseconds since 1970. served: by the
  // last push.
  `
  CREATE TABLE converge_leases (
    network_id TEXT NOT NULL PRIMARY KEY REFERENCES networks (id) ON DELETE CASCADE,
    fence INTEGER NOT NULL,
    holder TEXT,
    taken_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    served_revision INTEGER,
    served_generation INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
  // A router's VM has an id of its own, and its size is kept. Of one from before nobody knows the size.
  `
  UPDATE routers SET body = json_set(body, '$.vmId', id, '$.vcpus', 1, '$.memoryMiB', 256);
  `,
]
