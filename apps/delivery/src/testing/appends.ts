// Records of tbmq.delivery.inbox as specs write them down.
import { ByteWriter, utf8Encode } from '#libs/base'
import type { RecordBatchBuilder } from '#libs/batch'
import {
  beginAcknowledgeRun,
  beginMessageRun,
  deliveryRecord,
  directRun,
  groupOption,
  pubackStep,
  receiversItem,
  routedRun,
  writeAcknowledgement,
  writeMessage,
  writePublisher,
  writeReceiver,
  type Address,
  type DeliveryRecord,
} from '#libs/topics'

export const at = (connection: number, incarnation = 1, gateway = 'g'): Address => ({
  gateway,
  incarnation,
  connection,
})

export interface Receiver {
  readonly id: number
  readonly qos?: number
  readonly group?: boolean
  readonly retainAsPublished?: boolean
  readonly ids?: readonly number[]
}

export interface Message {
  readonly offset: number
  readonly topic?: string
  readonly payload?: string | Uint8Array
  readonly qos?: number
  readonly retain?: boolean
  readonly deadline?: number
  readonly properties?: Uint8Array
  /** Hash of the publisher's client id. */
  readonly publisher?: number
  readonly to: readonly Receiver[]
}

export type Append = (builder: RecordBatchBuilder) => void

export const record =
  (value: DeliveryRecord): Append =>
  (builder) => {
    const writer = new ByteWriter()
    deliveryRecord.write(writer, value)
    builder.add(null, writer.copyOf())
  }

/** One MessageRun of a matcher; its messages may have receivers of their own. */
export const run =
  (messages: readonly Message[], partition = 0, kind = routedRun): Append =>
  (builder) => {
    const writer = new ByteWriter()
    const base = messages[0]?.offset ?? 0
    beginMessageRun(writer, kind, partition, base)
    for (const message of messages) {
      if (message.publisher !== undefined) writePublisher(writer, message.publisher)
      writer.u8(receiversItem)
      writer.varint(message.to.length)
      for (const { id, qos = 2, group = false, retainAsPublished = false, ids = [] } of message.to) {
        writeReceiver(writer, id, qos | (group ? groupOption : 0) | (retainAsPublished ? 4 : 0), ids)
      }
      const { topic = 't', payload = String(message.offset), properties = new Uint8Array(0) } = message
      const head = new Uint8Array([...utf8Encode(topic), ...properties])
      const end = head.length - properties.length
      const body = typeof payload === 'string' ? utf8Encode(payload) : payload
      const tag = (message.qos ?? 1) | (message.retain === true ? 4 : 0)
      const { deadline = 0, offset } = message
      writeMessage(writer, tag, offset - base, deadline, head, 0, end, end, head.length, body, 0, body.length)
    }
    builder.add(null, writer.copyOf())
  }

export const page = (messages: readonly Message[]): Append => run(messages, 0, directRun)

export interface Answer {
  readonly step: number
  readonly id: number
  readonly number: number
  readonly reasonCode?: number
}

export const answers =
  (list: readonly Answer[]): Append =>
  (builder) => {
    const writer = new ByteWriter()
    beginAcknowledgeRun(writer)
    for (const { step, id, number, reasonCode = 0 } of list) {
      writeAcknowledgement(writer, step, id, number, reasonCode)
    }
    builder.add(null, writer.copyOf())
  }

const limits5 = { protocolVersion: 5, receiveMaximum: 1000, maximumPacketSize: undefined }

export const online = (
  birth: number,
  address: Address,
  receiveMaximum = 1000,
  clientId = `c${String(birth)}`,
) =>
  record({
    kind: 'SessionOnline',
    session: { clientId, birth },
    address,
    limits: { ...limits5, receiveMaximum },
  })

export const offline = (birth: number, address: Address, clientId = `c${String(birth)}`) =>
  record({ kind: 'SessionOffline', session: { clientId, birth }, address })

export const end = (...births: readonly number[]) =>
  record({ kind: 'EndSessions', sessions: births.map((birth) => ({ clientId: `c${String(birth)}`, birth })) })

export const join = (
  birth: number,
  address: Address,
  options: {
    clientId?: string
    share?: string
    filter?: string
    kept?: boolean
    qos?: number
    receiveMaximum?: number
  } = {},
) =>
  record({
    kind: 'JoinGroup',
    session: { clientId: options.clientId ?? `c${String(birth)}`, birth },
    address,
    kept: options.kept ?? false,
    limits: { ...limits5, receiveMaximum: options.receiveMaximum ?? 1000 },
    request: 7,
    place: 0,
    share: options.share ?? 's',
    wanted: {
      filter: options.filter ?? 't',
      qos: options.qos ?? 2,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    },
    subscriptionId: 0,
  })

export const to = (id: number, qos = 2): readonly Receiver[] => [{ id, qos }]
export const toGroup = (id: number): readonly Receiver[] => [{ id, group: true, qos: 2 }]

/** Messages with offsets from `from` on, whose payloads are those numbers. */
export const messages = (from: number, count: number, receivers: Message['to'], qos = 1): Message[] =>
  Array.from({ length: count }, (_, i) => ({ offset: from + i, qos, to: receivers }))

export const puback = (id: number, ...numbers: readonly number[]): Append =>
  answers(numbers.map((number) => ({ step: pubackStep, id, number })))
