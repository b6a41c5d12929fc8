// When all is quiet, the services agree: nobody is connected but those who are, and nothing of sessions that are over is left anywhere.
// The one check that looks inside: a ghost harms nobody for a long time.
import type { Peer } from '../client/peer.js'
import type { Ledger } from '../ledger/ledger.js'
import type { Owners } from '../broker/owners.js'

export function judgeGhosts(ledger: Ledger, owners: Owners, peers: readonly Peer[]): void {
  const births = new Map<string, number>()
  const connected = new Set<string>()
  for (const { rows } of owners.sessions) {
    for (const { clientId, birth, address } of rows.values()) {
      births.set(clientId, birth)
      if (address !== undefined) connected.add(clientId)
    }
  }
  for (const peer of peers) {
    if (peer.connected && !connected.delete(peer.clientId)) {
      ledger.violated(`${peer.clientId} is connected, and session does not know`)
    }
  }
  for (const clientId of connected) ledger.violated(`session takes ${clientId} for connected, and it is not`)
  const living = new Set(births.values())
  for (const { exact, wildcards, placement } of owners.subscriptions) {
    for (const [text, filter] of [...exact, ...wildcards.entries()]) {
      for (const { client } of filter.subscriptions) {
        if (births.get(client.clientId) === client.birth) continue
        ledger.violated(
          `partition ${String(placement.partition)} has ${text} for ${client.clientId}, whose session is over`,
        )
      }
    }
  }
  judgeGroupGhosts(ledger, owners, living)
  for (const peer of peers) judgeMembership(ledger, owners, peer, births.get(peer.clientId))
  for (const { queues, placement } of owners.deliveries) {
    for (const { clientId, birth } of queues.values()) {
      if (living.has(birth)) continue
      ledger.violated(
        `partition ${String(placement.partition)} has a queue of ${clientId}, whose session is over`,
      )
    }
  }
}

/** Who was told that it is in a group, and has not left it since, is in it: while others are, too, nobody would miss it. */
function judgeMembership(ledger: Ledger, owners: Owners, { session, clientId }: Peer, birth?: number): void {
  if (session === undefined || session.ended !== undefined) return
  const groups = owners.deliveries.flatMap(({ groups: owned }) => [...owned.values()])
  for (const { share, filter, acknowledged, closed } of session.subscriptions) {
    if (share === undefined || acknowledged === undefined || closed !== undefined) continue
    const group = groups.find((one) => one.share === share && one.filter === filter)
    if (group?.members.some((member) => member.session.birth === birth) === true) continue
    ledger.violated(`${clientId} was told that it is in the group ${share} of ${filter}, and it is not`)
  }
}

/** Groups are made of living sessions, and matchers route to no group that its owner has given up. */
function judgeGroupGhosts(ledger: Ledger, owners: Owners, living: ReadonlySet<number>): void {
  const groups = new Set<number>()
  for (const { groups: owned } of owners.deliveries) {
    for (const { birth, share, filter, members } of owned.values()) {
      groups.add(birth)
      for (const { session } of members) {
        if (living.has(session.birth)) continue
        ledger.violated(`the group ${share} of ${filter} has ${session.clientId}, whose session is over`)
      }
    }
  }
  for (const { exact, wildcards, placement } of owners.subscriptions) {
    for (const [text, filter] of [...exact, ...wildcards.entries()]) {
      for (const { row } of filter.groups) {
        if (groups.has(row.birth)) continue
        ledger.violated(
          `partition ${String(placement.partition)} routes ${text} to the group ${row.share}, which is no more`,
        )
      }
    }
  }
}
