// The page of requirements: every number of both texts with the cases that name it, or the reason why none can.
import { mosquittoDifferences } from '../broker/mosquitto-differences.js'
import type { Requirement } from './requirement.js'
import { namedRequirements, type Named, type Text } from './scan.js'
import { requirements311 } from './v3.js'
import { requirements5 } from './v5.js'

const texts = { '3.1.1': requirements311, '5.0': requirements5 } as const satisfies Record<
  Text,
  readonly Requirement[]
>

/** Requirements with neither a case nor a reason, and numbers in titles that no text has. */
export function requirementGaps(named = namedRequirements()): string[] {
  const gaps: string[] = []
  for (const text of ['3.1.1', '5.0'] as const) {
    const known = new Map(texts[text].map((requirement) => [requirement.number, requirement]))
    const seen = new Set(named.filter((one) => one.text === text).map(({ number }) => number))
    for (const number of seen)
      if (!known.has(number)) gaps.push(`${text} [MQTT-${number}] is no number of that text`)
    for (const { number, unseen } of texts[text]) {
      if (!seen.has(number) && unseen === undefined)
        gaps.push(`${text} [MQTT-${number}] has no case and no reason`)
      if (seen.has(number) && unseen !== undefined)
        gaps.push(`${text} [MQTT-${number}] has a case and a reason`)
    }
  }
  return gaps
}

/** The whole page `docs/reference/mqtt-conformance.md`. */
export function conformanceTable(): string {
  const named = namedRequirements()
  return [
    '# MQTT, statement by statement',
    'Every numbered statement of MQTT 3.1.1 and of MQTT 5.0, in our own words, with the files below `test/mqtt` whose cases',
    'name it, or why no client can see it. 3.1 has no numbers; the cases of 3.1.1 run with it where both say the same.',
    'What Mosquitto does otherwise stands in [mqtt-mosquitto.md](mqtt-mosquitto.md).',
    '',
    section('5.0', named),
    section('3.1.1', named),
  ].join('\n')
}

function section(text: Text, named: readonly Named[]): string {
  const lines = texts[text].map(({ number, words, unseen }) => {
    const files = named.filter((one) => one.text === text && one.number === number).map(({ file }) => file)
    const where = [...new Set(files)].sort().map((file) => `[${file}](../../test/mqtt/${file}.scenario.ts)`)
    return `| ${number} | ${words.replaceAll('|', '\\|')} | ${unseen ?? where.join(', ')} |`
  })
  const seen = texts[text].filter(({ unseen }) => unseen === undefined).length
  return [
    `## MQTT ${text}`,
    '',
    `${lines.length} statements; ${seen} are tested on the wire.`,
    '',
    '| Number | Says | Cases, or why none |',
    '|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

/** The whole page `docs/reference/mqtt-mosquitto.md`. */
export function mosquittoTable(): string {
  const byReason = new Map<string, string[]>()
  for (const [title, reason] of mosquittoDifferences)
    byReason.set(reason, [...(byReason.get(reason) ?? []), title])
  const sections = [...byReason].map(([reason, titles]) =>
    [`## It ${reason}`, '', ...titles.map((title) => `- ${title}`), ''].join('\n'),
  )
  return [
    '# What Mosquitto does otherwise',
    'The black-box suite runs on Mosquitto 2.0.11 too (`npm run test:mqtt -- --broker mosquitto`), to test the tests. These cases',
    'fail there; the suite expects it, and a case that begins to pass fails the run. Not every line is a fault of Mosquitto:',
    'some are choices that the specification leaves open and this project has made.',
    '',
    ...sections,
  ].join('\n')
}
