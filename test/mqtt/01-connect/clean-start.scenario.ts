// Clean start and session present.
import { expect } from 'vitest'
import {
  codeOf,
  connect,
  disconnect,
  fence,
  message,
  publish,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.1.2-4] [MQTT-3.1.4-4] [MQTT-3.2.2-2], 3.1.1 [MQTT-3.1.2-6] [MQTT-3.1.4-3] [MQTT-3.2.2-1]: ' +
    'a clean start forgets the session',
  async (t) => {
    const clientId = t.id()
    const keep = t.version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}
    const first = await t.connect({ clientId, clean: false, ...keep })
    await subscribe(first, { [t.topic()]: 1 })
    await disconnect(first)
    const second = await t.open()
    expect((await connect(second, { clientId, clean: true })).sessionPresent).toBe(false)
    const other = await t.connect()
    await publish(other, t.topic(), 'for the old session', { qos: 1 })
    await subscribe(second, { [t.topic('fence')]: 0 })
    await t.nothingBefore(second, other, t.topic('fence'))
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-5] [MQTT-3.2.2-3], 3.1.1 [MQTT-3.1.2-4] [MQTT-3.2.2-2]: without a clean start the session goes on',
  async (t) => {
    const clientId = t.id()
    const keep = t.version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}
    const first = await t.connect({ clientId, clean: false, ...keep })
    await subscribe(first, { [t.topic()]: 1 })
    await disconnect(first)
    const second = await t.open()
    const connack = await connect(second, { clientId, clean: false, ...keep })
    // 3.1 has no such flag in its CONNACK.
    if (t.version !== 3) expect(connack.sessionPresent).toBe(true)
    await publish(await t.connect(), t.topic(), 'goes on', { qos: 1 })
    expect(textOf(await message(second))).toBe('goes on')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-6] [MQTT-3.2.2-3], 3.1.1 [MQTT-3.1.2-4] [MQTT-3.2.2-3]: without a session there is a new one',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id(), clean: false })
    expect(codeOf(connack)).toBe(0)
    expect(connack.sessionPresent).toBe(false)
    await fence(client)
  },
  onEvery,
)
