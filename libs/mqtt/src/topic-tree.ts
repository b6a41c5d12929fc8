// Topic filters as a tree of levels: finding all filters that match a topic name. Exact filters are cheaper in a Map; the tree takes any plain filter.

interface Node<V> {
  readonly parent: Node<V> | undefined
  /** The level that leads here from the parent. */
  readonly level: string
  /** Made with the first child; `+` and `#` are children like any other. */
  children: Map<string, Node<V>> | undefined
  plus: Node<V> | undefined
  hash: Node<V> | undefined
  value: V | undefined
}

/**
 * A map from plain filters (no `$share/`) to values, with `match`. Nothing recurses, work grows with the levels and with the
 * filters that match, and nodes go with their last filter. `undefined` cannot be a value.
 */
export class TopicTree<V> {
  readonly #root: Node<V> = newNode<V>(undefined, '')
  #size = 0
  #nodes = 0
  // Two lists of nodes, used in turns by `match`, so that matching makes no garbage.
  #now: Node<V>[] = []
  #next: Node<V>[] = []

  /** How many filters have a value. */
  get size(): number {
    return this.#size
  }

  /** How many levels of filters the tree holds: for a gauge, and to see that nothing is left behind. */
  get nodes(): number {
    return this.#nodes
  }

  get(filter: string): V | undefined {
    return this.#find(filter)?.value
  }

  /** Adds the filter, or replaces its value. */
  set(filter: string, value: V): void {
    let node = this.#root
    let from = 0
    for (;;) {
      const to = endOfLevel(filter, from)
      node = this.#childOrNew(node, filter.slice(from, to))
      if (to === filter.length) break
      from = to + 1
    }
    if (node.value === undefined) this.#size++
    node.value = value
  }

  /** Takes the filter out; false when it was not there. */
  delete(filter: string): boolean {
    let node = this.#find(filter)
    if (node?.value === undefined) return false
    node.value = undefined
    this.#size--
    while (node.parent !== undefined && node.value === undefined && node.children === undefined) {
      const { parent, level }: Node<V> = node
      removeChild(parent, level)
      this.#nodes--
      node = parent
    }
    return true
  }

  /** Calls `visit` once for each filter that matches the name, in no promised order. `visit` must leave the tree alone. */
  match(name: string, visit: (value: V) => void): void {
    let now = this.#now
    let next = this.#next
    now.length = 0
    now.push(this.#root)
    let from = 0
    let isFirst = true
    while (now.length > 0) {
      const to = endOfLevel(name, from)
      const level = name.slice(from, to)
      const isLast = to === name.length
      // [MQTT-4.7.2-1] A wildcard at the start does not match names that begin with `$`.
      const withWildcards = !isFirst || !level.startsWith('$')
      next.length = 0
      for (const node of now) {
        if (withWildcards) {
          if (node.hash?.value !== undefined) visit(node.hash.value)
          if (node.plus !== undefined) next.push(node.plus)
        }
        const child = node.children?.get(level)
        // A name has no wildcards of its own, but nobody should be able to find `+` by publishing to it.
        if (child !== undefined && child !== node.plus && child !== node.hash) next.push(child)
      }
      ;[now, next] = [next, now]
      if (isLast) break
      from = to + 1
      isFirst = false
    }
    for (const node of now) {
      if (node.value !== undefined) visit(node.value)
      // `a/#` matches `a` too [MQTT-4.7.1-2].
      if (node.hash?.value !== undefined) visit(node.hash.value)
    }
    now.length = 0
    next.length = 0
  }

  /** Every filter with its value, in no promised order. */
  *entries(): IterableIterator<[filter: string, value: V]> {
    const waiting: Node<V>[] = [this.#root]
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node.value !== undefined) yield [filterOf(node), node.value]
      if (node.children !== undefined) waiting.push(...node.children.values())
    }
  }

  #childOrNew(node: Node<V>, level: string): Node<V> {
    const existing = node.children?.get(level)
    if (existing !== undefined) return existing
    const child = newNode(node, level)
    this.#nodes++
    node.children ??= new Map<string, Node<V>>()
    node.children.set(level, child)
    if (level === '+') node.plus = child
    else if (level === '#') node.hash = child
    return child
  }

  #find(filter: string): Node<V> | undefined {
    let node: Node<V> | undefined = this.#root
    let from = 0
    while (node !== undefined) {
      const to = endOfLevel(filter, from)
      node = node.children?.get(filter.slice(from, to))
      if (to === filter.length) break
      from = to + 1
    }
    return node
  }
}

function newNode<V>(parent: Node<V> | undefined, level: string): Node<V> {
  return { parent, level, children: undefined, plus: undefined, hash: undefined, value: undefined }
}

function removeChild<V>(node: Node<V>, level: string): void {
  node.children?.delete(level)
  if (node.children?.size === 0) node.children = undefined
  if (level === '+') node.plus = undefined
  else if (level === '#') node.hash = undefined
}

function filterOf<V>(node: Node<V>): string {
  const levels: string[] = []
  for (let at: Node<V> = node; at.parent !== undefined; at = at.parent) levels.push(at.level)
  return levels.reverse().join('/')
}

function endOfLevel(text: string, from: number): number {
  const at = text.indexOf('/', from)
  return at < 0 ? text.length : at
}
