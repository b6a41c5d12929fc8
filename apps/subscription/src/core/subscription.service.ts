// The subscription service: who wants what, who receives which message, and the retained messages.
import { ByteReader, type Millis } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { Outcome, Service } from '#libs/service'
import { catalogue, gatewayInbox, subscriptionRecord } from '#libs/topics'
import { Matcher } from './match.js'
import { Retain } from './retained.js'
import {
  defaultSubscriptionSettings,
  newSubscriptionCounters,
  type SubscriptionCounters,
  type SubscriptionSettings,
} from './settings.js'
import { onRecord } from './subscribe.js'
import { subscriptionFacts, type SubscriptionFact } from './subscription-facts.js'
import { applySubscriptionFact, emptySubscriptions, type SubscriptionsState } from './subscriptions.state.js'

/** The subscription service with these settings (what is not given is the default). `counters` are kept up to date. */
export function subscriptionService(
  given: Partial<SubscriptionSettings> = {},
  counters: SubscriptionCounters = newSubscriptionCounters(),
): Service<SubscriptionsState, SubscriptionFact> {
  const settings: SubscriptionSettings = { ...defaultSubscriptionSettings, ...given }
  const retain = new Retain(settings, counters)
  const matcher = new Matcher(counters, retain)
  const cursor = new RecordCursor()
  const reader = new ByteReader(cursor.bytes)

  function decide(
    state: SubscriptionsState,
    batch: Batch,
    now: Millis,
    outcome: Outcome<SubscriptionFact>,
  ): void {
    if (batch.topic === catalogue.messages.name) {
      matcher.route(state, batch, now, outcome)
      return
    }
    const turn = { state, retain, now, outcome }
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (cursor.valueFrom < 0) continue
      reader.reset(cursor.bytes, cursor.valueFrom, cursor.valueTo)
      onRecord(turn, subscriptionRecord.read(reader))
    }
  }

  function tick(
    state: SubscriptionsState,
    now: Millis,
    outcome: Outcome<SubscriptionFact>,
  ): Millis | undefined {
    if (state.sweepAtMillis !== undefined && state.sweepAtMillis <= now) retain.sweep(state, now, outcome)
    state.router.age(now)
    return nextWake(state)
  }

  return {
    name: 'subscription',
    states: [catalogue.subscriptions, catalogue.retained],
    inputs: [catalogue.subscriptionInbox, catalogue.messages],
    facts: subscriptionFacts,
    empty: emptySubscriptions,
    apply: applySubscriptionFact,
    decide,
    tick,
    nextWake,
    *targets({ placement, targets }) {
      for (let partition = 0; partition < placement.clientPartitions; partition++) {
        yield { topic: catalogue.deliveryInbox.name, partition }
      }
      for (const name of targets.gateways) yield { topic: gatewayInbox(name).name, partition: 0 }
    },
    restored(state, now) {
      if (state.retained.hasMortal) state.sweepAtMillis = now + settings.sweepMillis
    },
  }
}

function nextWake({ sweepAtMillis, router: { ageAtMillis } }: SubscriptionsState): Millis | undefined {
  if (sweepAtMillis === undefined || ageAtMillis === undefined) return sweepAtMillis ?? ageAtMillis
  return Math.min(sweepAtMillis, ageAtMillis)
}
