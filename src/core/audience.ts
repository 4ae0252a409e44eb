/** Subscribers that are told in order, whoever comes or goes meanwhile. */
import type { Subscriber } from 'rxjs'

interface Member<T> {
  readonly subscriber: Subscriber<T>
  /** The emission it joined at; it hears later ones. */
  readonly joined: number
  readonly wants: (value: T) => boolean
}

/** Subscribers in the order in which they came. Leaving costs O(1); joining or leaving during an emission is safe. */
export class Audience<T> {
  private readonly members = new Set<Member<T>>()
  private emissions = 0

  get size(): number {
    return this.members.size
  }

  /** Adds a subscriber; the result removes it. `wants` is asked before each emission. */
  add(subscriber: Subscriber<T>, wants: (value: T) => boolean): () => void {
    const member = { subscriber, joined: this.emissions, wants }
    this.members.add(member)
    return () => {
      this.members.delete(member)
    }
  }

  next(value: T): void {
    const now = ++this.emissions
    for (const { subscriber, joined, wants } of this.members) if (joined < now && wants(value)) subscriber.next(value)
  }
}
