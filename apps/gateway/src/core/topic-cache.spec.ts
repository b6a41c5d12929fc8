// Feared: memory that grows with every name that ever came, and a name that is taken for another one.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { partitionOfTopic } from '#libs/topics'
import { TopicCache } from './topic-cache.js'

const bytesOf = (text: string) => utf8Encode(`--${text}--`)
const find = (cache: TopicCache, text: string) => cache.find(bytesOf(text), 2, bytesOf(text).length - 2)
const add = (cache: TopicCache, text: string) => cache.add(bytesOf(text), 2, bytesOf(text).length - 2)

describe('TopicCache', () => {
  it('finds a name by its bytes alone, with its partition', () => {
    const cache = new TopicCache({ partitions: 8 })
    for (const text of ['a', 'a/b', 'ä/ö', '__proto__', 'x'.repeat(5000)]) {
      expect(find(cache, text)).toBeUndefined()
      const entry = add(cache, text)
      expect(find(cache, text)).toBe(entry)
      expect([entry.text, entry.partition]).toEqual([text, partitionOfTopic(text, 8)])
    }
    expect(find(cache, 'a/c')).toBeUndefined()
  })

  it('stays bounded with a million names that come once, and keeps the one that is in use', () => {
    const cache = new TopicCache({ partitions: 1, entriesMax: 1000 })
    add(cache, 'in/use')
    for (let i = 0; i < 100_000; i++) {
      if (find(cache, `once/${i}`) === undefined) add(cache, `once/${i}`)
      if (i % 500 === 0) expect(find(cache, 'in/use')?.text).toBe('in/use')
    }
    expect(cache.size).toBeLessThanOrEqual(2000)
  })

  it('bounds long names by their bytes', () => {
    const cache = new TopicCache({ partitions: 1, bytesMax: 100_000 })
    for (let i = 0; i < 100; i++) add(cache, `${i}/${'x'.repeat(10_000)}`)
    expect(cache.size).toBeLessThanOrEqual(22)
  })

  it('knows which names are for the broker alone', () => {
    const cache = new TopicCache({ partitions: 1 })
    expect(
      ['$SYS/x', '$SYS/', '$SYS', '$SYSX/a', 'a/$SYS/b', '$sys/x'].map((text) => add(cache, text).isReserved),
    ).toEqual([true, true, false, false, false, false])
  })
})
