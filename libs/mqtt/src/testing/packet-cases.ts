// Packets byte by byte beside what they mean: the shared table of the codec's tests. What is refused stands in refused-cases.ts.
import { CONNACK_CASES, CONNECT_CASES } from './connect-cases.js'
import type { PacketCase } from './packet-case.js'
import { ACK_CASES, PUBLISH_CASES } from './publish-cases.js'
import { OTHER_CASES, SUBSCRIPTION_CASES } from './subscribe-cases.js'

/** One row, one fact. */
export const PACKET_CASES: readonly PacketCase[] = [
  ...CONNECT_CASES,
  ...CONNACK_CASES,
  ...PUBLISH_CASES,
  ...ACK_CASES,
  ...SUBSCRIPTION_CASES,
  ...OTHER_CASES,
]
