// Rules about which connection a client has, and what gateways say of them, each with the change of the sources that takes it out.
// rules.mjs has them all.

const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'

export const connectionRules = [
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
  {
    rule: 'What delivery sends a kept connection again is dropped there, by number',
    shape: 'cluster',
    changes: [
      {
        file: `${gateway}/core/on-run.ts`,
        from: 'if (run.number <= connection.highestNumber) continue',
        to: '',
      },
    ],
  },
]
