// The password file on disk: read whole, written whole into a new file that then takes the old one's place.
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '#libs/log'
import { BrokenPasswordFile, formatUsers, parseUsers, type Users } from '../core/password-file.js'

/** All users; none when there is no file. Throws BrokenPasswordFile with the file's name. */
export async function readUsers(path: string): Promise<Users> {
  try {
    return parseUsers(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map()
    if (error instanceof BrokenPasswordFile) throw new BrokenPasswordFile(`${path}: ${error.message}`)
    throw error
  }
}

/** Writes all users; nobody but the owner of the file may read it. A reader finds the old file or the new one, never half of it. */
export async function writeUsers(path: string, users: Users): Promise<void> {
  await makeDirectory(dirname(path))
  const fresh = `${path}.${String(process.pid)}.new`
  try {
    const file = await open(fresh, 'wx', 0o600)
    try {
      await file.writeFile(formatUsers(users))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}
