// The shape of a pure service. The runtime runs what has it.
export type { FactCodec, Outcome, Placement, Service } from './service.js'
