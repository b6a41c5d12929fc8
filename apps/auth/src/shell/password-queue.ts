// Checks passwords against argon2id hashes, a few at a time, the others in a bounded queue: a storm of logins must neither take
// the threads that sync the log nor grow without bound.
import { verify } from '@node-rs/argon2'
import { BoundedQueue } from '#libs/base'

interface Waiting {
  readonly stored: string
  readonly password: Uint8Array
  readonly done: (isRight: boolean) => void
  readonly failed: (error: unknown) => void
}

/** Node's pool has four threads; the log needs some of them. */
const concurrencyMax = 2
/** At some 50 a second and core, who waits behind more than this has run out of time. */
const waitingMax = 500

export class PasswordQueue {
  readonly #waiting = new BoundedQueue<Waiting>({ name: 'passwords', maximum: waitingMax, whenFull: 'drop' })
  #running = 0

  /** Checks that wait, and how many may. */
  get depth(): number {
    return this.#waiting.length
  }

  readonly maximum = waitingMax

  get refused(): number {
    return this.#waiting.refused
  }

  /** Resolves with whether it is that password; undefined when too many wait already. */
  verify(stored: string, password: Uint8Array): Promise<boolean> | undefined {
    if (this.#waiting.isFull) {
      this.#waiting.refused++
      return undefined
    }
    return new Promise((done, failed) => {
      this.#waiting.offer({ stored, password, done, failed })
      this.#run()
    })
  }

  #run(): void {
    while (this.#running < concurrencyMax) {
      const next = this.#waiting.take()
      if (next === undefined) return
      this.#running++
      verify(next.stored, next.password)
        .then(next.done, next.failed)
        .finally(() => {
          this.#running--
          this.#run()
        })
    }
  }
}
