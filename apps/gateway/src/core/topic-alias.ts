// Topic aliases of a client's PUBLISHes: numbers that stand for a name on this connection [MQTT-3.3.2.3.4].
import { ProtocolError, REASON } from '#libs/mqtt'
import type { Connection } from './connection.js'
import type { TopicEntry } from './topic-cache.js'

/** The name that the client gave to the alias; 0x94 for an alias above the maximum, 0x82 for one without a name. */
export function topicOfAlias(connection: Connection, alias: number): TopicEntry {
  checkAlias(connection, alias)
  const topic = connection.aliases?.[alias]
  if (topic === undefined) {
    throw new ProtocolError(REASON.protocolError, 'The topic alias was not given a name.', 'MQTT-3.3.2-7')
  }
  return topic
}

/** The client gives the alias a name, or another one. */
export function rememberAlias(connection: Connection, alias: number, topic: TopicEntry): void {
  checkAlias(connection, alias)
  const aliases = (connection.aliases ??= [])
  aliases[alias] = topic
}

function checkAlias(connection: Connection, alias: number): void {
  // [MQTT-3.3.2-8], [MQTT-3.3.2-9]
  if (alias > connection.gateway.settings.topicAliasMax) {
    throw new ProtocolError(REASON.topicAliasInvalid, 'The topic alias is above the maximum.', 'MQTT-3.3.2-9')
  }
}
