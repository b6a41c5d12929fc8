// What opens last and closes first: the listeners of the gateway. They open when every service has restored its state.
import { Injectable } from '@nestjs/common'

/** One listener as it is told to the user. `name`: tcp, tls, ws, wss. */
export interface Listening {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** What a gateway lets clients in through. */
export interface Door {
  /** Resolves with its listeners when all of them accept. */
  open(): Promise<readonly Listening[]>
  /** Stops accepting, says good-bye to clients and resolves when everything under way is in the log. */
  close(): Promise<void>
}

@Injectable()
export class Doors {
  readonly #doors: Door[] = []

  add(door: Door): void {
    this.#doors.push(door)
  }

  /** Opens one after the other; resolves with all their listeners. */
  async open(): Promise<readonly Listening[]> {
    const opened: Listening[] = []
    for (const door of this.#doors) opened.push(...(await door.open()))
    return opened
  }

  async close(): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.close()))
  }
}
