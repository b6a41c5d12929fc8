// The repository's own files as text, for the tests in this folder. Nothing here judges.

import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Source {
  /** Path from the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Everything that is not written by hand or not ours to judge. */
const FOREIGN = new Set([
  'node_modules',
  'dist',
  'coverage',
  'results',
  'data',
  'certificates',
  '.git',
  '.cache',
])

const TEST_FILE = /\.(spec|contract|scenario)\.ts$|\/testing\//

/** True for specs, contracts and what only they use. */
export const isTest = (path: string): boolean => TEST_FILE.test(path) || path.startsWith('test/')

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (FOREIGN.has(entry.name)) continue
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield path
  }
}

/** All files whose path matches, below the root. */
export function sources(matching: RegExp): Source[] {
  const found: Source[] = []
  for (const file of walk(ROOT)) {
    const path = relative(ROOT, file).replaceAll('\\', '/')
    if (matching.test(path)) found.push({ path, text: readFileSync(file, 'utf8') })
  }
  return found
}

/** `path:line: text` of every line that matches: what a failing test shows. */
export function linesMatching(files: readonly Source[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}
