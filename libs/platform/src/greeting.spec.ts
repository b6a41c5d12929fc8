// Feared: a first screen that leads a new user astray: a wrong port, a wrong word about who may connect.
import { expect, it } from 'vitest'
import { greeting } from './greeting.js'
import { readSettings } from './settings.js'

const greet = (environment: Record<string, string>, port = 1883): string[] =>
  greeting(
    readSettings({ TBMQ_DATA_DIR: '/data', ...environment }),
    [{ name: 'tcp', host: '::', port }],
    432,
  ).split('\n')

it('says where it listens, where its data lies, who may connect and what to try', () => {
  expect(greet({})).toEqual([
    'TBMQ is ready after 0.43 s.',
    'listening tcp [::]:1883',
    'no TLS without a certificate; for development: npm run certificates',
    'data /data',
    'Programs on this machine may connect without a password; others need one: npm run user add NAME',
    "Try: mosquitto_sub -t 'hello/#' -v",
    '     mosquitto_pub -t hello/world -m hi -q 1',
  ])
})

it('is silent about TLS that is not wanted', () => {
  const off = greet({ TBMQ_TLS_ENABLED: 'false', TBMQ_WSS_ENABLED: 'false' })
  expect(off.some((line) => line.includes('TLS'))).toBe(false)
})

it('names the port that clients would not guess', () => {
  expect(greet({}, 2883).at(-1)).toBe('     mosquitto_pub -p 2883 -t hello/world -m hi -q 1')
})

it.each([
  ['none', 'Only users with a password may connect. Add one: npm run user add NAME'],
  ['all', 'EVERYBODY may connect without a password. TBMQ_ANONYMOUS=none asks for one.'],
])('TBMQ_ANONYMOUS=%s', (rule, sentence) => {
  expect(greet({ TBMQ_ANONYMOUS: rule })).toContain(sentence)
})
