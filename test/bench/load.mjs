// The load generator: compiled when it changed, run on core 1, its result read.

import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const GENERATOR_CORE = '1'
const source = join(import.meta.dirname, 'mqttload', 'mqttload.c')

/** Path of the compiled generator; compiles once per version of the source. */
export function compileLoad() {
  const version = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)
  const folder = join(tmpdir(), `tbmq-mqttload-${version}`)
  const program = join(folder, 'mqttload')
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'inherit' })
  }
  return program
}

/** Runs one load to its end. Returns its figures; throws with its output when it could not run. */
export function runLoad(program, [scenario, ...options], { port, pid }) {
  return new Promise((resolve, reject) => {
    const args = [
      '-c',
      GENERATOR_CORE,
      program,
      scenario,
      '--port',
      String(port),
      '--pid',
      String(pid),
      '--json',
    ]
    const child = spawn('taskset', [...args, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (bytes) => (output += bytes))
    child.stderr.on('data', (bytes) => (errors += bytes))
    child.on('error', reject)
    child.on('close', (code) => {
      try {
        resolve(JSON.parse(output))
      } catch {
        reject(new Error(`mqttload ${scenario} ended with ${code}: ${errors}${output}`))
      }
    })
  })
}

/** True when nothing was lost, doubled, out of order or refused, and the generator was not the bottleneck. */
export function isClean(result) {
  if (result.scenario === 'connect') {
    return result.connected === result.clients && result.errors === 0 && result.dropped_in_hold === 0
  }
  return result.clean === 1 && (result.gen_limited ?? 0) === 0
}
