/**
 * The schema, one step a version; `slash64_schema` counts the steps that were done. A step that was released is never
 * changed. `text` is the type of a text that is compared byte by byte. Only what PostgreSQL, CockroachDB and
 * YugabyteDB have; where DDL is not part of a transaction, a step that was cut off is done again: IF NOT EXISTS.
 */
export const migrations: readonly ((text: string) => readonly string[])[] = [
  (text) => [
    // version: raised by what changes the network; a claim is made on the version that it was planned for.
    `CREATE TABLE IF NOT EXISTS networks (
       id ${text} PRIMARY KEY,
       name ${text} NOT NULL UNIQUE,
       segment ${text} UNIQUE,
       prefix6 BYTEA UNIQUE,
       first4 BIGINT,
       last4 BIGINT,
       body TEXT NOT NULL,
       version BIGINT NOT NULL,
       cursor6 BYTEA,
       cursor4 BYTEA
     )`,
    // What the last reader saw of a network: docs/decisions/postgres-revision.md.
    `CREATE TABLE IF NOT EXISTS revisions (
       network_id ${text} PRIMARY KEY,
       revision BIGINT NOT NULL,
       digest TEXT NOT NULL
     )`,
    // vm_place: empty for the default NIC of the VM, else the NIC's id.
    `CREATE TABLE IF NOT EXISTS nics (
       id ${text} PRIMARY KEY,
       network_id ${text} NOT NULL,
       host ${text} NOT NULL,
       vm_id ${text} NOT NULL,
       vm_place ${text} NOT NULL,
       mac ${text} NOT NULL,
       ipv6 BYTEA,
       ipv4 BYTEA,
       hostname ${text} NOT NULL,
       state TEXT NOT NULL,
       UNIQUE (network_id, hostname),
       UNIQUE (vm_id, vm_place)
     )`,
    // Of NICs and routers, over all networks.
    `CREATE TABLE IF NOT EXISTS macs (mac ${text} PRIMARY KEY, owner TEXT NOT NULL)`,
    // 16 bytes an address, IPv4 as ::ffff:a.b.c.d. Held while free_after is null; else resting until then (unix
    // seconds), and nic_id had it last.
    `CREATE TABLE IF NOT EXISTS addresses (
       network_id ${text} NOT NULL,
       address BYTEA NOT NULL CHECK (length(address) = 16),
       nic_id ${text} NOT NULL,
       free_after BIGINT,
       PRIMARY KEY (network_id, address)
     )`,
    "CREATE INDEX IF NOT EXISTS addresses_resting ON addresses (network_id, free_after) WHERE free_after IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS addresses_last_held ON addresses (nic_id) WHERE free_after IS NOT NULL",
    `CREATE TABLE IF NOT EXISTS routers (
       id ${text} PRIMARY KEY,
       network_id ${text} NOT NULL UNIQUE,
       host ${text} NOT NULL,
       body TEXT NOT NULL
     )`,
    `CREATE TABLE IF NOT EXISTS hosts (name ${text} PRIMARY KEY, body TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS templates (digest ${text} PRIMARY KEY, body TEXT NOT NULL)`,
    // 'secret': the fingerprint of the secret that this store's addresses are made from.
    `CREATE TABLE IF NOT EXISTS settings (name ${text} PRIMARY KEY, value TEXT NOT NULL)`,
  ],
  // Pools of /64s. A slot is a /64 as the number that the 35 bits after its /29 make.
  (text) => [
    `CREATE TABLE IF NOT EXISTS pools (
       id ${text} PRIMARY KEY,
       name ${text} NOT NULL UNIQUE,
       first6 BYTEA NOT NULL,
       last6 BYTEA NOT NULL,
       body TEXT NOT NULL,
       next_slot BIGINT NOT NULL
     )`,
    // Held while free_after is null; else resting until then (unix seconds), and the holder had it last.
    `CREATE TABLE IF NOT EXISTS pool_prefixes (
       pool_id ${text} NOT NULL,
       slot BIGINT NOT NULL,
       holder_kind ${text} NOT NULL CHECK (holder_kind IN ('network', 'claim')),
       holder_id ${text} NOT NULL,
       free_after BIGINT,
       PRIMARY KEY (pool_id, slot)
     )`,
    `CREATE UNIQUE INDEX IF NOT EXISTS pool_prefixes_one_each ON pool_prefixes (pool_id, holder_id, holder_kind)
     WHERE free_after IS NULL`,
    `CREATE INDEX IF NOT EXISTS pool_prefixes_last_held ON pool_prefixes (pool_id, holder_id, holder_kind)
     WHERE free_after IS NOT NULL`,
  ],
  // Where a network may be. Of one from before nobody knows, so it may be on every host.
  (text) => [
    `CREATE TABLE IF NOT EXISTS network_hosts (
       network_id ${text} NOT NULL,
       host ${text} NOT NULL,
       PRIMARY KEY (network_id, host)
     )`,
    `INSERT INTO network_hosts (network_id, host)
     SELECT networks.id, hosts.name FROM networks CROSS JOIN hosts ON CONFLICT DO NOTHING`,
  ],
  // Who converges a network's router; holder is null when it was given back. Milliseconds since 1970, by the server.
  // served: by the last push.
  (text) => [
    `CREATE TABLE IF NOT EXISTS converge_leases (
       network_id ${text} PRIMARY KEY,
       fence BIGINT NOT NULL,
       holder TEXT,
       taken_at BIGINT NOT NULL,
       ends_at BIGINT NOT NULL,
       served_revision BIGINT,
       served_generation BIGINT
     )`,
  ],
  // A router's VM has an id of its own, and its size is kept. Of one from before nobody knows the size.
  () => [
    `UPDATE routers SET body =
       (body::jsonb || jsonb_build_object('vmId', id::text, 'vcpus', 1, 'memoryMiB', 256))::text
     WHERE body::jsonb -> 'vmId' IS NULL`,
  ],
]
