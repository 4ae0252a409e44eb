/** FakeClock: time passes when the test says so. */
import { FakeClock } from 'pebre/testing'
import { expect, it } from 'vitest'

it('runs timers in the order of their times, each at its time', () => {
  const clock = new FakeClock(1000)
  const seen: unknown[] = []
  const at = (label: string) => (): void => {
    seen.push([label, clock.now()])
  }
  clock.setTimeout(at('late'), 20)
  clock.setTimeout(at('first'), 10)
  clock.setTimeout(at('second'), 10)
  clock.setTimeout(at('at once'))
  clock.setTimeout(at('past'), -5)
  clock.advance(15)
  expect(seen.splice(0)).toEqual([['at once', 1000], ['past', 1000], ['first', 1010], ['second', 1010]])
  expect([clock.now(), clock.pending]).toEqual([1015, 1])
  clock.advance(5)
  expect(seen).toEqual([['late', 1020]])
})

it('runs timers that are set meanwhile, and none that are taken back', () => {
  const { setTimeout, clearTimeout, now, ...rest } = new FakeClock()
  const clock = new FakeClock()
  const seen: number[] = []
  const again = (): void => {
    seen.push(clock.now())
    clock.setTimeout(again, 10)
  }
  clock.setTimeout(again, 10)
  const handle = clock.setTimeout(() => seen.push(-1), 25)
  clock.setTimeout(() => clock.clearTimeout(handle), 24)
  clock.clearTimeout('unknown')
  clock.advance(35)
  expect(seen).toEqual([10, 20, 30])
  clearTimeout(setTimeout(() => {}, 1))
  expect([now(), 'timers' in rest]).toEqual([0, true])
})

it('lets promises react between timers', async () => {
  const clock = new FakeClock()
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, milliseconds))
  const seen: number[] = []
  const loop = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await wait(10)
      seen.push(clock.now())
    }
  }
  const done = loop()
  await clock.run(25)
  expect([seen, clock.now()]).toEqual([[10, 20], 25])
  await clock.run(5)
  await done
  expect(seen).toEqual([10, 20, 30])
})

it('throws what a timer throws, at its time', () => {
  const clock = new FakeClock()
  clock.setTimeout(() => {
    throw new Error('late')
  }, 10)
  clock.setTimeout(() => {}, 10)
  expect(() => clock.advance(50)).toThrow('late')
  expect([clock.now(), clock.pending]).toEqual([10, 1])
})
