// Acts before the disk is full: first history goes, then whoever asks is told to drop QoS 0, then to hold publishers.
import type { Pressure } from '../event-log.js'
import type { Files } from './files.js'

export interface DiskGuardHome {
  readonly files: Files
  readonly directory: string
  /** Bytes that the log may take; undefined: 80 % of the file system. */
  readonly diskMax: number | undefined
  /** Bytes that must stay free on the file system. */
  readonly diskFreeMin: number
  /** With less than this left QoS 0 is dropped, with less than half of it publishers are held. */
  readonly margin: number
  /** Bytes that the log takes or is about to take. */
  readonly used: () => number
  /** Removes history that nobody is reading, with a `look` after each segment. */
  readonly forget: () => Promise<unknown>
  readonly changed: (pressure: Pressure) => void
}

export class DiskGuard {
  pressure: Pressure = 'none'
  readonly #home: DiskGuardHome
  /** What is left, as far as we know: what was seen at the last look less what was written since. */
  #room = Infinity
  /** With less than this left the next look must not wait. */
  #lookBelow = -Infinity
  /** History goes while there is still time to remove it before anybody else is asked to hold back. */
  readonly #early: number

  constructor(home: DiskGuardHome) {
    this.#home = home
    this.#early = home.margin * 1.5
  }

  /** Counts what is written between two looks; who has no room left is held at once. True: the next look must not wait. */
  wrote(bytes: number): boolean {
    this.#room -= bytes
    if (this.#room >= this.#lookBelow) return false
    this.#waitForNext()
    if (this.#room < this.#home.margin / 2) this.#say('hold')
    return true
  }

  async check(): Promise<void> {
    await this.look()
    if (this.#room < this.#early) await this.#home.forget()
    const { margin } = this.#home
    // Once said, a level is taken back only when there is clearly more room, so that it does not flicker.
    const more = this.pressure === 'none' ? 0 : margin / 4
    const hold = margin / 2 + (this.pressure === 'hold' ? more : 0)
    this.#say(this.#room < hold ? 'hold' : this.#room < margin + more ? 'dropQos0' : 'none')
  }

  #say(pressure: Pressure): void {
    if (pressure === this.pressure) return
    this.pressure = pressure
    this.#home.changed(pressure)
  }

  #waitForNext(): void {
    const { margin } = this.#home
    this.#lookBelow = [this.#early, margin, margin / 2].find((limit) => limit <= this.#room) ?? -Infinity
  }

  /** Sees how much room there is. */
  async look(): Promise<void> {
    const { files, directory, diskMax, diskFreeMin } = this.#home
    const { total, free } = await files.room(directory)
    this.#room = Math.min((diskMax ?? total * 0.8) - this.#home.used(), free - diskFreeMin)
    this.#waitForNext()
  }
}
