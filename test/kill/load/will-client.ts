// A client with a will, and how often that will has to be seen in the end.
import { Peer, type PeerOptions } from '../client/peer.js'

/** How a will client lives. */
export interface WillPlan {
  readonly kept: boolean
  readonly delaySeconds: number
  /** It comes back after a loss, before its delay has passed. */
  readonly returns: boolean
}

export class WillClient {
  readonly peer: Peer
  /** What the watcher must have seen at the end of the round, at least and at most. */
  least = 0
  most = 0

  constructor(
    options: Pick<PeerOptions, 'address' | 'notes' | 'clientId'>,
    readonly plan: WillPlan,
  ) {
    this.peer = new Peer({
      ...options,
      version: 5,
      kept: plan.kept,
      will: {
        topic: `will/${options.clientId}`,
        payload: Buffer.from(`${options.clientId} 0 will`),
        qos: 2,
        retain: false,
        properties: { willDelayInterval: plan.delaySeconds },
      },
    })
  }

  get name(): string {
    return this.peer.options.clientId
  }

  /** Connects once. From the CONNECT on the will may fire; once accepted it has to, unless the client leaves or returns. */
  async come(): Promise<void> {
    this.most += 1
    if (this.plan.returns) await this.peer.stay()
    else if (!(await this.peer.comeOnce(!this.plan.kept))) return
    if (this.plan.returns) this.most -= 1
    else this.least += 1
  }

  /** Leaves in order: its will must not be seen. */
  async leave(): Promise<void> {
    await this.peer.leave()
    this.least -= 1
    this.most -= 1
  }
}
