// What delivery sends while it works through one batch: messages for gateways, packed into one run per gateway, and single records.
import { ByteWriter } from '#libs/base'
import type { Outcome } from '#libs/service'
import {
  beginAcknowledgeRun,
  beginKeptRun,
  beginMessageRun,
  catalogue,
  deliveryRecord,
  directRun,
  dupOption,
  gatewayInbox,
  gatewayRecord,
  groupStep,
  historyRecord,
  type HistoryEvent,
  messageDeadline,
  messageItem,
  messageProperties,
  receiversItem,
  retainAsPublishedOption,
  subscriptionRecord,
  writeAcknowledgement,
  writeGroupReceiver,
  writeHandedReceiver,
  writeKeptReceiver,
  writeReceiver,
  type DeliveryRecord,
  type GatewayRecord,
  type SubscriptionRecord,
  type Topic,
} from '#libs/topics'
import type { DeliveryFact } from './facts.js'
import { markQos, markRetain, markSent, labelIn } from './line.js'
import type { Origin, QueuedMessage } from './message.js'
import type { Online } from './queue.js'

/** A run that has grown beyond this many bytes is sent, and the next message begins another. */
const runBytesMax = 128 * 1024

/** One gateway's inbox and the run that is being written for it; made once per gateway name. */
export class GatewayTarget {
  readonly topic: Topic
  readonly writer = new ByteWriter(1024)
  incarnation = -1
  open = false

  constructor(readonly name: string) {
    this.topic = gatewayInbox(name)
  }
}

export class Outbox {
  readonly #open: GatewayTarget[] = []
  readonly #hands = new Map<number, ByteWriter>()
  readonly #answers = new Map<number, ByteWriter>()
  readonly #partition: number
  outcome: Outcome<DeliveryFact>

  constructor(outcome: Outcome<DeliveryFact>, partition: number) {
    this.outcome = outcome
    this.#partition = partition
  }

  /** A message of a kept session, under the packet id that its marks hold. */
  kept(to: Online, number: number, marks: number, message: QueuedMessage, bytes: Uint8Array): void {
    const writer = this.#runFor(to)
    const options = optionsOf(marks) | ((marks & markSent) === 0 ? 0 : dupOption)
    writeKeptReceiver(writer, to.connection, number, labelIn(marks), options, message.subscriptionIds)
    writeBody(writer, marks, message, bytes)
  }

  /** A message of a group for a transient member, who acknowledges to this partition. */
  shared(
    to: Online,
    groupBirth: number,
    number: number,
    marks: number,
    message: QueuedMessage,
    subscriptionIds: readonly number[],
  ): void {
    const { bytes } = message
    if (bytes === undefined) return
    const writer = this.#runFor(to)
    const options = optionsOf(marks)
    writeGroupReceiver(writer, to.connection, number, options, subscriptionIds, groupBirth, this.#partition)
    writeBody(writer, marks, message, bytes)
  }

  /**
   * A message that a group hands to a kept member's queue; all of a batch for one partition are one run. `number`: under which the
   * group wants to hear what becomes of it; 0: it does not.
   */
  hand(
    partition: number,
    birth: number,
    marks: number,
    message: QueuedMessage,
    subscriptionIds: readonly number[],
    groupBirth: number,
    number: number,
  ): void {
    const { bytes } = message
    if (bytes === undefined) return
    let writer = this.#hands.get(partition)
    if (writer === undefined) {
      writer = new ByteWriter(1024)
      beginMessageRun(writer, directRun, 0, 0)
      this.#hands.set(partition, writer)
    }
    writer.u8(receiversItem)
    writer.varint(1)
    const options = optionsOf(marks)
    if (number === 0) writeReceiver(writer, birth, options, subscriptionIds)
    else writeHandedReceiver(writer, birth, options, subscriptionIds, groupBirth, this.#partition, number)
    writeBody(writer, marks, message, bytes)
  }

  /** What became of a group's message in the queue of a kept member; all answers of a batch for one partition are one run. */
  answer({ group, partition, number }: Origin, step: number): void {
    let writer = this.#answers.get(partition)
    if (writer === undefined) {
      writer = new ByteWriter(256)
      beginAcknowledgeRun(writer)
      this.#answers.set(partition, writer)
    }
    writeAcknowledgement(writer, step + groupStep, group, number, 0)
  }

  /** PUBREL again, for a message that the client had received. */
  release(to: Online, number: number, packetId: number): void {
    const { incarnation, connection } = to
    this.toGateway(to.gateway, { kind: 'Release', incarnation, connection, packetId, number })
  }

  /** A record of somebody else's. */
  passOn(gateway: string, record: Uint8Array): void {
    this.outcome.value().raw(record)
    this.outcome.send(gatewayInbox(gateway), 0, null)
  }

  toGateway(gateway: GatewayTarget, record: GatewayRecord): void {
    gatewayRecord.write(this.outcome.value(), record)
    this.outcome.send(gateway.topic, 0, null)
  }

  toSubscription(partition: number, record: SubscriptionRecord): void {
    subscriptionRecord.write(this.outcome.value(), record)
    this.outcome.send(catalogue.subscriptionInbox, partition, null)
  }

  toDelivery(partition: number, record: DeliveryRecord): void {
    deliveryRecord.write(this.outcome.value(), record)
    this.outcome.send(catalogue.deliveryInbox, partition, null)
  }

  /** One line in the client's history. */
  note(clientId: string, birth: number, event: HistoryEvent, detail: string): void {
    historyRecord.write(this.outcome.value(), { event, code: 0, detail, birth })
    this.outcome.send(catalogue.history, this.#partition, clientId)
  }

  /** Sends the runs that were begun. */
  flush(): void {
    for (const target of this.#open) if (target.open) this.#send(target)
    this.#open.length = 0
    for (const runs of [this.#hands, this.#answers]) {
      for (const [partition, writer] of runs) {
        this.outcome.send(catalogue.deliveryInbox, partition, null, writer)
      }
      runs.clear()
    }
  }

  #runFor(to: Online): ByteWriter {
    const target = to.gateway
    const { writer } = target
    if (target.open && (target.incarnation !== to.incarnation || writer.position > runBytesMax)) {
      this.#send(target)
    }
    if (!target.open) {
      target.open = true
      target.incarnation = to.incarnation
      beginKeptRun(writer.reset(), to.incarnation)
      this.#open.push(target)
    }
    return writer
  }

  #send(target: GatewayTarget): void {
    this.outcome.send(target.topic, 0, null, target.writer)
    target.open = false
  }
}

const optionsOf = (marks: number): number =>
  (marks & markQos) | ((marks & markRetain) === 0 ? 0 : retainAsPublishedOption)

/** The message item: QoS and retain as this receiver gets them, then the body as it is. */
function writeBody(writer: ByteWriter, marks: number, message: QueuedMessage, bytes: Uint8Array): void {
  writer.u8(
    messageItem | (message.tag & (messageDeadline | messageProperties)) | (marks & (markQos | markRetain)),
  )
  writer.varint(0)
  writer.raw(bytes, message.from, message.to)
}
