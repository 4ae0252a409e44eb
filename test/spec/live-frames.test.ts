/** Live queries and effects in the rhythm of frames. */
import { observeOn, type SchedulerAction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { frameScheduler, type FrameSource, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { thrownBy } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })

class HandFrames implements FrameSource {
  private readonly callbacks = new Map<number, () => void>()
  private handle = 0

  readonly requestAnimationFrame = (callback: () => void): number => {
    this.callbacks.set(++this.handle, callback)
    return this.handle
  }

  readonly cancelAnimationFrame = (handle: number): void => {
    this.callbacks.delete(handle)
  }

  get requested(): number {
    return this.callbacks.size
  }

  paint(): void {
    const due = Array.from(this.callbacks.values())
    this.callbacks.clear()
    for (const callback of due) callback()
  }
}

describe('frameScheduler', () => {
  it('[LIVE-12] effects run once a frame, and all of a frame together', () => {
    const db = createDatabase()
    const frames = new HandFrames()
    const scheduler = frameScheduler(frames)
    const log: string[] = []
    const effects = ['a', 'b'].map((name) => db.effect((q) => void log.push(`${name}${q.get(x)}`), { scheduler }))
    for (let i = 1; i <= 3; i++) db.set(x, i)
    expect([log, frames.requested]).toEqual([['a0', 'b0'], 1])
    frames.paint()
    expect([log.splice(0), frames.requested]).toEqual([['a0', 'b0', 'a3', 'b3'], 0])
    db.set(x, 4)
    effects[0]?.dispose()
    frames.paint()
    expect(log.splice(0)).toEqual(['b4'])
    db.set(x, 5)
    effects[1]?.dispose()
    expect([log, frames.requested]).toEqual([[], 0])
  })

  it('[LIVE-3] observeOn takes it: emissions come in order, in the next frame', () => {
    const db = createDatabase()
    const frames = new HandFrames()
    const seen: number[] = []
    const subscription = db.node(x).pipe(observeOn(frameScheduler(frames))).subscribe((value) => seen.push(value))
    db.set(x, 1)
    expect(seen).toEqual([])
    frames.paint()
    db.set(x, 2)
    expect(seen).toEqual([0, 1])
    subscription.unsubscribe()
    frames.paint()
    expect([seen, frames.requested]).toEqual([[0, 1], 0])
  })

  it('[LIVE-9] work may schedule itself, take other work back, and throw', () => {
    const frames = new HandFrames()
    const scheduler = frameScheduler(frames)
    const log: string[] = []
    scheduler.schedule(function again(this: SchedulerAction<number>, count?: number) {
      log.push(`again ${count}`)
      if (count !== undefined && count < 2) this.schedule(count + 1)
    }, 0, 0)
    const thrown = new Error('work')
    scheduler.schedule(() => {
      taken.unsubscribe()
      throw thrown
    })
    const taken = scheduler.schedule(() => log.push('taken'))
    scheduler.schedule(() => log.push('last'))
    expect(thrownBy(() => frames.paint())).toBe(thrown)
    expect(log.splice(0)).toEqual(['again 0', 'last'])
    frames.paint()
    frames.paint()
    expect([log, frames.requested]).toEqual([['again 1', 'again 2'], 0])
  })
})
