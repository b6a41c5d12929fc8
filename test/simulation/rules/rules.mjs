// The rules that close a hole, each with the change of the sources that takes it out. `npm run test:rules` makes each change (in a bundle
// of its own, the sources stay as they are) and runs the simulation until it finds that a promise is broken.
// `shape`: where the rule is needed. `spec`: it is found by this one and not by the simulation. `from` must stand in its file exactly once.
import { connectionRules } from './connection-rules.mjs'
import { messageRules } from './message-rules.mjs'
import { ownerRules } from './owner-rules.mjs'
import { specRules } from './spec-rules.mjs'
import { standaloneRules } from './standalone-rules.mjs'
import { subscriptionRules } from './subscription-rules.mjs'

export const rules = [
  ...standaloneRules,
  ...connectionRules,
  ...subscriptionRules,
  ...messageRules,
  ...ownerRules,
  ...specRules,
]

/** What the design marks and this broker does not have: there is no code to take out. */
export const absent = [
  {
    rule: 'A gateway that does not renew its lease is ended by a session owner, unless a renewal stands between; it stops by its own clock before',
    why: 'Nobody renews a lease yet: the end of a gateway is written by itself at a clean stop, or by its next life',
  },
  {
    rule: 'Subscription and delivery drop requests of an ended gateway',
    why: 'Session alone remembers it, and sweeps once more what such a gateway still sent (rules above)',
  },
  {
    rule: 'A gateway answers what comes for a connection that it does not hold with Gone to the session owner; Forget',
    why: 'The same sweeps leave no ghost; to the owner of a group it is answered',
  },
  {
    rule: "For retain handling 1 a kept session's subscription counts as new until its SUBACK has been reported",
    why: 'The retained messages go to the queue of the session in the commit that stores the subscription: both are there or neither',
  },
  {
    rule: 'The part of a routed message in which a receiver is depends on a hash of its id, never on the other receivers',
    why: 'A message has no parts: one run has it for all its receivers at one target, and is known by the offset of the message',
  },
  {
    rule: 'The number of a kept message is also taken by one that is refused or dropped',
    why: 'It is, and need not be: whether one is dropped follows from the inbox and from limits that are facts, so a replay drops the same',
  },
  {
    rule: 'Batches that do not fit the last claim are ignored by a restore',
    why: 'For an identity that Kafka has forgotten: comes with its adapter',
  },
  {
    rule: 'Each write to the kept-session store names the position that it expects, and a mismatch distrusts the rows',
    why: 'The store belongs to one process, which empties it at each restore; what is missing later is a rule above',
  },
  {
    rule: 'A checkpoint of the store waits as a packet does',
    why: 'It need not: after a crash the store is emptied, and nobody asks it what it knew',
  },
  {
    rule: 'An inbox is not deleted behind what the outbox names',
    why: 'An outbox holds the bytes that it sends, not where they stand',
  },
  {
    rule: 'Matchers publish their lag, and gateways hold publishers above a bound',
    why: 'Matcher and gateway share the one process of the standalone broker',
  },
  {
    rule: 'The cursor of an APPLICATION client never passes an unacknowledged message',
    why: 'There are no such clients yet',
  },
]
