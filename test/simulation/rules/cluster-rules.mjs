// Rules that several processes need, each with the change of the sources that takes it out. rules.mjs has them all.

const log = 'libs/log/src'
const runtime = 'libs/runtime/src'
const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'
const subscription = 'apps/subscription/src/core'
const delivery = 'apps/delivery/src/core'

export const clusterRules = [
  {
    rule: 'The new connection is accepted when the old one is closed and its records are in the log',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/takeover.ts`,
        from: "if (isGone) return connectionOver(turn, contested, { ...vanished, cause: 'gatewayEnded' })",
        to: "return connectionOver(turn, contested, { ...vanished, cause: 'gatewayEnded' })",
      },
    ],
  },
  {
    rule: 'An OpenSession of a connection that is over is dropped, also when it comes again',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/open-session.ts`,
        from: 'if (!turn.state.remembered.has(addressKey(address))) return false',
        to: 'if (address.connection >= 0) return false',
      },
    ],
  },
  {
    rule: 'A second OpenSession of one connection is taken for the first',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/open-session.ts`,
        from: 'if (sameAddress(row?.address, address) || sameAddress(row?.waiting?.opening.address, address)) return true',
        to: '',
      },
    ],
  },
  {
    rule: 'An OpenSession that is older than what is remembered is dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/open-session.ts`,
        from: 'if (turn.now - opening.arrivedMillis > turn.settings.openAgeMillisMax) return true',
        to: '',
      },
    ],
  },
  {
    rule: 'A gateway reports the end of a connection when all its records are stored',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/ending.ts`,
        from: 'if (!connection.isStored) {',
        to: 'if (connection.number < 0) {',
      },
    ],
  },
  {
    rule: 'What comes for a connection that waits for its acceptance is held',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/on-inbox.ts`,
        from: "if (state !== 'connected' && state !== 'waiting') return",
        to: "if (state !== 'connected') return",
      },
    ],
  },
  {
    rule: 'A matcher decides a SUBSCRIBE when it has read the messages to an end fetched after it read the request',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const ends = input.index === 0 ? this.#gate.ahead(this.#inputs, log) : undefined',
        to: 'const ends = input.index === -1 ? this.#gate.ahead(this.#inputs, log) : undefined',
      },
    ],
  },
  {
    rule: 'A subscription applies from the position at which it was decided',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: 'fromOffset: existing?.fromOffset ?? state.routedTo,',
        to: 'fromOffset: 0,',
      },
    ],
  },
  {
    rule: 'A repeated SUBSCRIBE keeps the first position',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: 'fromOffset: existing?.fromOffset ?? state.routedTo,',
        to: 'fromOffset: state.routedTo,',
      },
    ],
  },
  {
    rule: "A gateway appends a SUBSCRIBE when that connection's earlier publishes are in the log",
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/on-subscribe.ts`,
        from: '!connection.publishesAreStored() || ',
        to: '',
      },
    ],
  },
  {
    rule: 'The SUBACK of a group waits until every matcher knows the group',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/group-members.ts`,
        from: 'if (isKnownToAll(turn, group)) sendAnswer(turn, answer)',
        to: 'if (turn.offset >= 0) sendAnswer(turn, answer)',
      },
    ],
  },
  {
    rule: 'The answer to a message of a group says which member it is from',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/group.ts`,
        from: '(handed !== number && handed !== handedNumber(number, member))',
        to: 'false',
      },
    ],
  },
  {
    rule: "A kept session's first QoS 2 PUBLISH goes to its delivery owner when what came before is acknowledged",
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/on-publish.ts`,
        from: 'if (!connection.publishesAreStored()) return false',
        to: '',
      },
    ],
  },
  {
    rule: 'Behind QoS 2 a kept session publishes everything through its delivery owner',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/on-publish.ts`,
        from: 'const throughDelivery = connection.publishesThroughDelivery || (connection.kept && view.qos === 2)',
        to: 'const throughDelivery = connection.kept && view.qos === 2',
      },
    ],
  },
  {
    rule: 'A CONNACK waits until the will before it is published',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/turn.ts`,
        from: 'if (!row.kept && !how.wasKept)',
        to: 'if (row.birth >= 0)',
      },
    ],
  },
  {
    rule: 'Answers to gateways go out when everything else of their commit has arrived',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/ordered-sends.ts`,
        from: 'const first = sends.filter((append) => !isAnswer(append))',
        to: 'const first = sends',
      },
      {
        file: `${runtime}/ordered-sends.ts`,
        from: 'sends.filter(isAnswer).map(',
        to: 'sends.filter(() => false).map(',
      },
    ],
  },
  {
    rule: 'The end of a session sweeps that birth and lower ones, and no higher one',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: 'if (client !== undefined && client.birth <= birth) sweep(turn, client)',
        to: 'if (client !== undefined && birth > 0) sweep(turn, client)',
      },
    ],
  },
  {
    rule: 'A higher birth begins anew at once',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: `  if (known !== undefined && known.birth < birth) sweep(turn, known)
  const codes: Code[] = []`,
        to: '  const codes: Code[] = []',
      },
    ],
  },
  {
    rule: 'Services drop what has come before, by its origin',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/input.ts`,
        from: 'if (this.#origins.repeats(origin))',
        to: 'if (origin.number < 0)',
      },
    ],
  },
  {
    rule: 'Gateways drop what has come before, by its origin or its offset',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/shell/repeats.ts`,
        from: 'if (isRepeat) this.dropped++',
        to: 'if (isRepeat) return false',
      },
    ],
  },
  {
    rule: 'Delivery drops what a matcher routes again',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/arrivals.ts`,
        from: '} else if (isRouted && run.offset < seen) {',
        to: '} else if (run.offset < 0) {',
      },
    ],
  },
  {
    rule: 'A new owner claims its partition before it reads the state',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const claim = await log.claim(service.name, partition, states)',
        to: '',
      },
      {
        file: `${runtime}/partition.ts`,
        from: 'if (!log.atomicCommit) {\n      const again',
        to: 'const claim = await log.claim(service.name, partition, states)\n if (!log.atomicCommit) {\n const again',
      },
    ],
  },
  {
    rule: 'The log refuses an owner whose partition another one has claimed',
    shape: 'cluster',
    changes: [
      {
        file: `${log}/memory/lane.ts`,
        from: 'if (producer !== undefined && partition.refuses(producer.id, producer.epoch)) {',
        to: "if (partition.refuses('', 0)) {",
      },
    ],
  },
  {
    rule: 'A new owner sends again before it reads its inputs',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const again = await sendAgain(claim, outbox, service.targets?.(state) ?? [])',
        to: 'const again = 0\n void sendAgain(claim, outbox, service.targets?.(state) ?? [])',
      },
    ],
  },
  {
    rule: 'The highest number per origin is saved with the position',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: "for (const origin of input.takeUnsaved()) commit.own({ kind: 'origin', input: index, origin })",
        to: 'input.takeUnsaved()',
      },
    ],
  },
  {
    rule: 'A replay drops what was dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/restore.ts`,
        from: 'const left = dropped.size === 0 ? part : without(part, dropped)',
        to: 'const left = part',
      },
    ],
  },
  {
    rule: "A kept session's will goes through its delivery owner",
    shape: 'cluster',
    changes: [
      { file: `${session}/will.ts`, from: 'if (row.kept) toDelivery', to: 'if (row.birth < 0) toDelivery' },
    ],
  },
  {
    rule: 'The next life of a gateway says that the one before is over',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/shell/incarnation.ts`,
        from: 'if (newest > ended) await store',
        to: 'if (newest < 0) await store',
      },
    ],
  },
  {
    rule: 'A new owner sends again what the outbox holds',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/send-again.ts`,
        from: 'const open = outbox.take()',
        to: 'const open = outbox.take().slice(0, 0)',
      },
    ],
  },
  {
    rule: 'An outbox is deleted when all its targets have acknowledged',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/outbox.ts`,
        from: "commit.own({ kind: 'outbox', number, sends: writer.view() })",
        to: "commit.own({ kind: 'outbox', number, sends: writer.view() })\n    this.#arrived.push(number)",
      },
    ],
  },
  {
    rule: 'A matcher saves its position when what it routed has arrived',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const arrived = sendsLater ? input?.passLater(position) : undefined',
        to: 'const arrived = sendsLater && position < 0 ? input?.passLater(position) : undefined',
      },
    ],
  },
  {
    rule: 'A new matcher has the old one refused wherever that could still send',
    shape: 'cluster',
    changes: [{ file: `${runtime}/partition.ts`, from: 'service.targets?.(state) ?? []', to: '[]' }],
  },
  {
    rule: 'An owner that is refused drops the partition',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: "if (failure.kind === 'refused' && !this.#options.log.atomicCommit) this.#lose()",
        to: "if (failure.kind === 'refused') return",
      },
    ],
  },
  {
    rule: 'An inbox is deleted only behind what a stored commit allows',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'if (positions !== undefined) this.#storedTo(positions, keepFrom)',
        to: 'if (positions !== undefined) this.#storedTo(positions, this.#keepFrom)',
      },
    ],
  },
  {
    rule: 'Nothing of an earlier life of a gateway arrives behind the record of its end',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/shell/fenced-log.ts`,
        from: 'if (log.atomicCommit) return log',
        to: 'if (settings.gatewayName) return log',
      },
    ],
  },
]
