// Feared: an import between rooms that rooms.json does not know, a file outside every room, and a rule that looks strict
// and sees nothing (so forbidden imports are planted here and must be refused).

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT, sources } from './sources.js'

const CRUISER = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs')

function cruise(folder: string, names: readonly string[]): { status: number | null; report: string } {
  const result = spawnSync(process.execPath, [CRUISER, '--config', '.dependency-cruiser.cjs', ...names], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status: result.status, report: result.stdout + result.stderr }
}

describe('rooms', () => {
  it('are kept by every import of the repository', { timeout: 120_000 }, () => {
    const { status, report } = cruise(ROOT, ['apps', 'libs', 'scripts', 'test'])
    expect(report).toContain('no dependency violations')
    expect(status).toBe(0)
  })

  it('hold every file of apps and libs', () => {
    const { rooms }: { rooms: { path: string; apps?: string[] }[] } = JSON.parse(
      readFileSync(join(ROOT, 'rooms.json'), 'utf8'),
    )
    const paths = rooms.flatMap(({ path, apps }) => apps?.map((app) => path.replace('$app', app)) ?? [path])
    const outside = sources(/^(apps|libs)\/.*\.ts$/)
      .map(({ path }) => path)
      .filter((path) => path !== 'libs/base/buffer.d.ts')
      .filter((path) => !paths.some((room) => path === room || path.startsWith(`${room}/`)))
    expect(outside).toEqual([])
  })
})

/** One forbidden import each: where it is planted, what it says, and the rule that must name it. */
const PLANTS = [
  [
    'apps/session/src/core/a.ts',
    "import { log } from '#libs/log'\nexport const a = log",
    'room-session/core',
  ],
  ['apps/session/src/core/b.ts', "import net from 'node:net'\nexport const a = net", 'room-session/core'],
  [
    'apps/session/src/core/c.ts',
    "import type { X } from '../../../auth/src/core/x.js'\nexport type A = X",
    'no-foreign-app',
  ],
  [
    'apps/session/src/d.module.ts',
    "import { a } from './core/a.js'\nexport const d = a",
    'room-session/module-inner',
  ],
  [
    'apps/standalone/src/e.ts',
    "import { a } from '../../session/src/core/a.js'\nexport const e = a",
    'only-modules',
  ],
  ['libs/batch/src/f.ts', "import { log } from '#libs/log'\nexport const f = log", 'room-batch'],
  ['libs/base/src/h.ts', "import { log } from '#libs/log'\nexport const h = log", 'room-base'],
  ['libs/attic/src/i.ts', "import { log } from '#libs/log'\nexport const i = log", 'no-room'],
  ['libs/batch/src/j.ts', "import { nothing } from './nowhere.js'\nexport const j = nothing", 'resolvable'],
] as const

describe('a planted import', () => {
  let folder = ''
  let report = ''

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tbmq-rooms-'))
    for (const name of ['package.json', 'rooms.json', '.dependency-cruiser.cjs', 'tsconfig.json']) {
      cpSync(join(ROOT, name), join(folder, name))
    }
    const allowed = [
      ['libs/log/src/index.ts', "export { g as log } from './g.js'"],
      ['libs/log/src/g.ts', 'export const g = 1'],
      ['apps/auth/src/core/x.ts', 'export interface X { readonly x: 1 }'],
    ]
    for (const [path, text] of [...allowed, ...PLANTS]) {
      if (path === undefined || text === undefined) continue
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    report = cruise(folder, ['apps', 'libs']).report
  }, 60_000)

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(PLANTS)('in %s is refused', (path, _text, rule) => {
    expect(report).toMatch(new RegExp(`error ${rule}: ${path.replaceAll('.', '\\.')} `))
  })

  it('makes no allowed one an error', () => {
    expect(report).not.toContain('libs/log/src/index.ts →')
    expect(report).not.toContain('error room-log:')
  })
})
