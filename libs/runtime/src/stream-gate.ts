// Holds requests back until the streams have been read far enough: what was published before a SUBSCRIBE was appended is routed before it.
import type { EventLog } from '#libs/log'
import type { Input } from './input.js'

export class StreamGate {
  #waiting: (() => void)[] = []

  /** The ends of streams that have not been read as far as they go now; undefined when all have. */
  ahead(inputs: readonly Input[], log: Pick<EventLog, 'endOffset'>): ReadonlyMap<Input, number> | undefined {
    let ends: Map<Input, number> | undefined
    for (const input of inputs) {
      if (input.topic.kind !== 'stream') continue
      const end = log.endOffset(input.target)
      if (end > input.position) (ends ??= new Map()).set(input, end)
    }
    return ends
  }

  /** Resolves when the streams have been read to these ends, or `isOver` says that nobody reads them any more. */
  async reached(ends: ReadonlyMap<Input, number>, isOver: () => boolean): Promise<void> {
    const isBehind = (): boolean => [...ends].some(([{ position }, end]) => position < end)
    while (isBehind() && !isOver()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** A stream has been read on, or will not be any more. */
  advanced(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
