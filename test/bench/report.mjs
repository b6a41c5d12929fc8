// The table of the bench in Markdown, and what stands above it: machine, versions, command.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const number = (value) => {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

/** Median with range, or what went wrong. `*` marks a row whose runs were not all clean. */
function cell(figure, measured) {
  if (measured === undefined) return '–'
  if (measured.error !== undefined) return 'failed'
  const values = measured.results.map(figure.value)
  const range = values.length > 1 ? ` (${number(Math.min(...values))}–${number(Math.max(...values))})` : ''
  return `${number(median(values))}${range}${measured.clean ? '' : ' *'}`
}

const mid = (figure, measured) =>
  measured === undefined || measured.error !== undefined
    ? undefined
    : median(measured.results.map(figure.value))

function verdict(figure, ours, yardstick) {
  const asked = figure.must ?? figure.mustBe
  if (asked === undefined || ours === undefined) return { ratio: '–', asked: '–', met: '' }
  const value = figure.must === undefined ? ours : yardstick === undefined ? undefined : ours / yardstick
  const sign = figure.more ? '≥' : '≤'
  const times = figure.must === undefined ? '' : ' ×'
  const of = figure.ofRow === undefined ? '' : ' our QoS 1'
  const aim = figure.aim ?? figure.aimBe
  const text = `${sign} ${asked}${times}${of}${aim === undefined ? '' : ` (${aim}${times})`}`
  if (value === undefined) return { ratio: '–', asked: text, met: '' }
  const good = (limit) => (figure.more ? value >= limit : value <= limit)
  const met = aim !== undefined && good(aim) ? 'aim' : good(asked) ? 'must' : 'no'
  return { ratio: figure.must === undefined ? '–' : `${number(value)} ×`, asked: text, met }
}

/** Markdown of all rows. `measured[rowId][peer]` = { results, clean } or { error }. */
export function renderTable(rows, measured, names) {
  const head = ['Row', ...names, 'tbmq : Mosquitto', 'must (aim)', 'met']
  const lines = [head, head.map(() => '---')]
  for (const row of rows) {
    for (const figure of row.figures) {
      const of = (peer) => mid(figure, measured[row.id]?.[peer])
      const ours = of('tbmq')
      const yardstick =
        figure.ofRow === undefined ? of('mosquitto') : mid(figure, measured[figure.ofRow]?.tbmq)
      const { ratio, asked, met } = verdict(figure, ours, yardstick)
      const failed = measured[row.id]?.tbmq?.error !== undefined || measured[row.id]?.tbmq?.clean === false
      const name = figure.name === undefined ? '' : `, ${figure.name}`
      const cells = names.map((peer) => cell(figure, measured[row.id]?.[peer]))
      lines.push([`${row.title}${name} [${figure.unit}]`, ...cells, ratio, asked, failed ? 'no' : met])
    }
  }
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What the numbers were taken on. */
export function describeMachine(folder) {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const system = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).split(/[.-]/).slice(0, 2).join('.')
  const disk = execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim()
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}, Linux ${kernel}, data on ${disk}`
}
