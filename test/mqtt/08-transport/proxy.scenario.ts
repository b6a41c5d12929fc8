// The PROXY protocol, versions 1 and 2, from an address that is trusted and from one that is not.
import { expect } from 'vitest'
import { hex, join, u16 } from '../client/bytes.js'
import { connect, connectPacket, codeOf, fence } from '../client/dialogue.js'
import type { Client } from '../client/client.js'
import type { Broker } from '../broker/broker.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

const needs = { needs: 'the PROXY protocol', timeoutMillis: 60_000 }
const signature = hex('0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a')
const ascii = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A v2 header for a TCP connection over IPv4 from 192.0.2.1; `rest` are TLVs. */
function version2(
  command: number,
  rest: Uint8Array = new Uint8Array(),
  length = 12 + rest.length,
): Uint8Array {
  return join(
    signature,
    hex(command === 0 ? '20 11' : '21 11'),
    u16(length),
    hex('c0000201 7f000001 1234 075b'),
    rest,
  )
}

const trusting = async (t: Scene): Promise<Broker> =>
  t.startBroker({ settings: { ours: { TBMQ_PROXY_FROM: '127.0.0.1' } } })

/** Sends a header and a CONNECT in one piece. */
async function through(t: Scene, broker: Broker | undefined, header: Uint8Array): Promise<Client> {
  const client = await t.open(broker === undefined ? {} : { broker })
  client.send(join(header, client.encode(connectPacket(5, { clientId: t.id() }))))
  return client
}

scenario(
  'a trusted proxy names the client, and MQTT goes on behind its header',
  async (t) => {
    const broker = await trusting(t)
    const headers = {
      'v1 TCP4': ascii('PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n'),
      'v1 TCP6': ascii('PROXY TCP6 2001:db8::1 ::1 4660 1883\r\n'),
      'v1 UNKNOWN': ascii('PROXY UNKNOWN\r\n'),
      'v2 TCP4': version2(1),
      'v2 LOCAL': version2(0),
      'v2 with a TLV': version2(1, hex('04 0002 0000')),
    }
    for (const [name, header] of Object.entries(headers)) {
      const client = await through(t, broker, header)
      expect([name, codeOf(await client.receive('connack'))]).toEqual([name, 0])
      await fence(client)
    }
    const inPieces = await t.open({ broker })
    const bytes = join(version2(1), inPieces.encode(connectPacket(5, { clientId: t.id() })))
    for (let at = 0; at < bytes.length; at += 1) inPieces.send(bytes.subarray(at, at + 1))
    expect(codeOf(await inPieces.receive('connack'))).toBe(0)
  },
  needs,
)

scenario(
  'broken headers of a trusted proxy end the connection',
  async (t) => {
    const broker = await trusting(t)
    const headers = {
      'v1 of 107 bytes without an end': ascii(`PROXY TCP4 ${'1'.repeat(200)}`),
      'v1 with a bad address': ascii('PROXY TCP4 999.0.2.1 127.0.0.1 4660 1883\r\n'),
      'v1 with a bad port': ascii('PROXY TCP4 192.0.2.1 127.0.0.1 99999 1883\r\n'),
      'v1 without addresses': ascii('PROXY TCP4\r\n'),
      'v2 whose TLV goes past the end': version2(1, hex('04 ffff 00')),
      'v2 shorter than its addresses': version2(1, new Uint8Array(), 4),
      'v2 of version 3': join(signature, hex('31 11'), u16(12), hex('c0000201 7f000001 1234 075b')),
      'no header at all': new Uint8Array(),
    }
    for (const [name, header] of Object.entries(headers)) {
      const client = await through(t, broker, header)
      await client.closed(15_000)
      expect([name, client.history.includes('connack') && codeOfFirst(client) === 0]).toEqual([name, false])
    }
    const alive = await through(t, broker, version2(1))
    expect(codeOf(await alive.receive('connack'))).toBe(0)
  },
  needs,
)

scenario(
  'a header from an address that is not trusted ends the connection',
  async (t) => {
    for (const header of [ascii('PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n'), version2(1)]) {
      const client = await through(t, undefined, header)
      await client.closed(15_000)
      expect(client.history).toEqual([])
    }
    expect(codeOf(await connect(await t.open(), { clientId: t.id() }))).toBe(0)
  },
  needs,
)

scenario(
  'the loopback rule goes by the address that the proxy names',
  async (t) => {
    const broker = await t.startBroker({
      settings: { ours: { TBMQ_PROXY_FROM: '127.0.0.1', TBMQ_ANONYMOUS: 'loopback' } },
    })
    const foreign = await through(t, broker, ascii('PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n'))
    await foreign.closed()
    expect(codeOfFirst(foreign)).not.toBe(0)
    const local = await through(t, broker, version2(0))
    expect(codeOf(await local.receive('connack'))).toBe(0)
  },
  needs,
)

function codeOfFirst(client: Client): number {
  const [first] = client.inbox
  return first?.cmd === 'connack' ? codeOf(first) : -1
}
