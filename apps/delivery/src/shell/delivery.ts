// What the module wires: the service, its counters, and the topic that it reads.
import { catalogue } from '#libs/topics'

export { deliveryService } from '../core/delivery.service.js'
export { newDeliveryCounters } from '../core/settings.js'

export const inbox = catalogue.deliveryInbox
