// The sends of a commit on a log of several processes, where records to different partitions arrive in any order: what goes to gateways
// follows when everything else of the same commit, and of the commits before it, has arrived. So whoever gets an answer finds that all
// services know what it says.
import { RecordBatchBuilder } from '#libs/batch'
import type { Append, Claim, Stored } from '#libs/log'

interface Commit {
  /** Copies: the builder is used again meanwhile. */
  readonly answers: readonly Append[]
  readonly stored: Stored
  arrived: boolean
}

export class OrderedSends {
  readonly #claim: Claim
  readonly #open: Commit[] = []

  constructor(claim: Claim) {
    this.#claim = claim
  }

  /** As `Claim.commit`; `stored` is called when all of it has arrived. */
  commit(
    facts: readonly Append[],
    sends: readonly Append[],
    isAnswer: (append: Append) => boolean,
    stored: Stored,
  ): void {
    const first = sends.filter((append) => !isAnswer(append))
    const answers = sends.filter(isAnswer).map(({ target, batch }) => ({ target, batch: copyOf(batch) }))
    const commit = { answers, stored, arrived: false }
    this.#open.push(commit)
    if (facts.length + first.length === 0) {
      commit.arrived = true
      this.#flush()
      return
    }
    this.#claim.commit(facts, first, (failure, baseOffset) => {
      if (failure !== undefined) {
        stored(failure, baseOffset)
        return
      }
      commit.arrived = true
      this.#flush()
    })
  }

  #flush(): void {
    while (this.#open[0]?.arrived === true) {
      const commit = this.#open.shift()
      if (commit === undefined) return
      if (commit.answers.length === 0) commit.stored(undefined, -1)
      else this.#claim.commit([], commit.answers, commit.stored)
    }
  }
}

function copyOf(batch: RecordBatchBuilder): RecordBatchBuilder {
  const copy = new RecordBatchBuilder(batch.size)
  copy.load(batch.bytes)
  return copy
}
