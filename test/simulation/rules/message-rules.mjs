// Rules about the ways of messages, each with the change of the sources that takes it out. rules.mjs has them all.

const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'
const delivery = 'apps/delivery/src/core'

export const messageRules = [
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
    rule: "A kept session's will goes through its delivery owner",
    shape: 'cluster',
    changes: [
      { file: `${session}/will.ts`, from: 'if (row.kept) toDelivery', to: 'if (row.birth < 0) toDelivery' },
    ],
  },
  {
    rule: 'What an older connection of a kept session publishes through its delivery owner is dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${delivery}/publish.ts`,
        from: `if (queue === undefined || !isAt(queue, address) || !change(turn, queue)) return
  if (message.qos === 2) {`,
        to: `if (queue === undefined || !change(turn, queue)) return
  if (message.qos === 2) {`,
      },
    ],
  },
  {
    rule: 'How far the routes had been seen is a fact where the inbox may be forgotten',
    shape: 'cluster',
    changes: [
      { file: `${delivery}/restore.ts`, from: 'state.routes = [...base.routes]', to: 'state.routes = []' },
    ],
  },
]
