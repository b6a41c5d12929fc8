// What goes wrong while a round runs. Everybody writes here; the round fails at its end when something stands in it.

/** Sentences, each said once; a bound keeps a broken round readable. */
export class Notes {
  readonly sentences: string[] = []
  #more = 0

  /** A promise of the broker that was broken. */
  broken(sentence: string): void {
    if (this.sentences.length < 40) this.sentences.push(sentence)
    else this.#more += 1
  }

  /** All of it, for a failing round. */
  get text(): string {
    const more = this.#more > 0 ? `\n… and ${String(this.#more)} more` : ''
    return this.sentences.join('\n') + more
  }
}
