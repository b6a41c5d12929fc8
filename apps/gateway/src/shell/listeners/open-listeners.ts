// Opens the listeners that the settings want: TCP and WebSocket at once, those over TLS as soon as there is a certificate.
import type { SecureContextOptions } from 'node:tls'
import { Certificates } from './certificates.js'
import type { CertificateFiles } from './certificates.js'
import { Entrance } from './entrance.js'
import type { Guest } from './entrance.js'
import type { EntranceSettings, Listener, ListenerName, Surroundings } from './listener.js'
import { admitTcp } from './tcp.js'
import { openSecured, TlsDoor } from './tls.js'
import type { TlsOptions } from './tls.js'
import { WebSocketDoor } from './websocket.js'

/** Where to listen; a listener that is left out does not open. */
export interface Entrances {
  readonly tcp?: EntranceSettings | undefined
  readonly tls?: EntranceSettings | undefined
  readonly ws?: EntranceSettings | undefined
  readonly wss?: EntranceSettings | undefined
  /** Of `tls` and `wss`. */
  readonly certificates: CertificateFiles
  /** Of `ws` and `wss`. */
  readonly webSocket: {
    readonly path: string
    readonly origins: readonly string[]
    readonly messageBytesMax: number
    readonly firstBytesMax: number
  }
}

export interface Listeners {
  /** Those that are open, in the order of their names above. */
  readonly open: readonly Listener[]
  /** Stops accepting; the connections live on. */
  close(): void
}

/** Rejects with a sentence for the user. */
export async function openListeners(entrances: Entrances, surroundings: Surroundings): Promise<Listeners> {
  const listeners = new ListenersOfGateway(entrances, surroundings)
  await listeners.start()
  return listeners
}

class ListenersOfGateway implements Listeners {
  readonly open: Listener[] = []
  readonly #entrances: Entrances
  readonly #surroundings: Surroundings
  /** Of those listeners over TLS that are open. */
  readonly #doors: TlsDoor[] = []
  #certificates: Certificates | undefined

  constructor(entrances: Entrances, surroundings: Surroundings) {
    this.#entrances = entrances
    this.#surroundings = surroundings
  }

  async start(): Promise<void> {
    const { tcp, tls, ws, wss, certificates: files } = this.#entrances
    const { logger } = this.#surroundings
    if (tls !== undefined || wss !== undefined) this.#certificates = new Certificates({ files, logger })
    await this.#certificates?.open()
    const context = this.#certificates?.current
    if (tcp !== undefined) await this.#openTcp(tcp)
    if (tls !== undefined && context !== undefined) await this.#openTls(tls, context)
    if (ws !== undefined) await this.#openWebSocket(ws)
    if (wss !== undefined && context !== undefined) await this.#openSecureWebSocket(wss, context)
    this.#certificates?.watch((renewed) => {
      this.#renew(renewed)
    })
  }

  close(): void {
    this.#certificates?.close()
    this.#surroundings.descriptors.close()
    for (const listener of this.open) listener.close()
  }

  async #openTcp(settings: EntranceSettings): Promise<void> {
    await this.#open('tcp', settings, (guest) => {
      admitTcp(guest, this.#surroundings)
    })
  }

  async #openTls(settings: EntranceSettings, context: SecureContextOptions): Promise<void> {
    await this.#openDoor('tls', settings, context, (socket, visitor) => {
      openSecured(socket, visitor, this.#surroundings)
    })
  }

  async #openWebSocket(settings: EntranceSettings): Promise<void> {
    const upgrades = this.#newWebSocketDoor()
    await this.#open('ws', settings, (guest) => {
      upgrades.admit(guest)
    })
  }

  async #openSecureWebSocket(settings: EntranceSettings, context: SecureContextOptions): Promise<void> {
    const upgrades = this.#newWebSocketDoor()
    await this.#openDoor('wss', settings, context, (socket, visitor) => {
      upgrades.enter(socket, visitor)
    })
  }

  #newWebSocketDoor(): WebSocketDoor {
    return new WebSocketDoor({ surroundings: this.#surroundings, ...this.#entrances.webSocket })
  }

  async #openDoor(
    name: ListenerName,
    settings: EntranceSettings,
    context: SecureContextOptions,
    secured: TlsOptions['secured'],
  ): Promise<void> {
    const door = new TlsDoor({ name, surroundings: this.#surroundings, context, secured })
    this.#doors.push(door)
    await this.#open(name, settings, (guest) => {
      door.admit(guest)
    })
  }

  async #open(name: ListenerName, settings: EntranceSettings, admit: (guest: Guest) => void): Promise<void> {
    const entrance = new Entrance({ ...settings, name, surroundings: this.#surroundings, admit })
    await entrance.open()
    this.open.push(entrance)
  }

  #renew(context: SecureContextOptions): void {
    for (const door of this.#doors) door.renew(context)
    if (this.#doors.length > 0) return
    this.#openLate(context).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error)
      this.#surroundings.logger.error({ detail }, 'a TLS listener cannot be opened')
    })
  }

  /** The first certificate came after the start. */
  async #openLate(context: SecureContextOptions): Promise<void> {
    const { tls, wss } = this.#entrances
    const before = this.open.length
    if (tls !== undefined) await this.#openTls(tls, context)
    if (wss !== undefined) await this.#openSecureWebSocket(wss, context)
    for (const { name, host, port } of this.open.slice(before)) {
      this.#surroundings.logger.info({ name, host, port }, 'listening')
    }
  }
}
