// The rules that close a hole, each with the change of the sources that takes it out. `npm run test:rules` makes each change (in a bundle
// of its own, the sources stay as they are) and runs the simulation until it finds that a promise is broken.
// `shape`: where the rule is needed. `from` must stand in its file exactly once.
import { connectionRules } from './connection-rules.mjs'
import { messageRules } from './message-rules.mjs'
import { ownerRules } from './owner-rules.mjs'
import { standaloneRules } from './standalone-rules.mjs'
import { subscriptionRules } from './subscription-rules.mjs'

export const rules = [
  ...standaloneRules,
  ...connectionRules,
  ...subscriptionRules,
  ...messageRules,
  ...ownerRules,
]
