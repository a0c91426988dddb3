const columns = ["text", "text", "text", "text", "bytea", "bytea", "text", "boolean"]
const names = "(id, host, vm_id, mac, ipv6, ipv4, hostname, is_default)"

/** The claims that are asked for: `one` as eight values, `many` as eight arrays, from the third parameter on. */
const asked = {
  one: `(VALUES (${columns.map((type, index) => `$${index + 3}::${type}`).join(", ")})) AS asked ${names}`,
  many: `unnest(${columns.map((type, index) => `$${index + 3}::${type}[]`).join(", ")}) AS asked ${names}`,
}

/**
 * Network and version, then the claims. What stands in the way is asked for one by one, in a form that is never made a
 * join: a plan that was made while the tables were small would read all of them when they have grown. MAC, addresses,
 * NIC: in the order of `claimInSteps`.
 */
function statementFor(claims: string): string {
  return `
  WITH door AS (
    SELECT id FROM networks WHERE id = $1 AND version = $2 FOR SHARE
  ), fit AS (
    SELECT asked.* FROM door, ${claims}
    WHERE (SELECT count(*) FROM nics n WHERE n.id = asked.id) = 0
      AND (SELECT count(*) FROM addresses r WHERE r.nic_id = asked.id AND r.free_after IS NOT NULL) = 0
      AND (SELECT count(*) FROM addresses h WHERE h.network_id = $1 AND h.address IN (asked.ipv6, asked.ipv4)) = 0
  ), own_macs AS (
    INSERT INTO macs (mac, owner) SELECT mac, 'NIC ' || id FROM fit RETURNING mac
  ), own_addresses AS (
    INSERT INTO addresses (network_id, address, nic_id)
    SELECT $1, given.address, fit.id
    FROM fit JOIN own_macs ON own_macs.mac = fit.mac, LATERAL (VALUES (fit.ipv6), (fit.ipv4)) AS given (address)
    WHERE given.address IS NOT NULL
    RETURNING nic_id
  )
  INSERT INTO nics (id, network_id, host, vm_id, vm_place, mac, ipv6, ipv4, hostname, state)
  SELECT id, $1, host, vm_id,
    CASE WHEN is_default IS TRUE THEN ''
      WHEN is_default IS FALSE THEN id
      WHEN (SELECT count(*) FROM nics v WHERE v.vm_id = fit.vm_id AND v.vm_place = '') > 0 THEN id
      ELSE '' END,
    mac, ipv6, ipv4, hostname, 'claimed'
  FROM fit WHERE id IN (SELECT nic_id FROM own_addresses)
  RETURNING id, vm_place`
}

const statements = { one: statementFor(asked.one), many: statementFor(asked.many) }

export function claimStatement(claims: "one" | "many"): string {
  return statements[claims]
}
