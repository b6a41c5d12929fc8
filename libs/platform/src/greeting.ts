// The few lines that a start prints: where it listens, where its data lies, who may connect, what to try next.
import { resolve } from 'node:path'
import type { Listening } from './doors.js'
import type { Settings } from './settings.js'

const whoMayConnect = {
  none: 'Only users with a password may connect. Add one: npm run user add NAME',
  loopback: 'Programs on this machine may connect without a password; others need one: npm run user add NAME',
  all: 'EVERYBODY may connect without a password. TBMQ_ANONYMOUS=none asks for one.',
} as const

/** `millis`: how long the start took. */
export function greeting(settings: Settings, listening: readonly Listening[], millis: number): string {
  const tcp = listening.find(({ name }) => name === 'tcp')
  const lines = [`TBMQ is ready after ${(millis / 1000).toFixed(2)} s.`]
  for (const { name, host, port } of listening) {
    lines.push(`listening ${name} ${host.includes(':') ? `[${host}]` : host}:${String(port)}`)
  }
  const isTlsWanted = settings.tlsEnabled || settings.wssEnabled
  if (isTlsWanted && !listening.some(({ name }) => name === 'tls' || name === 'wss')) {
    lines.push('no TLS without a certificate; for development: npm run certificates')
  }
  lines.push(`data ${resolve(settings.dataDir)}`, whoMayConnect[settings.anonymous])
  if (tcp !== undefined) {
    const port = tcp.port === defaultPort ? '' : `-p ${String(tcp.port)} `
    lines.push(`Try: mosquitto_sub ${port}-t 'hello/#' -v`)
    lines.push(`     mosquitto_pub ${port}-t hello/world -m hi -q 1`)
  }
  return lines.join('\n')
}

/** The one that clients use unless they are told another. */
const defaultPort = 1883
