// A raw MQTT 3.1.1 client for loads that mqttload does not know: writes packets in bulk, counts what comes back by its type.

import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'

const text = (value) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

const packet = (first, ...parts) => {
  const body = Buffer.concat(parts)
  const length = []
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) return Buffer.concat([Buffer.from([first, ...length]), body])
  }
}

const number = (value) => Buffer.from([value >> 8, value & 0xff])

/** Keep alive 0: a load that pauses is not cut. */
export const connectPacket = (clientId, { clean = true } = {}) =>
  packet(0x10, text('MQTT'), Buffer.from([4, clean ? 2 : 0, 0, 0]), text(clientId))

export const subscribePacket = (id, filters, qos) =>
  packet(0x82, number(id), ...filters.map((filter) => Buffer.concat([text(filter), Buffer.from([qos])])))

export const unsubscribePacket = (id, filters) => packet(0xa2, number(id), ...filters.map(text))

export const publishPacket = (topic, payload, { qos = 0, id = 1, retain = false } = {}) =>
  packet(
    0x30 | (qos << 1) | (retain ? 1 : 0),
    text(topic),
    ...(qos > 0 ? [number(id)] : []),
    Buffer.from(payload),
  )

export const disconnectPacket = Buffer.from([0xe0, 0])

export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const SUBACK = 9
export const UNSUBACK = 11

/** One connection. `counts[type]` packets have come so far; QoS 1 messages are acknowledged. */
export class Client {
  counts = new Array(16).fill(0)
  sessionPresent = false
  #rest = Buffer.alloc(0)
  #waiting = undefined

  /** `localAddress` 127.x.y.z: a load of many connections in turn would else run out of ports. */
  constructor(port, localAddress = '127.0.0.1') {
    this.socket = connectSocket({ port, host: '127.0.0.1', localAddress, noDelay: true })
    this.socket.on('data', (bytes) => this.#take(bytes))
    this.socket.on('error', (error) => (this.error = error))
    this.socket.on('close', () => this.#waiting?.())
  }

  async write(bytes) {
    if (!this.socket.write(bytes)) await once(this.socket, 'drain')
  }

  /** Until that many packets of the type have come in all. Throws when the connection ends before. */
  async received(type, count) {
    while (this.counts[type] < count) {
      if (this.socket.closed || this.socket.destroyed)
        throw new Error(`connection ended with ${this.counts[type]} of ${count} packets of type ${type}`, {
          cause: this.error,
        })
      await new Promise((resolve) => (this.#waiting = resolve))
    }
  }

  async end() {
    this.socket.end(disconnectPacket)
    if (!this.socket.closed) await once(this.socket, 'close')
  }

  #take(bytes) {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const answers = []
    let at = 0
    while (at + 2 <= data.length) {
      let body = at + 1
      let length = 0
      let shift = 0
      while (body < data.length && data[body] > 127) {
        length |= (data[body++] & 127) << shift
        shift += 7
      }
      if (body >= data.length) break
      length |= data[body++] << shift
      if (body + length > data.length) break
      const type = data[at] >> 4
      this.counts[type]++
      if (type === CONNACK) this.sessionPresent = data[body] === 1
      if (type === PUBLISH && ((data[at] >> 1) & 3) === 1) {
        const id = body + 2 + data.readUInt16BE(body)
        answers.push(0x40, 2, data[id], data[id + 1])
      }
      at = body + length
    }
    this.#rest = at === data.length ? Buffer.alloc(0) : data.subarray(at)
    if (answers.length > 0) this.socket.write(Buffer.from(answers))
    const resolve = this.#waiting
    this.#waiting = undefined
    resolve?.()
  }
}

/** `work(i)` for all i below `count`, so many at a time. */
export async function inParallel(count, width, work) {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane))
}
