// Fears: receivers remembered for ever or too long, and one subscription that makes everything be found anew.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { TopicTree } from '#libs/mqtt'
import { Client, connect, Filter } from './filter.js'
import { Targets } from './targets.js'
import { TopicRouter } from './topic-router.js'

class Topics {
  readonly exact = new Map<string, Filter>()
  readonly wildcards = new TopicTree<Filter>()
  readonly targets = new Targets()
  readonly router: TopicRouter
  count = 0

  constructor(heldBytesMax?: number) {
    this.router = new TopicRouter(this.exact, this.wildcards, heldBytesMax)
  }

  subscribe(text: string, clients = 1): void {
    const isWildcard = text.includes('#')
    const filter =
      (isWildcard ? this.wildcards.get(text) : this.exact.get(text)) ??
      new Filter(text, isWildcard, ++this.count)
    if (isWildcard) this.wildcards.set(text, filter)
    else this.exact.set(text, filter)
    for (let i = 0; i < clients; i++) {
      const number = ++this.count
      connect(new Client(String(number), number, true, this.targets.ofDelivery(0), number), filter)
    }
    filter.version++
    this.router.forget(filter)
  }

  of(topic: string): ReturnType<TopicRouter['receiversOf']> {
    const bytes = utf8Encode(topic)
    return this.router.receiversOf(bytes, 0, bytes.length, 0)
  }
}

describe('topic router', () => {
  it('gives topics with the same filters the same set, so that their messages share its receivers', () => {
    const topics = new Topics()
    topics.subscribe('#')
    topics.subscribe('a/#')
    topics.subscribe('a/x')
    expect(topics.of('a/b')).toBe(topics.of('a/c'))
    expect(topics.of('a/b').count).toBe(2)
    expect(topics.of('b')).toBe(topics.of('c'))
    expect(topics.of('a/x')).not.toBe(topics.of('a/b'))
  })

  it('forgets the topic of an exact filter, and no other', () => {
    const topics = new Topics()
    for (const topic of ['a', 'b', 'c']) topics.subscribe(topic)
    const before = ['a', 'b', 'c'].map((topic) => topics.of(topic))
    topics.subscribe('b')
    topics.subscribe('new')
    expect(['a', 'b', 'c'].map((topic, i) => topics.of(topic) === before[i])).toEqual([true, false, true])
    expect([topics.of('b').count, topics.of('new').count]).toEqual([2, 1])
  })

  it('keeps what is written down when a wildcard filter changes that does not concern it', () => {
    const topics = new Topics()
    topics.subscribe('a/#', 1000)
    topics.subscribe('b/#')
    const before = topics.of('a/1')
    topics.subscribe('b/#')
    topics.subscribe('c/#')
    expect(topics.of('a/1')).toBe(before)
    expect(topics.of('b/1').count).toBe(2)
    topics.subscribe('a/1/#')
    expect(topics.of('a/1').count).toBe(1001)
  })

  it('holds a bounded number of bytes, and is right all the same', () => {
    const topics = new Topics(100_000)
    topics.subscribe('#', 1000)
    for (let i = 0; i < 200; i++) topics.subscribe(`t/${String(i)}`)
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 200; i++) expect(topics.of(`t/${String(i)}`).count).toBe(1001)
      const held = [...topics.exact.values()].filter(({ receivers }) => receivers !== undefined)
      expect(held.length).toBeLessThan(50)
      expect(topics.router.size).toBeLessThan(50)
      expect(topics.router.heldBytes).toBeLessThan(100_000)
    }
    expect(topics.router.timesFull).toBeGreaterThan(5)
  })

  it('forgets in time the names that nobody publishes to any more, and keeps the others', () => {
    const topics = new Topics()
    topics.subscribe('#')
    topics.subscribe('a')
    const { router } = topics
    expect(router.ageAtMillis).toBeUndefined()
    router.beginAgeing(1_000)
    for (let i = 0; i < 1_000; i++) topics.of(`once/${String(i)}`)
    const kept = topics.of('a')
    for (let rounds = 0; rounds < 3; rounds++) {
      router.age(router.ageAtMillis ?? 0)
      expect(topics.of('a')).toBe(kept)
    }
    expect(router.size).toBe(2)
    router.age(router.ageAtMillis ?? 0)
    router.age(router.ageAtMillis ?? 0)
    expect([router.size, router.ageAtMillis]).toEqual([0, undefined])
  })
})
