// Rules about who owns a partition, what it sends, and what it has done, each with the change of the sources that takes it out.
// rules.mjs has them all.

const log = 'libs/log/src'
const runtime = 'libs/runtime/src'

export const ownerRules = [
  {
    rule: 'Answers to gateways go out when everything else of their commit has arrived',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/ordered-sends.ts`,
        from: 'const first = sends.filter((append) => !isAnswer(append))',
        to: 'const first = sends',
      },
      {
        file: `${runtime}/ordered-sends.ts`,
        from: 'sends.filter(isAnswer).map(',
        to: 'sends.filter(() => false).map(',
      },
    ],
  },
  {
    rule: 'Services drop what has come before, by its origin',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/input.ts`,
        from: 'if (this.#origins.repeats(origin))',
        to: 'if (origin.number < 0)',
      },
    ],
  },
  {
    rule: 'A new owner claims its partition before it reads the state',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const claim = await log.claim(service.name, partition, states)',
        to: '',
      },
      {
        file: `${runtime}/partition.ts`,
        from: 'if (!log.atomicCommit) {\n      const again',
        to: 'const claim = await log.claim(service.name, partition, states)\n if (!log.atomicCommit) {\n const again',
      },
    ],
  },
  {
    rule: 'The log refuses an owner whose partition another one has claimed',
    shape: 'cluster',
    changes: [
      {
        file: `${log}/memory/lane.ts`,
        from: 'if (producer !== undefined && partition.refuses(producer.id, producer.epoch)) {',
        to: "if (partition.refuses('', 0)) {",
      },
    ],
  },
  {
    rule: 'A new owner sends again before it reads its inputs',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const again = await sendAgain(claim, outbox, service.targets?.(state) ?? [])',
        to: 'const again = 0\n void sendAgain(claim, outbox, service.targets?.(state) ?? [])',
      },
    ],
  },
  {
    rule: 'The highest number per origin is saved with the position',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: "for (const origin of input.takeUnsaved()) commit.own({ kind: 'origin', input: index, origin })",
        to: 'input.takeUnsaved()',
      },
    ],
  },
  {
    rule: 'A replay drops what was dropped',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/restore.ts`,
        from: 'const left = dropped.size === 0 ? part : without(part, dropped)',
        to: 'const left = part',
      },
    ],
  },
  {
    rule: 'A new owner sends again what the outbox holds',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/send-again.ts`,
        from: 'const open = outbox.take()',
        to: 'const open = outbox.take().slice(0, 0)',
      },
    ],
  },
  {
    rule: 'An outbox is deleted when all its targets have acknowledged',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/outbox.ts`,
        from: "commit.own({ kind: 'outbox', number, sends: writer.view() })",
        to: "commit.own({ kind: 'outbox', number, sends: writer.view() })\n    this.#arrived.push(number)",
      },
    ],
  },
  {
    rule: 'A matcher saves its position when what it routed has arrived',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const arrived = sendsLater ? input?.passLater(position) : undefined',
        to: 'const arrived = sendsLater && position < 0 ? input?.passLater(position) : undefined',
      },
    ],
  },
  {
    rule: 'An owner that is refused drops the partition',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: "if (failure.kind === 'refused' && !this.#options.log.atomicCommit) this.#lose()",
        to: "if (failure.kind === 'refused') return",
      },
    ],
  },
  {
    rule: 'An inbox is deleted only behind what a stored commit allows',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'if (positions !== undefined) this.#storedTo(positions, keepFrom)',
        to: 'if (positions !== undefined) this.#storedTo(positions, this.#keepFrom)',
      },
    ],
  },
  {
    rule: 'Facts are stored with the position up to which the inbox has been read',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/partition.ts`,
        from: 'const positions = commit.hasFacts ? this.#recordPositions(commit) : undefined',
        to: 'const positions = commit.hasFacts && commit.empty ? this.#recordPositions(commit) : undefined',
      },
    ],
  },
  {
    rule: 'Facts of the second state topic are stored before those of the main one, which say how far the inbox has been read',
    shape: 'cluster',
    changes: [
      {
        file: `${runtime}/commit-builder.ts`,
        from: `    if (second !== undefined) this.#push(second, this.#second)
    this.#push(main, this.#main)`,
        to: `    this.#push(main, this.#main)
    if (second !== undefined) this.#push(second, this.#second)`,
      },
    ],
  },
  {
    rule: 'The sends of a commit follow its facts',
    shape: 'cluster',
    changes: [
      {
        file: `${log}/memory/memory-client.ts`,
        from: 'row.push(() => this.#facts(producer, row, factCopies, sendCopies, stored))',
        to: `this.#sends(producer, sendCopies, () => undefined, 0)
    row.push(() => this.#facts(producer, row, factCopies, [], stored))`,
      },
    ],
  },
  {
    rule: 'What is sent without facts waits for the facts before it',
    shape: 'cluster',
    changes: [
      {
        file: `${log}/memory/memory-client.ts`,
        from: 'row.push(() => this.#facts(producer, row, factCopies, sendCopies, stored))',
        to: `if (factCopies.length === 0) this.#sends(producer, sendCopies, stored, -1)
    else row.push(() => this.#facts(producer, row, factCopies, sendCopies, stored))`,
      },
    ],
  },
]
