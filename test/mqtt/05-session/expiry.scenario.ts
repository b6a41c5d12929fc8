// Session expiry of 5.0.
import { expect } from 'vitest'
import { connect, disconnect, fence, message, publish, subscribe, textOf } from '../client/dialogue.js'
import { expectDisconnected } from '../client/refusal.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

/** Whether a session of this client id is there; it is wiped afterwards. */
async function isPresent(t: Scene, clientId: string): Promise<boolean> {
  const client = await t.open()
  const { sessionPresent } = await connect(client, { clientId, clean: false })
  await disconnect(client)
  return sessionPresent
}

scenario('5.0 [MQTT-4.1.0-2]: without an expiry the session ends with its connection', async (t) => {
  for (const properties of [undefined, { sessionExpiryInterval: 0 }]) {
    const clientId = t.id()
    const client = await t.connect({ clientId, ...(properties === undefined ? {} : { properties }) })
    await subscribe(client, { [t.topic()]: 1 })
    await disconnect(client)
    expect(await isPresent(t, clientId)).toBe(false)
  }
})

scenario('5.0 [MQTT-3.1.2-23]: with an expiry it is there until then', async (t) => {
  const clientId = t.id()
  const client = await t.connect({ clientId, properties: { sessionExpiryInterval: 60 } })
  client.cut()
  expect(await isPresent(t, clientId)).toBe(true)
})

scenario('5.0 [MQTT-4.1.0-2]: when it has passed the session is gone', async (t) => {
  const clientId = t.id()
  const client = await t.connect({ clientId, properties: { sessionExpiryInterval: 1 } })
  await subscribe(client, { [t.topic()]: 1 })
  await disconnect(client)
  await t.elapse(2500)
  expect(await isPresent(t, clientId)).toBe(false)
})

scenario(
  '5.0 [MQTT-4.1.0-1]: the expiry counts from the end of the connection, not from its start',
  async (t) => {
    const clientId = t.id()
    const client = await t.connect({ clientId, properties: { sessionExpiryInterval: 2 } })
    await subscribe(client, { [t.topic()]: 1 })
    await t.elapse(3000)
    await publish(client, t.topic(), 'still here', { qos: 1 })
    expect(textOf(await message(client))).toBe('still here')
    await disconnect(client)
    expect(await isPresent(t, clientId)).toBe(true)
  },
)

scenario('a session with the largest expiry is kept, and so is one beyond 2^31 milliseconds', async (t) => {
  for (const sessionExpiryInterval of [0xffffffff, 0xfffffffe, 2_147_484, 4_294_968]) {
    const clientId = t.id()
    const client = await t.connect({ clientId, properties: { sessionExpiryInterval } })
    client.cut()
    const other = await t.connect()
    await fence(other)
    expect(await isPresent(t, clientId)).toBe(true)
  }
})

scenario('a DISCONNECT may lower the expiry, to 0 too', async (t) => {
  const clientId = t.id()
  const client = await t.connect({ clientId, properties: { sessionExpiryInterval: 60 } })
  await disconnect(client, { properties: { sessionExpiryInterval: 0 } })
  expect(await isPresent(t, clientId)).toBe(false)
})

scenario('a DISCONNECT may raise an expiry that was not 0', async (t) => {
  const clientId = t.id()
  const client = await t.connect({ clientId, properties: { sessionExpiryInterval: 1 } })
  await disconnect(client, { properties: { sessionExpiryInterval: 60 } })
  await t.elapse(2200)
  expect(await isPresent(t, clientId)).toBe(true)
})

scenario('a DISCONNECT may not raise an expiry of 0: a protocol error', async (t) => {
  const clientId = t.id()
  const client = await t.connect({ clientId })
  client.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 60 } })
  await expectDisconnected(client, 0x82)
  expect(await isPresent(t, clientId)).toBe(false)
})

scenario('an expiry that the broker cuts is told in the CONNACK', async (t) => {
  const client = await t.open()
  const clientId = t.id()
  const asked = 100 * 24 * 3600
  const connack = await connect(client, { clientId, properties: { sessionExpiryInterval: asked } })
  // Nothing told means that the wish is granted; our default bound is seven days.
  expect(connack.properties?.sessionExpiryInterval ?? asked).toBeLessThanOrEqual(asked)
  if (t.kind === 'ours') expect(connack.properties?.sessionExpiryInterval).toBe(7 * 24 * 3600)
  await disconnect(client, { properties: { sessionExpiryInterval: 0 } })
})

scenario('a new CONNECT changes the expiry of a session that goes on', async (t) => {
  const clientId = t.id()
  const first = await t.connect({ clientId, properties: { sessionExpiryInterval: 60 } })
  await disconnect(first)
  const second = await t.connect({ clientId, clean: false })
  await disconnect(second)
  expect(await isPresent(t, clientId)).toBe(false)
})
