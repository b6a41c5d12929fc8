// Feared: pages that say what is no longer so. Generated ones must be fresh, commands and links must lead somewhere,
// every dependency must have its line.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isTest, ROOT, sources } from './sources.js'

interface Manifest {
  readonly scripts: Record<string, string>
  readonly dependencies: Record<string, string>
}

const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const pages = sources(/^[^/]+\.md$|^docs\/.*\.md$/)

describe('pages', () => {
  it('that are generated are fresh', { timeout: 120_000 }, () => {
    const result = spawnSync('sh', ['scripts/run', 'scripts/generate', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(result.stderr.replace(/^Building …\n/, '')).toBe('')
    expect(result.status).toBe(0)
  })

  it('name only commands that exist', () => {
    const unknown = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => !(name in manifest.scripts))
        .map((name) => `${path}: npm run ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it('name only settings and metrics that exist', () => {
    const code = sources(/^(apps|libs)\/.*\.ts$/).filter(({ path }) => !isTest(path))
    const known = new Set(
      code.flatMap(({ text }) => text.match(/(?<=')(TBMQ_[A-Z0-9_]+|tbmq_[a-z0-9_]+)(?=')/g) ?? []),
    )
    const unknown = pages.flatMap(({ path, text }) =>
      (text.match(/\b(TBMQ_[A-Z0-9_]+|tbmq_[a-z0-9_]+)/g) ?? [])
        .filter((name) => !known.has(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(known.size).toBeGreaterThan(50)
    expect(unknown).toEqual([])
  })

  it('link only to files that exist', () => {
    const broken = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => target ?? '')
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('give every dependency its line', () => {
    const page = readFileSync(join(ROOT, 'docs/decisions/0002-dependencies.md'), 'utf8')
    const silent = Object.keys(manifest.dependencies).filter((name) => {
      const [scope, rest] = name.split('/')
      return (
        !page.includes(`\`${name}\``) &&
        !(page.includes(`\`${scope ?? ''}/`) && page.includes(`\`${rest ?? ''}\``))
      )
    })
    expect(silent).toEqual([])
  })
})
