// What the module wires: the service with its counters, and the topics that it reads.
import { catalogue } from '#libs/topics'

export { newSubscriptionCounters, type SubscriptionCounters } from '../core/settings.js'
export { subscriptionService } from '../core/subscription.service.js'

export const inbox = catalogue.subscriptionInbox
export const messages = catalogue.messages
