// What a gateway counts: plain numbers that handlers add to, exported to metrics by whoever reads them.

/** A count for each QoS. */
export class CountsByQos {
  qos0 = 0
  qos1 = 0
  qos2 = 0

  add(qos: number, count: number): void {
    if (qos === 0) this.qos0 += count
    else if (qos === 1) this.qos1 += count
    else this.qos2 += count
  }

  get total(): number {
    return this.qos0 + this.qos1 + this.qos2
  }
}

/** Rising counters, but for `connections`, `halfOpen`, `unstoredBytes` and `connectionMemory`, which tell how many there are now. */
export class GatewayCounters {
  connections = 0
  halfOpen = 0
  /** The most connections that there were at one time. */
  connectionsMax = 0
  socketsOpened = 0
  connectionsOpened = 0
  connectionsRefused = 0
  connectionsClosed = 0
  /** Refused CONNECTs by reason code (5.0 numbers). */
  readonly refusals = new Map<number, number>()
  /** Sockets that never became a connection, by cause. */
  readonly turnedAway = { listenerFull: 0, proxyHeader: 0, tlsHandshake: 0, upgrade: 0, tooLate: 0 }
  /** Bytes that were appended and are not stored. */
  unstoredBytes = 0
  /** How often a socket was read no more because they were too many. */
  appendWindowWaits = 0
  /** Bytes held for connections: packets that came in part, what sockets have not taken, messages that wait. */
  connectionMemory = 0
  /** Connections that were ended because that was too much. */
  connectionMemoryEnded = 0
  bytesReceived = 0
  bytesSent = 0
  /** Packets of any kind that were taken, and those sent that are no PUBLISH. */
  packetsReceived = 0
  answersSent = 0
  /** Messages taken from clients, and messages sent to them. */
  readonly published = new CountsByQos()
  readonly delivered = new CountsByQos()
  /** Bytes of their packets. */
  publishedBytes = 0
  deliveredBytes = 0
  /** Messages that a connection did not get, by cause. */
  readonly dropped = {
    socketFull: new CountsByQos(),
    waitingFull: new CountsByQos(),
    expired: new CountsByQos(),
    tooLarge: new CountsByQos(),
    gone: new CountsByQos(),
  }
  /** Publishes that were refused, by cause. */
  refusedNotAuthorized = 0
  refusedNotStored = 0
  /** QoS 0 publishes that were dropped because the disk fills up. */
  droppedDiskFull = 0
  protocolErrors = 0
  quotaExceeded = 0
  keepAliveTimeouts = 0
  slowReaders = 0
  /** Mistakes of ours: they ended a connection, or all of them. */
  failures = 0

  get packetsSent(): number {
    return this.delivered.total + this.answersSent
  }

  /** A CONNECT was refused with this reason code. */
  refuse(reasonCode: number): void {
    this.connectionsRefused++
    this.refusals.set(reasonCode, (this.refusals.get(reasonCode) ?? 0) + 1)
  }
}
