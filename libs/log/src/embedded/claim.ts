// The right of one service over one of its partitions; within one process only a claim that came later can take it away.
import type { Append, Claim, LogFailure, Stored } from '../event-log.js'

const refused: LogFailure = { kind: 'refused', sentence: 'another owner has claimed the partition' }

export class EmbeddedClaim implements Claim {
  #void = false
  readonly #commit: Claim['commit']

  constructor(commit: Claim['commit']) {
    this.#commit = commit
  }

  commit(facts: readonly Append[], sends: readonly Append[], stored: Stored): void {
    if (this.#void) process.nextTick(stored, refused, -1)
    else this.#commit(facts, sends, stored)
  }

  release(): Promise<void> {
    this.void()
    return Promise.resolve()
  }

  /** From now on everything is refused. */
  void(): void {
    this.#void = true
  }
}
