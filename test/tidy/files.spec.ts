// Feared: files that grow until nobody reads them, drawers named after nothing, and files that do not say what they are for.

import { describe, expect, it } from 'vitest'
import { sources } from './sources.js'

const LINES_MAX = 400
const DRAWERS = /\/(utils?|helpers?|types|constants)\.[cm]?[jt]s$/

const code = sources(/^(apps|libs)\/.*\.ts$/)
const everything = sources(/^(apps|libs|test|scripts)\/.*\.([cm]?[jt]s|tsx)$/)

describe('files', () => {
  it(`have at most ${LINES_MAX} lines: above that they are two things`, () => {
    const long = code
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX)
      .map(({ path, lines }) => `${path} has ${lines} lines`)
    expect(long).toEqual([])
  })

  it('are split by noun and never by kind', () => {
    expect(everything.map(({ path }) => path).filter((path) => DRAWERS.test(path))).toEqual([])
  })

  it('are named in kebab case', () => {
    const odd = everything
      .map(({ path }) => path)
      .filter((path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(path.slice(path.lastIndexOf('/') + 1)))
    expect(odd).toEqual([])
  })

  it('begin by saying what lives in them', () => {
    const silent = code
      .filter(({ path }) => !path.endsWith('.d.ts'))
      .filter(({ text }) => !/^(\/\/|\/\*)/.test(text))
      .map(({ path }) => path)
    expect(silent).toEqual([])
  })
})

describe('index files', () => {
  it('list what is public and do nothing else', () => {
    const busy = sources(/^(apps|libs)\/[^/]+\/src\/index\.ts$/)
      .filter(({ text }) => /^(export )?(const|let|function|class|async) /m.test(text))
      .map(({ path }) => path)
    expect(busy).toEqual([])
  })
})
