// What the process says about its health: parts by name, and whether it is ready to serve.
import { Injectable } from '@nestjs/common'

/** What a part says of itself; `detail` is shown, so it holds no secret. Its `failures`, if any, are a metric as well. */
export interface Vital {
  readonly up: boolean
  readonly detail?: Readonly<Record<string, string | number | boolean>>
}

/** Parts register here at start; `/health` asks all of them, `/ready` also wants `ready`. */
@Injectable()
export class Vitals {
  readonly #parts = new Map<string, (() => Vital)[]>()
  #serving = false

  /** A name may be given twice, by an app and by what runs it: the part is up when both say so. */
  part(name: string, ask: () => Vital): void {
    const asked = this.#parts.get(name)
    if (asked === undefined) this.#parts.set(name, [ask])
    else asked.push(ask)
  }

  /** True once the state is restored and the listeners are open, false again while draining. */
  set serving(serving: boolean) {
    this.#serving = serving
  }

  get ready(): boolean {
    return this.#serving && this.ask().every(([, vital]) => vital.up)
  }

  ask(): readonly (readonly [string, Vital])[] {
    return [...this.#parts].map(([name, asks]) => {
      const vitals = asks.map((ask) => ask())
      const detail = Object.assign({}, ...vitals.map((vital) => vital.detail ?? {}))
      return [name, { up: vitals.every(({ up }) => up), detail }] as const
    })
  }
}
