// Where a send comes from: written into a header of its record by the owner that decided it, so that whoever gets it twice can tell.
//
//   header "o": service u8 · partition varint · number varint (of the commit, rising) · index varint (in the commit)
import type { ByteWriter } from '#libs/base'
import { ByteReader, EMPTY_BYTES } from '#libs/base'
import type { RecordCursor } from '#libs/batch'
import type { ServiceName } from '#libs/topics'

export const originHeader = new Uint8Array([0x6f])

/** Their places are on disk: add at the end. */
const services: readonly ServiceName[] = ['gateway', 'auth', 'session', 'subscription', 'delivery']

export interface Origin {
  /** Of service and partition together. */
  readonly source: number
  readonly number: number
  readonly index: number
}

const partitionsMax = 65_536

/** One number for a partition of a service, as `Origin` has it. */
export const sourceOf = (service: ServiceName, partition: number): number =>
  services.indexOf(service) * partitionsMax + partition

export function writeOrigin(writer: ByteWriter, { source, number, index }: Origin): void {
  writer.u8(Math.floor(source / partitionsMax))
  writer.varint(source % partitionsMax)
  writer.varint(number)
  writer.varint(index)
}

const reader = new ByteReader(EMPTY_BYTES)

/** Of the cursor's record; undefined for one that nobody numbered. */
export function originOf(cursor: RecordCursor): Origin | undefined {
  if (cursor.headerCount === 0 || !cursor.findHeader(originHeader)) return undefined
  reader.reset(cursor.bytes, cursor.headerFrom, cursor.headerTo)
  const service = reader.u8()
  return {
    source: service * partitionsMax + reader.varint(),
    number: reader.varint(),
    index: reader.varint(),
  }
}

/** The newest origin per source that a receiver has had. Sends of one source come in order, or come again. */
export class Origins {
  readonly newest = new Map<number, Origin>()

  /** True for one that has come before; else it is remembered. */
  repeats(origin: Origin): boolean {
    const known = this.newest.get(origin.source)
    if (known !== undefined && compare(origin, known) <= 0) return true
    this.newest.set(origin.source, origin)
    return false
  }
}

const compare = (a: Origin, b: Origin): number => a.number - b.number || a.index - b.index
