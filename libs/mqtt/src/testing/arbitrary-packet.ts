// Random packets for fast-check: anything that one side may send in one version, properties by the table.
import fc from 'fast-check'
import type { Packet } from '../packets.js'
import { PROPERTIES } from '../properties.js'
import type { Properties, PropertyPlace } from '../properties.js'
import type { ProtocolVersion, QoS, Sender } from '../protocol.js'
import { isReasonAllowed } from '../reason-codes.js'
import type { CodedPacket } from '../reason-codes.js'
import { parseFilter } from '../topic-filter.js'

type Arbitrary<T> = fc.Arbitrary<T>

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\0'))
const word = text.filter((value) => value !== '')
const binary = fc.uint8Array({ maxLength: 20 })
const uint16 = fc.integer({ min: 0, max: 65_535 })
const id = fc.integer({ min: 1, max: 65_535 })
const uint32 = fc.integer({ min: 0, max: 4_294_967_295 })
const variable = fc.integer({ min: 1, max: 268_435_455 })
const qos = fc.constantFrom<QoS>(0, 1, 2)
const level = word.map((value) => value.replaceAll(/[+#/$]/g, '_'))
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const none: QoS = 0
const filter = fc
  .record({
    share: fc.option(
      level.map((name) => `$share/${name}/`),
      { nil: '' },
    ),
    levels: fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }),
    end: fc.constantFrom('', '/#'),
  })
  .map(({ share, levels, end }) => parseFilter(share + levels.join('/') + end))

function valueOf(row: (typeof PROPERTIES)[number], place: PropertyPlace): Arbitrary<unknown> {
  switch (row.type) {
    case 'bit':
      return fc.constantFrom(0, 1)
    case 'flag':
      return fc.boolean()
    case 'uint16':
      return 'nonZero' in row ? id : uint16
    case 'uint32':
      return 'nonZero' in row ? uint32.map((value) => value || 1) : uint32
    case 'variable':
      return fc.array(variable, { minLength: 1, maxLength: place === 'publish' ? 3 : 1 })
    case 'text':
      return row.name === 'responseTopic' ? topic : text
    case 'binary':
      return binary
    case 'pair':
      return fc.array(fc.tuple(word, text), { minLength: 1, maxLength: 4 })
  }
}

function propertiesOf(place: PropertyPlace, version: ProtocolVersion, sender: Sender): Arbitrary<Properties> {
  if (version !== 5) return fc.constant({})
  const model: Record<string, Arbitrary<unknown>> = {}
  for (const row of PROPERTIES) {
    const only: Readonly<Partial<Record<PropertyPlace, Sender>>> = 'sentOnlyBy' in row ? row.sentOnlyBy : {}
    const places: readonly PropertyPlace[] = row.in
    if (places.includes(place) && (only[place] ?? sender) === sender) model[row.name] = valueOf(row, place)
  }
  // A record of optional values by the table's own types: what the types cannot follow, the codec's checks do.
  return fc.record(model, { requiredKeys: [] }).map((values): Properties => ({ ...values }))
}

function reasonOf(packet: CodedPacket, version: ProtocolVersion, sender: Sender): Arbitrary<number> {
  const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) =>
    isReasonAllowed(code, packet, sender),
  )
  return version === 5 ? fc.constantFrom(...codes) : fc.constant(0)
}

/** Any packet of this version from this side. */
export function arbitraryPacket(version: ProtocolVersion, sender: Sender): Arbitrary<Packet> {
  const both = [publishOf(version, sender), ...acksOf(version, sender)]
  const ends = [disconnectOf(version, sender)]
  const auths = version === 5 ? [authOf(sender)] : []
  if (sender === 'client') {
    const own = [
      connectOf(version),
      subscribeOf(version),
      unsubscribeOf(version),
      fc.constant<Packet>({ kind: 'pingreq' }),
    ]
    return fc.oneof(...own, ...both, ...ends, ...auths)
  }
  const own = [
    connackOf(version),
    subackOf(version),
    unsubackOf(version),
    fc.constant<Packet>({ kind: 'pingresp' }),
  ]
  return fc.oneof(...own, ...both, ...(version === 5 ? ends : []), ...auths)
}

function connectOf(version: ProtocolVersion): Arbitrary<Packet> {
  const will = fc.record({
    topic,
    payload: binary,
    qos,
    retain: fc.boolean(),
    properties: propertiesOf('will', version, 'client'),
  })
  return fc
    .record({
      cleanStart: fc.boolean(),
      keepAlive: uint16,
      clientId: word,
      will: fc.option(will, { nil: undefined }),
      userName: fc.option(text, { nil: undefined }),
      password: fc.option(binary, { nil: undefined }),
      properties: propertiesOf('connect', version, 'client'),
      method: text,
    })
    .map(({ method, ...rest }): Packet => {
      const hasData = rest.properties.authenticationData !== undefined
      const properties = hasData ? { ...rest.properties, authenticationMethod: method } : rest.properties
      const password = version === 5 || rest.userName !== undefined ? rest.password : undefined
      return { ...rest, kind: 'connect', version, password, properties }
    })
}

function connackOf(version: ProtocolVersion): Arbitrary<Packet> {
  return fc
    .record({
      isPresent: fc.boolean(),
      reasonCode:
        version === 5 ? reasonOf('connack', 5, 'server') : fc.constantFrom(0, 0x84, 0x85, 0x86, 0x87, 0x88),
      properties: propertiesOf('connack', version, 'server'),
    })
    .map(({ isPresent, reasonCode, properties }): Packet => {
      const sessionPresent = isPresent && reasonCode === 0 && version !== 3
      return { kind: 'connack', sessionPresent, reasonCode, properties }
    })
}

function publishOf(version: ProtocolVersion, sender: Sender): Arbitrary<Packet> {
  return fc
    .record({
      dup: fc.boolean(),
      qos,
      retain: fc.boolean(),
      topic,
      id,
      payload: binary,
      properties: propertiesOf('publish', version, sender),
    }) // prettier-ignore
    .map(({ id: packetId, dup, ...rest }): Packet => {
      return { kind: 'publish', ...rest, dup: dup && rest.qos > 0, packetId: rest.qos > 0 ? packetId : 0 }
    })
}

function acksOf(version: ProtocolVersion, sender: Sender): Arbitrary<Packet>[] {
  const kinds = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const
  return kinds.map((kind) =>
    fc
      .record({
        packetId: id,
        reasonCode: reasonOf(kind, version, sender),
        properties: propertiesOf(kind, version, sender),
      })
      .map((rest): Packet => ({ kind, ...rest })),
  )
}

function subscribeOf(version: ProtocolVersion): Arbitrary<Packet> {
  const options = {
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom<QoS>(0, 1, 2),
  }
  const subscription = fc
    .record({ filter, qos, ...options })
    .map(({ noLocal, retainAsPublished, retainHandling, ...rest }) => ({
      ...rest,
      noLocal: version === 5 && noLocal && rest.filter.kind !== 'shared',
      retainAsPublished: version === 5 && retainAsPublished,
      retainHandling: version === 5 ? retainHandling : none,
    }))
  return fc
    .record({
      packetId: id,
      subscriptions: fc.array(subscription, { minLength: 1, maxLength: 4 }),
      properties: propertiesOf('subscribe', version, 'client'),
    }) // prettier-ignore
    .map((rest): Packet => ({ kind: 'subscribe', ...rest }))
}

function subackOf(version: ProtocolVersion): Arbitrary<Packet> {
  const code = version === 5 ? reasonOf('suback', 5, 'server') : fc.constantFrom(0, 1, 2, 0x80)
  return fc
    .record({
      packetId: id,
      reasonCodes: fc.array(code, { minLength: 1, maxLength: 4 }),
      properties: propertiesOf('suback', version, 'server'),
    }) // prettier-ignore
    .map((rest): Packet => ({ kind: 'suback', ...rest }))
}

function unsubscribeOf(version: ProtocolVersion): Arbitrary<Packet> {
  return fc
    .record({
      packetId: id,
      filters: fc.array(filter, { minLength: 1, maxLength: 4 }),
      properties: propertiesOf('unsubscribe', version, 'client'),
    }) // prettier-ignore
    .map((rest): Packet => ({ kind: 'unsubscribe', ...rest }))
}

function unsubackOf(version: ProtocolVersion): Arbitrary<Packet> {
  const codes = fc.array(reasonOf('unsuback', 5, 'server'), { minLength: 1, maxLength: 4 })
  return fc
    .record({
      packetId: id,
      reasonCodes: version === 5 ? codes : fc.constant([]),
      properties: propertiesOf('unsuback', version, 'server'),
    }) // prettier-ignore
    .map((rest): Packet => ({ kind: 'unsuback', ...rest }))
}

function disconnectOf(version: ProtocolVersion, sender: Sender): Arbitrary<Packet> {
  return fc
    .record({
      reasonCode: reasonOf('disconnect', version, sender),
      properties: propertiesOf('disconnect', version, sender),
    })
    .map((rest): Packet => ({ kind: 'disconnect', ...rest }))
}

function authOf(sender: Sender): Arbitrary<Packet> {
  return fc
    .record({
      reasonCode: reasonOf('auth', 5, sender),
      properties: propertiesOf('auth', 5, sender),
      method: text,
    })
    .map(({ reasonCode, properties, method }): Packet => {
      return { kind: 'auth', reasonCode, properties: { ...properties, authenticationMethod: method } }
    })
}
