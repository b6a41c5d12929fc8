// Feared: a reader of the log that stands still and takes the broker's memory, or lines that are lost and nobody knows.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLines } from './logger.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

it('counts the lines that it cannot keep for a reader that stands still, and goes on when it reads', async () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  const { logger, lost } = createLines('info', writer)
  const text = 'x'.repeat(100_000)
  for (let i = 0; i < 300; i++) logger.info({ i }, text)
  expect(lost()).toBeGreaterThan(100)
  expect(lost()).toBeLessThan(200)
  const bytes = Buffer.alloc(1024 * 1024)
  let read = ''
  await vi.waitUntil(
    () => {
      try {
        read = read.slice(-200_000) + bytes.toString('utf8', 0, readSync(reader, bytes))
      } catch {
        logger.info({}, 'the last line')
      }
      return read.includes('the last line')
    },
    { timeout: 15_000, interval: 1 },
  )
  closeSync(reader)
})
