// Operating faults: each has a line in a catalogue with a stable code, what it means and whether trying again can help.
// Rooms keep their own catalogues; expected outcomes are values and mistakes are assertions, neither belongs here.

/** One line of a catalogue. The code never changes once it was published. */
export interface CatalogueEntry {
  readonly code: string
  /** A sentence for an operator, without the particulars of one occurrence. */
  readonly message: string
  /** True when the same may succeed later without anybody changing anything. */
  readonly retry: boolean
}

/** An operating fault with its place in the catalogue; `detail` holds the particulars, never payloads or secrets. */
export class CataloguedError extends Error {
  override readonly name = 'CataloguedError'
  readonly code: string
  readonly retry: boolean
  readonly detail: string | undefined

  constructor(entry: CatalogueEntry, detail?: string, options?: { readonly cause?: unknown }) {
    super(detail === undefined ? entry.message : `${entry.message} (${detail})`, options)
    this.code = entry.code
    this.retry = entry.retry
    this.detail = detail
  }
}
