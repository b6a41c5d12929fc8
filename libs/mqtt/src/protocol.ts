// The numbers of the protocol that all packets share: versions, packet types, and the limits that a receiver sets.

/** The protocol level on the wire: 3 is MQTT 3.1 ("MQIsdp"), 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5

/** Who sent a packet: some are allowed to one side only. */
export type Sender = 'client' | 'server'

export type QoS = 0 | 1 | 2

/** The packet types, as they stand in the high four bits of a packet's first byte. */
export const PACKET = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const

export type PacketKind = keyof typeof PACKET

/** What a receiver accepts. Beyond a limit a decoder throws the reason code named there. */
export interface Limits {
  /** User properties in one packet; 0x97. */
  readonly userPropertiesMax: number
  /** Bytes of properties in one packet, correlation and authentication data not counted; 0x97. */
  readonly propertiesBytesMax: number
  /** Bytes of a client identifier; 0x85. */
  readonly clientIdBytesMax: number
  /** Bytes of a topic name; 0x90. */
  readonly topicBytesMax: number
  /** Levels of a topic name; 0x90. (A filter's levels are in the decoded filter, so that SUBACK can refuse one of many.) */
  readonly topicLevelsMax: number
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE; 0x97. */
  readonly filtersMax: number
}

export const DEFAULT_LIMITS: Limits = {
  userPropertiesMax: 100,
  propertiesBytesMax: 8_192,
  clientIdBytesMax: 1_024,
  topicBytesMax: 65_535,
  topicLevelsMax: 128,
  filtersMax: 256,
}

/** Receiver without limits of its own: for clients and tests. */
export const NO_LIMITS: Limits = {
  userPropertiesMax: Infinity,
  propertiesBytesMax: Infinity,
  clientIdBytesMax: 65_535,
  topicBytesMax: 65_535,
  topicLevelsMax: 65_536,
  filtersMax: Infinity,
}
