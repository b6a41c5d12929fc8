// Acts before the disk is full: first history goes, then whoever asks is told to drop QoS 0, then to hold publishers.
import type { Pressure } from '../event-log.js'
import type { Files } from './files.js'

/** What senders should do: nothing special; drop messages of QoS 0; take no messages at all. */
export type { Pressure } from '../event-log.js'

export interface DiskGuardHome {
  readonly files: Files
  readonly directory: string
  /** Bytes that the log may take; undefined: 80 % of the file system. */
  readonly diskMax: number | undefined
  /** Bytes that must stay free on the file system. */
  readonly diskFreeMin: number
  /** When less than this is left, something is done. */
  readonly margin: number
  /** Bytes that the log takes or is about to take. */
  readonly used: () => number
  /** Removes history that nobody is reading; resolves with the number of segments removed. */
  readonly forget: () => Promise<number>
  readonly changed: (pressure: Pressure) => void
}

export class DiskGuard {
  pressure: Pressure = 'none'
  readonly #home: DiskGuardHome

  constructor(home: DiskGuardHome) {
    this.#home = home
  }

  async check(): Promise<void> {
    const { margin } = this.#home
    let room = await this.#room()
    if (room < margin && (await this.#home.forget()) > 0) room = await this.#room()
    // Once said, a level is taken back only when there is clearly more room, so that it does not flicker.
    const more = this.pressure === 'none' ? 0 : margin / 4
    const hold = margin / 2 + (this.pressure === 'hold' ? more : 0)
    const pressure = room < hold ? 'hold' : room < margin + more ? 'dropQos0' : 'none'
    if (pressure === this.pressure) return
    this.pressure = pressure
    this.#home.changed(pressure)
  }

  async #room(): Promise<number> {
    const { files, directory, diskMax, diskFreeMin } = this.#home
    const { total, free } = await files.room(directory)
    return Math.min((diskMax ?? total * 0.8) - this.#home.used(), free - diskFreeMin)
  }
}
