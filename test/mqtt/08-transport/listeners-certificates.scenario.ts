// Certificates that come, change and break while the broker runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeCertificates } from '../broker/certificates.js'
import { codeOf, connect, fence } from '../client/dialogue.js'
import type { Client } from '../client/client.js'
import { scenario } from '../scene/scenario.js'

/** A new certificate is taken after two looks at its file, two seconds apart. */
const deadlineMillis = 15_000

scenario(
  'a new certificate is used without a restart, a broken one is not, and connections outlive both',
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'certificates-'))
    try {
      const first = await makeCertificates(directory)
      const broker = await t.startBroker({
        settings: { ours: { TBMQ_TLS_CERTIFICATE: first.certificateFile, TBMQ_TLS_KEY: first.keyFile } },
      })
      const open = async (ca: string, via: 'tls' | 'wss'): Promise<Client> =>
        t.open({ via, broker: { addresses: broker.addresses, ca } })
      const old = [await open(first.ca, 'tls'), await open(first.ca, 'wss')]
      for (const client of old) expect(codeOf(await connect(client, { clientId: t.id() }))).toBe(0)

      const second = await makeCertificates(directory)
      const opensSoon = async (ca: string, via: 'tls' | 'wss'): Promise<Client> => {
        const deadline = performance.now() + deadlineMillis
        for (;;) {
          try {
            return await open(ca, via)
          } catch (error) {
            if (performance.now() > deadline) throw error
            await t.elapse(100)
          }
        }
      }
      for (const via of ['tls', 'wss'] as const) {
        const client = await opensSoon(second.ca, via)
        expect(codeOf(await connect(client, { clientId: t.id() }))).toBe(0)
        await expect(open(first.ca, via)).rejects.toThrow()
      }

      await writeFile(second.certificateFile, 'broken')
      const deadline = performance.now() + deadlineMillis
      while (!broker.output().includes('the old ones stay') && performance.now() < deadline)
        await t.elapse(100)
      const lines = broker.output().split('\n')
      expect(lines.filter((line) => line.includes('the old ones stay'))).toHaveLength(1)
      for (const via of ['tls', 'wss'] as const) await open(second.ca, via)
      for (const client of old) await fence(client)
    } finally {
      await rm(directory, { recursive: true })
    }
  },
  { needs: 'certificates that are read again', timeoutMillis: 60_000 },
)
