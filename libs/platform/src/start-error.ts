// Why the broker does not start, in one sentence for who started it: what is wrong, where, and which setting changes it.
import { DirectoryInUse, OtherPartitionCount } from '#libs/log'
import type { Settings } from './settings.js'

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

const pathOf = (error: unknown): string | undefined =>
  error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined

/** Another program listens there. */
export const isTaken = (error: unknown): boolean => codeOf(error) === 'EADDRINUSE'

/** `name`: that of a listener, which its settings have as well. */
export const portTaken = (name: string, port: number, cause: unknown): Error =>
  new Error(
    `Port ${String(port)} (${name}) is taken by another program. TBMQ_${name.toUpperCase()}_PORT sets another one.`,
    { cause },
  )

/** The port for health and metrics cannot be opened. */
export function httpError(error: unknown, { httpHost: host, httpPort: port }: Settings): Error {
  const because = (sentence: string): Error => new Error(sentence, { cause: error })
  if (isTaken(error)) return portTaken('http', port, error)
  switch (codeOf(error)) {
    case 'EACCES':
      return because(`Port ${String(port)} (http) needs more rights. TBMQ_HTTP_PORT sets another one.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return because(`${host} (http) is no address of this machine. TBMQ_HTTP_HOST sets another one.`)
    default:
      return because(`http cannot listen on ${host}:${String(port)}: ${String(error)}`)
  }
}

/** The sentence for whatever ended a start. */
export function startError(error: unknown, settings: Settings | undefined): string {
  if (error instanceof DirectoryInUse) return `${error.message}. TBMQ_DATA_DIR sets another directory.`
  if (error instanceof OtherPartitionCount && settings !== undefined) {
    return (
      `${settings.dataDir} was made with TBMQ_PARTITIONS=${String(error.existing)}, which cannot become ` +
      `${String(settings.partitions)}. Set it back, or begin an empty directory with TBMQ_DATA_DIR.`
    )
  }
  return fileError(error) ?? (error instanceof Error ? error.message : String(error))
}

/** What the file system refused, in a sentence; undefined for an error that is none of its own. */
export function fileError(error: unknown): string | undefined {
  const path = pathOf(error)
  if (path === undefined) return undefined
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `${path}: permission denied. The data directory and all in it must belong to the user who runs the broker.`
    case 'EROFS':
      return `${path} lies on a read-only file system. TBMQ_DATA_DIR sets another directory.`
    case 'ENOSPC':
    case 'EDQUOT':
      return `${path}: no space left. TBMQ_DATA_DIR sets another directory.`
    case 'ENOENT':
      return `${path} cannot be made: nothing can be made there, or a link on its way leads nowhere. TBMQ_DATA_DIR sets another directory.`
    case 'EEXIST':
    case 'ENOTDIR':
      return `${path} is a file, or lies in one: a directory is needed there. TBMQ_DATA_DIR sets another one.`
    default:
      return undefined
  }
}
