/** Formulas: what is read of them, and what they come to. */
import { expect, it } from 'vitest'
import { cellId, placeOf } from '../src/address.js'
import { evaluate } from '../src/evaluate.js'
import { parse } from '../src/syntax.js'
import { isFault, shown, type Value } from '../src/values.js'

const cells: Readonly<Record<string, Value>> = { A1: 2, A2: 3, A3: 'text', A4: true, A5: { fault: '#N/A', why: 'gone' } }

/** What a cell with this text shows, in a sheet that has all its values at hand. */
function show(text: string, read: string[] = []): string {
  const value = evaluate(parse(text), {
    cell: (id) => {
      read.push(id)
      return cells[id] ?? null
    },
    lookup: (name) => `rate of ${name}`,
  })
  if (value instanceof Promise) throw new Error('It need not wait.')
  return shown(value)
}

it.each([
  ['', ''], ['12', '12'], [' 1.50 ', '1.5'], ['-3e2', '-300'], ['true', 'TRUE'], ['some text', 'some text'], ["'=1", '=1'], ['1 2', '1 2'],
  ['=1+2*3', '7'], ['=(1+2)*3', '9'], ['=2^3^2', '512'], ['=-2^2', '-4'], ['=2^-1', '0.5'], ['=--2', '2'], ['=10-3-2', '5'], ['=8/4/2', '1'],
  ['=50%', '0.5'], ['=200*5%', '10'], ['=.5+1.', '1.5'], ['=1e3', '1000'], ['=0.1+0.2', '0.3'],
  ['="a"&"b"', 'ab'], ['="say ""x"""', 'say "x"'], ['=1&2', '12'], ['=A9&"!"', '!'], ['=1+2&3+4', '37'],
  ['=1<2', 'TRUE'], ['=2<=1', 'FALSE'], ['=1<>1', 'FALSE'], ['="A"="a"', 'TRUE'], ['=2<"a"', 'TRUE'], ['=A9=0', 'TRUE'], ['=A9=""', 'TRUE'], ['=A9=FALSE', 'TRUE'],
  ['=a1+$A$2', '5'], ['=A9+1', '1'], ['=A3+1', '#VALUE!'], ['=A4+1', '2'], ['="3"+1', '4'], ['=A5+1', '#N/A'],
  ['=SUM(A1:A4,10,"5")', '20'], ['=SUM(A1:A5)', '#N/A'], ['=SUM()', '0'], ['=COUNT(A1:A4)', '2'], ['=AVERAGE(A1:A3)', '2.5'], ['=AVERAGE(A9)', '0'], ['=AVERAGE(B1:B9)', '#DIV/0!'],
  ['=MIN(A2:A1)', '2'], ['=MAX(A1:A4)', '3'], ['=MAX(B1:B2)', '0'], ['=ROUND(2.345,2)', '2.35'], ['=ROUND(-1.5)', '-1'], ['=ABS(-4)', '4'], ['=SQRT(-1)', '#NUM!'], ['=MOD(-7,3)', '2'],
  ['=IF(A1>1,"yes",A5)', 'yes'], ['=IF(FALSE,1)', 'FALSE'], ['=IF(A5,1,2)', '#N/A'], ['=IFERROR(1/0,"none")', 'none'], ['=IFERROR(3,A5)', '3'],
  ['=AND(A4,1)', 'TRUE'], ['=OR(FALSE,0)', 'FALSE'], ['=NOT(A4)', 'FALSE'], ['=LEN("four")', '4'], ['=UPPER(A3)', 'TEXT'], ['=LOOKUP("EUR")', 'rate of EUR'],
  ['=1/0', '#DIV/0!'], ['=9^999', '#NUM!'], ['=nothing', '#NAME?'], ['=NO(1)', '#NAME?'], ['=K1', '#REF!'], ['=A10001', '#REF!'], ['=A1:A2', '#VALUE!'], ['=ABS(A1:A2)', '#VALUE!'], ['=ABS()', '#VALUE!'], ['=IF(1)', '#VALUE!'],
])('%s shows %s', (text, expected) => {
  expect(show(text)).toBe(expected)
})

it.each([
  ['=', 'Something is missing at the end.'],
  ['=1+', 'Something is missing at the end.'],
  ['=(1', '")" is missing at the end.'],
  ['=1 2', '"2" does not belong here (character 4).'],
  ['=SUM(1,)', '")" does not belong here (character 8).'],
  ['=1+"x', '""x" cannot be read (character 4).'],
  ['=§', '"§" cannot be read (character 2).'],
  [`=${'('.repeat(101)}1${')'.repeat(101)}`, 'The formula is nested more than 100 deep.'],
  [`=1${'+1'.repeat(2000)}`, 'The formula has more than 2000 parts.'],
  ['=A1:', 'Something is missing at the end.'],
  [`=${'2^'.repeat(101)}2`, 'The formula is nested more than 100 deep.'],
])('%.20s says what is wrong', (text, why) => {
  const tree = parse(text)
  if (tree.type !== 'value' || !isFault(tree.value)) throw new Error('It was read.')
  expect(tree.value.why).toBe(why)
})

it('a hundred thousand characters of anything end in a value or a fault', () => {
  for (const text of [`=${'-'.repeat(100_000)}1`, `=${'%'.repeat(100_000)}`, `=${'IF('.repeat(30_000)}`, `=1${'%'.repeat(50_000)}`, `=SUM(${'1,'.repeat(50_000)}1)`]) {
    expect(typeof show(text)).toBe('string')
  }
})

it('IF reads the branch it takes, and IFERROR the second value only if it needs it', () => {
  const read: string[] = []
  show('=IF(A1>1,A2,A3)+IFERROR(A4,B1)', read)
  expect(read).toEqual(['A1', 'A2', 'A4'])
})

it('cells have names', () => {
  expect(['A1', 'j10000', '$B$3', ' c7 '].map((name) => cellId(placeOf(name) ?? { column: -1, row: -1 }))).toEqual(['A1', 'J10000', 'B3', 'C7'])
  expect(['A0', 'K1', 'A10001', 'AA1', '', '1A', 'A1:B2'].map((name) => placeOf(name))).toEqual(Array.from({ length: 7 }, () => undefined))
})
