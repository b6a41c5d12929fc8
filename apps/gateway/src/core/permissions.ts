// What a client may publish and subscribe to: filters that auth has compiled (placeholders replaced), and verdicts that are remembered.
import { filterMatches } from '#libs/mqtt'
import type { Permissions } from '#libs/topics'
import type { TopicEntry } from './topic-cache.js'

/** Verdicts on topics that one set remembers. */
const verdictsMax = 4096
/** Sets that are remembered for clients with the same permissions. */
const setsMax = 1024

/** Permissions of one or many connections: those with the same filters share one. */
export class PermissionSet {
  readonly #publish: readonly string[] | undefined
  readonly #subscribe: readonly string[] | undefined
  readonly #verdicts = new Map<string, boolean>()

  constructor({ publish, subscribe }: Permissions) {
    this.#publish = publish
    this.#subscribe = subscribe
  }

  mayPublish(topic: TopicEntry): boolean {
    return this.#publish === undefined || this.mayPublishTo(topic.text)
  }

  mayPublishTo(topic: string): boolean {
    if (this.#publish === undefined) return true
    const known = this.#verdicts.get(topic)
    if (known !== undefined) return known
    const verdict = this.#publish.some((filter) => filterMatches(filter, topic))
    if (this.#verdicts.size >= verdictsMax) this.#verdicts.clear()
    this.#verdicts.set(topic, verdict)
    return verdict
  }

  /** `filter` without `$share/<name>/`: the rule is about what is received. */
  maySubscribe(filter: string): boolean {
    return this.#subscribe === undefined || this.#subscribe.some((allowed) => covers(allowed, filter))
  }
}

/** True when every name that `wanted` matches is matched by `allowed`. */
export function covers(allowed: string, wanted: string): boolean {
  if (wanted.startsWith('$') && (allowed.startsWith('+') || allowed.startsWith('#'))) return false
  let a = 0
  let w = 0
  for (;;) {
    if (allowed.startsWith('#', a)) return true
    const allowedEnd = levelEnd(allowed, a)
    const wantedEnd = levelEnd(wanted, w)
    const level = wanted.slice(w, wantedEnd)
    if (level === '#') return false
    const allowedLevel = allowed.slice(a, allowedEnd)
    if (allowedLevel !== '+' && allowedLevel !== level) return false
    const allowedDone = allowedEnd === allowed.length
    if (wantedEnd === wanted.length) return allowedDone || allowed.slice(allowedEnd) === '/#'
    if (allowedDone) return false
    a = allowedEnd + 1
    w = wantedEnd + 1
  }
}

function levelEnd(text: string, from: number): number {
  const at = text.indexOf('/', from)
  return at < 0 ? text.length : at
}

/** The sets in use, by their content. */
export class PermissionSets {
  readonly #sets = new Map<string, PermissionSet>()
  readonly #everything = new PermissionSet({ publish: undefined, subscribe: undefined })

  of(permissions: Permissions): PermissionSet {
    if (permissions.publish === undefined && permissions.subscribe === undefined) return this.#everything
    const key = JSON.stringify([permissions.publish ?? null, permissions.subscribe ?? null])
    const known = this.#sets.get(key)
    if (known !== undefined) return known
    if (this.#sets.size >= setsMax) this.#sets.clear()
    const set = new PermissionSet(permissions)
    this.#sets.set(key, set)
    return set
  }
}
