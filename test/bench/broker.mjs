// One broker under measurement: started on core 0 with an empty folder, asked until it answers a CONNECT, stopped.

import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BROKER_CORE = '0'
const STOP_SECONDS = 30

/** CONNECT of MQTT 3.1.1, clean session, client id `bench`: the first packet a broker must accept. */
const CONNECT = Buffer.from([
  0x10,
  17,
  0,
  4,
  ...Buffer.from('MQTT'),
  4,
  2,
  0,
  60,
  0,
  5,
  ...Buffer.from('bench'),
])

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

/** True when the port answers a CONNECT with a CONNACK that accepts. */
const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(CONNECT))
    const finish = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => finish(false))
    socket.on('data', (bytes) => finish(bytes[0] === 0x20 && bytes[3] === 0))
    socket.on('error', () => finish(false))
    socket.on('close', () => resolve(false))
  })

/**
 * Starts a peer of peers.mjs and returns when it accepted a packet. `startMillis` counts from the spawn.
 * `folder`: that of a broker that crashed, otherwise a new one; `envOf(folder)`: more for its environment.
 */
export async function startBroker(name, peer, { folder: former, envOf, startSeconds = 30 } = {}) {
  const folder = former ?? mkdtempSync(join(tmpdir(), `bench-${name}-`))
  const port = await freePort()
  const { program, args, env } = peer.command(port, folder)
  const log = join(folder, 'broker.log')
  const output = openSync(log, 'a')
  const started = performance.now()
  // As many descriptors as we may have; `exec` keeps one process, whose id is the one that is measured.
  const child = spawn(
    'sh',
    ['-c', 'ulimit -n "$(ulimit -H -n)"; exec taskset -c "$0" "$@"', BROKER_CORE, program, ...args],
    { stdio: ['ignore', output, output], env: { ...process.env, ...env, ...envOf?.(folder) } },
  )
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const complain = (what) =>
    new Error(`${name} ${what}; its output:\n${readFileSync(log, 'utf8').slice(-2000)}`)
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw complain(`ended with ${child.exitCode}`)
    if (performance.now() - started > startSeconds * 1000) {
      child.kill('SIGKILL')
      throw complain(`accepted nothing within ${startSeconds} s`)
    }
    await pause(2)
  }
  const startMillis = performance.now() - started
  return {
    port,
    pid: child.pid,
    folder,
    startMillis,
    sinceStart: () => performance.now() - started,
    /** SIGKILL; the folder stays. */
    async crash() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000)
      child.kill('SIGTERM')
      await ended
      clearTimeout(timer)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resident memory in MiB. */
export function residentMiB(pid) {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}

/** CPU seconds used since the start, all threads. The kernel counts in hundredths. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export { freePort, pause }
