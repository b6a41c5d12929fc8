// A start that takes its time, for all of a large log is checked and the state restored from it: from the third second on a line now and
// then says what it does and how far it is, and whoever asks by HTTP hears that the broker is starting.
import { createServer, type Server } from 'node:http'
import type { Logger } from './logger.js'

export interface LongStartOptions {
  readonly logger: Pick<Logger, 'info'>
  readonly host: string
  /** 0: nobody can know where to ask, so nobody is answered. */
  readonly port: number
  /** The first line comes after this time, each other one after `everyMillis`. */
  readonly firstMillis?: number
  readonly everyMillis?: number
}

/** What the start is at. `done` of `total`, if that can be told: files of the log. */
export interface StartStep {
  readonly sentence: string
  readonly done?: number
  readonly total?: number
}

export class LongStart {
  readonly #options: LongStartOptions
  #step: StartStep = { sentence: 'starting' }
  #timer: NodeJS.Timeout
  #server: Server | undefined
  #hasPort: boolean

  constructor(options: LongStartOptions) {
    this.#options = options
    this.#hasPort = options.port !== 0
    const { firstMillis = 2_000, everyMillis = 5_000 } = options
    this.#timer = setTimeout(() => {
      this.#tell()
      this.#answer()
      this.#timer = setInterval(() => {
        this.#tell()
      }, everyMillis)
    }, firstMillis)
  }

  step(step: StartStep): void {
    this.#step = step
  }

  /** The real /health opens: its port is free when this resolves. Lines go on. */
  async letGoOfPort(): Promise<void> {
    this.#hasPort = false
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.letGoOfPort()
  }

  #tell(): void {
    const { sentence, ...far } = this.#step
    this.#options.logger.info(far, sentence)
  }

  #answer(): void {
    if (!this.#hasPort) return
    const { host, port } = this.#options
    const server = createServer((request, response) => {
      const isReady = request.url === '/ready'
      const body = isReady ? { ready: false } : { status: 'starting', details: this.#step }
      response.writeHead(503, { 'content-type': 'application/json', connection: 'close' })
      response.end(JSON.stringify(body))
    })
    // A taken port is told by who opens it for good.
    server.on('error', () => undefined)
    server.listen(port, host)
    this.#server = server
  }
}
