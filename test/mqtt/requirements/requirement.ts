// What a numbered statement of a specification is to this suite.

/** `number` as in `[MQTT-3.1.2-4]` without the letters; `words` are our own; `unseen` says why no test can name it. */
export interface Requirement {
  readonly number: string
  readonly words: string
  readonly unseen?: string
}

/** A row of a table of requirements. */
export type Row = readonly [number: string, words: string, unseen?: string]

export const client = 'A duty of the client.'
export const noConfiguration = 'Holds only for a server that lacks a feature which this one always has.'

/** Requirements from rows. */
export function requirements(rows: readonly Row[]): readonly Requirement[] {
  return rows.map(([number, words, unseen]) =>
    unseen === undefined ? { number, words } : { number, words, unseen },
  )
}
