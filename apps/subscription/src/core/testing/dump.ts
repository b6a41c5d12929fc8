// For specs: what a partition of subscription knows, in one order whatever happened before.
import { toHex } from '#libs/base'
import type { SubscriptionsState } from '../subscriptions.state.js'

export function dump(state: SubscriptionsState): string[] {
  const lines: string[] = []
  for (const client of state.clients.values()) {
    for (const {
      filter,
      qos,
      noLocal,
      retainAsPublished,
      subscriptionId,
      fromOffset,
    } of client.subscriptions) {
      const { clientId, birth, kept, target, receiverId } = client
      const lane = [target.topic.name, target.partition, target.incarnation, receiverId]
      const options = [qos, noLocal, retainAsPublished, subscriptionId, fromOffset]
      lines.push(JSON.stringify(['subscription', clientId, birth, kept, filter.text, lane, options]))
    }
  }
  for (const filter of [
    ...state.exact.values(),
    ...Array.from(state.wildcards.entries(), ([, value]) => value),
  ]) {
    lines.push(JSON.stringify(['filter', filter.text, filter.subscriptions.length]))
    for (const { row } of filter.groups) lines.push(JSON.stringify(['group', row]))
  }
  for (const message of state.retained.all()) {
    const { topic, offset, qos, deadlineMillis, bytes, from, length, propertiesAt, payloadAt, publisherAt } =
      message
    const places = [propertiesAt, payloadAt, publisherAt, toHex(bytes, from, from + length)]
    lines.push(JSON.stringify(['retained', topic, offset, qos, deadlineMillis, places]))
  }
  lines.push(JSON.stringify(['retained bytes', state.retained.bytes]))
  return lines.sort()
}
