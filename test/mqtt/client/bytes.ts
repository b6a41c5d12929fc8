// The smallest pieces of MQTT bytes, for packets that no honest encoder would make. Nothing here checks anything.

/** One byte. */
export const u8 = (value: number): Uint8Array => Uint8Array.of(value & 0xff)

/** Two bytes, the high one first. */
export const u16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 0xff, value & 0xff)

/** Four bytes, the high one first. */
export const u32 = (value: number): Uint8Array => join(u16(Math.floor(value / 0x10000)), u16(value))

/** A Variable Byte Integer of the fewest bytes. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? digit | 0x80 : digit)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}

/** Two bytes of length and the bytes. */
export const binary = (bytes: Uint8Array): Uint8Array => join(u16(bytes.length), bytes)

/** A UTF-8 string with its length. */
export const text = (value: string): Uint8Array => binary(new TextEncoder().encode(value))

/** All parts in one array. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A whole packet: the first byte, the length of the rest, the rest. */
export function packet(first: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = join(...parts)
  return join(u8(first), varint(body.length), body)
}

/** A block of 5.0 properties with its length in front. */
export function properties(...parts: readonly Uint8Array[]): Uint8Array {
  const body = join(...parts)
  return join(varint(body.length), body)
}

/** Bytes from hexadecimal digits; blanks do not count. */
export const hex = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'))

/** Strings that are not UTF-8 as MQTT wants it, each with its name. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
export const badStrings = {
  'a surrogate': hex('61 ed a0 80'),
  'U+0000': hex('61 00 62'),
  'an over-long slash': hex('61 c0 af'),
  'an over-long NUL': hex('61 c0 80'),
  'a cut sequence': hex('61 e2 82'),
  'a lone continuation byte': hex('61 80'),
  'a code point above U+10FFFF': hex('61 f4 90 80 80'),
  'the byte FF': hex('61 ff'),
} as const satisfies Record<string, Uint8Array>
