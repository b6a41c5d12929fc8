// Specs on sources with changes in them: RULE_CHANGES holds those as JSON.
import base from '../../../vitest.config.js'
import { changed } from './changed.mjs'

export default {
  ...base,
  root: new URL('../../..', import.meta.url).pathname,
  plugins: [changed(JSON.parse(process.env['RULE_CHANGES'] ?? '[]'))],
}
