// Every adapter of the kept-session store under the one contract.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openEmbeddedStore } from './embedded/embedded-store.js'
import { messagesKey, sessionKey, subscriptionsKey } from './keys.js'
import { MemoryStore } from './memory/memory-store.js'
import { keptSessionStoreContract } from './store.contract.js'

keptSessionStoreContract('memory', () => {
  const store = new MemoryStore()
  return { open: () => store, remove: () => undefined }
})

keptSessionStoreContract('embedded', () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-'))
  return {
    open: () => openEmbeddedStore(directory),
    remove: () => {
      rmSync(directory, { recursive: true })
    },
  }
})

describe('the embedded store', () => {
  it('is kept from everybody else, also in a directory that is not its own', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'store-'))
    const store = openEmbeddedStore(join(directory, 'store'))
    expect(statSync(join(directory, 'store')).mode & 0o777).toBe(0o700)
    await store.close()
    rmSync(directory, { recursive: true })
  })
})

describe('names of rows', () => {
  it('put a session into one slot, whatever the id', () => {
    expect(sessionKey('a')).toBe('session:{a}')
    expect(messagesKey('}x')).toBe('msgs:{%7Dx}')
    expect(subscriptionsKey('50%{')).toBe('subs:{50%25%7B}')
  })

  it('are short, also for long ids, and still tell them apart', () => {
    const long = 'x'.repeat(65_535)
    expect(messagesKey(long).length).toBeLessThan(100)
    expect(messagesKey(long)).not.toBe(messagesKey(`${long}y`))
    expect(messagesKey(long)).not.toBe(messagesKey(messagesKey(long).slice(6, -1)))
  })
})
