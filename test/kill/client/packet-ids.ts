// The packet ids of one client: each taken once at a time.

const most = 65_535

export class PacketIds {
  #last = 0

  /** The next id that `isTaken` does not know. */
  next(isTaken: (id: number) => boolean): number {
    do this.#last = (this.#last % most) + 1
    while (isTaken(this.#last))
    return this.#last
  }
}
