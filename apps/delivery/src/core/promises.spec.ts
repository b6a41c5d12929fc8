// Fear: a message is lost, comes twice (QoS 2) or comes out of order, in some mix of reconnects, slow answers, restarts and trims.
// Clients and their gateway are played here as MQTT wants them; at the end everything has to have arrived.
import { SeededRandom } from '#libs/base'
import { pubackStep, pubcompStep, pubrecStep } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { answers, at, offline, online, record, run } from '../testing/appends.js'
import { DeliveryRig, type Delivered, type SentRecord } from '../testing/delivery-rig.js'

interface Client {
  readonly birth: number
  connection: number | undefined
  /** What the application of the client got, in order: payloads of QoS 1 (first time only) and QoS 2. */
  readonly got: string[]
  readonly expected: string[]
  /** QoS 2 packet ids received and not released. */
  readonly held: Set<number>
  /** Highest number that this connection has been sent: the gateway drops what it already had. */
  highest: number
  /** Answers on their way: the client's, through the gateway. */
  answers: { readonly step: number; readonly number: number; readonly packetId: number }[]
  sentIds: Map<number, number>
}

class World {
  readonly rig: DeliveryRig
  readonly random: SeededRandom
  readonly clients: Client[]
  nextConnection = 1
  nextOffset = 1
  published = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.rig = new DeliveryRig({
      inboxBytesMax: this.random.pick([1_000, 5_000, 100_000]) ?? 5_000,
      limits: { queueLengthMax: 0, queueBytesMax: 0 },
    })
    this.clients = [1, 2, 3].map((birth) => ({
      birth,
      connection: undefined,
      got: [],
      expected: [],
      held: new Set(),
      highest: 0,
      answers: [],
      sentIds: new Map(),
    }))
    for (const client of this.clients) this.connect(client)
  }

  connect(client: Client): void {
    client.connection = this.nextConnection++
    client.answers = []
    client.highest = 0
    client.sentIds = new Map()
    this.see(this.rig.take(online(client.birth, at(client.connection), 1 + this.random.below(5))))
  }

  disconnect(client: Client): void {
    if (client.connection === undefined) return
    const { connection } = client
    client.connection = undefined
    this.see(this.rig.take(offline(client.birth, at(connection))))
  }

  publish(): void {
    const messages = Array.from({ length: 1 + this.random.below(6) }, () => {
      const qos = 1 + this.random.below(2)
      const receivers = this.random.shuffle(this.clients).slice(0, 1 + this.random.below(3))
      const payload = `${String(qos)}:${String(++this.published)}`
      for (const client of receivers) client.expected.push(payload)
      return { offset: this.nextOffset++, qos, payload, to: receivers.map(({ birth }) => ({ id: birth })) }
    })
    this.see(this.rig.take(run(messages)))
    // The matcher starts again a little earlier and routes the same once more.
    if (this.random.chance(0.1)) this.see(this.rig.take(run(messages)))
  }

  see(sent: readonly (Delivered | SentRecord)[]): void {
    for (const one of sent) {
      const client = this.clients.find(({ connection }) => connection === one['connection'])
      if (client === undefined) continue
      if (isMessage(one)) this.receive(client, one)
      else if (isRelease(one)) this.release(client, one.number, one.packetId)
    }
  }

  receive(client: Client, message: Delivered): void {
    if (message.number <= client.highest) return
    client.highest = message.number
    // No two messages under way may have one packet id [MQTT-2.2.1-4].
    expect(client.sentIds.get(message.packetId) ?? message.number).toBe(message.number)
    client.sentIds.set(message.packetId, message.number)
    const { payload, number, packetId } = message
    if (message.qos === 1) {
      if (!client.got.includes(payload)) client.got.push(payload)
      client.answers.push({ step: pubackStep, number, packetId })
      return
    }
    if (!client.held.has(packetId)) client.got.push(payload)
    client.held.add(packetId)
    client.answers.push({ step: pubrecStep, number, packetId })
  }

  release(client: Client, number: number, packetId: number): void {
    client.held.delete(packetId)
    client.answers.push({ step: pubcompStep, number, packetId })
  }

  answer(client: Client, count: number): void {
    const given = client.answers.splice(0, count)
    if (given.length === 0) return
    const list = given.map(({ step, number }) => ({ step, number, id: client.birth }))
    const sent = this.rig.take(answers(list))
    // PUBREL goes out when the PUBREC is in the log.
    for (const { step, number, packetId } of given) {
      if (step === pubrecStep) this.release(client, number, packetId)
      else client.sentIds.delete(packetId)
    }
    this.see(sent)
  }

  step(): void {
    const { random, rig } = this
    const client = random.pick(this.clients)
    if (client === undefined) return
    rig.now += random.below(100)
    const dice = random.below(20)
    if (dice < 8) this.publish()
    else if (dice < 14) this.answer(client, random.below(8))
    else if (dice < 16) this.disconnect(client)
    else if (dice < 18) {
      if (client.connection === undefined || random.chance(0.3)) this.connect(client)
    } else if (dice === 18) rig.trim()
    else {
      const from = rig.sent.length
      rig.restart()
      this.see(rig.sent.slice(from))
    }
  }

  drain(): void {
    for (const client of this.clients) this.connect(client)
    for (let left = 10_000; left > 0 && this.clients.some((client) => client.answers.length > 0); left--) {
      for (const client of this.clients) this.answer(client, 5)
    }
  }
}

const isMessage = (one: Delivered | SentRecord): one is Delivered => one.kind === 'message'

function isRelease(one: Delivered | SentRecord): one is SentRecord & { number: number; packetId: number } {
  return one.kind === 'Release'
}

describe('messages of kept sessions', () => {
  it('all arrive, in order, QoS 2 once, whatever happens on the way', () => {
    for (let seed = 1; seed <= 80; seed++) {
      const world = new World(seed)
      for (let i = 0; i < 250; i++) world.step()
      world.drain()
      for (const { birth, got, expected } of world.clients) {
        expect(got, `seed ${String(seed)}, session ${String(birth)}`).toEqual(expected)
      }
      for (const queue of world.rig.state.queues.values()) expect(queue.line.length).toBe(0)
    }
  })

  it('that arrive with QoS 2 from a client are published once, whatever is repeated [MQTT-4.3.3-10]', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed)
      const rig = new DeliveryRig({ inboxBytesMax: 1_000 })
      let connection = 1
      rig.take(online(1, at(connection)))
      let sent = 0
      for (let i = 0; i < 60; i++) {
        sent++
        const packetId = 1 + (i % 3)
        const publish = () =>
          rig.take(
            record({
              kind: 'Publish',
              session: { clientId: 'c1', birth: 1 },
              address: at(connection),
              packetId,
              message: {
                topic: 'q',
                payload: new Uint8Array([48 + (sent % 10)]),
                qos: 2,
                retain: false,
                expirySeconds: undefined,
                properties: new Uint8Array(0),
              },
            }),
          )
        publish()
        for (let more = random.below(4); more > 0; more--) {
          const dice = random.below(3)
          if (dice === 0) rig.restart()
          else if (dice === 1) rig.take(online(1, at(++connection)))
          else rig.trim()
          expect(publish().filter(({ kind }) => kind === 'PublishStored')).toHaveLength(1)
        }
        const address = at(connection)
        const session = { clientId: 'c1', birth: 1 }
        const released = rig.take(record({ kind: 'ReleaseReceived', session, address, packetId }))
        expect(released).toMatchObject([{ kind: 'ReleaseStored', packetId, reasonCode: 0 }])
      }
      const published = rig.sent.filter(({ kind }) => kind === 'publish').map((one) => one['payload'])
      expect(published, `seed ${String(seed)}`).toEqual(
        Array.from({ length: sent }, (_, i) => String((i + 1) % 10)),
      )
    }
  })
})
