// Rules that are found by a spec: no client sees them broken in a short run. Each with the change of the sources that takes it out.
// rules.mjs has them all.

const log = 'libs/log/src/embedded'
const runtime = 'libs/runtime/src'
const gateway = 'apps/gateway/src'
const session = 'apps/session/src/core'
const subscription = 'apps/subscription/src/core'
const delivery = 'apps/delivery/src'

/** One rule: the spec that finds it, and what is written in place of what. */
const found = (rule, spec, file, from, to) => ({ rule, spec, changes: [{ file, from, to }] })

export const specRules = [
  found(
    'Frames of all files carry one number: behind the first that is missing everything is cut, in every file',
    `${log}/recovery.spec.ts`,
    `${log}/recovery.ts`,
    'if (frame.number > last + 1) break',
    '',
  ),
  found(
    'What is acknowledged is synced with everything before it, in every file',
    `${log}/power-cut.spec.ts`,
    `${log}/group-commit.ts`,
    'this.#underWay--\n',
    'this.#underWay--\n      this.synced = this.#through\n      this.#done(0)\n',
  ),
  found(
    'The removal of a file waits until everything before it is stored',
    `${log}/maintenance.spec.ts`,
    `${log}/retention.ts`,
    'await this.#home.stored()',
    '',
  ),
  found(
    'A new matcher has the old one refused wherever that could still send',
    `${runtime}/several-owners.spec.ts`,
    `${runtime}/partition.ts`,
    'service.targets?.(state) ?? []',
    '[]',
  ),
  found(
    'What a gateway that died had still sent for a session that was taken over by force is swept',
    `${session}/takeover.spec.ts`,
    `${session}/gateway-end.ts`,
    'if (state.rows.get(session.clientId)?.birth !== session.birth) turn.ended.push(session)',
    '',
  ),
  found(
    'What was due before an inbox record was appended is done before it',
    `${runtime}/partition.spec.ts`,
    `${runtime}/partition.ts`,
    'if (this.#wake.at <= batch.appendTime) this.#tick(batch.appendTime)',
    '',
  ),
  found(
    'The clock alone fires a deadline only when the inbox has been read to its end',
    `${runtime}/partition.spec.ts`,
    `${runtime}/partition.ts`,
    'const behind = inbox !== undefined && log.endOffset(inbox.target) > inbox.position',
    'const behind = inbox === undefined',
  ),
  found(
    'A CONNECT counts from its arrival at the gateway',
    `${session}/session.spec.ts`,
    `${session}/open-session.ts`,
    'fireDue(turn, row, opening.arrivedMillis)',
    'fireDue(turn, row, turn.now)',
  ),
  found(
    'What is due for a client is done before its CONNECT, though the clock has not told',
    `${session}/will.spec.ts`,
    `${session}/open-session.ts`,
    'row === undefined ? undefined : fireDue(turn, row, opening.arrivedMillis)',
    'row',
  ),
  found(
    'The end of a gateway counts after what it still said about its connections',
    `${session}/takeover.spec.ts`,
    `${session}/gateway-end.ts`,
    'sweepMillis: turn.now + 1',
    'sweepMillis: turn.now',
  ),
  found(
    'A new connection waits 500 milliseconds at most for the old one',
    `${session}/takeover.spec.ts`,
    `${session}/due.ts`,
    'if (row.waiting !== undefined && row.waiting.untilMillis <= now) {',
    'if (row.waiting !== undefined && row.birth < 0) {',
  ),
  found(
    'A newer CONNECT takes the place of one that waits',
    `${session}/takeover.spec.ts`,
    `${session}/takeover.ts`,
    'if (waiting !== undefined) supersede(turn, waiting.opening.address)',
    'if (waiting !== undefined) return supersede(turn, newcomer.opening.address)',
  ),
  found(
    'What a group sent to a connection that is gone comes back, whatever its QoS',
    `${gateway}/core/deliver.spec.ts`,
    `${gateway}/core/on-run.ts`,
    'if (isOfGroup) acknowledgements.addOfGroup(source.group, goneStep, run.number, 0)',
    '',
  ),
  found(
    'What a group sent to a connection that ends before it is written comes back, whatever its QoS',
    `${gateway}/core/deliver.spec.ts`,
    `${gateway}/core/ending.ts`,
    '  returnGroupMessages(connection)\n',
    '',
  ),
  found(
    'Retained messages are sent a page at a time: who gets them asks for the next',
    `${subscription}/retained.spec.ts`,
    `${subscription}/retained.ts`,
    'if (next !== undefined) askForNext(state, query, next, outcome)',
    'if (next !== undefined) this.sendPage(state, { ...query, after: next }, now, outcome)',
  ),
  found(
    'A retained message is replaced by no older one',
    `${subscription}/retained.spec.ts`,
    `${subscription}/retained.ts`,
    'if (known !== undefined && known.offset >= offset) return',
    '',
  ),
  found(
    'What is still queued when the inbox has grown long becomes facts',
    `${delivery}/core/keep.spec.ts`,
    `${delivery}/core/delivery.service.ts`,
    '      moveOn(turn, batch)\n',
    '',
  ),
  found(
    'What has held the start of the inbox for long becomes facts, though nothing more comes',
    `${delivery}/core/keep.spec.ts`,
    `${delivery}/core/delivery.service.ts`,
    'moveInTime(newTurn(state, settings, now, outcome))',
    'state.moveDueMillis = undefined',
  ),
  found(
    'The limits of a queue are facts: a replay decides under those that held',
    `${delivery}/core/keep.spec.ts`,
    `${delivery}/core/turn.ts`,
    'limits: limitsAt(state, state.position) ?? settings.limits',
    'limits: settings.limits',
  ),
  found(
    'What was under way goes out again after a restore',
    `${delivery}/core/queue.spec.ts`,
    `${delivery}/core/delivery.service.ts`,
    '  sendAllAgain(turn)\n',
    '',
  ),
  found(
    'What the kept-session store has lost comes back from the log',
    `${delivery}/shell/checkpoint.spec.ts`,
    `${delivery}/shell/checkpoint.ts`,
    'if (found.length < refills.length) state.lost = true',
    '',
  ),
  found(
    'Braces and percent signs of a client id are encoded in keys of the kept-session store',
    'libs/store/src/store.contract.spec.ts',
    'libs/store/src/keys.ts',
    ".replaceAll('%', '%25').replaceAll('{', '%7B').replaceAll('}', '%7D')",
    '',
  ),
]
