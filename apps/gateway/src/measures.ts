// What a scrape tells about connections and messages, and what stands below $SYS/broker. Labels are bounded: reasons and QoS.
import type { Measure, Settings, SysTopics } from '#libs/platform'
import type { GatewayDoor } from './shell/gateway-door.js'

type Counters = GatewayDoor['counters']

export function measuresOf(door: GatewayDoor, settings: Settings): Measure[] {
  const { counters } = door
  return [
    ...connections(counters, settings),
    ...sockets(door),
    ...connectionMemory(door),
    ...appendWindow(door),
    ...messages(counters),
  ]
}

const connections = (counters: Counters, settings: Settings): Measure[] => [
  {
    name: 'tbmq_connections',
    help: 'Connections that are accepted, and those that are not yet, with their limit.',
    kind: 'gauge',
    labels: ['state'],
    read: () => [
      [{ state: 'active' }, counters.connections],
      [{ state: 'half_open' }, counters.halfOpen],
      [{ state: 'half_open_limit' }, settings.halfOpenMax],
    ],
  },
  {
    name: 'tbmq_connections_total',
    help: 'Connections that were accepted, refused and closed since the start.',
    kind: 'counter',
    labels: ['event'],
    read: () => [
      [{ event: 'accepted' }, counters.connectionsOpened],
      [{ event: 'refused' }, counters.connectionsRefused],
      [{ event: 'closed' }, counters.connectionsClosed],
    ],
  },
  {
    name: 'tbmq_connections_rejected_total',
    help: 'CONNECTs that were refused, by reason code of MQTT 5.0.',
    kind: 'counter',
    labels: ['reason'],
    read: () =>
      [...counters.refusals].map(([code, count]) => [{ reason: `0x${code.toString(16)}` }, count] as const),
  },
  {
    name: 'tbmq_connections_ended_total',
    help: 'Connections that the broker ended, by reason.',
    kind: 'counter',
    labels: ['reason'],
    read: () => [
      [{ reason: 'protocol_error' }, counters.protocolErrors],
      [{ reason: 'quota_exceeded' }, counters.quotaExceeded],
      [{ reason: 'keep_alive' }, counters.keepAliveTimeouts],
      [{ reason: 'slow_reader' }, counters.slowReaders],
      [{ reason: 'connection_memory' }, counters.connectionMemoryEnded],
    ],
  },
]

const sockets = ({ counters, listeners }: GatewayDoor): Measure[] => [
  {
    name: 'tbmq_listener_connections',
    help: 'Sockets of each listener, half-open ones included, and how many it may have.',
    kind: 'gauge',
    labels: ['listener', 'value'],
    read: () =>
      listeners().flatMap(({ name, connections: count, connectionsMax }) => [
        [{ listener: name, value: 'used' }, count] as const,
        [{ listener: name, value: 'limit' }, connectionsMax] as const,
      ]),
  },
  {
    name: 'tbmq_sockets_turned_away_total',
    help: 'Sockets that never became a connection, by reason.',
    kind: 'counter',
    labels: ['reason'],
    read: () =>
      Object.entries(counters.turnedAway).map(
        ([reason, count]) => [{ reason: snakeCase(reason) }, count] as const,
      ),
  },
  {
    name: 'tbmq_network_bytes_total',
    help: 'Bytes received from clients and sent to them.',
    kind: 'counter',
    labels: ['way'],
    read: () => [
      [{ way: 'received' }, counters.bytesReceived],
      [{ way: 'sent' }, counters.bytesSent],
    ],
  },
]

const connectionMemory = ({ counters, connectionMemoryMax }: GatewayDoor): Measure[] => [
  {
    name: 'tbmq_connection_memory_bytes',
    help: 'Memory for packets that came in part, for what sockets have not taken and for messages that wait, and how much it may be.',
    kind: 'gauge',
    labels: ['value'],
    read: () => [
      [{ value: 'used' }, counters.connectionMemory],
      [{ value: 'limit' }, connectionMemoryMax],
    ],
  },
]

const appendWindow = ({ counters, appendWindowBytesMax }: GatewayDoor): Measure[] => [
  {
    name: 'tbmq_append_window_bytes',
    help: 'Bytes that the gateway has appended and that are not stored, and how many there may be before sockets are not read.',
    kind: 'gauge',
    labels: ['value'],
    read: () => [
      [{ value: 'used' }, counters.unstoredBytes],
      [{ value: 'limit' }, appendWindowBytesMax],
    ],
  },
  {
    name: 'tbmq_append_window_waits_total',
    help: 'Times that a socket was not read because of that.',
    kind: 'counter',
    read: () => counters.appendWindowWaits,
  },
]

const messages = (counters: Counters): Measure[] => [
  {
    name: 'tbmq_messages_published_total',
    help: 'Messages taken from clients, by QoS.',
    kind: 'counter',
    labels: ['qos'],
    read: () => byQos(counters.published),
  },
  {
    name: 'tbmq_messages_delivered_total',
    help: 'Messages sent to clients, each copy counted, by QoS.',
    kind: 'counter',
    labels: ['qos'],
    read: () => byQos(counters.delivered),
  },
  {
    name: 'tbmq_messages_dropped_total',
    help: 'Messages that a connection did not get, by reason and QoS.',
    kind: 'counter',
    labels: ['reason', 'qos'],
    read: () =>
      Object.entries(counters.dropped).flatMap(([reason, counts]) =>
        byQos(counts).map(([labels, value]) => [{ reason: snakeCase(reason), ...labels }, value] as const),
      ),
  },
  {
    name: 'tbmq_messages_refused_total',
    help: 'Publishes that were not taken, by reason.',
    kind: 'counter',
    labels: ['reason'],
    read: () => [
      [{ reason: 'not_authorized' }, counters.refusedNotAuthorized],
      [{ reason: 'not_stored' }, counters.refusedNotStored],
      [{ reason: 'disk_full_qos0' }, counters.droppedDiskFull],
    ],
  },
]

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const byQos = (counts: Counters['published']): (readonly [{ readonly qos: string }, number])[] => [
  [{ qos: '0' }, counts.qos0],
  [{ qos: '1' }, counts.qos1],
  [{ qos: '2' }, counts.qos2],
]

/** Mosquitto's names; `messages` are packets of any kind there. */
export function tellSys(sys: SysTopics, door: GatewayDoor): void {
  const { counters } = door
  const began = performance.now()
  const dropped = (): number => Object.values(counters.dropped).reduce((sum, { total }) => sum + total, 0)
  const counts = {
    'messages/received': () => counters.packetsReceived,
    'messages/sent': () => counters.packetsSent,
    'bytes/received': () => counters.bytesReceived,
    'bytes/sent': () => counters.bytesSent,
  }
  sys.add({
    ...counts,
    version: () => 'TBMQ for TypeScript 0.1.0',
    uptime: () => `${String(Math.floor((performance.now() - began) / 1000))} seconds`,
    'clients/connected': () => counters.connections,
    'clients/active': () => counters.connections,
    'messages/inflight': () => door.inflight(),
    'clients/maximum': () => counters.connectionsMax,
    'publish/messages/received': () => counters.published.total,
    'publish/messages/sent': () => counters.delivered.total,
    'publish/messages/dropped': dropped,
    'publish/bytes/received': () => counters.publishedBytes,
    'publish/bytes/sent': () => counters.deliveredBytes,
  })
  sys.addLoads({
    ...counts,
    'publish/received': () => counters.published.total,
    'publish/sent': () => counters.delivered.total,
    'publish/dropped': dropped,
    sockets: () => counters.socketsOpened,
    connections: () => counters.connectionsOpened + counters.connectionsRefused,
  })
}
