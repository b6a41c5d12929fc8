// One setting: its name in the environment, its kind, its default and a sentence. How text becomes a value, and what is wrong with it.
import { DAY, HOUR, IpNetworks, MINUTE, SECOND } from '#libs/base'

/** What a setting's text means; `parse` throws a sentence about what would be right. */
export interface SettingKind<T> {
  /** For `.env.example` and the manual: what may be written. */
  readonly written: string
  parse(text: string): T
}

/** A declared setting. The default is text, too: it goes the same way as what a user writes. */
export interface Setting<T> {
  readonly name: string
  readonly kind: SettingKind<T>
  readonly fallback: string
  readonly why: string
}

export type ValueOfSetting<S> = S extends Setting<infer T> ? T : never

export const setting = <T>(
  name: string,
  kind: SettingKind<T>,
  fallback: string,
  why: string,
): Setting<T> => ({
  name,
  kind,
  fallback,
  why,
})

export const words = <const W extends readonly string[]>(...allowed: W): SettingKind<W[number]> => ({
  written: allowed.join(' | '),
  parse(text) {
    const found = allowed.find((word) => word === text)
    if (found === undefined) throw new RangeError(`must be one of ${allowed.join(', ')}`)
    return found
  },
})

export const text: SettingKind<string> = { written: 'text', parse: (given) => given }

export const flag: SettingKind<boolean> = {
  written: 'true | false',
  parse(given) {
    if (given === 'true' || given === '1') return true
    if (given === 'false' || given === '0') return false
    throw new RangeError('must be true or false')
  },
}

/** A whole number between two bounds, both allowed. */
export const whole = (min: number, max: number): SettingKind<number> => ({
  written: `whole number, ${String(min)} to ${String(max)}`,
  parse(given) {
    const value = Number(given)
    if (!/^\d+$/.test(given) || value < min || value > max) {
      throw new RangeError(`must be a whole number from ${String(min)} to ${String(max)}`)
    }
    return value
  },
})

/** A TCP port; 0 lets the system choose, and the choice is printed. */
export const port: SettingKind<number> = { ...whole(0, 65_535), written: 'port, 0 = any' }

const byteUnits = new Map([
  ['', 1],
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['TiB', 1024 ** 4],
])

/** A number of bytes: `65536`, `64KiB`, `1GiB`. */
export const byteSize: SettingKind<number> = {
  written: 'bytes, e.g. 64KiB, 1GiB',
  parse(given) {
    const match = /^(\d+) ?([KMGT]iB|B|)$/.exec(given)
    const unit = byteUnits.get(match?.[2] ?? '?')
    if (match === null || unit === undefined)
      throw new RangeError('must be a number of bytes such as 65536, 64KiB or 1GiB')
    return Number(match[1]) * unit
  },
}

/** Bytes, or a part of the file system: `80%`. */
export const diskSize: SettingKind<number | { readonly percent: number }> = {
  written: 'bytes or percent of the file system, e.g. 20GiB, 80%',
  parse(given) {
    const percent = /^(\d{1,2}|100)%$/.exec(given)
    if (percent !== null) return { percent: Number(percent[1]) }
    if (given.endsWith('%')) throw new RangeError('must be 0% to 100%, or bytes such as 20GiB')
    return byteSize.parse(given)
  },
}

const timeUnits = new Map([
  ['ms', 1],
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
  ['d', DAY],
])

/** A time in milliseconds: `500ms`, `10s`, `5m`, `24h`, `7d`. */
export const duration: SettingKind<number> = {
  written: 'time, e.g. 500ms, 10s, 24h, 7d',
  parse(given) {
    const match = /^(\d+) ?(ms|s|m|h|d)$/.exec(given)
    const unit = timeUnits.get(match?.[2] ?? '?')
    if (match === null || unit === undefined)
      throw new RangeError('must be a time such as 500ms, 10s, 24h or 7d')
    return Number(match[1]) * unit
  },
}

const timerMillisMax = 24 * DAY

/** A time that a timer waits for. Node's fire at once when it is longer than 2^31 - 1 milliseconds. */
export const timerDuration: SettingKind<number> = {
  written: 'time up to 24d, e.g. 500ms, 10s, 24h',
  parse(given) {
    const millis = duration.parse(given)
    if (millis > timerMillisMax) throw new RangeError('must be at most 24d')
    return millis
  },
}

/** Words with commas between them; empty for none. */
export const list: SettingKind<readonly string[]> = {
  written: 'list, with commas',
  parse: (given) =>
    given
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
}

/** IP addresses and networks. */
export const networks: SettingKind<IpNetworks> = {
  written: 'addresses and networks, with commas',
  parse: (given) => new IpNetworks(list.parse(given)),
}

/** A path of an address of the web. */
export const urlPath: SettingKind<string> = {
  written: 'path, e.g. /mqtt',
  parse(given) {
    if (!/^\/[^\s?#]*$/.test(given)) throw new RangeError('must be a path such as /mqtt')
    return given
  },
}
