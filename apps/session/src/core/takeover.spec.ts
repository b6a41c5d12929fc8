// Feared: two living connections of one client id, nobody in the end, an older CONNECT that wins, a wait without end.
import { describe, expect, it } from 'vitest'
import { at, dump, kinds, only, SessionRig, willOf } from '../testing/session-rig.js'

describe('a client that connects while it is connected', () => {
  it('waits until the old connection is closed [MQTT-3.1.4-2] [MQTT-3.1.4-3]', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    const sent = rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 })
    expect(kinds(sent)).toEqual(['gateway CloseConnection'])
    expect(only(sent, 'CloseConnection')).toMatchObject({ connection: 1, reasonCode: 0x8e })
    const after = rig.closed({ cause: 'takenOver' })
    expect(kinds(after)).toEqual([
      'delivery SessionOffline',
      'delivery SessionOnline',
      'gateway behind delivery SessionAccepted',
    ])
    expect(only(after, 'SessionAccepted')).toMatchObject({ connection: 2, sessionPresent: true, birth: 101 })
    expect(rig.row()).toMatchObject({ address: at(2), waiting: undefined })
  })

  it('gets a new session, with the birth of its own OpenSession, where the old one ends with its connection', () => {
    const rig = new SessionRig()
    rig.open()
    rig.open({ address: at(2), cleanStart: false })
    const after = rig.closed({ cause: 'takenOver' })
    expect(only(after, 'SessionAccepted')).toMatchObject({ connection: 2, sessionPresent: false, birth: 102 })
    expect(kinds(after).slice(-2)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
  })

  it('waits 500 milliseconds at most', () => {
    const rig = new SessionRig()
    rig.open()
    rig.open({ address: at(2) })
    expect(rig.pass(499)).toEqual([])
    expect(kinds(rig.pass(1))).toContain('gateway SessionAccepted')
    expect(rig.row()?.address).toEqual(at(2))
    // The old gateway tells its end at last: what it still sent for the old session is swept away.
    const late = rig.closed({ birth: 101 })
    expect(kinds(late)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(late[0]?.value).toMatchObject({ sessions: [{ clientId: 'c', birth: 101 }] })
    expect(rig.row()?.address).toEqual(at(2))
  })

  it('has swept what the old gateway had still sent when that died instead of telling the end', () => {
    const rig = new SessionRig({ distributed: true })
    const here = at(1, 1, 'h')
    rig.open()
    rig.open({ address: here })
    expect(kinds(rig.pass(500))).toContain('subscription EndSessions')
    expect(dump(rig.restored())).toBe(dump(rig.state))
    expect(rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })).toEqual([])
    const swept = rig.pass(1)
    expect(kinds(swept).slice(-2)).toEqual(['subscription EndSessions', 'delivery EndSessions'])
    expect(swept.at(-1)?.value).toMatchObject({ sessions: [{ clientId: 'c', birth: 101 }] })
    expect(rig.row()?.address).toEqual(here)
    expect(rig.state.displaced.size).toBe(0)
    expect(dump(rig.restored())).toBe(dump(rig.state))
  })

  it('is not swept for a second time when the old gateway has told its end and dies then', () => {
    const rig = new SessionRig({ distributed: true })
    rig.open()
    rig.open({ address: at(1, 1, 'h') })
    rig.pass(500)
    rig.closed({ birth: 101 })
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    expect(rig.pass(1)).toEqual([])
    expect(rig.restored().displaced.size).toBe(0)
  })

  it('has its CONNACK when all know that the old one, which may still ask for something, does not count', () => {
    const rig = new SessionRig({ distributed: true })
    rig.open({ expirySeconds: 100 })
    rig.open({ address: at(1, 1, 'h'), cleanStart: false, expirySeconds: 100 })
    const forced = rig.pass(500)
    expect(only(forced, 'TellDisplaced')).toMatchObject({ addresses: [at(1)], isOver: false })
    expect(only(forced, 'SessionAccepted')).toMatchObject({ sessionPresent: true })
    // On one way, so that the one is behind the other.
    const onTheWay = kinds(forced).filter((kind) => /TellDisplaced|SessionAccepted/.test(kind))
    expect(onTheWay).toEqual(['delivery TellDisplaced', 'gateway behind delivery SessionAccepted'])
    // Its gateway may never have heard that it was accepted.
    const over = rig.closed({ birth: 0 })
    expect(only(over, 'TellDisplaced')).toMatchObject({ addresses: [at(1)], isOver: true })
    expect(rig.state.displaced.size).toBe(0)
    expect(rig.closed({ birth: 0 })).toEqual([])
  })

  it('tells nobody about the old one where one process has one order', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 })
    expect(kinds(rig.pass(500))).not.toContain('delivery TellDisplaced')
    expect(kinds(rig.closed({ birth: 101 }))).toEqual([])
  })

  it('is refused when a newer one comes while it waits, and that one waits no longer for it', () => {
    const rig = new SessionRig()
    rig.open()
    rig.open({ address: at(2) })
    rig.pass(300)
    const sent = rig.open({ address: at(3) })
    expect(kinds(sent)).toEqual(['gateway ConnectionRefused'])
    expect(only(sent, 'ConnectionRefused')).toMatchObject({ connection: 2, reasonCode: 0x8e })
    expect(kinds(rig.pass(200))).toContain('gateway SessionAccepted')
    expect(rig.row()?.address).toEqual(at(3))
  })

  it('is forgotten when it goes while it waits', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.open({ address: at(2) })
    rig.closed({ address: at(2), birth: 0 })
    expect(rig.row()).toMatchObject({ address: at(1), waiting: undefined })
    rig.closed()
    expect(rig.row()?.address).toBeUndefined()
    expect(rig.state.remembered.size).toBe(0)
  })

  it('told twice while it waits counts once', () => {
    const rig = new SessionRig()
    rig.open()
    rig.open({ address: at(2) })
    expect(rig.open({ address: at(2) })).toEqual([])
  })

  it('is refused when its CONNECT came before the living one: auth answers in no order', () => {
    const rig = new SessionRig()
    rig.open({ address: at(2), connectOffset: 8 })
    const sent = rig.open({ address: at(1), connectOffset: 7 })
    expect(only(sent, 'ConnectionRefused')).toMatchObject({ connection: 1, reasonCode: 0x8e })
    expect(rig.row()?.address).toEqual(at(2))
    rig.open({ address: at(4), connectOffset: 10 })
    expect(only(rig.open({ address: at(3), connectOffset: 9 }), 'ConnectionRefused')).toMatchObject({
      connection: 3,
    })
  })

  it('a thousand times leaves exactly one, and each of the others has its answer', () => {
    const rig = new SessionRig()
    const answers = new Map<unknown, string>()
    const note = (sent: ReturnType<SessionRig['open']>) => {
      for (const { kind, value } of sent) {
        if (kind === 'SessionAccepted' || kind === 'ConnectionRefused') answers.set(value['connection'], kind)
      }
    }
    for (let connection = 1; connection <= 1_000; connection++) {
      note(rig.open({ address: at(connection) }))
      if (connection % 7 === 0 && rig.row()?.address !== undefined) {
        note(rig.closed({ address: rig.row()?.address ?? at(0), cause: 'takenOver' }))
      }
      note(rig.pass(connection % 3))
    }
    note(rig.pass(1_000))
    expect(answers.size).toBe(1_000)
    expect(rig.row()).toMatchObject({ address: at(1_000), waiting: undefined })
  })
})

describe('the end of a gateway', () => {
  it('ends its connections: those of transient sessions with them, kept ones stay', () => {
    const rig = new SessionRig()
    rig.open({ clientId: 'a', address: at(1) })
    rig.open({ clientId: 'b', address: at(2), expirySeconds: 100 })
    rig.open({ clientId: 'c', address: at(3, 1, 'other') })
    rig.open({ clientId: 'd', address: at(4, 2) })
    expect(rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })).toEqual([])
    const sent = rig.pass(1)
    expect(kinds(sent)).toEqual([
      'delivery SessionOffline',
      'subscription EndSessions',
      'delivery EndSessions',
    ])
    expect(rig.row('a')).toBeUndefined()
    expect(rig.row('b')).toMatchObject({ address: undefined, expiryDueMillis: rig.now + 100_000 })
    expect(rig.row('c')?.address).toBeDefined()
    expect(rig.row('d')?.address).toBeDefined()
    expect(rig.service.nextWake(rig.state)).toBe(rig.now + 100_000)
  })

  it('counts after what it still said about its connections', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    expect(kinds(rig.closed({ cause: 'client', publishWill: false }))).not.toContain('messages Published')
    expect(rig.pass(1)).toEqual([])
  })

  it('told twice, or of an older life, counts once', () => {
    const rig = new SessionRig()
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 5 })
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 5 })
    expect(rig.facts).toEqual([])
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 4 })
    expect(rig.facts).toEqual([])
    rig.lease({ kind: 'Renewed', gateway: 'g', incarnation: 6 })
    expect(rig.facts).toEqual([])
  })

  it('with very many clients is dealt with in parts', () => {
    const rig = new SessionRig()
    rig.read(
      ...Array.from({ length: 2_500 }, (_, n) => rig.opening({ clientId: `c${String(n)}`, address: at(n) })),
    )
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    rig.now++
    rig.service.tick(rig.state, rig.now, rig)
    expect(rig.state.rows.size).toBe(1_500)
    rig.pass(1)
    expect(rig.state.rows.size).toBe(0)
  })

  it('is a fact: after a restore the sweep goes on', () => {
    const rig = new SessionRig()
    rig.open()
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    rig.state = rig.restored()
    rig.pass(1)
    expect(rig.state.rows.size).toBe(0)
  })

  it('is seen from its next life, too: a newcomer from there need not wait', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100, connectOffset: 50 })
    // The new life may count its CONNECTs from the beginning.
    const sent = rig.open({ address: at(1, 2), cleanStart: false, expirySeconds: 100, connectOffset: 1 })
    expect(kinds(sent)).toEqual([
      'delivery SessionOffline',
      'delivery SessionOnline',
      'gateway behind delivery SessionAccepted',
    ])
    expect(rig.row()?.address).toEqual(at(1, 2))
  })

  it('ends a newcomer that waits there', () => {
    const rig = new SessionRig()
    rig.open({ expirySeconds: 100 })
    rig.open({ address: at(1, 1, 'other') })
    rig.lease({ kind: 'Ended', gateway: 'other', incarnation: 1 })
    rig.pass(500)
    expect(rig.row()).toMatchObject({ address: undefined, waiting: undefined })
  })
})
