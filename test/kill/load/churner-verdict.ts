// After the load each client that came and went is asked: is its session there, and does it get what it has subscribed to?
import type { Crowd } from './crowd.js'
import type { Notes } from './notes.js'
import { until } from './until.js'

const deadlineMillis = 20_000

/** Session present is judged by the peer itself as it connects. */
export async function judgeChurners(crowd: Crowd, notes: Notes): Promise<void> {
  const sender = crowd.visitor('asks-churners', () => {})
  await sender.stay()
  for (const churner of crowd.churners) {
    await churner.peer.stay()
    const own = `fence/${churner.name}`
    const codes = await churner.peer.subscribe({ [own]: 1 })
    if (codes === undefined) notes.broken(`${churner.name} lost its connection at the end`)
    churner.received.length = 0
    for (const [topic, payload] of [[churner.filter, 'on the filter'] as const, [own, 'fence'] as const]) {
      let isStored = false
      const acknowledged = (): void => void (isStored = true)
      sender.publish({
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        retain: false,
        resent: () => {},
        acknowledged,
        refused: () => {},
      })
      if (!(await until(() => isStored, deadlineMillis)))
        notes.broken(`a message to ${topic} was not acknowledged`)
    }
    const has = (payload: string): boolean => churner.received.includes(payload)
    const isDone = (): boolean => has('fence') && (churner.subscribed !== 'yes' || has('on the filter'))
    await until(isDone, deadlineMillis)
    if (!has('fence')) notes.broken(`${churner.name} did not get its fence`)
    if (churner.subscribed === 'yes' && !has('on the filter'))
      notes.broken(`${churner.name} had a SUBACK and gets nothing`)
    if (churner.subscribed === 'no' && has('on the filter'))
      notes.broken(`${churner.name} is not subscribed and gets messages all the same`)
    await churner.peer.drop()
  }
  await sender.drop()
}
