// What Mosquitto 2.0.11 does otherwise: the full title of a case, by reason.

const differences: readonly (readonly [reason: string, titles: readonly string[]])[] = [
  [
    'closes the connection without telling the reason in a DISCONNECT',
    [
      '5.0 [MQTT-3.1.0-2], 3.1.1 [MQTT-3.1.0-2]: a second CONNECT is a protocol error (MQTT 5.0)',
      '5.0 [MQTT-3.1.3-2] [MQTT-3.1.4-3], 3.1.1 [MQTT-3.1.3-2] [MQTT-3.1.4-2]: a second connection takes a client id over (MQTT 5.0)',
    ],
  ],
  [
    'ignores it in 3.1',
    ['5.0 [MQTT-3.1.2-3], 3.1.1 [MQTT-3.1.2-3]: the reserved connect flag must be 0 (MQTT 3.1)'],
  ],
]

/** Reason by title. */
export const mosquittoDifferences: ReadonlyMap<string, string> = new Map(
  differences.flatMap(([reason, titles]) => titles.map((title) => [title, reason] as const)),
)
