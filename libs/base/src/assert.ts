// Invariants. A failed assertion is a programmer's mistake: it stays on in production and ends the partition or the connection.

/** A mistake of ours, never of the peer. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Says once, in a sentence, what must hold; throws `AssertionError` with that sentence when it does not. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(sentence)
}

/** The default case of a switch over a union: a compile error when a case is missing, `AssertionError` should it be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`Unreachable: ${String(value)}`)
}
