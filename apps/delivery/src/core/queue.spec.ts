// Fear: a wrong decision about a kept session's queue. Given a history, when a record arrives, then this is sent.
import { droppedStep, pubackStep, pubcompStep, pubrecStep } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { answers, at, end, messages, offline, online, page, puback, run, to } from '../testing/appends.js'
import { DeliveryRig, payloads } from '../testing/delivery-rig.js'
import { dump } from '../testing/dump.js'

describe('the queue of a kept session', () => {
  it('sends at once what arrives for a client that is there, in order, packed for its gateway', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(7)))
    const sent = rig.take(run([...messages(10, 2, to(1), 1), ...messages(12, 1, to(1), 2)]))
    expect(sent).toMatchObject([
      { gateway: 'g', connection: 7, number: 1, packetId: 1, qos: 1, dup: false, payload: '10', topic: 't' },
      { number: 2, packetId: 2, qos: 1, payload: '11' },
      { number: 3, packetId: 3, qos: 2, payload: '12' },
    ])
  })

  it('gives each message the lower QoS, retain only as asked, deadline and identifiers as they came', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(7)), online(2, at(8)))
    const sent = rig.take(
      run([
        {
          offset: 1,
          qos: 2,
          retain: true,
          deadline: rig.now + 5_000,
          to: [
            { id: 1, qos: 1, ids: [3, 300] },
            { id: 2, qos: 2, retainAsPublished: true },
          ],
        },
      ]),
    )
    expect(sent).toMatchObject([
      { connection: 7, qos: 1, retain: false, ids: [3, 300], deadline: rig.now + 5_000 },
      { connection: 8, qos: 2, retain: true, ids: [] },
    ])
  })

  it('holds QoS 1 and 2 for a client that is away and drops QoS 0', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), offline(1, at(1)))
    expect(rig.take(run([...messages(1, 2, to(1), 0), ...messages(3, 2, to(1), 1)]))).toEqual([])
    expect(rig.settings.counters.droppedOffline).toBe(2)
    // Numbers are taken by what is dropped too, so that packet ids never depend on it.
    expect(rig.take(online(1, at(2)))).toMatchObject([
      { number: 3, payload: '3', dup: false },
      { number: 4, payload: '4', dup: false },
    ])
  })

  it('keeps within the receive maximum and goes on as answers come [MQTT-3.3.4-9]', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 2))
    expect(payloads(rig.take(run(messages(1, 5, to(1)))))).toEqual(['1', '2'])
    expect(payloads(rig.take(puback(1, 2)))).toEqual(['3'])
    expect(payloads(rig.take(puback(1, 1, 3)))).toEqual(['4', '5'])
    // QoS 0 is not counted, but does not overtake.
    rig.take(run(messages(6, 1, to(1), 1)))
    expect(payloads(rig.take(run(messages(7, 1, to(1), 0))))).toEqual([])
    expect(payloads(rig.take(puback(1, 4)))).toEqual(['6', '7'])
  })

  it('has no more than 2 MiB on their way to a client, but always one message', () => {
    const rig = new DeliveryRig({ limits: { queueBytesMax: 0 } })
    const large = (offset: number, bytes: number, qos = 2) => ({
      offset,
      payload: String(offset).padEnd(bytes, 'x'),
      qos,
      to: to(1),
    })
    const arrived = (sent: readonly object[]): unknown[] =>
      payloads(rig.sent.slice(-sent.length)).map((one) => Number.parseInt(String(one)))
    rig.take(online(1, at(1)))
    const sizes = [700_000, 700_000, 700_000, 3_000_000, 100]
    expect(arrived(rig.take(run(sizes.map((size, i) => large(i + 1, size)))))).toEqual([1, 2])
    // The client has it: what is left to do has no bytes.
    expect(arrived(rig.take(answers([{ step: pubrecStep, id: 1, number: 1 }])))).toEqual([3])
    rig.take(answers([2, 3].map((number) => ({ step: pubrecStep, id: 1, number }))))
    expect(rig.messages().map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(dump(rig.rebuild())).toEqual(dump(rig.state))
    expect(rig.take(online(1, at(2))).filter(({ kind }) => kind === 'message')).toMatchObject([{ number: 4 }])
    expect(arrived(rig.take(answers([{ step: pubcompStep, id: 1, number: 4 }])))).toEqual([5])
  })

  it('counts a QoS 2 message until PUBCOMP [MQTT-4.9.0-2]', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 1))
    rig.take(run(messages(1, 2, to(1), 2)))
    expect(rig.take(answers([{ step: pubrecStep, id: 1, number: 1 }]))).toEqual([])
    expect(payloads(rig.take(answers([{ step: pubcompStep, id: 1, number: 1 }])))).toEqual(['2'])
  })

  it('ends a message with an error in PUBREC, or when the gateway cannot send it', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 1))
    rig.take(run(messages(1, 3, to(1), 2)))
    expect(payloads(rig.take(answers([{ step: pubrecStep, id: 1, number: 1, reasonCode: 0x97 }])))).toEqual([
      '2',
    ])
    expect(payloads(rig.take(answers([{ step: droppedStep, id: 1, number: 2 }])))).toEqual(['3'])
  })

  it('tells what the gateway dropped because it had expired from what was too large for the client', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 3))
    rig.take(run(messages(1, 3, to(1), 1)))
    rig.take(
      answers([
        { step: droppedStep, id: 1, number: 1, reasonCode: 0x95 },
        { step: droppedStep, id: 1, number: 2 },
        { step: pubackStep, id: 1, number: 3 },
      ]),
    )
    expect(rig.settings.counters).toMatchObject({ droppedTooLarge: 1, droppedExpired: 1, acknowledged: 1 })
  })

  it('takes no notice of answers that nothing waits for', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 1))
    rig.take(run(messages(1, 2, to(1), 2)))
    const strays = [
      { step: pubackStep, id: 1, number: 1 },
      { step: pubcompStep, id: 1, number: 2 },
      { step: pubackStep, id: 99, number: 1 },
      { step: pubrecStep, id: 1, number: 0 },
    ]
    expect(rig.take(answers(strays))).toEqual([])
    rig.take(answers([{ step: pubrecStep, id: 1, number: 1 }]))
    expect(rig.take(answers([{ step: pubrecStep, id: 1, number: 1 }]))).toEqual([])
  })

  it('sends again what was not acknowledged: same ids, same order, DUP, PUBREL for what was received', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 10))
    rig.take(run(messages(1, 4, to(1), 2)))
    rig.take(answers([{ step: pubrecStep, id: 1, number: 2 }]), puback(1, 99))
    rig.take(offline(1, at(1)))
    rig.take(run(messages(5, 1, to(1), 1)))
    const sent = rig.take(online(1, at(2), 10))
    expect(sent.filter(({ kind }) => kind === 'Release')).toMatchObject([
      { connection: 2, packetId: 2, number: 2 },
    ])
    expect(sent.filter(({ kind }) => kind === 'message')).toMatchObject([
      { number: 1, packetId: 1, dup: true },
      { number: 3, packetId: 3, dup: true },
      { number: 4, packetId: 4, dup: true },
      { number: 5, packetId: 5, dup: false },
    ])
  })

  it('sends what is under way again after a restore: the commit that held it may be lost', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 2), run(messages(1, 3, to(1), 2)))
    rig.take(answers([{ step: pubrecStep, id: 1, number: 1 }]))
    rig.position = rig.offset
    const from = rig.sent.length
    rig.restart()
    expect(rig.sent.slice(from)).toMatchObject([
      { kind: 'Release', connection: 1, number: 1 },
      { kind: 'message', connection: 1, number: 2, packetId: 2 },
    ])
  })

  it('keeps within a smaller window after a reconnect', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 5))
    rig.take(run(messages(1, 6, to(1))))
    expect(payloads(rig.take(online(1, at(2), 2)))).toEqual(['1', '2'])
    expect(payloads(rig.take(puback(1, 1)))).toEqual(['3'])
  })

  it('does not take the end of an older connection for that of the living one', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), online(1, at(2)), offline(1, at(1)))
    expect(rig.take(run(messages(1, 1, to(1))))).toMatchObject([{ connection: 2 }])
  })

  it('drops what has expired while it waited, not what was sent before', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1), 1))
    const deadline = rig.now + 100
    rig.take(run([1, 2, 3].map((offset) => ({ offset, deadline: offset === 3 ? 0 : deadline, to: to(1) }))))
    rig.now += 100
    expect(rig.take(online(1, at(2), 1))).toMatchObject([{ payload: '1', dup: true }])
    expect(payloads(rig.take(puback(1, 1)))).toEqual(['3'])
    expect(rig.settings.counters.droppedExpired).toBe(1)
    expect(rig.sent.filter(({ kind }) => kind === 'history')).toMatchObject([
      { event: 'messagesExpired', detail: '1' },
    ])
  })

  it('lets the oldest go when it is full, notes it once, and never drops what is under way', () => {
    const rig = new DeliveryRig({ limits: { queueLengthMax: 4 } })
    rig.take(online(1, at(1), 2))
    const sent = rig.take(run(messages(1, 7, to(1))))
    // Two are under way before the queue is said to be full.
    expect(payloads(sent)).toEqual(['1', '2'])
    const later = rig.take(run(messages(8, 3, to(1))))
    expect(later).toEqual([])
    expect(rig.sent.filter(({ kind }) => kind === 'history')).toMatchObject([{ event: 'queueFull' }])
    expect(payloads(rig.take(puback(1, 1, 2)))).toEqual(['9', '10'])
    expect(rig.settings.counters.droppedQueueFull).toBe(6)
  })

  it('takes all retained messages that were asked for, though they are more than it may hold; one live message costs one', () => {
    const rig = new DeliveryRig({ limits: { queueLengthMax: 4 } })
    rig.take(online(1, at(1), 2))
    expect(payloads(rig.take(page(messages(1, 20, to(1)))))).toEqual(['1', '2'])
    expect(rig.settings.counters.droppedQueueFull).toBe(0)
    rig.take(run(messages(30, 2, to(1))))
    expect(rig.settings.counters.droppedQueueFull).toBe(2)
    const rest: unknown[] = []
    for (let number = 1; number <= 22; number++) rest.push(...payloads(rig.take(puback(1, number))))
    expect(rest).toHaveLength(18)
    expect(rest.slice(-3)).toEqual(['20', '30', '31'])
  })

  it('refuses the newest when it is full and told so', () => {
    const rig = new DeliveryRig({ limits: { queueLengthMax: 3, whenFull: 'refuseNewest' } })
    rig.take(online(1, at(1)), offline(1, at(1)))
    rig.take(run(messages(1, 5, to(1))))
    expect(payloads(rig.take(online(1, at(2))))).toEqual(['1', '2', '3'])
  })

  it('is bounded in bytes too', () => {
    const rig = new DeliveryRig({ limits: { queueBytesMax: 1_000 } })
    rig.take(online(1, at(1)), offline(1, at(1)))
    for (let i = 1; i <= 10; i++) {
      rig.take(run([{ offset: i, payload: `${String(i)}${'x'.repeat(300)}`, to: to(1) }]))
    }
    expect(payloads(rig.take(online(1, at(2)))).map((one) => String(one).replaceAll('x', ''))).toEqual([
      '8',
      '9',
      '10',
    ])
  })

  it('takes no message twice that a matcher routes again, but every page of retained messages', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)))
    rig.take(run(messages(5, 3, to(1))))
    expect(payloads(rig.take(run(messages(4, 6, to(1)))))).toEqual(['8', '9'])
    expect(payloads(rig.take(run(messages(5, 1, to(1)), 3)))).toEqual(['5'])
    expect(payloads(rig.take(page(messages(1, 2, to(1)))))).toEqual(['1', '2'])
  })

  it('knows nothing any more of a session that has ended', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), offline(1, at(1)), run(messages(1, 2, to(1))), end(1), end(1))
    rig.take(run(messages(3, 1, to(1))))
    // The two that waited for it, and the one that came too late.
    expect(rig.settings.counters.droppedSessionEnded).toBe(3)
    expect(rig.sent.filter(({ kind }) => kind === 'history')).toMatchObject([
      { event: 'messagesEnded', detail: '2' },
    ])
    expect(rig.take(online(1, at(2)))).toEqual([])
  })

  describe('65,535 messages after one that the client never acknowledges', () => {
    const stuck = 3
    const stalled = (given: ConstructorParameters<typeof DeliveryRig>[0] = {}) => {
      const rig = new DeliveryRig({ limits: { queueLengthMax: 0, windowMax: 10 }, ...given })
      rig.take(online(1, at(1), 10))
      let offset = 1
      for (let left = 131; left > 0; left--) {
        const sent = rig.take(run(messages(offset, 1_001, to(1))))
        offset += 1_001
        const numbers = sent.flatMap(({ number }) => (typeof number === 'number' ? [number] : []))
        for (let done = numbers; done.length > 0;) {
          const more = rig.take(puback(1, ...done.filter((number) => number !== stuck)))
          done = more.flatMap(({ number }) => (typeof number === 'number' ? [number] : []))
        }
      }
      return rig
    }

    it('goes on: its packet id is passed over, and no other', () => {
      const rig = stalled()
      const ids = rig.messages().map(({ packetId }) => packetId)
      expect(rig.messages().map(({ number }) => number)).toEqual(ids.map((_, i) => i + 1))
      expect(ids).toHaveLength(131 * 1_001)
      expect(ids.filter((id) => id === stuck)).toHaveLength(1)
      expect(ids.slice(65_535, 65_540)).toEqual([1, 2, 4, 5, 6])
      expect(ids.slice(131_069, 131_073)).toEqual([1, 2, 4, 5])
    })

    it('sends all again under the ids that they had, also after a restore', () => {
      const rig = stalled({ inboxBytesMax: 20_000 })
      const sent = rig.take(run(messages(200_000, 3, to(1))))
      expect(rig.state.base.offset).toBeGreaterThan(0)
      expect(dump(rig.rebuild())).toEqual(dump(rig.state))
      const first = rig.messages().filter(({ number }) => number === stuck)
      const ids = [...first, ...sent].map(({ packetId }) => packetId)
      expect(rig.take(online(1, at(2), 10)).map(({ packetId }) => packetId)).toEqual(ids)
      rig.restart()
      expect(dump(rig.rebuild())).toEqual(dump(rig.state))
    })
  })

  it('finds the ids that are in use among many that wait', () => {
    const rig = new DeliveryRig({ limits: { queueLengthMax: 0, windowMax: 3 } })
    rig.take(online(1, at(1), 3), offline(1, at(1)))
    rig.take(run(messages(1, 65_540, to(1))))
    rig.take(online(1, at(2), 3))
    for (let next = 3; next < rig.sent.length + 1; next++) rig.take(puback(1, next))
    const ids = rig.messages().map(({ packetId }) => packetId)
    expect([ids.length, ...ids.slice(65_533)]).toEqual([65_540, 65_534, 65_535, 3, 4, 5, 6, 7])
  })
})
