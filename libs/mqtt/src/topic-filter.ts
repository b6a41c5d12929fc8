// Topic filters: what is subscribed to, `$share/<name>/<filter>` included, and whether a name matches one.
import { ProtocolError } from './protocol-error.js'
import { REASON } from './reason-codes.js'
import { levelsOf } from './topic-name.js'

/** A filter as subscribed, taken apart. */
export interface TopicFilter {
  /** The whole text as the client wrote it. */
  readonly text: string
  /** `exact` and `wildcard` are plain subscriptions; a shared one may be exact or have wildcards: see `hasWildcard`. */
  readonly kind: 'exact' | 'wildcard' | 'shared'
  /** The share name; undefined unless shared. */
  readonly shareName: string | undefined
  /** What topic names are compared with: the text without `$share/<name>/`. */
  readonly filter: string
  readonly hasWildcard: boolean
  /** Levels of `filter`. */
  readonly levels: number
}

const SHARE = '$share'

/** Takes a filter apart. Throws `ProtocolError` 0x8F for what is no filter. The text must be well-formed (the decoders see to it). */
export function parseFilter(text: string): TopicFilter {
  if (text === SHARE || text.startsWith(`${SHARE}/`)) return parseShared(text)
  const hasWildcard = checkFilter(text)
  const kind = hasWildcard ? 'wildcard' : 'exact'
  return { text, kind, shareName: undefined, filter: text, hasWildcard, levels: levelsOf(text) }
}

/** True when the text is a filter, shared or not. */
export function isTopicFilter(text: string): boolean {
  try {
    parseFilter(text)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** True when a plain filter (no `$share/`) matches the topic name. One pass, no recursion. */
export function filterMatches(filter: string, name: string): boolean {
  // [MQTT-4.7.2-1] A wildcard at the start does not match names that begin with `$`.
  if (name.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false
  let f = 0
  let n = 0
  for (;;) {
    if (filter.startsWith('#', f)) return true
    const filterEnd = endOfLevel(filter, f)
    const nameEnd = endOfLevel(name, n)
    const isPlus = filterEnd === f + 1 && filter.startsWith('+', f)
    if (!isPlus && (filterEnd - f !== nameEnd - n || !name.startsWith(filter.slice(f, filterEnd), n)))
      return false
    const filterDone = filterEnd === filter.length
    // `a/#` matches `a` too [MQTT-4.7.1-2].
    if (nameEnd === name.length) return filterDone || filter.slice(filterEnd) === '/#'
    if (filterDone) return false
    f = filterEnd + 1
    n = nameEnd + 1
  }
}

function endOfLevel(text: string, from: number): number {
  const at = text.indexOf('/', from)
  return at < 0 ? text.length : at
}

function parseShared(text: string): TopicFilter {
  const nameFrom = SHARE.length + 1
  const nameTo = text.indexOf('/', nameFrom)
  if (nameTo <= nameFrom) {
    throw invalid(
      'A shared subscription needs a share name and a filter: $share/<name>/<filter>.',
      'MQTT-4.8.2-1',
    )
  }
  const shareName = text.slice(nameFrom, nameTo)
  if (shareName.includes('+') || shareName.includes('#')) {
    throw invalid('A share name must not contain + or #.', 'MQTT-4.8.2-2')
  }
  const filter = text.slice(nameTo + 1)
  if (filter === '')
    throw invalid('A shared subscription needs a filter after the share name.', 'MQTT-4.8.2-2')
  const hasWildcard = checkFilter(filter)
  return { text, kind: 'shared', shareName, filter, hasWildcard, levels: levelsOf(filter) }
}

/** Throws for a misplaced wildcard; else says whether there is one. */
function checkFilter(filter: string): boolean {
  if (filter === '') throw invalid('A topic filter must not be empty.', 'MQTT-4.7.3-1')
  const hash = filter.indexOf('#')
  if (hash >= 0 && (hash !== filter.length - 1 || !isLevelStart(filter, hash))) {
    throw invalid('# must be the last level of a filter, and alone in it.', 'MQTT-4.7.1-1')
  }
  let plus = filter.indexOf('+')
  const hasWildcard = hash >= 0 || plus >= 0
  for (; plus >= 0; plus = filter.indexOf('+', plus + 1)) {
    const isAlone =
      isLevelStart(filter, plus) && (plus + 1 === filter.length || filter.startsWith('/', plus + 1))
    if (!isAlone) throw invalid('+ must be alone in its level.', 'MQTT-4.7.1-2')
  }
  return hasWildcard
}

function isLevelStart(filter: string, at: number): boolean {
  return at === 0 || filter.startsWith('/', at - 1)
}

function invalid(sentence: string, requirement: string): ProtocolError {
  return new ProtocolError(REASON.topicFilterInvalid, sentence, requirement)
}
