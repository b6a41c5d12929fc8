// What clients (or their gateway) answered to messages of the kept lane and of groups: one record per delivery partition and turn of
// a gateway, in tbmq.delivery.inbox, written and read in place. For messages that a group has given to a kept member, the partition that
// has its queue answers to the one that owns the group.
//
//   kind u8 = 102 · items
//   item: step u8 (bits 0-2 the step · bit 3 the id is a group's birth · bit 4 a reason code follows) · id varint (birth of the session
//     or group) · number varint (as in the KeptRun) · [reason code u8]
import type { ByteWriter } from '#libs/base'
import { ByteReader } from '#libs/base'
import { UnknownRecord } from '../field.js'

export const acknowledgeRunKind = 102

export const pubackStep = 0
/** QoS 2: received, not released. A reason code of 0x80 or more ends the message. */
export const pubrecStep = 1
export const pubcompStep = 2
/** The gateway will never send it: larger than the client takes (reason code 0x95), or expired (no reason code). */
export const droppedStep = 3
/** Groups only: the connection is not held (any more) and the message was never written to its socket. */
export const goneStep = 4
/** Groups only: the session of a kept member is over, and it had not acknowledged the message. */
export const endedStep = 5
/** Added to the step: the id is a group's birth. */
export const groupStep = 0x08
const withReason = 0x10

/** Begins an AcknowledgeRun in an empty writer. */
export function beginAcknowledgeRun(writer: ByteWriter): void {
  writer.u8(acknowledgeRunKind)
}

/** One acknowledgement. `step`: one of the steps above, with `groupStep` added for a message of a group. */
export function writeAcknowledgement(
  writer: ByteWriter,
  step: number,
  id: number,
  number: number,
  reasonCode: number,
): void {
  writer.u8(reasonCode === 0 ? step : step | withReason)
  writer.varint(id)
  writer.varint(number)
  if (reasonCode !== 0) writer.u8(reasonCode)
}

/** Reads a run in place: `open`, then `next` until it gives false. Throws ShortRead. */
export class AcknowledgeReader {
  step = 0
  group = false
  id = 0
  number = 0
  reasonCode = 0
  readonly #reader = new ByteReader(new Uint8Array(0))

  open(buffer: Uint8Array, from: number, to: number): void {
    const reader = this.#reader.reset(buffer, from, to)
    if (reader.u8() !== acknowledgeRunKind) throw new UnknownRecord('not a run of acknowledgements')
  }

  next(): boolean {
    const reader = this.#reader
    if (reader.position >= reader.end) return false
    const tag = reader.u8()
    this.step = tag & 7
    this.group = (tag & groupStep) !== 0
    this.id = reader.varint()
    this.number = reader.varint()
    this.reasonCode = (tag & withReason) === 0 ? 0 : reader.u8()
    return true
  }
}
