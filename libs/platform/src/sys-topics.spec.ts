// What stands below $SYS/broker: counts of several apps added up, and how fast they rise.
import { describe, expect, it } from 'vitest'
import { SysTopics } from './sys-topics.js'

const valuesOf = (topics: SysTopics): Record<string, string> => Object.fromEntries(topics.values())

describe('$SYS topics', () => {
  it('add up what several apps count under one name', () => {
    const topics = new SysTopics(() => 0)
    topics.add({ version: () => 'x', 'publish/messages/dropped': () => 2 })
    topics.add({ 'publish/messages/dropped': () => 3 })
    expect(valuesOf(topics)).toEqual({ version: 'x', 'publish/messages/dropped': '5' })
  })

  it('give the averages per minute of what rises steadily, and forget it in time', () => {
    let now = 0
    let count = 0
    const topics = new SysTopics(() => now)
    topics.addLoads({ sockets: () => count })
    const minutes = (length: number, perMinute: number): Record<string, string> => {
      let values = {}
      for (let i = 0; i < length * 6; i++) {
        now += 10_000
        count += perMinute / 6
        values = valuesOf(topics)
      }
      return values
    }
    expect(valuesOf(topics)).toEqual({
      'load/sockets/1min': '0.00',
      'load/sockets/5min': '0.00',
      'load/sockets/15min': '0.00',
    })
    // 1 - 1/e of the rate after the time that an average stands for.
    expect(minutes(1, 600)['load/sockets/1min']).toBe('379.27')
    expect(minutes(4, 600)['load/sockets/5min']).toBe('379.27')
    expect(minutes(10, 600)['load/sockets/15min']).toBe('379.27')
    expect(minutes(15, 600)['load/sockets/1min']).toBe('600.00')
    expect(minutes(15, 0)['load/sockets/1min']).toBe('0.00')
  })

  it('do not mind being asked twice in one moment', () => {
    const topics = new SysTopics(() => 5)
    topics.addLoads({ sockets: () => 7 })
    topics.values()
    expect(valuesOf(topics)['load/sockets/1min']).toBe('0.00')
  })
})
