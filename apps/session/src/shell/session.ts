// What the module wires: the service, and the topics that it reads.
import { catalogue } from '#libs/topics'

export { sessionService } from '../core/session.service.js'

export const inbox = catalogue.sessionInbox
export const gatewayLease = catalogue.gatewayLease
