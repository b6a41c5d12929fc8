// Log lines: pino for everything, and the face that Nest expects of it. Never payloads, never secrets.
import type { LoggerService } from '@nestjs/common'
import { pino, type Logger as Pino } from 'pino'

/** What shells write lines with: a sentence, and the ids that belong to it. */
export interface Logger {
  debug(fields: object, sentence: string): void
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
  error(fields: object, sentence: string): void
}

/** Lines that nobody has taken: what comes beyond this many bytes is lost, so that a reader that stands still costs no memory. */
const waitingBytesMax = 16 * 1024 * 1024
/** So many bytes of lines are written at once, fewer a little later. */
const linesBytes = 16 * 1024 - 1
const laterMillis = 20

/** The lines of this process. */
export interface Lines {
  readonly logger: Pino
  /** Those that were lost, since the start. */
  lost(): number
}

/** Writes one JSON object a line to standard output, or to another descriptor; `level` as in TBMQ_LOG_LEVEL. */
export function createLines(level: string, descriptor = 1): Lines {
  let lost = 0
  const output = outputTo(descriptor, () => lost++)
  return {
    logger: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output),
    lost: () => lost,
  }
}

/** Written to some times a second: a storm of connects has thousands of lines. What waits at the end goes out then. */
function outputTo(descriptor: number, lost: () => void): { write(line: string): void } {
  const output = pino.destination({
    dest: descriptor,
    sync: false,
    minLength: linesBytes,
    maxLength: waitingBytesMax,
  })
  output.on('drop', lost)
  let flushing = false
  const flush = (): void => {
    flushing = false
    output.flush()
  }
  return {
    write: (line) => {
      output.write(line)
      if (flushing) return
      flushing = true
      setTimeout(flush, laterMillis)
    },
  }
}

/** Nest's own lines: its start is of no interest to who runs a broker, its warnings are. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  log(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message))
  }

  warn(message: unknown, context?: unknown): void {
    this.#logger.warn({ context }, String(message))
  }

  error(message: unknown, ...rest: readonly unknown[]): void {
    this.#logger.error({ detail: rest.map(String) }, String(message))
  }

  debug(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message))
  }
}
