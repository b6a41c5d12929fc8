// The answers to CONNECT that come by the inbox: the session is there, or it is not.
import { encodePacketWithin, PACKET, REASON } from '#libs/mqtt'
import type { ConnackPacket } from '#libs/mqtt'
import { publisherBytes } from '#libs/topics'
import type { GatewayRecord } from '#libs/topics'
import type { Connection } from './connection.js'
import { ending } from './ending.js'
import { NOT_ASKED } from './kept-subscriptions.js'
import { sendAck } from './send-ack.js'
import { writeBytes } from './write-packet.js'

type Accepted = Extract<GatewayRecord, { readonly kind: 'SessionAccepted' }>
type Refused = Extract<GatewayRecord, { readonly kind: 'ConnectionRefused' }>

/** The session is stored: CONNACK, and everything that waited for it. */
export function onAccepted(connection: Connection, accepted: Accepted): void {
  if (connection.state !== 'waiting') return
  const { gateway, clientId } = connection
  connection.birth = accepted.birth
  connection.kept = accepted.kept
  if (accepted.sessionPresent) connection.listsOwed = NOT_ASKED
  connection.permissions = gateway.permissions.of(accepted.permissions)
  if (connection.willTopic !== undefined && !connection.permissions.mayPublishTo(connection.willTopic)) {
    ending(connection, {
      cause: 'server',
      reasonCode: REASON.notAuthorized,
      sentence: 'The client may not publish its will.',
      publishWill: false,
      expirySeconds: undefined,
    })
    return
  }
  const { name, incarnation } = gateway
  const publisher = {
    clientId,
    birth: accepted.birth,
    gateway: name,
    incarnation,
    connection: connection.number,
  }
  // A small array of its own lives on the heap; memory outside costs each idle connection some hundred bytes.
  connection.publisherPart = new Uint8Array(publisherBytes(publisher))
  connection.packetBytesMax = gateway.settings.packetBytesMax
  connection.silenceMillisMax = connection.keepAliveSeconds * 1500
  connection.lastHeard = gateway.now
  const writer = gateway.packet.reset()
  const packet = connack(connection, accepted)
  if (!encodePacketWithin(writer, packet, connection.version, connection.clientPacketBytesMax)) {
    connection.end('server', REASON.packetTooLarge, 'The client cannot take even a CONNACK.')
    return
  }
  writeBytes(connection, writer.buffer, 0, writer.position)
  connection.move('connected')
  connection.outlet.accepted(accepted.sessionPresent)
  for (const packetId of connection.releases ?? []) sendAck(connection, PACKET.pubrel, packetId, 0)
  connection.releases = null
  connection.flow()
  connection.goOn()
}

/** CONNACK with everything that the server limits [MQTT-3.2.2.3]; what is not limited is left out. */
function connack(connection: Connection, { sessionPresent, expirySeconds }: Accepted): ConnackPacket {
  if (connection.version !== 5) return { kind: 'connack', sessionPresent, reasonCode: 0, properties: {} }
  const { settings } = connection.gateway
  const { assignedClientId, serverKeepAlive, sessionExpirySeconds, clientId } = connection
  const properties = {
    ...(expirySeconds === sessionExpirySeconds ? {} : { sessionExpiryInterval: expirySeconds }),
    ...(settings.receiveMaximum === 65_535 ? {} : { receiveMaximum: settings.receiveMaximum }),
    ...(settings.maximumQos === 2 ? {} : { maximumQos: settings.maximumQos }),
    ...(settings.retainAvailable ? {} : { retainAvailable: false }),
    maximumPacketSize: settings.packetBytesMax,
    ...(assignedClientId ? { assignedClientIdentifier: clientId } : {}),
    ...(settings.topicAliasMax === 0 ? {} : { topicAliasMaximum: settings.topicAliasMax }),
    ...(settings.wildcardsAvailable ? {} : { wildcardSubscriptionAvailable: false }),
    ...(settings.subscriptionIdsAvailable ? {} : { subscriptionIdentifiersAvailable: false }),
    ...(settings.sharedAvailable ? {} : { sharedSubscriptionAvailable: false }),
    ...(serverKeepAlive === undefined ? {} : { serverKeepAlive }),
    ...(connection.wantsResponseInformation && settings.responseInformation !== undefined
      ? { responseInformation: settings.responseInformation }
      : {}),
  }
  connection.sessionExpirySeconds = expirySeconds
  return { kind: 'connack', sessionPresent, reasonCode: 0, properties }
}

/** auth or session said no. */
export function onRefused(connection: Connection, { reasonCode, sentence }: Refused): void {
  if (connection.state !== 'waiting') return
  // Whoever refused has ended the matter: session need not hear of the end, and the connection's will never fires.
  connection.announced = false
  ending(connection, { cause: 'server', reasonCode, sentence, publishWill: false, expirySeconds: undefined })
}
