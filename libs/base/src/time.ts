// Time is an argument everywhere: a number of milliseconds that somebody with a clock passes in.

/** Milliseconds; as a moment: since 1970-01-01T00:00Z. */
export type Millis = number

export const SECOND: Millis = 1_000
export const MINUTE: Millis = 60 * SECOND
export const HOUR: Millis = 60 * MINUTE
export const DAY: Millis = 24 * HOUR
