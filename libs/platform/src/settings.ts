// Every setting of the broker, declared once. `.env.example` and the manual are generated from here (settings-pages.ts).
import {
  byteSize,
  diskSize,
  duration,
  flag,
  list,
  networks,
  port,
  setting,
  text,
  timerDuration,
  urlPath,
  whole,
  words,
  type ValueOfSetting,
} from './setting.js'

const most = Number.MAX_SAFE_INTEGER

/** All settings: the name, how it is written, the default, and why. */
export const settingsTable = {
  dataDir: setting('TBMQ_DATA_DIR', text, './data', 'Where the log, the store and the password file lie.'),
  tcpEnabled: setting('TBMQ_TCP_ENABLED', flag, 'true', 'Listen for MQTT over TCP.'),
  tcpHost: setting(
    'TBMQ_TCP_HOST',
    text,
    '::',
    'Address to listen on for TCP; :: is every address, IPv4 too.',
  ),
  tcpPort: setting('TBMQ_TCP_PORT', port, '1883', 'Port for MQTT over TCP.'),
  tcpConnectionsMax: setting(
    'TBMQ_TCP_CONNECTIONS_MAX',
    whole(1, most),
    '1000000',
    'Connections over TCP at one time.',
  ),
  tlsEnabled: setting(
    'TBMQ_TLS_ENABLED',
    flag,
    'true',
    'Listen for MQTT over TLS, when there is a certificate.',
  ),
  tlsHost: setting('TBMQ_TLS_HOST', text, '::', 'Address to listen on for TLS.'),
  tlsPort: setting('TBMQ_TLS_PORT', port, '8883', 'Port for MQTT over TLS.'),
  tlsConnectionsMax: setting(
    'TBMQ_TLS_CONNECTIONS_MAX',
    whole(1, most),
    '1000000',
    'Connections over TLS at one time.',
  ),
  wsEnabled: setting('TBMQ_WS_ENABLED', flag, 'true', 'Listen for MQTT over WebSocket.'),
  wsHost: setting('TBMQ_WS_HOST', text, '::', 'Address to listen on for WebSocket.'),
  wsPort: setting('TBMQ_WS_PORT', port, '8084', 'Port for MQTT over WebSocket.'),
  wsConnectionsMax: setting(
    'TBMQ_WS_CONNECTIONS_MAX',
    whole(1, most),
    '1000000',
    'Connections over WebSocket at one time.',
  ),
  wssEnabled: setting(
    'TBMQ_WSS_ENABLED',
    flag,
    'true',
    'Listen for MQTT over WebSocket and TLS, when there is a certificate.',
  ),
  wssHost: setting('TBMQ_WSS_HOST', text, '::', 'Address to listen on for WebSocket over TLS.'),
  wssPort: setting('TBMQ_WSS_PORT', port, '8085', 'Port for MQTT over WebSocket and TLS.'),
  wssConnectionsMax: setting(
    'TBMQ_WSS_CONNECTIONS_MAX',
    whole(1, most),
    '1000000',
    'Connections over WebSocket and TLS at one time.',
  ),
  wsPath: setting('TBMQ_WS_PATH', urlPath, '/mqtt', 'Path of the WebSocket listeners.'),
  wsOrigins: setting(
    'TBMQ_WS_ORIGINS',
    list,
    '',
    'Origins of other hosts whose pages may open WebSockets, such as https://app.example.com; * allows all.',
  ),
  tlsCertificate: setting(
    'TBMQ_TLS_CERTIFICATE',
    text,
    '',
    'PEM file of the certificate chain; empty: DATA_DIR/certificates/server.pem if it is there.',
  ),
  tlsKey: setting(
    'TBMQ_TLS_KEY',
    text,
    '',
    'PEM file of the private key; empty: DATA_DIR/certificates/server-key.pem if it is there.',
  ),
  tlsClientCa: setting(
    'TBMQ_TLS_CLIENT_CA',
    text,
    '',
    'PEM file of the CA that must have signed the certificate of every TLS client; empty: none is asked for.',
  ),
  proxyFrom: setting(
    'TBMQ_PROXY_FROM',
    networks,
    '',
    'Proxies that are trusted to name the client (192.0.2.1, 10.0.0.0/8): from them TCP and TLS expect the PROXY protocol v1 or v2; WebSocket takes it, and X-Forwarded-For.',
  ),
  httpHost: setting('TBMQ_HTTP_HOST', text, '127.0.0.1', 'Address to listen on for health and metrics.'),
  httpPort: setting('TBMQ_HTTP_PORT', port, '8083', 'Port for /health, /ready and /metrics.'),
  anonymous: setting(
    'TBMQ_ANONYMOUS',
    words('none', 'loopback', 'all'),
    'loopback',
    'Who may connect without a user name: nobody, programs on this machine, everybody.',
  ),
  passwordFile: setting('TBMQ_PASSWORD_FILE', text, '', 'File of users; empty: DATA_DIR/users.'),
  partitions: setting(
    'TBMQ_PARTITIONS',
    whole(1, 64),
    '1',
    'Partitions of the topics; fixed when the data directory is first used.',
  ),
  gatewayName: setting('TBMQ_GATEWAY_NAME', text, 'standalone', 'Name of this gateway: a-z, 0-9 and -.'),
  shutdownMax: setting('TBMQ_SHUTDOWN_MAX', timerDuration, '10s', 'A graceful stop takes at most this long.'),
  logLevel: setting(
    'TBMQ_LOG_LEVEL',
    words('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'Least important lines to write.',
  ),
  diskMax: setting(
    'TBMQ_DISK_MAX',
    diskSize,
    '80%',
    'The most that the log may fill: before it does, old messages are removed, then QoS 0 is dropped, then publishers are held. The store (what waits beyond TBMQ_QUEUE_MEMORY) comes on top.',
  ),
  diskFreeMin: setting(
    'TBMQ_DISK_FREE_MIN',
    byteSize,
    '1GiB',
    'The least to be left free on the file system; on a small one, a tenth of it.',
  ),
  messagesKeptTime: setting(
    'TBMQ_MESSAGES_KEPT_TIME',
    duration,
    '24h',
    'How long tbmq.msg.all keeps messages, at most.',
  ),
  messagesKeptBytes: setting(
    'TBMQ_MESSAGES_KEPT_BYTES',
    byteSize,
    '1GiB',
    'How many bytes of tbmq.msg.all are kept, at most.',
  ),
  segmentBytes: setting('TBMQ_SEGMENT_BYTES', byteSize, '64MiB', 'Size at which the log begins a new file.'),
  logDamage: setting(
    'TBMQ_LOG_DAMAGE',
    words('refuse', 'cut'),
    'refuse',
    'What to do at the start when records that were stored cannot be read: refuse to start, or cut everything behind them (and lose it).',
  ),
  packetMax: setting('TBMQ_PACKET_MAX', byteSize, '1MiB', 'Largest packet of a connected client.'),
  packetMaxBeforeLogin: setting(
    'TBMQ_PACKET_MAX_BEFORE_LOGIN',
    byteSize,
    '64KiB',
    'Largest packet before the client is accepted.',
  ),
  connectTimeout: setting(
    'TBMQ_CONNECT_TIMEOUT',
    timerDuration,
    '10s',
    'CONNECT must have arrived this long after the connection, and a TLS handshake must be done.',
  ),
  halfOpenMax: setting(
    'TBMQ_HALF_OPEN_MAX',
    whole(1, most),
    '1000',
    'Connections that are not yet accepted, in all; more wait in the system.',
  ),
  connectRateMax: setting(
    'TBMQ_CONNECT_RATE_MAX',
    whole(0, most),
    '0',
    'CONNECTs of one address in a second; more are refused. 0 = any number.',
  ),
  publishRateMax: setting(
    'TBMQ_PUBLISH_RATE_MAX',
    whole(0, most),
    '0',
    'PUBLISHes of one client in a second; one more ends its connection. 0 = any number.',
  ),
  clientIdMax: setting('TBMQ_CLIENT_ID_MAX', whole(23, 65_535), '1024', 'Longest client id, in bytes.'),
  topicLevelsMax: setting(
    'TBMQ_TOPIC_LEVELS_MAX',
    whole(1, 65_535),
    '128',
    'Most levels of a topic name or filter.',
  ),
  userPropertiesMax: setting(
    'TBMQ_USER_PROPERTIES_MAX',
    whole(0, 65_535),
    '100',
    'Most user properties of a packet.',
  ),
  propertiesBytesMax: setting(
    'TBMQ_PROPERTIES_MAX',
    byteSize,
    '8KiB',
    'Most bytes of properties of a packet.',
  ),
  receiveMaximum: setting(
    'TBMQ_RECEIVE_MAXIMUM',
    whole(1, 65_535),
    '1000',
    'QoS 1 and 2 messages that a client may have under way to the broker.',
  ),
  windowMax: setting(
    'TBMQ_WINDOW_MAX',
    whole(1, 65_535),
    '1000',
    'QoS 1 and 2 messages under way to a 5.0 client, at most.',
  ),
  windowOld: setting(
    'TBMQ_WINDOW_3',
    whole(1, 65_535),
    '100',
    'QoS 1 and 2 messages under way to a 3.x client.',
  ),
  subscriptionsMax: setting('TBMQ_SUBSCRIPTIONS_MAX', whole(1, most), '1000', 'Subscriptions of a client.'),
  subscriptionsPacketMax: setting(
    'TBMQ_SUBSCRIPTIONS_PACKET_MAX',
    whole(1, 65_535),
    '256',
    'Filters in a SUBSCRIBE.',
  ),
  topicAliasMaximum: setting(
    'TBMQ_TOPIC_ALIAS_MAXIMUM',
    whole(0, 65_535),
    '16',
    'Topic aliases of a connection, each way.',
  ),
  keepAliveMax: setting('TBMQ_KEEP_ALIVE_MAX', duration, '1200s', 'Longest keep alive of a 5.0 client.'),
  sessionExpiryMax: setting(
    'TBMQ_SESSION_EXPIRY_MAX',
    duration,
    '7d',
    'Longest time that a session outlives its connection.',
  ),
  queueMax: setting(
    'TBMQ_QUEUE_MAX',
    whole(0, most),
    '10000',
    'Messages that wait for one kept session or group, at most; 0: any number.',
  ),
  queueBytesMax: setting(
    'TBMQ_QUEUE_BYTES_MAX',
    byteSize,
    '256MiB',
    'Bytes of messages that wait for one kept session or group, at most; 0: any number.',
  ),
  queueFull: setting(
    'TBMQ_QUEUE_FULL',
    words('dropOldest', 'refuseNewest'),
    'dropOldest',
    'What happens when a kept queue is full.',
  ),
  queueMemory: setting(
    'TBMQ_QUEUE_MEMORY',
    byteSize,
    '64MiB',
    'Memory for queued messages of kept sessions; the rest waits in the store.',
  ),
  connectionBytesMax: setting(
    'TBMQ_CONNECTION_BYTES_MAX',
    byteSize,
    '4MiB',
    'Bytes that one socket has not taken yet, at most, and as many again that wait for the window of its client.',
  ),
  connectionMemory: setting(
    'TBMQ_CONNECTION_MEMORY',
    byteSize,
    '1GiB',
    'Memory for what waits for all connections, or came from them in part; beyond it those with most of it are closed.',
  ),
  slowReaderTimeout: setting(
    'TBMQ_SLOW_READER_TIMEOUT',
    duration,
    '60s',
    'A client that takes nothing for this long is cut.',
  ),
  shareStrategy: setting(
    'TBMQ_SHARE_STRATEGY',
    words('roundRobin', 'random', 'sticky', 'hashClient', 'hashTopic', 'leastInFlight'),
    'roundRobin',
    'Which member of a shared subscription gets a message.',
  ),
  retainedMax: setting(
    'TBMQ_RETAINED_MAX',
    whole(0, most),
    '1000000',
    'Retained messages, at most; 0 turns retaining off.',
  ),
  retainedBytesMax: setting(
    'TBMQ_RETAINED_BYTES_MAX',
    byteSize,
    '256MiB',
    'Bytes of retained messages, at most. One too many is delivered and not retained.',
  ),
  sysInterval: setting(
    'TBMQ_SYS_INTERVAL',
    timerDuration,
    '10s',
    'How often $SYS/broker topics are published; 0s: never.',
  ),
} as const

export type Settings = {
  readonly [K in keyof typeof settingsTable]: ValueOfSetting<(typeof settingsTable)[K]>
}

/** A setting that cannot be taken: one sentence for the user. */
class WrongSetting extends Error {
  override readonly name = 'WrongSetting'
}

/**
 * Names with our prefix that no setting has. They are told, not refused: Kubernetes puts names like TBMQ_SERVICE_HOST into every
 * container beside a service called tbmq.
 */
export function unknownSettings(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = new Set<string>(Object.values(settingsTable).map(({ name }) => name))
  return Object.keys(environment).filter((name) => name.startsWith('TBMQ_') && !known.has(name))
}

/** Reads all settings from an environment. Throws WrongSetting for a value that cannot be and for values that contradict each other. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings = Object.create(Object.prototype)
  for (const [key, { name, kind, fallback }] of Object.entries(settingsTable)) {
    const given = environment[name]
    try {
      settings[key] = kind.parse(given === undefined || given === '' ? fallback : given)
    } catch (error) {
      const sentence = error instanceof RangeError ? error.message : String(error)
      throw new WrongSetting(`${name}=${given ?? fallback} ${sentence}.`)
    }
  }
  check(settings)
  return settings
}

/** Relations between limits. */
function check(settings: Settings): void {
  const wrong = (sentence: string): never => {
    throw new WrongSetting(sentence)
  }
  if (settings.packetMaxBeforeLogin > settings.packetMax) {
    wrong('TBMQ_PACKET_MAX_BEFORE_LOGIN must not be larger than TBMQ_PACKET_MAX.')
  }
  if (settings.packetMax > 268_435_460)
    wrong('TBMQ_PACKET_MAX must not be larger than 268435460, the limit of MQTT.')
  if (settings.packetMax < 1024) wrong('TBMQ_PACKET_MAX must be at least 1KiB.')
  if (settings.segmentBytes < 2 * settings.packetMax + 1024 * 1024) {
    wrong('TBMQ_SEGMENT_BYTES must hold at least two of the largest packets and 1MiB.')
  }
  if (settings.segmentBytes > 2 * 1024 ** 3) wrong('TBMQ_SEGMENT_BYTES must be at most 2GiB.')
  if (settings.connectionBytesMax < settings.packetMax) {
    wrong('TBMQ_CONNECTION_BYTES_MAX must hold at least one packet of TBMQ_PACKET_MAX.')
  }
  if (settings.connectionMemory < 4 * settings.connectionBytesMax) {
    wrong('TBMQ_CONNECTION_MEMORY must be at least four times TBMQ_CONNECTION_BYTES_MAX.')
  }
  // MQTT tells it in two bytes of seconds, and 0 there is none at all.
  if (settings.keepAliveMax < 1000 || settings.keepAliveMax > 65_535_000) {
    wrong('TBMQ_KEEP_ALIVE_MAX must be 1s to 65535s.')
  }
  if (!/^[a-z0-9-]{1,200}$/.test(settings.gatewayName)) wrong('TBMQ_GATEWAY_NAME takes a-z, 0-9 and - only.')
}
