// Writes the generated pages of the repository (`npm run generate`), or says which are stale (`npm run check`).
// A new page is one file in pages/ and one line here.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Page } from './pages/page.js'
import { reasonsPage } from './pages/reasons.js'
import { environmentPage, settingsReferencePage } from './pages/settings.js'
import { topicsPage } from './pages/topics.js'

const pages: readonly Page[] = [environmentPage, settingsReferencePage, topicsPage, reasonsPage]

function currentText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const checkOnly = process.argv.includes('--check')
const stale = pages
  .map((page) => ({ path: page.path, text: page.render() }))
  .filter(({ path, text }) => currentText(path) !== text)

for (const { path, text } of stale) {
  if (checkOnly) {
    console.error(`${path} is stale: run \`npm run generate\` and commit the page.`)
  } else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    console.log(`wrote ${path}`)
  }
}
if (checkOnly && stale.length > 0) process.exitCode = 1
else console.log(`${pages.length} generated pages are up to date.`)
