// All of Nest and of the process: what apps are built with.
export { runBroker } from './bootstrap.js'
export { Doors, type Door, type Listening } from './doors.js'
export { BatchContext, Batches } from './log-strategy.js'
export type { Logger } from './logger.js'
export { ServiceRegistry } from './service-registry.js'
export { environmentExample, readSettings, settingsPage, type Settings } from './settings.js'
export { CLOCK, EVENT_LOG, LOGGER, SETTINGS } from './tokens.js'
export { Vitals, type Vital } from './vitals.js'
