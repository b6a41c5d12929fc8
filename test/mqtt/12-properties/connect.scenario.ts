// The properties of CONNECT, CONNACK, DISCONNECT and of acknowledgements.
import { expect } from 'vitest'
import { badStrings, binary, join, packet, properties, text, u16, u8, varint } from '../client/bytes.js'
import { codeOf, connect, message, publish, subscribe, textOf } from '../client/dialogue.js'
import type { Client } from '../client/client.js'
import { property, readProperties } from '../client/property.js'
import { rawConnect, rawPublish, rawSubscribe, rawUnsubscribe } from '../client/raw.js'
import { expectDisconnected, expectRefused } from '../client/refusal.js'
import { scenario } from '../scene/scenario.js'

const twice = (one: Uint8Array): Uint8Array => properties(one, one)

for (const [name, block] of [
  ['receive maximum 0', properties(property('receiveMaximum', 0))],
  ['maximum packet size 0', properties(property('maximumPacketSize', 0))],
  ['request problem information 2', properties(property('requestProblemInformation', 2))],
  ['request response information 2', properties(property('requestResponseInformation', 2))],
  ['two session expiries', twice(property('sessionExpiryInterval', 1))],
  ['two receive maxima', twice(property('receiveMaximum', 10))],
  ['two maximum packet sizes', twice(property('maximumPacketSize', 1000))],
  ['two topic alias maxima', twice(property('topicAliasMaximum', 10))],
  ['two authentication methods', twice(property('authenticationMethod', 'x'))],
  ['authentication data without a method', properties(property('authenticationData', 'x'))],
  ['a topic alias', properties(property('topicAlias', 1))],
  ['a will delay among its own properties', properties(property('willDelayInterval', 1))],
  ['an unknown property', properties(Uint8Array.of(0x00, 0x00))],
  ['a property of two bytes of identifier', properties(Uint8Array.of(0xa6, 0x00, 0, 0, 0, 0))],
  ['a property cut short', properties(Uint8Array.of(0x11, 0, 0))],
  ['a property length beyond its end', join(varint(60), property('sessionExpiryInterval', 1))],
] as const) {
  scenario(`5.0 [MQTT-3.1.4-1] [MQTT-3.14.0-1]: a CONNECT with ${name} is refused`, async (t) => {
    const client = await t.open()
    client.send(rawConnect(5, { properties: block, payload: text(t.id()) }))
    await expectRefused(client, [0x81, 0x82, 0x8c, 0x87])
  })
}

for (const [name, bytes] of Object.entries(badStrings)) {
  for (const [what, block] of [
    ['the key', join(u8(0x26), binary(bytes), text('v'))],
    ['the value', join(u8(0x26), text('k'), binary(bytes))],
  ] as const) {
    scenario(
      `5.0 [MQTT-1.5.7-1] [MQTT-1.5.4-1]: ${name} in ${what} of a user property is refused`,
      async (t) => {
        const client = await t.open()
        client.send(rawConnect(5, { properties: properties(block), payload: text(t.id()) }))
        await expectRefused(client, [0x81, 0x82])
      },
    )
  }
}

scenario('5.0 [MQTT-3.1.2-28]: without a request there is no response information', async (t) => {
  for (const requestResponseInformation of [undefined, false]) {
    const client = await t.open()
    const wish =
      requestResponseInformation === undefined ? {} : { properties: { requestResponseInformation } }
    const connack = await connect(client, { clientId: t.id(), ...wish })
    expect(connack.properties?.responseInformation).toBeUndefined()
  }
})

scenario(
  '5.0 [MQTT-3.1.2-29]: without problem information no reason string and no user property on acknowledgements',
  async (t) => {
    const client = await t.connect({ properties: { requestProblemInformation: false } })
    const tooDeep = `${t.topic()}${'/x'.repeat(130)}`
    const suback = await subscribe(client, { [t.topic('a')]: 1, [tooDeep]: 1 })
    client.send(rawUnsubscribe(5, [t.topic('never')], { id: 50 }))
    const answers = [suback, await client.receive('unsuback'), ...(await reasonedAnswers(client))]
    for (const { properties: told } of answers) {
      expect(told?.reasonString).toBeUndefined()
      expect(told?.userProperties).toBeUndefined()
    }
  },
)

scenario('5.0 [MQTT-3.2.2-22]: a server keep alive is told only when it differs from the wish', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: t.id(), keepalive: 60 })
  expect(connack.properties?.serverKeepAlive ?? 60).toBe(60)
})

scenario('the CONNACK properties are each there once, and none that a server may not send', async (t) => {
  const client = await t.open()
  const connack = await connect(client, {
    clientId: '',
    keepalive: 60_000,
    properties: { sessionExpiryInterval: 5 },
  })
  const names = readProperties(client.frameOf(connack), 4).map(([name]) => name)
  expect(new Set(names).size).toBe(names.length)
  const allowed = [
    'sessionExpiryInterval',
    'receiveMaximum',
    'maximumQoS',
    'retainAvailable',
    'maximumPacketSize',
    'assignedClientIdentifier',
    'topicAliasMaximum',
    'reasonString',
    'wildcardSubscriptionAvailable',
    'subscriptionIdentifierAvailable',
    'sharedSubscriptionAvailable',
    'serverKeepAlive',
  ]
  for (const name of names) expect(allowed).toContain(name)
  expect(connack.properties?.receiveMaximum).not.toBe(0)
  expect(connack.properties?.maximumPacketSize).not.toBe(0)
})

scenario(
  '5.0 [MQTT-3.1.2-24] [MQTT-3.1.2-25]: a message above the maximum packet size of the client is dropped, the next one comes',
  async (t) => {
    const client = await t.connect({ properties: { maximumPacketSize: 200 } })
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [0, 1, 2] as const) {
      await publish(other, t.topic(), 'x'.repeat(300), { qos })
      await publish(other, t.topic(), `small ${qos}`, { qos })
      const packet = await message(client)
      expect(textOf(packet)).toBe(`small ${qos}`)
      expect(client.frameOf(packet).length).toBeLessThanOrEqual(200)
    }
    await t.nothingBefore(client, other, t.topic(), 1)
  },
)

scenario('5.0 [MQTT-3.1.2-25]: the same through a kept queue and for a retained message', async (t) => {
  const clientId = t.id()
  const options = {
    clientId,
    clean: false,
    properties: { sessionExpiryInterval: 60, maximumPacketSize: 200 },
  }
  const first = await t.connect(options)
  await subscribe(first, { [t.topic()]: 1 })
  first.cut()
  const other = await t.connect()
  await publish(other, t.topic(), 'x'.repeat(300), { qos: 1, retain: true })
  await publish(other, t.topic(), 'small', { qos: 1 })
  const again = await t.connect(options)
  expect(textOf(await message(again))).toBe('small')
  await subscribe(again, { [t.topic()]: 1 })
  await t.nothingBefore(again, other, t.topic(), 1)
  await publish(other, t.topic(), '', { retain: true })
})

for (const kind of ['SUBACK', 'UNSUBACK'] as const) {
  scenario(
    `5.0 [MQTT-3.1.2-24]: ${kind} that the client cannot take is not left out in silence: 0x95, and the end`,
    async (t) => {
      const client = await t.connect({ properties: { maximumPacketSize: 60 } })
      const filters = Array.from({ length: 100 }, (_, i) => t.topic(String(i)))
      client.send(
        kind === 'SUBACK'
          ? rawSubscribe(
              5,
              filters.map((filter) => [filter, 0]),
            )
          : rawUnsubscribe(5, filters),
      )
      await expectDisconnected(client, 0x95)
      expect(client.longestFrame).toBeLessThanOrEqual(60)
    },
  )
}

scenario(
  '5.0 [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.6.2-2] [MQTT-3.7.2-2]: acknowledgements that tell a reason fit into a small maximum packet size',
  async (t) => {
    const wide = await t.connect()
    for (const { properties: told } of await reasonedAnswers(wide))
      if (t.kind === 'ours') expect(told?.reasonString).toBeDefined()
    const narrow = await t.connect({ properties: { maximumPacketSize: 20 } })
    await reasonedAnswers(narrow)
    expect(narrow.longestFrame).toBeLessThanOrEqual(20)
  },
)

/** Refusals of a PUBLISH, and answers to packet ids that are not known. */
async function reasonedAnswers(client: Client) {
  client.send(rawPublish(5, '$SYS/forbidden', { flags: 2, id: 51 }))
  client.send(rawPublish(5, '$SYS/forbidden', { flags: 4, id: 52 }))
  client.send({ cmd: 'pubrel', messageId: 4000 })
  client.send({ cmd: 'pubrec', messageId: 4001 })
  return [
    await client.receive('puback'),
    await client.receive('pubrec'),
    await client.receive('pubcomp'),
    await client.receive('pubrel'),
  ]
}

for (const [name, parts] of [
  ['an unknown authentication method', { block: [property('authenticationMethod', 'no such method')] }],
  ['reserved flags', { first: 0x13 }],
  ['a will QoS without a will', { flags: 0x0a }],
  ['a will topic with a wildcard', { flags: 6, rest: [properties(), text('#'), text('x')] }],
] as const satisfies readonly (readonly [string, SmallConnect])[]) {
  scenario(
    `5.0 [MQTT-3.2.2-19] [MQTT-3.2.2-20]: a CONNACK that refuses ${name} fits into a small maximum packet size`,
    async (t) => {
      const client = await t.open()
      client.send(smallConnect(t.id(), parts))
      await client.closed()
      expect(client.longestFrame).toBeLessThanOrEqual(20)
      for (const answer of client.inbox) expect(answer.cmd === 'connack' && codeOf(answer)).toBeGreaterThan(0)
    },
  )
}

interface SmallConnect {
  first?: number
  flags?: number
  block?: readonly Uint8Array[]
  /** Behind the client id. */
  rest?: readonly Uint8Array[]
}

/** A CONNECT of a client that takes 20 bytes. */
function smallConnect(
  id: string,
  { first = 0x10, flags = 2, block = [], rest = [] }: SmallConnect,
): Uint8Array {
  const asked = properties(property('maximumPacketSize', 20), ...block)
  return packet(first, text('MQTT'), u8(5), u8(flags), u16(0), asked, text(id), ...rest)
}

scenario('5.0 [MQTT-3.14.2-3]: a DISCONNECT fits into a small maximum packet size', async (t) => {
  const client = await t.connect({ properties: { maximumPacketSize: 20 } })
  client.send(packet(0x30, u16(1), text('+')))
  await expectDisconnected(client, 0x90, 0x81, 0x82)
  expect(client.longestFrame).toBeLessThanOrEqual(20)
})

scenario(
  '5.0 [MQTT-3.14.4-1] [MQTT-3.14.4-2]: behind its DISCONNECT the server sends nothing, and closes',
  async (t) => {
    const client = await t.connect()
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 0 })
    for (let i = 0; i < 50; i += 1) await publish(other, t.topic(), 'before', { qos: 1 })
    client.send(packet(0x30, u16(1), text('+')))
    for (let i = 0; i < 50; i += 1) await publish(other, t.topic(), 'behind', { qos: 1 })
    await client.closed()
    expect(client.history.indexOf('disconnect')).toBe(client.history.length - 1)
  },
)

for (const [name, bytes] of [
  ['reserved flags', packet(0xe1, u8(0), properties())],
  ['an unknown reason code', packet(0xe0, u8(0x7b), properties())],
  ['a receive maximum', packet(0xe0, u8(0), properties(property('receiveMaximum', 1)))],
  ['two session expiries', packet(0xe0, u8(0), twice(property('sessionExpiryInterval', 0)))],
] as const) {
  scenario(`5.0 [MQTT-3.14.1-1]: a DISCONNECT with ${name} is an error: the will fires`, async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 1 })
    const client = await t.connect({ will: { topic: t.topic(), payload: 'gone', qos: 1, retain: false } })
    client.send(bytes)
    await client.closed()
    expect(textOf(await message(watcher))).toBe('gone')
  })
}

scenario('3.1.1 [MQTT-3.14.1-1]: a DISCONNECT with reserved flags is an error: the will fires', async (t) => {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 1 })
  const will = { topic: t.topic(), payload: 'gone', qos: 1, retain: false } as const
  const client = await t.connect({ will }, { version: 4 })
  client.send(packet(0xe1))
  await client.closed()
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario('5.0 [MQTT-3.14.4-1] [MQTT-3.14.4-2]: nothing that follows a DISCONNECT is worked on', async (t) => {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 1 })
  const client = await t.connect()
  const late = client.encode({
    cmd: 'publish',
    topic: t.topic(),
    payload: 'late',
    qos: 0,
    dup: false,
    retain: false,
  })
  client.send(join(packet(0xe0), late))
  await client.closed()
  await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
})

scenario('5.0 [MQTT-3.14.2-2]: a DISCONNECT of the server has no session expiry', async (t) => {
  const client = await t.connect({ properties: { sessionExpiryInterval: 60 } })
  client.send(packet(0x30, u16(1), text('+')))
  const disconnect = await client.receive('disconnect')
  expect(disconnect.properties?.sessionExpiryInterval).toBeUndefined()
  await client.closed()
})

scenario('a DISCONNECT with reason string and user properties is taken', async (t) => {
  const client = await t.connect()
  const block = properties(property('reasonString', 'bye'), property('userProperty', 'a', 'b'))
  client.send(packet(0xe0, u8(0), block))
  await client.closed()
})

scenario('5.0 [MQTT-1.5.5-1]: a property length of more bytes than it needs is refused', async (t) => {
  const client = await t.open()
  client.send(packet(0x10, text('MQTT'), u8(5), u8(2), u16(0), Uint8Array.of(0x80, 0x00), text(t.id())))
  await expectRefused(client, [0x81, 0x82])
})

scenario('an AUTH without an authentication method at CONNECT is a protocol error', async (t) => {
  const client = await t.connect()
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: { authenticationMethod: 'x' } })
  await expectDisconnected(client, 0x82, 0x8c)
  expect(codeOf(await connect(await t.open(), { clientId: t.id() }))).toBe(0)
})
