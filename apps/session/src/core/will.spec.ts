// Feared: a will that fires twice, never, too early, after the client is back, or after the CONNACK that it should come before.
import { describe, expect, it } from 'vitest'
import { at, kinds, only, SessionRig, willOf } from '../testing/session-rig.js'

const published = 'messages Published'
const handed = 'delivery PublishWill'

describe('a will', () => {
  it('is published as it was given when the connection breaks [MQTT-3.1.2-8]', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    expect(only(rig.closed(), 'Published')).toEqual({
      topicName: 'w',
      payload: new Uint8Array([1, 2]),
      qos: 1,
      retain: true,
      storedFirst: true,
      expirySeconds: 60,
      properties: new Uint8Array([1, 1]),
      publisher: 'c',
    })
  })

  it('is dropped by a DISCONNECT without it [MQTT-3.1.2-10]', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    expect(kinds(rig.closed({ cause: 'client', publishWill: false }))).not.toContain(published)
    rig.open({ address: at(2), will: willOf('w', 5), expirySeconds: 100 })
    rig.closed({ address: at(2), cause: 'client', publishWill: false })
    expect(kinds(rig.pass(1_000_000))).not.toContain(handed)
  })

  it('of a kept session goes behind what the client published there', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w'), expirySeconds: 100 })
    expect(kinds(rig.closed())).toEqual([handed, 'delivery SessionOffline'])
    expect(rig.row()?.will).toBeUndefined()
    expect(rig.pass(1_000_000).filter(({ kind }) => kind === 'PublishWill')).toEqual([])
  })

  it('of a connection that never was accepted does not fire', () => {
    const rig = new SessionRig()
    rig.closed({ birth: 0 })
    expect(rig.open({ will: willOf('w') })).toEqual([])
    expect(rig.pass(1_000_000)).toEqual([])
  })
})

describe('a will with a delay', () => {
  const away = (delaySeconds: number, expirySeconds = 100) => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w', delaySeconds), expirySeconds })
    expect(kinds(rig.closed())).toEqual(['delivery SessionOffline'])
    return rig
  }

  it('waits for it', () => {
    const rig = away(5)
    expect(rig.pass(4_999)).toEqual([])
    expect(kinds(rig.pass(1))).toEqual([handed])
    expect(kinds(rig.pass(95_000))).not.toContain(handed)
  })

  it('fires at the end of the session when that comes first [MQTT-3.1.3-9]', () => {
    const rig = away(500)
    expect(rig.pass(99_999)).toEqual([])
    expect(kinds(rig.pass(1))).toEqual([handed, 'subscription EndSessions', 'delivery EndSessions'])
  })

  it('fires once when both come at the same moment', () => {
    const rig = away(100)
    expect(kinds(rig.pass(100_000)).filter((kind) => kind === handed)).toHaveLength(1)
  })

  it('does not fire when the client is back in time [MQTT-3.1.3-9]', () => {
    const rig = away(5)
    rig.pass(4_999)
    expect(kinds(rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 }))).not.toContain(handed)
    expect(kinds(rig.pass(1_000_000))).not.toContain(handed)
  })

  it('has fired before the CONNACK of a client that is back too late, though the clock has not told', () => {
    const rig = away(5)
    rig.now += 5_000
    const sent = kinds(rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 }))
    expect(sent).toEqual([handed, 'delivery SessionOnline', 'gateway behind delivery SessionAccepted'])
  })

  it('fires before the CONNACK of a clean start, which ends its session', () => {
    const rig = away(5)
    const sent = kinds(rig.open({ address: at(2), expirySeconds: 100 }))
    expect(sent.slice(0, 3)).toEqual([
      handed,
      'delivery SessionOnline',
      'gateway behind delivery SessionAccepted',
    ])
    expect(kinds(rig.pass(1_000_000)).filter((kind) => kind === handed)).toEqual([])
  })

  it('fires at once where the session ends with the connection', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w', 5) })
    expect(kinds(rig.closed())).toContain(published)
  })

  it('fires at once when DISCONNECT with will ends the session', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w', 5), expirySeconds: 100 })
    expect(kinds(rig.closed({ cause: 'client', reasonCode: 4, expirySeconds: 0 }))).toContain(handed)
  })

  it('survives a restore', () => {
    const rig = away(5)
    rig.state = rig.restored()
    expect(kinds(rig.pass(5_000))).toEqual([handed])
  })

  it('beyond the largest number of seconds is no trouble', () => {
    const rig = away(0xffff_ffff)
    expect(kinds(rig.pass(100_000))).toContain(handed)
  })
})

describe('a will and a take-over', () => {
  it('fires when the connection is taken over, before the CONNACK of the new one', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    rig.open({ address: at(2) })
    const sent = kinds(rig.closed({ cause: 'takenOver' }))
    expect(sent.slice(0, 2)).toEqual([published, 'gateway SessionAccepted'])
  })

  it('with a delay does not fire when the session goes on', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w', 5), expirySeconds: 100 })
    rig.open({ address: at(2), cleanStart: false, expirySeconds: 100 })
    expect(kinds(rig.closed({ cause: 'takenOver' }))).not.toContain(handed)
    expect(kinds(rig.pass(99_000))).not.toContain(handed)
  })

  it('with a delay fires when a clean start ends the session', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w', 5), expirySeconds: 100 })
    rig.open({ address: at(2), expirySeconds: 100 })
    const sent = kinds(rig.closed({ cause: 'takenOver' }))
    expect(sent.slice(0, 4)).toEqual([
      'delivery SessionOffline',
      handed,
      'delivery SessionOnline',
      'gateway behind delivery SessionAccepted',
    ])
  })

  it('fires also when the old gateway says nothing', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    rig.open({ address: at(2) })
    expect(kinds(rig.pass(500)).slice(0, 2)).toEqual([published, 'gateway SessionAccepted'])
  })
})

describe('a will and a dead gateway', () => {
  it('fires, with its delay where the session lives on', () => {
    const rig = new SessionRig()
    rig.open({ clientId: 'a', will: willOf('a') })
    rig.open({ clientId: 'b', address: at(2), will: willOf('b', 5), expirySeconds: 100 })
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    expect(kinds(rig.pass(1))).toContain(published)
    expect(kinds(rig.pass(5_000))).toEqual([handed])
  })

  it('fires before the CONNACK of a client that is back before anything was swept', () => {
    const rig = new SessionRig()
    rig.open({ will: willOf('w') })
    rig.lease({ kind: 'Ended', gateway: 'g', incarnation: 1 })
    const sent = kinds(rig.open({ address: at(1, 2) }))
    expect(sent.slice(0, 2)).toEqual([published, 'gateway SessionAccepted'])
  })
})
