/**
 * What the server of the load test must answer at each edition, worked out without the engine. Edition e writes two accounts of the
 * same amount, one up and one down: the sum over all is always 0, and an answer that mixes two editions shows.
 */
export const accounts = 1000
/** Accounts of one statement. */
export const perStatement = 20

/** The two accounts that an edition writes, and what it moves. */
export function moveOf(edition: number): { readonly from: number; readonly to: number; readonly amount: number } {
  const from = (edition * 7919) % accounts
  return { from, to: (from + 1 + ((edition * 104_729) % (accounts - 1))) % accounts, amount: (edition % 97) + 1 }
}

/** What the server answers. */
export interface Statement {
  readonly edition: number
  readonly balances: readonly number[]
  /** Over all accounts. */
  readonly sum: number
}

/** The balances of all accounts at any edition up to the newest one asked for. */
export class Model {
  private edition = 0
  /** For each account, the editions that changed it and its balance from then on. */
  private readonly histories: [edition: number, balance: number][][] = Array.from({ length: accounts }, () => [[0, 0]])

  /** Whether this is what statement number `at` says at that edition. */
  agrees(at: number, { edition, balances, sum }: Statement): boolean {
    while (this.edition < edition) this.advance()
    return sum === 0 && balances.length === perStatement && balances.every((balance, place) => balance === this.balance(at * perStatement + place, edition))
  }

  private advance(): void {
    const { from, to, amount } = moveOf(++this.edition)
    for (const [account, change] of [[from, -amount], [to, amount]] as const) {
      const history = this.histories[account] ?? []
      history.push([this.edition, (history.at(-1)?.[1] ?? 0) + change])
    }
  }

  private balance(account: number, edition: number): number | undefined {
    return this.histories[account]?.findLast(([since]) => since <= edition)?.[1]
  }
}
