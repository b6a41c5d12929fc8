// Where runs of messages go: the inbox of one life of a gateway, or one delivery partition. Each has the run under construction.
import { allocateUnsafeSlow, ByteWriter, equalBytes } from '#libs/base'
import {
  beginMessageRun,
  catalogue,
  gatewayInbox,
  messageRunKind,
  passingRunKind,
  routedRun,
  writePublisher,
  type Address,
  type Topic,
} from '#libs/topics'

/** Sections up to this length are compared by content, so that topics with the same few receivers share one. */
const COMPARE_MAX = 64

/** A run longer than this is sent, and the next one begun: no record grows without bound. */
export const RUN_BYTES_MAX = 256 * 1024

/** Memory that a target keeps between batches. */
const KEPT_BYTES_MAX = 1024 * 1024

/** One receiver of runs. */
export class Target {
  /** Clients whose lane leads here. */
  clients = 0
  /** The run under construction; `position` 0 means none. */
  readonly run = new ByteWriter(64)
  /** The receivers that the run's next message would have. */
  section: Uint8Array | undefined
  base = 0
  /** Where receivers are collected while a section is built. */
  readonly scratch = new ByteWriter(64)
  count = 0
  hasGroup = false
  /** The publisher that the run's next message would have; -1: not said. */
  #publisher = -1

  constructor(
    readonly topic: Topic,
    /** Of `topic`. */
    readonly partition: number,
    /** The gateway's; for delivery, that the run was routed. */
    readonly incarnation: number,
    /** Undefined for delivery. */
    readonly gateway: string | undefined,
  ) {}

  /** Begins a run for messages of this partition of tbmq.msg.all (or another source of its own), none older than `base`. */
  begin(source: number, base: number): void {
    this.run.reset()
    const kind = this.gateway === undefined ? messageRunKind : passingRunKind
    beginMessageRun(this.run, this.incarnation, source, base, kind)
    this.base = base
    this.section = undefined
    this.#publisher = -1
  }

  /** Makes the client with this hash the publisher of what is written next. */
  publisher(hash: number): void {
    if (hash === this.#publisher) return
    this.#publisher = hash
    writePublisher(this.run, hash)
  }

  /** The run gets a message that was published with a promise: it is no PassingRun. */
  promise(): void {
    this.run.buffer[0] = messageRunKind
  }

  /** Makes `section` the receivers of what is written next. */
  receivers(section: Uint8Array): void {
    const last = this.section
    if (last === section) return
    const same =
      last !== undefined &&
      last.length === section.length &&
      last.length <= COMPARE_MAX &&
      equalBytes(last, 0, section, 0, last.length)
    if (!same) this.run.raw(section)
    this.section = section
  }

  /** Forgets the run, and its memory if that has become large. */
  clear(): void {
    this.section = undefined
    if (this.run.buffer.length > KEPT_BYTES_MAX) this.run.reset(allocateUnsafeSlow(64))
    else this.run.reset()
  }
}

/** All targets in use. */
export class Targets {
  /** By gateway name: its lives, mostly one. */
  readonly #gateways = new Map<string, Target[]>()
  readonly #deliveries = new Map<number, Target>()

  /** The inbox of one life of a gateway. */
  ofGateway({ gateway, incarnation }: Address): Target {
    const lives = this.#gateways.get(gateway) ?? []
    const known = lives.find((life) => life.incarnation === incarnation)
    if (known !== undefined) return known
    const target = new Target(lives[0]?.topic ?? gatewayInbox(gateway), 0, incarnation, gateway)
    this.#gateways.set(gateway, [...lives, target])
    return target
  }

  /** The gateways that have one. */
  get gateways(): Iterable<string> {
    return this.#gateways.keys()
  }

  ofDelivery(partition: number): Target {
    const known = this.#deliveries.get(partition)
    if (known !== undefined) return known
    const target = new Target(catalogue.deliveryInbox, partition, routedRun, undefined)
    this.#deliveries.set(partition, target)
    return target
  }

  /** A client of this target is no more; the life of a gateway that has none is forgotten. */
  release(target: Target): void {
    target.clients--
    if (target.clients > 0 || target.gateway === undefined) return
    const lives = this.#gateways.get(target.gateway)?.filter((life) => life !== target) ?? []
    if (lives.length === 0) this.#gateways.delete(target.gateway)
    else this.#gateways.set(target.gateway, lives)
  }
}
