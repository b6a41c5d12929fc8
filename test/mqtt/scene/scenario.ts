// How a case is declared. Its title names what it shows and the numbers of both texts: `5.0 [MQTT-3.8.4-1]`,
// `3.1.1 [MQTT-3.8.4-1]`; the table in docs/reference is read from these titles.
import { inject, it } from 'vitest'
import { mosquittoDifferences, mosquittoUncertain } from '../broker/mosquitto-differences.js'
import type { Version } from '../client/client.js'
import { Scene } from './scene.js'

const versionNames = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5.0' } as const satisfies Record<
  Version,
  string
>

interface Options {
  /** The versions to run with, one case each; 5.0 alone unless told otherwise. */
  versions?: readonly Version[]
  /** For a case that waits for a clock of whole seconds or loads the broker. */
  timeoutMillis?: number
  /** What the case needs that Mosquitto does not have, in a few words; there it is skipped. */
  needs?: string
}

/** Once for each version. */
export const onEvery = { versions: [3, 4, 5] } as const satisfies Options

/** Once for each of the two OASIS texts. */
export const onBoth = { versions: [4, 5] } as const satisfies Options

/** Declares a case, once for each version. On Mosquitto a known difference must fail: else the list is out of date. */
export function scenario(title: string, run: (scene: Scene) => Promise<void>, options: Options = {}): void {
  const { versions = [5], timeoutMillis = 20_000, needs } = options
  for (const version of versions) {
    const name = versions.length > 1 ? `${title} (${versionNames[version]})` : title
    const onMosquitto = inject('broker').kind === 'mosquitto'
    const isDifferent = onMosquitto && mosquittoDifferences.has(name)
    const isMissing = onMosquitto && (needs !== undefined || mosquittoUncertain.has(name))
    const declare = isMissing ? it.skip : isDifferent ? it.concurrent.fails : it.concurrent
    declare(name, { timeout: timeoutMillis }, async () => {
      const scene = new Scene(version)
      try {
        await run(scene)
      } finally {
        await scene.end()
      }
    })
  }
}
