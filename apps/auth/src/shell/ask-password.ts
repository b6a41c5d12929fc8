// Asks for a password: on a terminal without showing it, twice; from a pipe one line.
import { createInterface } from 'node:readline'
import { ReadStream } from 'node:tty'

/** Who stopped typing, or typed nothing, or two different passwords. */
class NoPassword extends Error {
  override readonly name = 'NoPassword'
}

/** The password; throws NoPassword when there is none. */
export async function askPassword(prompt: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  if (!(input instanceof ReadStream)) return firstLine(input)
  const password = await readHidden(prompt, input)
  if (password === '') throw new NoPassword('A password must not be empty.')
  if ((await readHidden('Once more: ', input)) !== password) throw new NoPassword('The two passwords differ.')
  return password
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input, crlfDelay: Infinity })
  try {
    for await (const line of lines) return line
  } finally {
    lines.close()
  }
  throw new NoPassword('No password came through the pipe.')
}

/** Reads up to Enter in raw mode, in which the terminal shows nothing. */
function readHidden(prompt: string, input: ReadStream): Promise<string> {
  // First the raw mode: somebody may type, or paste, before reading.
  input.setRawMode(true)
  process.stderr.write(prompt)
  input.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let typed = ''
    const done = (): void => {
      input.off('data', take)
      input.setRawMode(false)
      input.pause()
      process.stderr.write('\n')
    }
    const take = (text: string | Buffer): void => {
      for (const character of String(text)) {
        if (character === '\r' || character === '\n') {
          done()
          resolve(typed)
          return
        }
        // Ctrl-C and Ctrl-D
        if (character === '\u0003' || character === '\u0004') {
          done()
          reject(new NoPassword('Nothing was changed.'))
          return
        }
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('')
        else typed += character
      }
    }
    input.on('data', take)
    input.resume()
  })
}
