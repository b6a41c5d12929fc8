// `npm run ci`: every check that a change must pass, in one run, ending in one line with the count. A step counts as
// one; the tests count one by one. A skipped test is a failure: CI that does not look must not look green.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'

const REPORT = 'results/tests.json'

/** All together; a step that begins late gets what is left. */
const MINUTES_MAX = 24

/** Each step is a command of the README or of CONTRIBUTING, with the minutes after which it has failed. */
const steps = [
  { name: 'build', command: ['npm', 'run', '--silent', 'build'], minutes: 3 },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], minutes: 4 },
  { name: 'rooms', command: ['npm', 'run', '--silent', 'rooms'], minutes: 2 },
  { name: 'generated pages', command: ['npm', 'run', '--silent', 'check'], minutes: 2 },
  {
    name: 'tests',
    command: [
      'npm',
      'test',
      '--silent',
      '--',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${REPORT}`,
    ],
    minutes: 16,
    count: countTests,
  },
  { name: 'first hour', command: ['npm', 'run', '--silent', 'test:first-hour'], minutes: 5 },
]

/** Runs a command to its end, or ends it with everything it started. Returns true if it succeeded in time. */
function run([program, ...args], minutes) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
    const timer = setTimeout(() => {
      console.log(`over its ${minutes.toFixed(1)} minutes: ended`)
      process.kill(-child.pid, 'SIGKILL')
    }, minutes * 60_000)
    child.on('error', (error) => {
      console.log(error.message)
      clearTimeout(timer)
      resolve(false)
    })
    child.on('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
  })
}

/** Counts of the test run. A file that could not even be loaded has no test that failed, so it counts as one itself. */
function countTests(succeeded) {
  let report
  try {
    report = JSON.parse(readFileSync(REPORT, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, notes: ['the test run left no report'] }
  }
  const tests = report.testResults.flatMap((file) => file.assertionResults)
  const passed = tests.filter((test) => test.status === 'passed').length
  const notPassed = tests.filter((test) => test.status !== 'passed')
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  )
  const notes = [
    ...notPassed.flatMap((test) => [
      `${test.status}: ${test.fullName}`,
      // Who reads only the end of a long output still learns why.
      ...(test.failureMessages ?? []).map((message) => `  ${message.split('\n', 3).join(' ').slice(0, 400)}`),
    ]),
    ...broken.map((file) => `could not run: ${file.name}`),
  ]
  let failed = notPassed.length + broken.length
  if (!succeeded && failed === 0) {
    failed = 1
    notes.push('the test run failed outside of any test')
  }
  if (passed === 0 && failed === 0) {
    failed = 1
    notes.push('no tests were found')
  }
  return { passed, failed, notes }
}

const began = Date.now()
const minutesLeft = () => Math.max(0, MINUTES_MAX - (Date.now() - began) / 60_000)
const total = { passed: 0, failed: 0 }
const lines = []
mkdirSync('results', { recursive: true })
rmSync(REPORT, { force: true })

for (const { name, command, minutes, count } of steps) {
  console.log(`\n── ${name}: ${command.join(' ')}`)
  const started = Date.now()
  const succeeded = await run(command, Math.min(minutes, minutesLeft()))
  const { passed, failed, notes } =
    count === undefined
      ? { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, notes: [] }
      : count(succeeded)
  total.passed += passed
  total.failed += failed
  const seconds = ((Date.now() - started) / 1000).toFixed(0)
  lines.push(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`,
    ...notes.map((note) => `         ${note}`),
  )
}

console.log(`\n${lines.join('\n')}\n`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
