// Starting, watching and ending one child process. Nothing here knows a broker.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How long a broker may take to start or to end, in milliseconds. */
const deadlineMillis = 30_000

/** The environment of the tests, without what is meant for the tests themselves. */
const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TBMQ_TEST_')))

export class BrokerProcess {
  output = ''
  #child: ChildProcess | undefined
  readonly #watchers = new Set<() => void>()

  constructor(
    private readonly command: string,
    private readonly args: readonly string[],
    private readonly environment: Record<string, string>,
  ) {}

  /** Starts the program and resolves with the first answer of `isReady` that is not undefined; asked at each output. */
  async start<T>(isReady: (outputSinceStart: string) => T | undefined): Promise<T> {
    const from = this.output.length
    const child = spawn(this.command, this.args, {
      env: { ...inherited(), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const onText = (chunk: Buffer): void => {
      this.output += chunk.toString()
      for (const watcher of this.#watchers) watcher()
    }
    child.stdout.on('data', onText)
    child.stderr.on('data', onText)
    return new Promise<T>((resolve, reject) => {
      const fail = (why: string): void => {
        finish()
        reject(new Error(`${this.command} ${why}; it said: ${this.output.slice(from)}`))
      }
      const onExit = (): void => fail('ended at its start')
      const timer = setTimeout(() => fail(`was not ready after ${deadlineMillis} ms`), deadlineMillis)
      const watch = (): void => {
        const answer = isReady(this.output.slice(from))
        if (answer === undefined) return
        finish()
        resolve(answer)
      }
      const finish = (): void => {
        clearTimeout(timer)
        child.off('exit', onExit)
        this.#watchers.delete(watch)
      }
      child.once('exit', onExit)
      child.once('error', (error) => fail(`could not be started (${error.message})`))
      this.#watchers.add(watch)
    })
  }

  /** Sends a signal and resolves when the process has ended; nothing when it has ended before. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMillis)
    await exit
    clearTimeout(timer)
  }
}
