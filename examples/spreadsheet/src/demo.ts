/** The sheet one finds at first: ten thousand days of sales with running totals, and what is made of them. */
import type { Database } from 'pebre'
import { ROWS } from './address.js'
import { rates, text } from './sheet.js'

const items = ['Saffron', 'Paprika', 'Cumin', 'Cardamom', 'Sumac', 'Vanilla']

const heading = ['Day', 'Item', 'Quantity', 'Price', 'Amount', 'Running total', 'Large?']

const summary: readonly (readonly [label: string, content: string])[] = [
  ['Sold', `=SUM(C2:C${ROWS})`],
  ['Balance', `=F${ROWS}`],
  ['Best day', `=MAX(E2:E${ROWS})`],
  ['Average', `=ROUND(AVERAGE(E2:E${ROWS}),2)`],
  ['', ''],
  ['EUR per USD', '=LOOKUP("EUR")'],
  ['Balance in EUR', '=ROUND(J2*J6,2)'],
  ['Rate unknown', '=LOOKUP("???")'],
  ['or nothing', '=IFERROR(J8,0)'],
  ['', ''],
  ['Chicken', '=J12+1'],
  ['Egg', '=J11*2'],
  ['Omelette', '=J12&" eggs"'],
]

/** The price list of the service. */
export const firstRates = { EUR: 0.93, GBP: 0.79, JPY: 151.2, CHF: 0.88 }

function* cells(): Generator<[cell: string, content: string]> {
  for (const [at, content] of heading.entries()) yield [`${String.fromCharCode(65 + at)}1`, content]
  let state = 7
  for (let row = 2; row <= ROWS; row++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    const random = state >> 8
    yield [`A${row}`, String(row - 1)]
    yield [`B${row}`, items[random % items.length] ?? '']
    yield [`C${row}`, String(1 + (random % 9))]
    yield [`D${row}`, ((250 + (random % 1750)) / 100).toFixed(2)]
    yield [`E${row}`, `=C${row}*D${row}`]
    yield [`F${row}`, row === 2 ? '=E2' : `=F${row - 1}+E${row}`]
    yield [`G${row}`, `=IF(E${row}>100,"large","")`]
  }
  for (const [at, [label, content]] of summary.entries()) {
    if (label !== '') yield [`I${at + 1}`, label]
    if (content !== '') yield [`J${at + 1}`, content]
  }
}

/** Fills a database, in one commit. */
export function fill(db: Database): void {
  db.batch((tx) => {
    tx.set(rates, firstRates)
    for (const [cell, content] of cells()) tx.set(text, cell, content)
  })
}
