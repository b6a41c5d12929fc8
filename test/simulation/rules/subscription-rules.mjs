// Rules about who subscribed to what, and who is in which group, each with the change of the sources that takes it out.
// rules.mjs has them all.

const runtime = 'libs/runtime/src'
const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'
const subscription = 'apps/subscription/src/core'
const delivery = 'apps/delivery/src/core'

export const subscriptionRules = [
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
    rule: 'What a kept member of a group has unread when its session ends goes back to the group',
    shape: 'standalone',
    changes: [
      {
        file: `${delivery}/redeliver.ts`,
        from: 'turn.outbox?.answer(origin, endedStep)',
        to: 'turn.outbox?.answer(origin, pubackStep)',
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
    rule: 'A group takes no older session of a client in place of a younger one',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/group-members.ts`,
        from: 'if (member !== undefined && member.session.birth > session.birth) return',
        to: '',
      },
    ],
  },
  {
    rule: 'A SUBSCRIBE of a lower birth is dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: `  if (known !== undefined && known.birth > birth) return
  if (known !== undefined && known.birth < birth) sweep(turn, known)
  const codes: Code[] = []`,
        to: `  if (known !== undefined && known.birth < birth) sweep(turn, known)
  const codes: Code[] = []`,
      },
    ],
  },
  {
    rule: 'The end of a session goes to every matcher',
    shape: 'cluster',
    changes: [{ file: `${session}/turn.ts`, from: 'partition < topicPartitions', to: 'partition < 1' }],
  },
  {
    rule: 'The end of a session goes to every delivery owner',
    shape: 'cluster',
    changes: [
      {
        file: `${session}/turn.ts`,
        from: 'partition < clientPartitions; partition++) {\n      deliveryRecord',
        to: 'partition < 1; partition++) {\n      deliveryRecord',
      },
    ],
  },
  {
    rule: 'What a connection asks for whose kept session was taken over by force is dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${subscription}/subscribe.ts`,
        from: 'displaced.size > 0 && displaced.has(addressKey(address))',
        to: 'displaced.size < 0 && displaced.has(addressKey(address))',
      },
    ],
  },
  {
    rule: 'A group takes nothing from a connection whose kept session was taken over by force',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/displaced.ts`,
        from: 'return known !== undefined && known.from < offset',
        to: 'return known !== undefined && offset < 0',
      },
    ],
  },
]
