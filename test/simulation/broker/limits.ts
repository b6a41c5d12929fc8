// The bounds of a simulated broker: small windows, so that messages wait for them.

export const deliveryLimits = {
  queueLengthMax: 0,
  queueBytesMax: 0,
  whenFull: 'dropOldest',
  windowMax: 20,
  windowOldMax: 8,
  groupStrategy: 'roundRobin',
} as const
