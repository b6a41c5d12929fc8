// Names of a session's rows: hash `session:{clientId}`, list `msgs:{clientId}`, set `subs:{clientId}`. The braces put all three into one
// slot of a Redis cluster; braces and percent signs of the id itself are percent-encoded, so that no id can choose its slot.
import { createHash } from 'node:crypto'
import { utf8Encode, utf8Length } from '#libs/base'

/** Longer names (bytes) are replaced by a hash; an adapter's keys have a maximum. */
const nameLengthMax = 512

export const sessionKey = (clientId: string): string => `session:{${encoded(clientId)}}`
export const messagesKey = (clientId: string): string => `msgs:{${encoded(clientId)}}`
export const subscriptionsKey = (clientId: string): string => `subs:{${encoded(clientId)}}`

function encoded(clientId: string): string {
  const name = clientId.replaceAll('%', '%25').replaceAll('{', '%7B').replaceAll('}', '%7D')
  if (utf8Length(name) <= nameLengthMax) return name
  // No encoded id begins like this: after a percent sign there are digits or capitals.
  return `%sha256-${createHash('sha256').update(utf8Encode(clientId)).digest('hex')}`
}
