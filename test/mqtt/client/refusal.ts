// How a broker turns a connection down, as a client sees it.
import { expect } from 'vitest'
import type { Client } from './client.js'
import { codeOf } from './dialogue.js'

/** The connection ends without having been accepted; a CONNACK before it must not say 0. `codes` narrows what it may say. */
export async function expectRefused(client: Client, codes?: readonly number[]): Promise<void> {
  await client.closed()
  for (const answer of client.inbox) {
    if (answer.cmd !== 'connack') throw new Error(`a ${answer.cmd} before the CONNACK`)
    expect(codeOf(answer)).not.toBe(0)
    expect(answer.sessionPresent).toBe(false)
    if (codes !== undefined) expect(codes).toContain(codeOf(answer))
  }
}

/**
 * The broker ends an accepted connection: on 5.0 with a DISCONNECT that says one of `codes`, on 3.x by a close. Returns the code.
 */
export async function expectDisconnected(client: Client, ...codes: number[]): Promise<void> {
  if (client.version === 5) {
    const { reasonCode } = await client.receive('disconnect')
    expect(codes).toContain(reasonCode)
  }
  await client.closed()
  if (client.version !== 5) expect(client.history).not.toContain('disconnect')
}
