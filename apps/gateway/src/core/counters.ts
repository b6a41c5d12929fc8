// What a gateway counts: plain numbers that handlers add to, exported to metrics by whoever reads them.

/** Rising counters, but for `connections` and `halfOpen`, which tell how many there are now. */
export interface GatewayCounters {
  connections: number
  halfOpen: number
  connectionsOpened: number
  connectionsRefused: number
  connectionsClosed: number
  bytesReceived: number
  bytesSent: number
  messagesReceived: number
  messagesSent: number
  /** Messages that a connection did not get, by cause. */
  droppedSocketFull: number
  droppedWaitingFull: number
  droppedExpired: number
  droppedTooLarge: number
  droppedGone: number
  /** Publishes that were refused, by cause. */
  refusedNotAuthorized: number
  refusedNotStored: number
  protocolErrors: number
  quotaExceeded: number
  keepAliveTimeouts: number
  slowReaders: number
}

export function emptyGatewayCounters(): GatewayCounters {
  return {
    connections: 0,
    halfOpen: 0,
    connectionsOpened: 0,
    connectionsRefused: 0,
    connectionsClosed: 0,
    bytesReceived: 0,
    bytesSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    droppedSocketFull: 0,
    droppedWaitingFull: 0,
    droppedExpired: 0,
    droppedTooLarge: 0,
    droppedGone: 0,
    refusedNotAuthorized: 0,
    refusedNotStored: 0,
    protocolErrors: 0,
    quotaExceeded: 0,
    keepAliveTimeouts: 0,
    slowReaders: 0,
  }
}
