// The usual exchanges, each a few packets: what a case needs before it comes to its point.
import type { IConnackPacket, IConnectPacket, IPublishPacket, ISubackPacket, Packet, QoS } from 'mqtt-packet'
import type { Client } from './client.js'
import { deadlineMillis, type Version } from './client.js'

/** The parts of a CONNECT that a case cares for. */
export type ConnectOptions = Partial<Omit<IConnectPacket, 'cmd' | 'protocolVersion'>>

/** A CONNECT of one version; clean unless told otherwise, without a keep alive. */
export function connectPacket(version: Version, options: ConnectOptions = {}): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clean: true,
    keepalive: 0,
    clientId: '',
    ...options,
  }
}

/** Sends CONNECT and waits for the CONNACK, whatever it says. */
export async function connect(client: Client, options: ConnectOptions = {}): Promise<IConnackPacket> {
  client.send(connectPacket(client.version, options))
  return client.receive('connack')
}

/** The reason code of 5.0 or the return code of 3.x. */
export const codeOf = (connack: IConnackPacket): number => connack.reasonCode ?? connack.returnCode ?? -1

/** What one filter asks for: a QoS, or a QoS with the options of 5.0. */
export type Wish = QoS | { qos: QoS; nl?: boolean; rap?: boolean; rh?: number }

/** Sends one SUBSCRIBE and waits for its SUBACK, whatever it grants. */
export async function subscribe(
  client: Client,
  filters: Record<string, Wish>,
  properties: { subscriptionIdentifier?: number } = {},
): Promise<ISubackPacket> {
  const subscriptions = Object.entries(filters).map(([topic, wish]) =>
    typeof wish === 'number' ? { topic, qos: wish } : { topic, ...wish },
  )
  client.send({ cmd: 'subscribe', messageId: client.freshId(), subscriptions, properties })
  return client.receive('suback')
}

/** The codes of a SUBACK. */
export function codesOf(suback: ISubackPacket): number[] {
  return suback.granted.map((code) => (typeof code === 'number' ? code : -1))
}

/** Sends one UNSUBSCRIBE and waits for its UNSUBACK. */
export async function unsubscribe(client: Client, ...filters: string[]): Promise<void> {
  client.send({ cmd: 'unsubscribe', messageId: client.freshId(), unsubscriptions: filters })
  await client.receive('unsuback')
}

/** The parts of a PUBLISH beside topic and payload. */
export type PublishOptions = Partial<Omit<IPublishPacket, 'cmd' | 'topic' | 'payload'>>

/** A PUBLISH; QoS 0 unless told otherwise. */
export function publishPacket(topic: string, payload: string, options: PublishOptions = {}): IPublishPacket {
  return { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false, ...options }
}

/** Publishes and goes through all acknowledgements of the QoS; rejects when one does not come. */
export async function publish(
  client: Client,
  topic: string,
  payload: string,
  options: PublishOptions = {},
): Promise<void> {
  if (options.qos === undefined || options.qos === 0)
    return client.send(publishPacket(topic, payload, options))
  const messageId = client.freshId()
  client.send(publishPacket(topic, payload, { ...options, messageId }))
  if (options.qos === 1) return void (await client.receive('puback'))
  await client.receive('pubrec')
  client.send({ cmd: 'pubrel', messageId })
  await client.receive('pubcomp')
}

/** The next PUBLISH, with all acknowledgements of its QoS sent. */
export async function message(client: Client, deadline = deadlineMillis): Promise<IPublishPacket> {
  const packet = await client.receive('publish', deadline)
  await acknowledge(client, packet)
  return packet
}

/** Acknowledges a received PUBLISH to the end. */
export async function acknowledge(client: Client, packet: IPublishPacket): Promise<void> {
  if (packet.qos === 0) return
  const messageId = idOf(packet)
  if (packet.qos === 1) return client.send({ cmd: 'puback', messageId })
  client.send({ cmd: 'pubrec', messageId })
  await client.receive('pubrel')
  client.send({ cmd: 'pubcomp', messageId })
}

/** The packet id; 0 and none are not packet ids. */
export function idOf(packet: Packet): number {
  if (packet.messageId === undefined || packet.messageId === 0)
    throw new Error(`a ${packet.cmd} without a packet id`)
  return packet.messageId
}

/** The payloads of the next `count` messages, acknowledged. */
export async function payloads(client: Client, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) found.push(textOf(await message(client)))
  return found
}

/** The payload of a message as text. */
export const textOf = (packet: IPublishPacket): string => packet.payload.toString()

/** Waits until the broker has worked off all that this client sent before. */
export async function fence(client: Client, deadline = deadlineMillis): Promise<void> {
  client.send({ cmd: 'pingreq' })
  await client.receive('pingresp', deadline)
}

/** Ends the connection as a polite client does. */
export async function disconnect(
  client: Client,
  options: { reasonCode?: number; properties?: { sessionExpiryInterval?: number } } = {},
): Promise<void> {
  client.send({ cmd: 'disconnect', ...options })
  await client.closed()
}
