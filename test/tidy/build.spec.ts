// Feared: `npm start` that runs an old build, builds when nothing changed, or fails without saying what to do. The
// script runs here in a folder of its own, with a compiler that only counts.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from './sources.js'

let folder = ''

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
  chmodSync(join(folder, path), mode)
}

/** Dates a path a minute ahead or back: what a file system with coarse times would show after an edit. */
const date = (path: string, minutes: number): void => {
  const at = new Date(Date.now() + minutes * 60_000)
  utimesSync(join(folder, path), at, at)
}

function build(environment: Record<string, string> = {}): {
  status: number | null
  errors: string
  built: boolean
} {
  rmSync(join(folder, 'compiled'), { force: true })
  const result = spawnSync('sh', ['scripts/build-if-stale'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...environment },
    timeout: 30_000,
  })
  return { status: result.status, errors: result.stderr, built: existsSync(join(folder, 'compiled')) }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tbmq-build-'))
  mkdirSync(join(folder, 'scripts'))
  cpSync(join(ROOT, 'scripts/build-if-stale'), join(folder, 'scripts/build-if-stale'))
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    put(name, '{}')
  for (const name of ['apps/standalone/src/main.ts', 'libs/base/src/index.ts', 'libs/base/src/old.ts'])
    put(name, '')
  put('node_modules/.bin/tsc', '#!/bin/sh\ntouch compiled\n', 0o755)
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('the build before a start', () => {
  it('happens once and not again', () => {
    expect(build()).toMatchObject({ status: 0, built: true })
    expect(build()).toEqual({ status: 0, errors: '', built: false })
  })

  it('takes less than 100 ms when nothing changed', () => {
    build()
    // The best of five: other tests may be busy on the same processors.
    const took = [1, 2, 3, 4, 5].map(() => {
      const started = performance.now()
      build()
      return performance.now() - started
    })
    expect(Math.min(...took)).toBeLessThan(100)
  })

  it.each(['apps/standalone/src/main.ts', 'libs/base/src/index.ts', 'package-lock.json', 'tsconfig.json'])(
    'happens again when %s is newer',
    (path) => {
      build()
      date(path, 1)
      expect(build().built).toBe(true)
    },
  )

  it('forgets what was compiled from a file that is gone', () => {
    build()
    put('dist/libs/base/src/old.js', '')
    rmSync(join(folder, 'libs/base/src/old.ts'))
    date('libs/base/src', 1)
    expect(build().built).toBe(true)
    expect(existsSync(join(folder, 'dist/libs/base/src/old.js'))).toBe(false)
  })

  it('is tried again after it failed', () => {
    put('node_modules/.bin/tsc', '#!/bin/sh\ntouch compiled\nexit 2\n', 0o755)
    expect(build()).toMatchObject({ status: 2, built: true })
    expect(build()).toMatchObject({ status: 2, built: true })
    expect(existsSync(join(folder, 'dist/.lock'))).toBe(false)
  })

  it('takes over the lock of a build that was killed', () => {
    const gone = spawnSync('true').pid
    put('dist/.lock/owner', String(gone))
    expect(build()).toMatchObject({ status: 0, built: true })
  })

  it.each([
    ['of nobody', ''],
    // The number of a build that was killed is another program's now.
    ['of somebody who lives', String(process.pid)],
  ])('takes over a lock %s that no build can need so long', (_whose, owner) => {
    put('dist/.lock/owner', owner)
    date('dist/.lock', -6)
    expect(build()).toMatchObject({ status: 0, built: true })
  })

  it('asks for npm ci when there are no packages', () => {
    rmSync(join(folder, 'node_modules'), { recursive: true })
    expect(build()).toMatchObject({ status: 1, built: false, errors: expect.stringMatching(/npm ci/) })
  })

  it.each(['v18.20.0', 'v20.18.3'])('refuses Node %s in one line', (version) => {
    put('old/node', `#!/bin/sh\necho ${version}\n`, 0o755)
    const { status, errors, built } = build({ PATH: `${join(folder, 'old')}:${process.env['PATH'] ?? ''}` })
    expect({ status, built }).toEqual({ status: 1, built: false })
    expect(errors).toMatch(/^tbmq needs Node 20\.19 or newer .* this is v[0-9.]+\.\n$/)
  })

  it.each(['v20.19.0', 'v22.0.0', 'v24.21.0'])('accepts Node %s', (version) => {
    put('new/node', `#!/bin/sh\necho ${version}\n`, 0o755)
    expect(build({ PATH: `${join(folder, 'new')}:${process.env['PATH'] ?? ''}` }).status).toBe(0)
  })

  it('leaves an image without sources alone', () => {
    put('dist/apps/standalone/src/main.js', '')
    for (const name of ['apps', 'libs', 'node_modules']) rmSync(join(folder, name), { recursive: true })
    expect(build()).toEqual({ status: 0, errors: '', built: false })
  })
})
