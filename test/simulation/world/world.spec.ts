// A world that goes on while promises hang lets one process do in the name of another what it began itself.
import { expect, it } from 'vitest'
import { World } from './world.js'

it('lets promises go on to the end before the next thing happens, however many hang on each other', async () => {
  const world = new World({ seed: 1, shape: 'oneProcess' })
  const happened: string[] = []
  const chain = async (): Promise<void> => {
    for (let awaits = 0; awaits < 100; awaits++) await undefined
    happened.push('end of the chain')
  }
  world.after(0, () => void chain())
  world.after(0, () => happened.push('next'))
  expect(await world.goOn(() => happened.length === 2, 10)).toBe(true)
  expect(happened).toEqual(['end of the chain', 'next'])
})
