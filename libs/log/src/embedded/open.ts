// Opens the embedded log of a directory.
import { EmbeddedLog } from './embedded-log.js'
import { lockDirectory } from './lock.js'
import { Manifest } from './manifest.js'
import { withDefaults, type EmbeddedLogOptions } from './options.js'
import { recover } from './recovery.js'

/**
 * Locks the directory, reads what is there, cuts a torn tail. Throws DirectoryInUse, NewerFormat or DamagedLog, each with one
 * sentence for the operator.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const settings = withDefaults(options)
  const { files, directory, damage, notice, locked, progress } = settings
  await files.list(directory)
  const lock = await lockDirectory(directory, notice)
  try {
    await locked()
    const manifest = await Manifest.load(files, directory)
    const found = await recover({ files, directory, manifest, damage, notice, progress })
    manifest.incarnation++
    manifest.synced = found.last
    await manifest.save()
    return new EmbeddedLog(settings, manifest, lock, found)
  } catch (error) {
    await lock.release()
    throw error
  }
}
