// Judging text by its bytes: UTF-8 as MQTT wants it, without making a string.

/**
 * The end of the well-formed UTF-8 character that begins at `at` with a byte of 0x80 or more; 0 when it is ill-formed: a stray
 * or missing continuation, an over-long form, a surrogate, beyond U+10FFFF, or cut off by `to`.
 */
export function characterEnd(buffer: Uint8Array, at: number, to: number): number {
  const first = buffer[at] ?? 0
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > to) return 0
  const second = buffer[at + 1] ?? 0
  // The second byte's range tells over-long forms (E0, F0), surrogates (ED) and what is beyond Unicode (F4).
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = 2; i < length; i++) if (((buffer[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return at + length
}

/** True when `buffer[from..to)` is well-formed UTF-8; U+0000 is allowed (payloads with format indicator 1). */
export function isUtf8(buffer: Uint8Array, from = 0, to = buffer.length): boolean {
  let at = from
  while (at < to) {
    if ((buffer[at] ?? 0) < 0x80) at++
    else {
      at = characterEnd(buffer, at, to)
      if (at === 0) return false
    }
  }
  return true
}

/** True for a UTF-8 encoded string of MQTT: well-formed [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2]. */
export function isText(buffer: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to) {
    const byte = buffer[at] ?? 0
    if (byte === 0) return false
    if (byte < 0x80) at++
    else {
      at = characterEnd(buffer, at, to)
      if (at === 0) return false
    }
  }
  return true
}
