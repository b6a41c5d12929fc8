// Client ids: which are allowed, which are assigned, and that they name the session.
import { expect } from 'vitest'
import { codeOf, connect, disconnect, fence } from '../client/dialogue.js'
import { rawConnectAs } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { onEvery, scenario } from '../scene/scenario.js'

const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

scenario(
  '5.0 [MQTT-3.1.3-5], 3.1.1 [MQTT-3.1.3-5]: client ids of 1 to 23 letters and digits are allowed',
  async (t) => {
    for (const clientId of [letters.slice(0, 23), letters.slice(23, 46), letters.slice(39, 62)]) {
      const client = await t.connect({ clientId: `${clientId.slice(0, 22)}${t.version}` })
      await disconnect(client)
    }
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.1.3-6]: an empty client id with a clean session gets an id of its own',
  async (t) => {
    const [first, second] = [await t.connect({ clientId: '' }), await t.connect({ clientId: '' })]
    await Promise.all([fence(first), fence(second)])
  },
  { versions: [4] },
)

scenario(
  '3.1.1 [MQTT-3.1.3-7] [MQTT-3.1.3-8]: an empty client id needs a clean session, else CONNACK 2',
  async (t) => {
    const client = await t.open({ version: 4 })
    client.send(rawConnectAs(4, '', false))
    const connack = await client.receive('connack')
    expect(codeOf(connack)).toBe(2)
    expect(connack.sessionPresent).toBe(false)
    await client.closed()
  },
)

scenario('3.1 has no empty client ids: CONNACK 2', async (t) => {
  const client = await t.open({ version: 3 })
  client.send(rawConnectAs(3, '', true))
  expect(codeOf(await client.receive('connack'))).toBe(2)
  await client.closed()
})

scenario(
  '5.0 [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]: an empty client id gets an assigned one, told and unique',
  async (t) => {
    const assigned = async (): Promise<string> => {
      const client = await t.open()
      const connack = await connect(client, { clientId: '' })
      return connack.properties?.assignedClientIdentifier ?? ''
    }
    const [first, second] = [await assigned(), await assigned()]
    expect(first).not.toBe('')
    expect(second).not.toBe('')
    expect(first).not.toBe(second)
  },
)

scenario('5.0 [MQTT-3.1.3-7]: the assigned client id names the session afterwards', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: '', properties: { sessionExpiryInterval: 60 } })
  const clientId = connack.properties?.assignedClientIdentifier ?? ''
  await disconnect(client)
  const again = await t.open()
  expect((await connect(again, { clientId, clean: false })).sessionPresent).toBe(true)
  await disconnect(again, { properties: { sessionExpiryInterval: 0 } })
})

scenario('5.0 [MQTT-3.2.2-16]: no assigned client id is told to a client that brought its own', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: t.id() })
  expect(connack.properties?.assignedClientIdentifier).toBeUndefined()
})

scenario(
  '5.0 [MQTT-3.1.3-2] [MQTT-3.1.4-3], 3.1.1 [MQTT-3.1.3-2] [MQTT-3.1.4-2]: a second connection takes a client id over',
  async (t) => {
    const clientId = t.id()
    const first = await t.connect({ clientId })
    const second = await t.connect({ clientId })
    await expectDisconnected(first, 0x8e)
    await fence(second)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.4-3], 3.1.1 [MQTT-3.1.4-2]: a take-over works across protocol versions',
  async (t) => {
    const clientId = t.id()
    const first = await t.connect({ clientId }, { version: t.version })
    await t.connect({ clientId }, { version: t.version === 5 ? 4 : 5 })
    await first.closed()
  },
  onEvery,
)
