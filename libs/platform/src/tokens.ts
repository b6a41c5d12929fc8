// Names under which the platform's parts are injected.
import type { Settings } from './settings.js'

export const SETTINGS = Symbol('settings')
export const LOGGER = Symbol('logger')
export const EVENT_LOG = Symbol('event log')
export const KEPT_STORE = Symbol('kept-session store')
export const CLOCK = Symbol('clock')

export type { Settings }
