// Rules that one process needs, each with the change of the sources that takes it out. rules.mjs has them all.

const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'
const delivery = 'apps/delivery/src/core'

export const standaloneRules = [
  {
    rule: 'PUBACK, PUBREC and SUBACK wait until the log has stored what they promise',
    shape: 'standalone',
    changes: [
      {
        file: `${gateway}/shell/connection-driver.ts`,
        from: 'this.#log.append({ topic, partition }, batch, stored, awaited || isAwaited)',
        to: 'setImmediate(() => { this.enter(0); turns.stored(turn, number, false) })\n this.#log.append({ topic, partition }, batch, stored, awaited || isAwaited)',
      },
      {
        file: `${gateway}/shell/connection-driver.ts`,
        from: 'turns.stored(turn, number, failure !== undefined)',
        to: '',
      },
    ],
  },
  {
    rule: 'What leaves the process waits until every record before it is stored',
    shape: 'standalone',
    changes: [
      {
        file: `${gateway}/shell/gateway-life.ts`,
        from: "visibility: 'stored'",
        to: "visibility: 'appended'",
      },
    ],
  },
  {
    rule: 'A commit of delivery that publishes saves its position with it',
    shape: 'standalone',
    changes: [
      {
        file: `${delivery}/delivery.service.ts`,
        from: "if (turn.published) fact(turn, { kind: 'PublishedThrough', offset: state.position })",
        to: '',
      },
    ],
  },
  {
    rule: 'What a gateway still sent for a session that was taken over by force is swept',
    shape: 'standalone',
    changes: [
      {
        file: `${session}/takeover.ts`,
        from: 'if (row?.birth !== birth) turn.ended.push({ clientId, birth })',
        to: '',
      },
    ],
  },
  {
    rule: 'A CONNECT that waits and is superseded is not told that its session is gone',
    shape: 'standalone',
    changes: [
      {
        file: `${gateway}/core/ending.ts`,
        from: 'reasonCode === REASON.sessionTakenOver && connection.cleanStart',
        to: 'reasonCode === REASON.sessionTakenOver',
      },
    ],
  },
  {
    rule: 'Of two CONNECTs of a client the later one wins, whatever auth answers first',
    shape: 'standalone',
    changes: [
      {
        file: `${session}/takeover.ts`,
        from: 'if (!isGone && newcomer.opening.connectOffset < newest) {',
        to: 'if (!isGone && newcomer.opening.connectOffset < newest - 1e15) {',
      },
    ],
  },
  {
    rule: 'Delivery remembers the QoS 2 packet ids of kept sessions',
    shape: 'standalone',
    changes: [
      {
        file: `${delivery}/publish.ts`,
        from: 'if (!queue.received.has(packetId)) publish(turn, message, session, address)',
        to: 'publish(turn, message, session, address)',
      },
    ],
  },
  {
    rule: 'The number at which a session stands is a fact of the commit that lets its inbox be forgotten',
    shape: 'standalone',
    changes: [{ file: `${delivery}/restore.ts`, from: 'queue.next = row.next', to: '' }],
  },
  {
    rule: 'An inbox is forgotten only where nothing queued in it is needed',
    shape: 'standalone',
    changes: [
      {
        file: `${delivery}/keep.ts`,
        from: 'const needed = state.changed.peek()?.changedFrom ?? state.position',
        to: 'const needed = state.position',
      },
    ],
  },
  {
    rule: 'Keys of facts say what they are keys of: no client id is taken for the name of a gateway',
    shape: 'standalone',
    changes: [
      {
        file: `${session}/session-facts.ts`,
        from: 'writer.u8(gatewayKey)\n',
        to: 'writer.u8(rowKey)\n',
      },
      {
        file: `${session}/session-facts.ts`,
        from: 'sessionRow.write(writer, fact.row)',
        to: 'writer.u8(rowKey)\n sessionRow.write(writer, fact.row)',
      },
      {
        file: `${session}/session-facts.ts`,
        from: 'gatewayEnd.write(writer, fact.end)',
        to: 'writer.u8(gatewayKey)\n gatewayEnd.write(writer, fact.end)',
      },
      {
        file: `${session}/session-facts.ts`,
        from: ": { kind: 'SessionStored', row: sessionRow.read(value) }",
        to: ": value.u8() === gatewayKey ? { kind: 'GatewayEnded', gateway: text.read(key), end: gatewayEnd.read(value) } : { kind: 'SessionStored', row: sessionRow.read(value) }",
      },
    ],
  },
  {
    rule: 'A connection of a gateway that has ended gets no session',
    shape: 'standalone',
    changes: [
      {
        file: `${session}/sessions.state.ts`,
        from: 'return ended !== undefined && address.incarnation <= ended.incarnation',
        to: 'return ended !== undefined && address.incarnation < 0',
      },
    ],
  },
  {
    rule: 'A commit of delivery in which a group hands messages over saves its position with it',
    shape: 'standalone',
    changes: [{ file: `${delivery}/group.ts`, from: 'turn.published = true\n', to: '\n' }],
  },
]
