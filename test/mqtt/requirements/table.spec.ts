// Feared: a requirement that nobody tests, and a page that says otherwise.
import { expect, it } from 'vitest'
import { conformanceTable, mosquittoTable, requirementGaps } from './table.js'
import { requirements311 } from './v3.js'
import { requirements5 } from './v5.js'

it('every requirement of both texts has a case or a reason, and no case names a number that is not there', () => {
  expect(requirementGaps()).toEqual([])
})

it('no number is listed twice', () => {
  for (const requirements of [requirements311, requirements5]) {
    expect(new Set(requirements.map(({ number }) => number)).size).toBe(requirements.length)
  }
})

it('the pages in docs/reference are up to date', async () => {
  // A stale page is written anew by `npx vitest run test/mqtt/requirements -u`.
  const reference = '../../../docs/reference'
  await expect(conformanceTable()).toMatchFileSnapshot(`${reference}/mqtt-conformance.md`)
  await expect(mosquittoTable()).toMatchFileSnapshot(`${reference}/mqtt-mosquitto.md`)
})
