// Sources with changes in them, for a bundler or a test runner. The files stay as they are.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The source with these changes in it; undefined when none is for it. */
export function changedSource(id, changes) {
  const mine = changes.filter(({ file }) => id === `${root}${file}`)
  if (mine.length === 0) return undefined
  let code = readFileSync(id, 'utf8')
  for (const { file, from, to } of mine) {
    if (code.split(from).length !== 2) throw new Error(`${file} holds this not once: ${from}`)
    code = code.replace(from, () => to)
  }
  return code
}

/** A plugin that gives them. */
export const changed = (changes) => ({
  name: 'changed',
  load(id) {
    const code = changedSource(id, changes)
    return code === undefined ? null : { code, moduleType: 'ts' }
  },
})
