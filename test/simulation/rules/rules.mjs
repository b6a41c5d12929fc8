// The rules that close a hole, each with the change of the sources that takes it out. `npm run test:rules` makes each change (in a bundle
// of its own, the sources stay as they are) and runs the simulation until it finds that a promise is broken.
// `shape`: where the rule is needed. `from` must stand in its file exactly once.
import { clusterRules } from './cluster-rules.mjs'
import { standaloneRules } from './standalone-rules.mjs'

export const rules = [...standaloneRules, ...clusterRules]
