// The rule «programs on this machine may connect» on WebSocket, where a browser and a proxy are on this machine, too.
import { expect } from 'vitest'
import { codeOf, connect } from '../client/dialogue.js'
import type { Broker } from '../broker/broker.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

const deadlineMillis = 15_000
const needs = { needs: 'the anonymous rule loopback', timeoutMillis: 60_000 }

/** The code of the CONNACK for a WebSocket with these headers. */
async function answerTo(t: Scene, broker: Broker, headers: Record<string, string>): Promise<number> {
  const client = await t.open({ broker, via: 'ws', headers })
  return codeOf(await connect(client, { clientId: t.id() }))
}

scenario(
  'anonymous programs of this machine are let in, pages of other hosts are not, even when their origin is listed',
  async (t) => {
    const settings = { TBMQ_ANONYMOUS: 'loopback', TBMQ_WS_ORIGINS: 'https://app.example.com' }
    const broker = await t.startBroker({ settings: { ours: settings } })
    expect(await answerTo(t, broker, {})).toBe(0)
    expect(await answerTo(t, broker, { origin: 'http://127.0.0.1:3000' })).toBe(0)
    expect(await answerTo(t, broker, { origin: 'https://app.example.com' })).toBe(0x87)
    // DNS rebinding: a name of the page's own that leads here.
    const rebound = { origin: 'http://evil.example:8084', host: 'evil.example:8084' }
    expect(await answerTo(t, broker, rebound)).toBe(0x87)
  },
  needs,
)

scenario(
  'a client that a proxy on this machine names is none of this machine, whether the proxy is trusted or not',
  async (t) => {
    for (const trust of [{}, { TBMQ_PROXY_FROM: '127.0.0.1' }]) {
      const broker = await t.startBroker({ settings: { ours: { TBMQ_ANONYMOUS: 'loopback', ...trust } } })
      expect(await answerTo(t, broker, {})).toBe(0)
      expect(await answerTo(t, broker, { 'x-forwarded-for': '192.0.2.1' })).toBe(0x87)
      expect(await answerTo(t, broker, { forwarded: 'for=192.0.2.1' })).toBe(0x87)
      const refusals = () => broker.output().split('"msg":"not connected"').length - 1
      const deadline = performance.now() + deadlineMillis
      while (refusals() < 2 && performance.now() < deadline) await t.elapse(10)
      const line = broker.output().includes('"address":"192.0.2.1"')
      expect(line).toBe('TBMQ_PROXY_FROM' in trust)
    }
  },
  needs,
)
