// Feared: a user who reads the name of a system call, or of a topic, and does not know which setting to change.
import { describe, expect, it } from 'vitest'
import { DirectoryInUse, OtherPartitionCount } from '#libs/log'
import { readSettings } from './settings.js'
import { httpError, startError } from './start-error.js'

const settings = readSettings({ TBMQ_DATA_DIR: '/data', TBMQ_PARTITIONS: '4', TBMQ_HTTP_PORT: '80' })

const systemError = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: system call`), { code, ...(path === undefined ? {} : { path }) })

describe('why the broker does not start', () => {
  it.each([
    [new DirectoryInUse('/data/log'), '/data/log is in use by another broker that is running. TBMQ_DATA_DIR'],
    [
      new OtherPartitionCount('a topic', { existing: 1, wanted: 4 }),
      '/data was made with TBMQ_PARTITIONS=1,',
    ],
    [systemError('EACCES', '/data/log'), '/data/log: permission denied. The data directory'],
    [systemError('EROFS', '/data/log'), '/data/log lies on a read-only file system. TBMQ_DATA_DIR'],
    [systemError('ENOSPC', '/data/log'), '/data/log: no space left. TBMQ_DATA_DIR'],
    [systemError('ENOTDIR', '/data/log'), '/data/log is a file, or lies in one: a directory'],
    [
      systemError('ENOENT', '/data'),
      '/data cannot be made: nothing can be made there, or a link on its way leads nowhere. TBMQ_DATA_DIR',
    ],
    [new Error('A sentence.'), 'A sentence.'],
  ])('%s', (error, sentence) => {
    expect(startError(error, settings)).toContain(sentence)
  })

  it.each([
    ['EADDRINUSE', 'Port 80 (http) is taken by another program. TBMQ_HTTP_PORT sets another one.'],
    ['EACCES', 'Port 80 (http) needs more rights. TBMQ_HTTP_PORT sets another one.'],
    ['EADDRNOTAVAIL', '127.0.0.1 (http) is no address of this machine. TBMQ_HTTP_HOST sets another one.'],
    ['EMFILE', 'http cannot listen on 127.0.0.1:80: Error: EMFILE: system call'],
  ])('the port for HTTP: %s', (code, sentence) => {
    expect(httpError(systemError(code), settings).message).toBe(sentence)
  })
})
