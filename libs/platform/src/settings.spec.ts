// Feared: a wrong setting that is taken, or refused without a word of what would be right.
import { describe, expect, it } from 'vitest'
import { readSettings, unknownSettings } from './settings.js'

describe('settings', () => {
  it('need none', () => {
    expect(readSettings({})).toMatchObject({ tcpPort: 1883, anonymous: 'loopback', partitions: 1 })
  })

  it('take times up to what a timer can wait for: a longer one would be over at once', () => {
    expect(readSettings({ TBMQ_SHUTDOWN_MAX: '24d' }).shutdownMax).toBeLessThan(2 ** 31)
  })

  it('take an empty value as none', () => {
    expect(readSettings({ TBMQ_TCP_PORT: '' }).tcpPort).toBe(1883)
  })

  it.each([
    ['TBMQ_TCP_PORT', 'banana', 'must be a whole number from 0 to 65535'],
    ['TBMQ_TCP_PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['TBMQ_TCP_ENABLED', 'yes', 'must be true or false'],
    ['TBMQ_ANONYMOUS', 'nobody', 'must be one of none, loopback, all'],
    ['TBMQ_SHUTDOWN_MAX', '10', 'must be a time such as 500ms, 10s, 24h or 7d'],
    ['TBMQ_SHUTDOWN_MAX', '25d', 'must be at most 24d'],
    ['TBMQ_SYS_INTERVAL', '600h', 'must be at most 24d'],
    ['TBMQ_CONNECT_TIMEOUT', '25d', 'must be at most 24d'],
    ['TBMQ_PACKET_MAX', '1MB', 'must be a number of bytes such as 65536, 64KiB or 1GiB'],
    ['TBMQ_DISK_MAX', '120%', 'must be 0% to 100%, or bytes such as 20GiB'],
    ['TBMQ_WS_PATH', 'mqtt', 'must be a path such as /mqtt'],
    ['TBMQ_PROXY_FROM', 'proxy.example', 'must be addresses and networks such as 192.0.2.1'],
  ])('refuse %s=%s', (name, value, sentence) => {
    expect(() => readSettings({ [name]: value })).toThrow(`${name}=${value} ${sentence}`)
  })

  it.each([
    [{ TBMQ_PACKET_MAX: '1KiB' }, 'TBMQ_PACKET_MAX_BEFORE_LOGIN must not be larger'],
    [{ TBMQ_PACKET_MAX: '257MiB' }, 'the limit of MQTT'],
    [{ TBMQ_SEGMENT_BYTES: '1MiB' }, 'TBMQ_SEGMENT_BYTES must hold'],
    [{ TBMQ_CONNECTION_BYTES_MAX: '1KiB' }, 'TBMQ_CONNECTION_BYTES_MAX must hold'],
    [{ TBMQ_CONNECTION_MEMORY: '8MiB' }, 'TBMQ_CONNECTION_MEMORY must be at least four times'],
    [{ TBMQ_KEEP_ALIVE_MAX: '500ms' }, 'TBMQ_KEEP_ALIVE_MAX must be 1s to 65535s'],
    [{ TBMQ_KEEP_ALIVE_MAX: '19h' }, 'TBMQ_KEEP_ALIVE_MAX must be 1s to 65535s'],
    [{ TBMQ_GATEWAY_NAME: 'East' }, 'TBMQ_GATEWAY_NAME takes a-z, 0-9 and - only'],
  ])('refuse what contradicts itself: %o', (environment, sentence) => {
    expect(() => readSettings(environment)).toThrow(sentence)
  })

  it('tell a misspelt name', () => {
    expect(unknownSettings({ TBMQ_TCP_PRT: '1', TBMQ_TCP_PORT: '1', PATH: '/' })).toEqual(['TBMQ_TCP_PRT'])
  })
})
