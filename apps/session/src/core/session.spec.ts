// Feared: the wrong session for a connection, a session that outlives or misses its time, a CONNECT answered twice or too late.
import { describe, expect, it } from 'vitest'
import { at, kinds, only, SessionRig } from '../testing/session-rig.js'

describe('a client that nobody knows', () => {
  it('gets a new session that ends with its connection [MQTT-3.1.2-4]', () => {
    const rig = new SessionRig()
    const sent = rig.open()
    expect(kinds(sent)).toEqual(['gateway SessionAccepted'])
    expect(only(sent, 'SessionAccepted')).toMatchObject({
      sessionPresent: false,
      kept: false,
      birth: 101,
      connection: 1,
    })
    expect(kinds(rig.closed())).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(rig.row()).toBeUndefined()
  })

  it('gets a new session also without clean start [MQTT-3.1.2-5]', () => {
    const rig = new SessionRig()
    const sent = rig.open({ cleanStart: false, expirySeconds: 100 })
    expect(kinds(sent)).toEqual(['delivery SessionOnline', 'gateway behind delivery SessionAccepted'])
    expect(only(sent, 'SessionAccepted')).toMatchObject({ sessionPresent: false, kept: true })
  })

  it('has a birth even when its OpenSession is the first record there ever was: 0 means none', () => {
    const rig = new SessionRig()
    rig.offset = 0
    expect(only(rig.open(), 'SessionAccepted')).toMatchObject({ birth: 1 })
  })

  it('has a birth that no session of another partition has', () => {
    const births = [0, 1, 2].flatMap((partition) => {
      const rig = new SessionRig({}, { partition, clientPartitions: 3, topicPartitions: 1 })
      rig.offset = 0
      return [1, 2, 3].map(
        (n) => only(rig.open({ clientId: String(n), address: at(n) }), 'SessionAccepted')['birth'],
      )
    })
    expect(new Set(births).size).toBe(9)
  })

  it('may be called like a property of an object', () => {
    const rig = new SessionRig()
    for (const clientId of ['__proto__', 'constructor', 'hasOwnProperty', '#owner', '']) {
      expect(only(rig.open({ clientId, address: at(rig.offset) }), 'SessionAccepted')).toMatchObject({
        sessionPresent: false,
      })
    }
    expect(rig.restored().rows.size).toBe(5)
  })
})

describe('a client that comes back', () => {
  it('finds its session, its lane and its birth [MQTT-3.1.2-5]', () => {
    const rig = new SessionRig()
    const birth = only(rig.open({ expirySeconds: 100 }), 'SessionAccepted')['birth']
    expect(kinds(rig.closed())).toEqual(['delivery SessionOffline'])
    const sent = rig.open({ address: at(2), cleanStart: false, expirySeconds: 0 })
    expect(kinds(sent)).toEqual(['delivery SessionOnline', 'gateway behind delivery SessionAccepted'])
    expect(only(sent, 'SessionAccepted')).toMatchObject({
      sessionPresent: true,
      kept: true,
      birth,
      expirySeconds: 0,
    })
    expect(only(sent, 'SessionOnline')).toMatchObject({ session: { clientId: 'c', birth }, address: at(2) })
  })

  it('with clean start gets a new session, and everybody forgets the old one', () => {
    const rig = new SessionRig()
    const old = only(rig.open({ expirySeconds: 100 }), 'SessionAccepted')['birth']
    rig.closed()
    const sent = rig.open({ address: at(2), expirySeconds: 100 })
    expect(only(sent, 'SessionAccepted')).toMatchObject({ sessionPresent: false, birth: 103 })
    expect(kinds(sent).slice(-2)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    const ended = sent.filter(({ kind }) => kind === 'EndSessions').map(({ value }) => value['sessions'])
    expect(ended).toEqual([[{ clientId: 'c', birth: old }], [{ clientId: 'c', birth: old }]])
  })

  it('as somebody else does not get what was kept', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.closed()
    const sent = rig.open({ address: at(2), cleanStart: false, expirySeconds: 100, principal: 'other' })
    expect(only(sent, 'SessionAccepted')).toMatchObject({ sessionPresent: false })
  })

  it('after its session has expired gets a new one, even if the clock has not fired yet', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.closed()
    rig.now += 100_000
    const sent = rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 })
    expect(only(sent, 'SessionAccepted')).toMatchObject({ sessionPresent: false })
    expect(sent.map(({ kind }) => kind)).toContain('expired')
    expect(rig.counters.expired).toBe(1)
  })

  it('counts from its arrival: a CONNECT that arrived in time finds its session', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.closed()
    const arrivedMillis = rig.now + 99_999
    rig.now += 100_500
    const sent = rig.open({ address: at(2), cleanStart: false, expirySeconds: 100, arrivedMillis })
    expect(only(sent, 'SessionAccepted')).toMatchObject({ sessionPresent: true })
  })
})

describe('an OpenSession that needs no answer', () => {
  it('is the second one of a connection', () => {
    const rig = new SessionRig()
    rig.open()
    expect(rig.open()).toEqual([])
    expect(rig.facts).toEqual([])
  })

  it('is one older than 30 seconds', () => {
    const rig = new SessionRig()
    expect(rig.open({ arrivedMillis: rig.now - 30_001 })).toEqual([])
    expect(kinds(rig.open({ arrivedMillis: rig.now - 30_000 }))).toEqual(['gateway SessionAccepted'])
  })

  it('is one of a connection that ended before: remembered for a minute', () => {
    const rig = new SessionRig()
    expect(rig.closed({ birth: 0 })).toEqual([])
    expect(rig.open()).toEqual([])
    expect(rig.row()).toBeUndefined()
    expect(rig.state.remembered.size).toBe(0)
    rig.closed({ birth: 0, address: at(2) })
    rig.pass(59_999)
    expect(rig.state.remembered.size).toBe(1)
    rig.pass(1)
    expect(rig.state.remembered.size).toBe(0)
    expect(rig.restored().remembered.size).toBe(0)
  })

  it('is one of a gateway that has ended', () => {
    const rig = new SessionRig()
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    expect(rig.open()).toEqual([])
    expect(kinds(rig.open({ address: at(1, 2) }))).toEqual(['gateway SessionAccepted'])
  })
})

describe('the end of a connection', () => {
  it('of which nobody knows any more sweeps what its gateway still sent for it, and nothing else', () => {
    const rig = new SessionRig()
    rig.open({ address: at(2) })
    const sent = rig.closed({ address: at(1), birth: 7 })
    expect(kinds(sent)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(sent[0]?.value).toMatchObject({ sessions: [{ clientId: 'c', birth: 7 }] })
    expect(rig.row()?.address).toEqual(at(2))
  })

  it('told twice counts once', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 10 })
    expect(kinds(rig.closed({ birth: 101 }))).toEqual(['delivery SessionOffline'])
    expect(rig.closed({ birth: 101 })).toEqual([])
  })

  it('is also learnt from a receiver that holds no such connection', () => {
    const rig = new SessionRig()
    rig.open()
    const sent = rig.read({ kind: 'Gone', address: at(1), clientId: 'c', birth: 101 })
    expect(kinds(sent)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    rig.open({ address: at(2) })
    const again = rig.read({ kind: 'Gone', address: at(1), clientId: 'c', birth: 101 })
    expect(kinds(again)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(rig.row()?.address).toEqual(at(2))
  })
})

describe('session expiry', () => {
  it('ends the session when nobody came back', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 10 })
    rig.closed()
    expect(rig.pass(9_999)).toEqual([])
    expect(kinds(rig.pass(1))).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(rig.row()).toBeUndefined()
  })

  it('does not run while the client is connected', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 10 })
    rig.closed()
    rig.open({ address: at(2), cleanStart: false, expirySeconds: 10 })
    rig.pass(1_000_000)
    expect(rig.row()?.address).toEqual(at(2))
  })

  it('beyond 2^31 milliseconds works', () => {
    const rig = new SessionRig({ sessionExpirySecondsMax: 0xffff_fffe })
    rig.open({ expirySeconds: 4_000_000 })
    rig.closed()
    expect(rig.service.nextWake(rig.state)).toBe(rig.now + 4_000_000_000)
    rig.pass(3_999_999_999)
    expect(rig.row()).toBeDefined()
    rig.pass(1)
    expect(rig.row()).toBeUndefined()
  })

  it('0xFFFFFFFF never ends, where that is granted', () => {
    const rig = new SessionRig({ sessionExpirySecondsMax: 0xffff_ffff })
    rig.open({ expirySeconds: 0xffff_ffff })
    rig.closed()
    expect(rig.service.nextWake(rig.state)).toBeUndefined()
  })

  it('is capped, and the client is told', () => {
    const rig = new SessionRig()
    expect(only(rig.open({ expirySeconds: 0xffff_ffff }), 'SessionAccepted')).toMatchObject({
      expirySeconds: 604_800,
    })
    rig.closed()
    rig.pass(604_800_000)
    expect(rig.row()).toBeUndefined()
  })

  it('is changed by DISCONNECT, also to 0, which ends the session at once', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 10 })
    rig.closed({ expirySeconds: 20 })
    rig.pass(19_999)
    expect(rig.row()).toBeDefined()
    rig.open({ address: at(2), cleanStart: false, expirySeconds: 10 })
    expect(kinds(rig.closed({ address: at(2), expirySeconds: 0 }))).toContain('delivery EndSessions')
    expect(rig.row()).toBeUndefined()
  })

  it('of 0 in CONNECT is not raised by DISCONNECT [MQTT-3.14.2-2]', () => {
    const rig = new SessionRig()
    rig.open()
    rig.closed({ expirySeconds: 100 })
    expect(rig.row()).toBeUndefined()
  })
})

describe('many at once', () => {
  it('the ends of a batch are packed, one record per partition', () => {
    const rig = new SessionRig({}, { partition: 2, clientPartitions: 4, topicPartitions: 3 })
    rig.read(...[1, 2, 3].map((n) => rig.opening({ clientId: `c${String(n)}`, address: at(n) })))
    const closings = [1, 2, 3].map((n) => ({
      kind: 'ConnectionClosed' as const,
      address: at(n),
      clientId: `c${String(n)}`,
      birth: 1,
      cause: 'client' as const,
      reasonCode: 0,
      expirySeconds: undefined,
      publishWill: false,
    }))
    const ended = rig.read(...closings).filter(({ kind }) => kind === 'EndSessions')
    expect(ended.map(({ to, partition }) => `${to} ${String(partition)}`)).toEqual([
      ...[0, 1, 2].map((partition) => `subscription ${String(partition)}`),
      ...[0, 1, 2, 3].map((partition) => `delivery ${String(partition)}`),
    ])
    expect(ended[0]?.value['sessions']).toHaveLength(3)
  })

  it('the coming and going of a kept one is told to every delivery owner: its groups may be anywhere', () => {
    const rig = new SessionRig({}, { partition: 2, clientPartitions: 4, topicPartitions: 3 })
    const came = rig.open({ expirySeconds: 60 })
    const birth = Number(only(came, 'SessionAccepted')['birth'])
    const told = (sent: typeof came, kind: string) =>
      sent.filter((one) => one.kind === kind).map(({ to, partition }) => `${to} ${String(partition)}`)
    const everybody = [0, 1, 2, 3].map((partition) => `delivery ${String(partition)}`)
    expect(told(came, 'SessionOnline')).toEqual(everybody)
    expect(told(rig.closed({ birth }), 'SessionOffline')).toEqual(everybody)
  })

  it('a client that comes and goes all day leaves no trail of deadlines', () => {
    const rig = new SessionRig()
    for (let round = 0; round < 5_000; round++) {
      rig.open({ address: at(round), cleanStart: false, expirySeconds: 600_000 })
      rig.now++
      rig.closed({ address: at(round) })
    }
    expect(rig.state.deadlines.size).toBeLessThan(1_100)
  })
})
