// The certificate, key and client CA of the TLS listeners: PEM files, read again when they have changed. A broken new set is told and the
// old one stays in use.
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import type { LineWriter } from '../connection-driver.js'

export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Undefined: clients need no certificate. */
  readonly clientCa: string | undefined
  /** True when somebody named the files: then they must be there. */
  readonly areRequired: boolean
  /** How often the files are looked at. Looking is three calls to the system; watching would miss links that are put elsewhere. */
  readonly lookMillis: number
}

export class Certificates {
  /** Undefined: there are none. */
  current: SecureContextOptions | undefined
  readonly #files: CertificateFiles
  readonly #logger: LineWriter
  /** What the files looked like when they were last read, and at the last look. */
  #read = ''
  #seen = ''
  #timer: NodeJS.Timeout | undefined

  constructor({ files, logger }: { readonly files: CertificateFiles; readonly logger: LineWriter }) {
    this.#files = files
    this.#logger = logger
  }

  /** Reads the files for the first time. Rejects with a sentence for the user when they are broken, or required and not there. */
  async open(): Promise<void> {
    this.#read = this.#seen = await this.#look()
    if (this.#read !== '' || this.#files.areRequired) this.current = await this.#load()
  }

  /** Calls back with each new set. */
  watch(changed: (context: SecureContextOptions) => void): void {
    const next = (): void => {
      this.#timer = setTimeout(() => {
        void this.#lookAgain(changed).then(() => {
          if (this.#timer !== undefined) next()
        })
      }, this.#files.lookMillis)
    }
    next()
  }

  close(): void {
    clearTimeout(this.#timer)
    // A look that is under way plans no other one.
    this.#timer = undefined
  }

  /** Never rejects. */
  async #lookAgain(changed: (context: SecureContextOptions) => void): Promise<void> {
    const looks = await this.#look()
    // Files that are being written differ from look to look; they are read when they have come to rest.
    const rests = looks === this.#seen
    this.#seen = looks
    if (!rests || looks === this.#read) return
    this.#read = looks
    try {
      this.current = await this.#load()
      changed(this.current)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      this.#logger.error({ detail }, 'the new certificates cannot be used; the old ones stay')
    }
  }

  /** Differs whenever a file was changed or replaced; empty when neither certificate nor key is there. */
  async #look(): Promise<string> {
    const { certificate, key, clientCa } = this.#files
    const looks = await Promise.all(
      [certificate, key, ...(clientCa === undefined ? [] : [clientCa])].map(lookOf),
    )
    return looks[0] === absent && looks[1] === absent ? '' : looks.join(' ')
  }

  async #load(): Promise<SecureContextOptions> {
    const { certificate, key, clientCa } = this.#files
    const cert = await read(certificate)
    const context: SecureContextOptions = {
      cert,
      key: await read(key),
      minVersion: 'TLSv1.2',
      ...(clientCa === undefined ? {} : { ca: await readClientCa(clientCa) }),
    }
    try {
      createSecureContext(context)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`${certificate} and ${key} are no certificate with its key: ${reason}`, {
        cause: error,
      })
    }
    const { subject, validTo } = new X509Certificate(cert)
    this.#logger.info({ file: certificate, subject, validTo }, 'certificate read')
    return context
  }
}

const absent = 'absent'

async function lookOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file)
    return `${String(mtimeMs)}/${String(size)}/${String(ino)}`
  } catch {
    // Whatever keeps it from being seen: to us it is not there.
    return absent
  }
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const remedy =
      'TBMQ_TLS_CERTIFICATE, TBMQ_TLS_KEY and TBMQ_TLS_CLIENT_CA name the files of the TLS listeners.'
    throw new Error(`${file} cannot be read (${code}): ${remedy}`, { cause: error })
  }
}

/** TLS would take a file without certificates and let nobody in. */
async function readClientCa(file: string): Promise<Buffer> {
  const ca = await read(file)
  try {
    new X509Certificate(ca)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${file} (TBMQ_TLS_CLIENT_CA) holds no certificate: ${reason}`, { cause: error })
  }
  return ca
}
