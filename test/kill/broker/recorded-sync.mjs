// Loaded into the broker before its own code (`node --import`): after each sync that has succeeded, and before the caller hears of
// it, one line says how much of the file is safe now. Each sync begins a little late, as on a slow disk, so that a power cut finds
// something to take; while the file SYNC_HOLD exists, none begins.
//
// Lines of SYNC_RECORD: `file KEY LENGTH` or `directory KEY NAME/NAME/…`; a key is an inode with its time of birth.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const record = fs.openSync(process.env.SYNC_RECORD, 'a')
const hold = process.env.SYNC_HOLD
const pollMillis = 2
const slowMillis = 4

/** What a sync that begins now makes safe. */
function lineFor(fd) {
  const { ino, birthtimeNs, size, ...stat } = fs.fstatSync(fd, { bigint: true })
  const key = `${ino}:${birthtimeNs}`
  const isDirectory = (Number(stat.mode) & fs.constants.S_IFMT) === fs.constants.S_IFDIR
  if (!isDirectory) return `file ${key} ${size}\n`
  return `directory ${key} ${fs.readdirSync(`/proc/self/fd/${fd}`).join('/')}\n`
}

function whenReleased(go) {
  if (hold !== undefined && fs.existsSync(hold)) setTimeout(whenReleased, pollMillis, go)
  else setTimeout(go, slowMillis)
}

for (const name of ['fsync', 'fdatasync']) {
  const original = fs[name]
  fs[name] = (fd, done) => {
    const line = lineFor(fd)
    whenReleased(() =>
      original(fd, (error) => {
        if (error === null || error === undefined) fs.writeSync(record, line)
        done(error)
      }),
    )
  }
  const originalSync = fs[`${name}Sync`]
  fs[`${name}Sync`] = (fd) => {
    const line = lineFor(fd)
    originalSync(fd)
    fs.writeSync(record, line)
  }
}

const some = await fs.promises.open(new URL(import.meta.url))
const handles = Object.getPrototypeOf(some)
await some.close()
for (const name of ['sync', 'datasync']) {
  const original = handles[name]
  handles[name] = async function () {
    const line = lineFor(this.fd)
    await new Promise(whenReleased)
    await original.call(this)
    fs.writeSync(record, line)
  }
}

syncBuiltinESMExports()
