// How each broker is started for a measurement: the command, its environment, and which protocol versions it speaks.
// Ours starts as a user would start it, with its default durability.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const root = join(here, '..', '..', '..')

/** The settings of the yardstick: everything that would slow Mosquitto down or limit it is off. */
const mosquittoSettings = (port) => `listener ${port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 1000
sys_interval 0
log_dest none
user nobody
`

const packageVersion = (path) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).version

/** Each: `command(port, folder)` for a fresh broker whose files may lie in `folder`; `version()`; `mqtt5`. */
export const peers = {
  tbmq: {
    mqtt5: true,
    prepare: () => execFileSync('sh', [join(root, 'scripts', 'build-if-stale')], { stdio: 'inherit' }),
    command: (port, folder) => ({
      program: 'sh',
      args: [join(root, 'scripts', 'start')],
      env: {
        TBMQ_DATA_DIR: join(folder, 'data'),
        TBMQ_TCP_PORT: String(port),
        TBMQ_WS_PORT: '0',
        TBMQ_TLS_PORT: '0',
        TBMQ_WSS_PORT: '0',
        TBMQ_HTTP_PORT: '0',
      },
    }),
    version: () =>
      `${packageVersion('.')} on Node ${process.version}, every acknowledgement after a sync to disk`,
  },
  mosquitto: {
    mqtt5: true,
    prepare: () => undefined,
    command: (port, folder) => {
      const file = join(folder, 'mosquitto.conf')
      writeFileSync(file, mosquittoSettings(port))
      return { program: 'mosquitto', args: ['-c', file], env: {} }
    },
    version: () => {
      const text = execFileSync('sh', ['-c', 'mosquitto -h | head -n 1'], { encoding: 'utf8' })
      return `${/version (\S+)/.exec(text)?.[1] ?? 'unknown'} (Debian), in memory`
    },
  },
  aedes: {
    mqtt5: false,
    prepare: () => undefined,
    command: (port) => ({
      program: process.execPath,
      args: [join(here, 'aedes-broker.mjs'), String(port)],
      env: {},
    }),
    version: () => `${packageVersion('node_modules/aedes')} on Node ${process.version}, in memory`,
  },
}
