// Which cases name which requirement: read from the sources, so that the table needs no run.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The two texts that number their statements. */
export type Text = '3.1.1' | '5.0'

/** A case as its source names it. */
export interface Named {
  readonly text: Text
  readonly number: string
  /** Path below test/mqtt, without the ending. */
  readonly file: string
}

const folder = 'test/mqtt'
const group = /(3\.1\.1|5\.0)((?: \[MQTT-[\d.]+-\d+\])+)/g

/** All numbers in the scenario files; `root` is the root of the repository. */
export function namedRequirements(root = '.'): Named[] {
  const found: Named[] = []
  for (const theme of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (!theme.isDirectory()) continue
    for (const name of readdirSync(join(root, folder, theme.name))) {
      if (!name.endsWith('.scenario.ts')) continue
      const source = readFileSync(join(root, folder, theme.name, name), 'utf8')
      found.push(...numbersIn(source, `${theme.name}/${name.replace('.scenario.ts', '')}`))
    }
  }
  return found
}

/** Titles may be cut over lines as `'…' + '…'`. */
function numbersIn(source: string, file: string): Named[] {
  const whole = source.replaceAll(/'\s*\+\s*'/g, '')
  const found: Named[] = []
  for (const [, text, numbers = ''] of whole.matchAll(group)) {
    if (text !== '3.1.1' && text !== '5.0') continue
    for (const [, number = ''] of numbers.matchAll(/\[MQTT-([\d.]+-\d+)\]/g))
      found.push({ text, number, file })
  }
  return found
}
