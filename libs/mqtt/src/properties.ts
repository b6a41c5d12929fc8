// All properties of MQTT 5.0 as one table; the types of each packet's properties follow from it. Reading and writing: property-codec.ts.
import type { Sender } from './protocol.js'

/** Where properties can stand: the packets that have them, and the will inside CONNECT. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'connack'
  | 'publish'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'subscribe'
  | 'suback'
  | 'unsubscribe'
  | 'unsuback'
  | 'disconnect'
  | 'auth'

/** `bit`: one byte, 0 or 1. `flag`: the same, meaning false or true. */
export type PropertyType = 'bit' | 'flag' | 'uint16' | 'uint32' | 'variable' | 'text' | 'binary' | 'pair'

interface PropertyRow {
  readonly id: number
  readonly name: string
  readonly type: PropertyType
  readonly in: readonly PropertyPlace[]
  /** Set when only one side may send it in the packets named. */
  readonly sentOnlyBy?: Readonly<Partial<Record<PropertyPlace, Sender>>>
  /** Zero is a protocol error (topic alias: 0x94). */
  readonly nonZero?: true
  /** Where it may stand more than once; values in order. */
  readonly manyIn?: readonly PropertyPlace[]
}

const message = ['publish', 'will'] as const
const greeting = ['connect', 'connack'] as const
const authentication = [...greeting, 'auth'] as const
const answers = [
  'connack',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'suback',
  'unsuback',
  'disconnect',
  'auth',
] as const
const everywhere = [...answers, 'connect', 'will', 'publish', 'subscribe', 'unsubscribe'] as const

/** MQTT 5.0, table 2-4. */
export const PROPERTIES = [
  { id: 0x01, name: 'payloadFormat', type: 'bit', in: message },
  { id: 0x02, name: 'messageExpiryInterval', type: 'uint32', in: message },
  { id: 0x03, name: 'contentType', type: 'text', in: message },
  { id: 0x08, name: 'responseTopic', type: 'text', in: message },
  { id: 0x09, name: 'correlationData', type: 'binary', in: message },
  { id: 0x0b, name: 'subscriptionIdentifiers', type: 'variable', in: ['publish', 'subscribe'], nonZero: true, manyIn: ['publish'], sentOnlyBy: { publish: 'server' } }, // prettier-ignore
  { id: 0x11, name: 'sessionExpiryInterval', type: 'uint32', in: [...greeting, 'disconnect'], sentOnlyBy: { disconnect: 'client' } }, // prettier-ignore
  { id: 0x12, name: 'assignedClientIdentifier', type: 'text', in: ['connack'] },
  { id: 0x13, name: 'serverKeepAlive', type: 'uint16', in: ['connack'] },
  { id: 0x15, name: 'authenticationMethod', type: 'text', in: authentication },
  { id: 0x16, name: 'authenticationData', type: 'binary', in: authentication },
  { id: 0x17, name: 'requestProblemInformation', type: 'flag', in: ['connect'] },
  { id: 0x18, name: 'willDelayInterval', type: 'uint32', in: ['will'] },
  { id: 0x19, name: 'requestResponseInformation', type: 'flag', in: ['connect'] },
  { id: 0x1a, name: 'responseInformation', type: 'text', in: ['connack'] },
  { id: 0x1c, name: 'serverReference', type: 'text', in: ['connack', 'disconnect'], sentOnlyBy: { disconnect: 'server' } }, // prettier-ignore
  { id: 0x1f, name: 'reasonString', type: 'text', in: answers },
  { id: 0x21, name: 'receiveMaximum', type: 'uint16', in: greeting, nonZero: true },
  { id: 0x22, name: 'topicAliasMaximum', type: 'uint16', in: greeting },
  { id: 0x23, name: 'topicAlias', type: 'uint16', in: ['publish'], nonZero: true },
  { id: 0x24, name: 'maximumQos', type: 'bit', in: ['connack'] },
  { id: 0x25, name: 'retainAvailable', type: 'flag', in: ['connack'] },
  { id: 0x26, name: 'userProperties', type: 'pair', in: everywhere, manyIn: everywhere },
  { id: 0x27, name: 'maximumPacketSize', type: 'uint32', in: greeting, nonZero: true },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', type: 'flag', in: ['connack'] },
  { id: 0x29, name: 'subscriptionIdentifiersAvailable', type: 'flag', in: ['connack'] },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', type: 'flag', in: ['connack'] },
] as const satisfies readonly PropertyRow[]

type Row = (typeof PROPERTIES)[number]
export type PropertyName = Row['name']

/** Name and value. */
export type UserProperty = readonly [name: string, value: string]

interface Values {
  bit: 0 | 1
  flag: boolean
  uint16: number
  uint32: number
  variable: readonly number[]
  text: string
  binary: Uint8Array
  pair: readonly UserProperty[]
}

/** Every property there is, each optional. Subscription identifiers are a list; a SUBSCRIBE has at most one in it. */
export type Properties = { readonly [R in Row as R['name']]?: Values[R['type']] }

/** The properties that may stand in one place, by the table. */
export type PropertiesOf<P extends PropertyPlace> = {
  readonly [R in Row as P extends R['in'][number] ? R['name'] : never]?: Values[R['type']]
}

/** The table's row of an identifier, or undefined for one that MQTT does not know. */
export function propertyOf(id: number): Row | undefined {
  return byId[id]
}

const byId: readonly (Row | undefined)[] = indexById()

function indexById(): (Row | undefined)[] {
  const rows = new Array<Row | undefined>(128).fill(undefined)
  for (const row of PROPERTIES) rows[row.id] = row
  return rows
}
