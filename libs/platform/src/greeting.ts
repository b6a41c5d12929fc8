// The few lines that a start prints: where it listens, where its data lies, who may connect, what to try next.
import { resolve } from 'node:path'
import type { Listening } from './doors.js'
import type { Settings } from './settings.js'

const whoMayConnect = {
  none: 'Users of the password file may connect, nobody else.',
  loopback: 'Programs on this machine may connect without a user name; others need one.',
  all: 'EVERYBODY may connect without a user name.',
} as const

/** `millis`: how long the start took. */
export function greeting(settings: Settings, listening: readonly Listening[], millis: number): string {
  const tcp = listening.find(({ name }) => name === 'tcp')
  const lines = [`TBMQ is ready after ${(millis / 1000).toFixed(2)} s.`]
  for (const { name, host, port } of listening) {
    lines.push(`listening ${name} ${host.includes(':') ? `[${host}]` : host}:${String(port)}`)
  }
  lines.push(`data ${resolve(settings.dataDir)}`)
  lines.push(`${whoMayConnect[settings.anonymous]} Let others in: npm run user -- add NAME`)
  if (tcp !== undefined) {
    lines.push(
      `Try: mosquitto_sub -p ${String(tcp.port)} -t 'hello/#' -v    and: mosquitto_pub -p ${String(tcp.port)} -t hello/world -m hi -q 1`,
    )
  }
  return lines.join('\n')
}
