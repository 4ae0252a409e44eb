/** The functions of formulas that take values. Those that choose what to evaluate are in `evaluate.ts`. */
import { checked, fault, type Fault, isFault, toNumber, toText, toTruth, type Value } from './values.js'

/** An argument: one value, or those of a range. */
export interface Argument {
  readonly isRange: boolean
  readonly values: readonly Value[]
}

type Calculation = (args: readonly Argument[]) => Value

/** The numbers among the arguments. A range may hold anything, and its text is passed over; a fault is the result. */
function numbersOf(args: readonly Argument[]): number[] | Fault {
  const numbers: number[] = []
  for (const { isRange, values } of args) {
    for (const value of values) {
      if (typeof value === 'number') numbers.push(value)
      else if (value !== null && isFault(value)) return value
      else if (!isRange) {
        const number = toNumber(value)
        if (typeof number !== 'number') return number
        numbers.push(number)
      }
    }
  }
  return numbers
}

function overNumbers(calculate: (numbers: readonly number[]) => Value): Calculation {
  return (args) => {
    const numbers = numbersOf(args)
    return Array.isArray(numbers) ? calculate(numbers) : numbers
  }
}

function sumOf(numbers: readonly number[]): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}

function onNumbers(count: readonly [least: number, most: number], calculate: (...numbers: number[]) => number): Calculation {
  return exactly(count, (args) => {
    const numbers = args.map((value) => toNumber(value))
    const wrong = numbers.find((number) => typeof number !== 'number')
    return wrong ?? checked(calculate(...(numbers as number[])))
  })
}

/** A function of single values, so many of them. */
function exactly([least, most]: readonly [number, number], calculate: (values: readonly Value[]) => Value): Calculation {
  return (args) => {
    if (args.length < least || args.length > most) return fault('#VALUE!', `It takes ${least === most ? least : `${least} to ${most}`} arguments, not ${args.length}.`)
    if (args.some(({ isRange }) => isRange)) return fault('#VALUE!', 'It takes single values, no range.')
    return calculate(args.map(({ values }) => values[0] ?? null))
  }
}

function truths(decide: (truth: readonly boolean[]) => boolean): Calculation {
  return (args) => {
    const found = args.flatMap(({ values }) => values).filter((value) => value !== null).map((value) => toTruth(value))
    return found.find((truth) => typeof truth !== 'boolean') ?? decide(found as boolean[])
  }
}

function onText(calculate: (text: string) => Value): Calculation {
  return exactly([1, 1], ([value = null]) => {
    const text = toText(value)
    return typeof text === 'string' ? calculate(text) : text
  })
}

function round(number: number, digits = 0): number {
  const scale = 10 ** Math.trunc(digits)
  return Math.round(number * scale) / scale
}

export const functions: ReadonlyMap<string, Calculation> = new Map<string, Calculation>([
  ['SUM', overNumbers((numbers) => checked(sumOf(numbers)))],
  ['COUNT', overNumbers((numbers) => numbers.length)],
  ['AVERAGE', overNumbers((numbers) => (numbers.length === 0 ? fault('#DIV/0!', 'There are no numbers.') : checked(sumOf(numbers) / numbers.length)))],
  ['MIN', overNumbers((numbers) => numbers.reduce((least, number) => Math.min(least, number), numbers[0] ?? 0))],
  ['MAX', overNumbers((numbers) => numbers.reduce((most, number) => Math.max(most, number), numbers[0] ?? 0))],
  ['ABS', onNumbers([1, 1], (number) => Math.abs(number))],
  ['ROUND', onNumbers([1, 2], round)],
  ['SQRT', onNumbers([1, 1], (number) => Math.sqrt(number))],
  ['MOD', onNumbers([2, 2], (number, by) => number - by * Math.floor(number / by))],
  ['AND', truths((all) => all.every(Boolean))],
  ['OR', truths((all) => all.some(Boolean))],
  ['NOT', exactly([1, 1], ([value = null]) => {
    const truth = toTruth(value)
    return typeof truth === 'boolean' ? !truth : truth
  })],
  ['LEN', onText((text) => text.length)],
  ['UPPER', onText((text) => text.toUpperCase())],
])
