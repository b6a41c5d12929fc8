// Loaded into the broker before its own code (`node --import`): tells what it writes past the page cache, so that a round can wait for a large
// group on its way, and say how much of one was there when the broker died.
//
// Lines of DIRECT_RECORD: `write INODE BYTES POSITION` before each write, `sync INODE` after each sync of such a file.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const record = fs.openSync(process.env.DIRECT_RECORD, 'a')
/** Inodes by descriptor. */
const direct = new Map()
/** Those that were written and not synced since. */
const unsynced = new Set()

const { open, write, close, fdatasync } = fs
const inodeOf = (fd) => fs.fstatSync(fd).ino

fs.open = (path, flags, ...rest) => {
  const done = rest.pop()
  open(path, flags, ...rest, (error, fd) => {
    if (error === null && typeof flags === 'number' && (flags & fs.constants.O_DIRECT) !== 0)
      direct.set(fd, inodeOf(fd))
    done(error, fd)
  })
}
fs.close = (fd, done) => {
  direct.delete(fd)
  close(fd, done)
}
fs.write = (fd, ...rest) => {
  const inode = direct.get(fd)
  if (inode !== undefined) {
    unsynced.add(inode)
    fs.writeSync(record, `write ${inode} ${rest[2]} ${rest[3]}\n`)
  }
  write(fd, ...rest)
}
fs.fdatasync = (fd, done) => {
  const inode = unsynced.size > 0 ? inodeOf(fd) : undefined
  fdatasync(fd, (error) => {
    if (error === null && unsynced.delete(inode)) fs.writeSync(record, `sync ${inode}\n`)
    done(error)
  })
}

syncBuiltinESMExports()
