// The gateway of a process: its life in the log, and the links of its clients.
import { GatewayCounters } from '../../../apps/gateway/src/core/counters.js'
import { defaultGatewaySettings } from '../../../apps/gateway/src/core/settings.js'
import { beginLife, type GatewayLife } from '../../../apps/gateway/src/shell/gateway-life.js'
import type { ClientEnd } from '../world/link.js'
import { Link } from '../world/link.js'
import type { Life, World } from '../world/world.js'
import { deliveryLimits } from './limits.js'
import type { ProcessLog } from './process-log.js'

export interface GatewayPartOptions {
  readonly world: World
  readonly life: Life
  readonly log: ProcessLog
  readonly name: string
  readonly partitions: number
  readonly complained: (sentence: string, error: unknown) => void
}

export class GatewayPart {
  readonly #options: GatewayPartOptions
  readonly #links = new Set<Link>()
  #life: GatewayLife | undefined

  constructor(options: GatewayPartOptions) {
    this.#options = options
  }

  get ready(): boolean {
    return this.#life !== undefined
  }

  get repeated(): number {
    return this.#life?.repeated() ?? 0
  }

  async start(): Promise<void> {
    const { world, log, name, partitions, complained } = this.#options
    const complain = (fields: object, sentence: string): void => {
      complained(sentence, JSON.stringify(fields))
    }
    this.#life = await beginLife({
      log,
      settings: {
        ...defaultGatewaySettings,
        gatewayName: name,
        clientPartitions: partitions,
        topicPartitions: partitions,
        windowMax: deliveryLimits.windowMax,
        windowMaxBefore5: deliveryLimits.windowOldMax,
      },
      logger: { debug: () => undefined, info: () => undefined, warn: complain, error: complain },
      counters: new GatewayCounters(),
      now: () => world.schedule.millis,
      random: () => world.random.uint32(),
    })
  }

  connect(client: ClientEnd, delayMicros: readonly [number, number]): Link | undefined {
    const { world, life } = this.#options
    if (this.#life === undefined) return undefined
    const link = new Link({ world, life, delayMicros }, client)
    this.#links.add(link)
    world.current = life
    link.opened(this.#life.driver.open(link))
    return link
  }

  woke(): void {
    for (const link of this.#links) link.processWoke()
  }

  died(): void {
    for (const link of this.#links) link.processDied()
    this.#links.clear()
  }
}
