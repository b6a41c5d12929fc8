// A client that comes and goes all the time: it subscribes, unsubscribes, leaves, is lost, starts over. What it was answered stays
// true after a kill; what was under way may be so or so.
import type { SeededRandom } from '#libs/base'
import { Peer, type PeerOptions } from '../client/peer.js'

/** A subscription at the broker, as far as the client can know. */
type Subscribed = 'yes' | 'no' | 'either'

export class Churner {
  readonly peer: Peer
  readonly filter: string
  subscribed: Subscribed = 'no'
  /** Payloads that came on its filter. */
  readonly received: string[] = []
  /** What it is waiting for. */
  step = 'nothing'
  #isAsked = true

  constructor(
    options: PeerOptions,
    private readonly random: SeededRandom,
  ) {
    this.filter = `churn/${options.clientId}`
    this.peer = new Peer({
      ...options,
      receive: ({ payload }) => this.received.push(payload.toString()),
    })
  }

  get name(): string {
    return this.peer.options.clientId
  }

  stop(): void {
    this.#isAsked = false
  }

  /** Comes and goes until it is stopped; ends away from the broker. */
  async churn(): Promise<void> {
    while (this.#isAsked) {
      if (this.random.chance(0.15)) await this.#startOver()
      else await this.#visit()
      this.step = 'nothing'
    }
  }

  async #visit(): Promise<void> {
    this.step = 'a CONNACK'
    await this.peer.stay()
    for (let count = this.random.below(3); count > 0; count -= 1) await this.#toggle()
    await this.#go()
  }

  /** A clean CONNECT takes the session and its subscriptions. */
  async #startOver(): Promise<void> {
    if (this.subscribed === 'yes') this.subscribed = 'either'
    this.step = 'a CONNACK to a clean CONNECT'
    if (await this.peer.comeOnce(true)) this.subscribed = 'no'
    else await new Promise((resolve) => setTimeout(resolve, 25))
    await this.#go()
  }

  async #toggle(): Promise<void> {
    const next = this.subscribed === 'yes' ? 'no' : 'yes'
    this.subscribed = 'either'
    this.step = next === 'yes' ? 'a SUBACK' : 'an UNSUBACK'
    const answer =
      next === 'yes'
        ? await this.peer.subscribe({ [this.filter]: 1 })
        : await this.peer.unsubscribe(this.filter)
    if (answer !== undefined) this.subscribed = next
  }

  async #go(): Promise<void> {
    this.step = 'the end of a connection'
    if (this.random.chance(0.5)) await this.peer.leave()
    else await this.peer.drop()
  }
}
