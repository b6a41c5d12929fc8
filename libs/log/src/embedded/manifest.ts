// `log.json`: what the segment files do not say themselves. Replaced as a whole, so it is always the old or the new one.
import { randomInt } from 'node:crypto'
import { replaceText, type Files } from './files.js'
import { formatVersion } from './frame.js'

export interface ManifestTopic {
  readonly id: number
  readonly name: string
  readonly partitions: number
}

export class Manifest {
  /** How often this directory has been opened: topics in memory begin above all offsets of earlier runs. */
  incarnation = 0
  /** Begins the crc of every frame header, so that a payload cannot hold a frame that is taken for ours. */
  salt = randomInt(0x1_0000_0000)
  /** Everything up to this frame was synced when this file was written. */
  synced = 0
  topics: ManifestTopic[] = []
  /** End offsets by `topic id:partition`, for partitions whose last records are no longer in any segment. */
  readonly ends = new Map<string, number>()
  readonly #files: Files
  readonly #directory: string
  #saving: Promise<void> = Promise.resolve()

  constructor(files: Files, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** Reads the file if there is one. Throws `NewerFormat`, or an error that names the file when it cannot be understood. */
  static async load(files: Files, directory: string): Promise<Manifest> {
    const manifest = new Manifest(files, directory)
    const text = await files.readText(`${directory}/log.json`)
    if (text === undefined) {
      const orphan = (await files.list(directory)).find((name) => name.endsWith('.log'))
      if (orphan !== undefined)
        throw new Error(`${directory}/log.json is missing, but ${orphan} is there. ${remedy}`)
      return manifest
    }
    try {
      manifest.#parse(JSON.parse(text))
    } catch (error) {
      if (error instanceof NewerFormat) throw error
      throw new Error(`${directory}/log.json cannot be read (${String(error)}). ${remedy}`, { cause: error })
    }
    return manifest
  }

  /** Notes where the parts of a segment that goes away ended. */
  noteEnds(
    parts: Iterable<{ readonly topic: number; readonly partition: number; readonly next: number }>,
  ): void {
    for (const { topic, partition, next } of parts) {
      const key = `${topic}:${partition}`
      this.ends.set(key, Math.max(this.ends.get(key) ?? 0, next))
    }
  }

  /** Writes the file; one call after the other. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#write())
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  async #write(): Promise<void> {
    const text = JSON.stringify(
      {
        format: formatVersion,
        incarnation: this.incarnation,
        salt: this.salt,
        synced: this.synced,
        topics: this.topics,
        ends: Object.fromEntries(this.ends),
      },
      null,
      1,
    )
    await replaceText(this.#files, this.#directory, 'log.json', text + '\n')
  }

  #parse(found: unknown): void {
    const format = numberIn(found, 'format')
    if (format > formatVersion) throw new NewerFormat(this.#directory, format)
    this.incarnation = numberIn(found, 'incarnation')
    this.salt = numberIn(found, 'salt')
    this.synced = numberIn(found, 'synced')
    const topics = fieldIn(found, 'topics')
    if (!Array.isArray(topics)) throw new Error('its topics are no list')
    for (const topic of topics) {
      const name = fieldIn(topic, 'name')
      if (typeof name !== 'string') throw new Error('a topic has no name')
      this.topics.push({ id: numberIn(topic, 'id'), name, partitions: numberIn(topic, 'partitions') })
    }
    const ends = fieldIn(found, 'ends')
    if (typeof ends !== 'object' || ends === null) throw new Error('its ends are no table')
    for (const [key, end] of Object.entries(ends)) if (typeof end === 'number') this.ends.set(key, end)
  }
}

const remedy = 'Put the directory back from a copy.'

/** A directory that was written by a newer version of this program. */
export class NewerFormat extends Error {
  override readonly name = 'NewerFormat'
  constructor(directory: string, format: number) {
    super(
      `${directory} has data format ${format}; this version reads up to ${formatVersion}. Start the newer version again.`,
    )
  }
}

function fieldIn(found: unknown, name: string): unknown {
  if (typeof found !== 'object' || found === null) throw new Error('it is no table')
  return new Map<string, unknown>(Object.entries(found)).get(name)
}

function numberIn(found: unknown, name: string): number {
  const field = fieldIn(found, name)
  if (typeof field !== 'number') throw new Error(`${name} is no number`)
  return field
}
