// What clients answered to messages of the kept lane and of groups, packed: one record per delivery partition and turn.
import { ByteWriter } from '#libs/base'
import { beginAcknowledgeRun, catalogue, groupStep, writeAcknowledgement } from '#libs/topics'
import type { Appends } from './appends.js'

/** A record is closed when it has so many bytes. */
const recordBytesMax = 65_536
const partitionsMax = 64

/** A group's birth and its delivery partition as one number: inflight tables and waiting queues have room for one. */
export const groupCode = (birth: number, partition: number): number => birth * partitionsMax + partition

export class Acknowledgements {
  readonly #appends: Appends
  readonly #byPartition: (ByteWriter | undefined)[] = []
  /** Partitions that have something in this turn. */
  readonly #filled: number[] = []

  constructor(appends: Appends) {
    this.#appends = appends
  }

  /** Of a session of the kept lane. */
  add(partition: number, step: number, birth: number, number: number, reasonCode: number): void {
    const writer = this.#writer(partition)
    writeAcknowledgement(writer, step, birth, number, reasonCode)
    if (writer.position >= recordBytesMax) this.#send(partition, writer)
  }

  /** Of a group, which `groupCode` has packed. */
  addOfGroup(code: number, step: number, number: number, reasonCode: number): void {
    const birth = Math.floor(code / partitionsMax)
    this.add(code % partitionsMax, step | groupStep, birth, number, reasonCode)
  }

  /** At the end of the turn: everything becomes records. */
  flush(): void {
    for (const partition of this.#filled) {
      const writer = this.#byPartition[partition]
      if (writer !== undefined && writer.position > 0) this.#send(partition, writer)
    }
    this.#filled.length = 0
  }

  #writer(partition: number): ByteWriter {
    let writer = this.#byPartition[partition]
    if (writer === undefined) this.#byPartition[partition] = writer = new ByteWriter(1024)
    if (writer.position === 0) {
      beginAcknowledgeRun(writer)
      this.#filled.push(partition)
    }
    return writer
  }

  #send(partition: number, writer: ByteWriter): void {
    this.#appends.value().raw(writer.buffer, 0, writer.position)
    this.#appends.send(catalogue.deliveryInbox, partition, null)
    writer.reset()
  }
}
