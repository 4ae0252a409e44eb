/**
 * Sorts many texts by their UTF-16 code units, by digits: four characters make one number, texts are dealt out by that number, and
 * those that share it are sorted in the same way by what follows. What a group begins with, all of it, is passed over. A comparison of
 * two texts would look at all that again for each pair.
 */
import type { Slices } from './slices.js'

/** Smaller groups are compared pair by pair. */
const FEW = 24

/** Up to so many are sorted at once, as numbers. */
const MANY = 16_384

const BITS = 10
const BUCKETS = 1 << BITS

/** More than there can be texts in one list. */
const PLACES = 2 ** 25

/** How many characters make a number, of 7 bits each. */
const CHARACTERS = 4

/** The highest digit: a character beyond ASCII, behind which nothing is told. */
const BEYOND = 127

/** The places of the texts in their order. */
export async function orderOfTexts(texts: readonly string[], slices: Slices): Promise<Uint32Array> {
  const sorter = new TextSorter(texts, slices)
  await sorter.run()
  return sorter.order
}

class TextSorter {
  readonly order: Uint32Array
  private readonly texts: readonly string[]
  private readonly slices: Slices
  private readonly spare: Uint32Array
  /** Of each text: its next characters as a number. */
  private readonly codes: Uint32Array
  /** Groups to be sorted: start, end, and how many characters all in it share. */
  private readonly groups: number[]

  constructor(texts: readonly string[], slices: Slices) {
    this.texts = texts
    this.slices = slices
    this.order = new Uint32Array(texts.length)
    for (let place = 0; place < texts.length; place++) this.order[place] = place
    this.spare = new Uint32Array(texts.length)
    this.codes = new Uint32Array(texts.length)
    this.groups = [0, texts.length, 0]
  }

  async run(): Promise<void> {
    const { groups, slices } = this
    while (groups.length > 0) {
      const shared = groups.pop() as number
      const end = groups.pop() as number
      const start = groups.pop() as number
      if (end - start <= FEW) this.insert(start, end)
      else await this.deal(start, end, await this.sharedBy(start, end, shared))
      if (slices.due()) await slices.rest()
    }
  }

  /** How many characters all texts of a group begin with. */
  private async sharedBy(start: number, end: number, known: number): Promise<number> {
    const { texts, order, slices } = this
    const first = texts[order[start] as number] as string
    let shared = first.length
    for (let i = start + 1; i < end && shared > known; i++) {
      const text = texts[order[i] as number] as string
      let length = known
      while (length < shared && length < text.length && text.charCodeAt(length) === first.charCodeAt(length)) length++
      shared = length
      if (slices.due(256)) await slices.rest()
    }
    return shared
  }

  private async deal(start: number, end: number, from: number): Promise<void> {
    const { texts, codes, slices } = this
    for (let i = start; i < end; i++) {
      const place = this.order[i] as number
      codes[place] = codeOf(texts[place] as string, from)
      if (slices.due(256)) await slices.rest()
    }
    if (end - start <= MANY) this.sortByCodes(start, end)
    else for (let shift = 0; shift < 7 * CHARACTERS; shift += BITS) await this.pass(start, end, shift)
    for (let i = start; i < end; ) {
      const code = codes[this.order[i] as number] as number
      let next = i + 1
      while (next < end && codes[this.order[next] as number] === code) next++
      if (next - i > 1) await this.follow(i, next, from, code)
      i = next
    }
  }

  /** A number and a place make one number that is exact: 28 bits, and less than 25. */
  private sortByCodes(start: number, end: number): void {
    const { order, codes } = this
    const pairs = new Float64Array(end - start)
    for (let i = start; i < end; i++) pairs[i - start] = (codes[order[i] as number] as number) * PLACES + (order[i] as number)
    pairs.sort()
    for (let i = start; i < end; i++) order[i] = (pairs[i - start] as number) % PLACES
  }

  /** One pass over the numbers, by some of their bits; what is the same stays in order. */
  private async pass(start: number, end: number, shift: number): Promise<void> {
    const { order, spare, codes, slices } = this
    const starts = new Uint32Array(BUCKETS + 1)
    for (let i = start; i < end; i++) {
      const bucket = ((codes[order[i] as number] as number) >>> shift) & (BUCKETS - 1)
      starts[bucket + 1] = (starts[bucket + 1] as number) + 1
      if (slices.due(1024)) await slices.rest()
    }
    for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number)
    for (let i = start; i < end; i++) {
      const place = order[i] as number
      const bucket = ((codes[place] as number) >>> shift) & (BUCKETS - 1)
      const to = starts[bucket] as number
      spare[start + to] = place
      starts[bucket] = to + 1
      if (slices.due(1024)) await slices.rest()
    }
    order.set(spare.subarray(start, end), start)
  }

  /** What shares a number is sorted by what follows; where that tells nothing more, as texts. */
  private async follow(start: number, end: number, from: number, code: number): Promise<void> {
    let last = code
    for (let i = 1; i < CHARACTERS && (last & BEYOND) === 0; i++) last >>>= 7
    if ((last & BEYOND) === BEYOND) {
      const places = await this.slices.sort(Array.from(this.order.subarray(start, end)), (a, b) => this.compare(a, b))
      this.order.set(places, start)
    } else if ((code & BEYOND) !== 0) this.groups.push(start, end, from + CHARACTERS)
  }

  private insert(start: number, end: number): void {
    const { texts, order } = this
    for (let i = start + 1; i < end; i++) {
      const place = order[i] as number
      const text = texts[place] as string
      let at = i
      while (at > start && text < (texts[order[at - 1] as number] as string)) {
        order[at] = order[at - 1] as number
        at--
      }
      order[at] = place
    }
  }

  private compare(a: number, b: number): number {
    const x = this.texts[a] as string
    const y = this.texts[b] as string
    return x < y ? -1 : x > y ? 1 : 0
  }
}

/** Of four characters, as far as they are ASCII: a smaller one only for a smaller text, the same one for some that differ. */
function codeOf(text: string, from: number): number {
  let code = 0
  for (let i = from; i < from + CHARACTERS; i++) {
    const digit = i < text.length ? Math.min(text.charCodeAt(i) + 1, BEYOND) : 0
    code = (code << 7) | digit
    if (digit === BEYOND) return code << (7 * (from + CHARACTERS - 1 - i))
  }
  return code
}
