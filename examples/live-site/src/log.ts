/**
 * The log, fed by what the database says. Each rebuild is one line: what changed, how many queries ran, how many were kept, how
 * long it took. Problems are told when they come and when they go.
 */
import { setImmediate } from 'node:timers/promises'
import { type Logger as PinoLogger, pino } from 'pino'
import { ClosedError, type Database, type RuntimeEvent } from 'pebre'
import { concatMap, filter, skip, type Subscription } from 'rxjs'
import { asset, file, template } from './inputs.js'
import type { Level } from './options.js'
import { diagnostics, type Problem, report } from './queries.js'

export type Logger = PinoLogger

/** Lines of JSON, or lines for a person where one is looking. */
export function createLog(level: Level, out: NodeJS.WriteStream): Logger {
  const write = (line: string): void => void out.write(out.isTTY ? `\r\u001B[K${readable(line)}` : line)
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, { write })
}

const colours: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 32 }

function readable(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as { level: string; time: string; msg: string; err?: { stack: string } }
  const facts = Object.entries(rest).map(([name, value]) => ` \u001B[2m${name}\u001B[0m ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const clock = new Date(time).toTimeString().slice(0, 8)
  return `\u001B[2m${clock}\u001B[0m \u001B[${colours[level] ?? 2}m${msg}\u001B[0m${facts.join('')}\n${err === undefined ? '' : `${err.stack}\n`}`
}

/** What happened between two lines of the log. */
class Tally {
  readonly changed = new Set<string>()
  ran = 0
  failed = 0
  /** Proved to be valid still, without running. */
  kept = 0
  private since = 0

  add(event: RuntimeEvent): void {
    if (this.since === 0) this.since = event.time
    if (event.type === 'inputSet' || event.type === 'inputRemoved') this.changed.add(nameOf(event))
    // To ask what is wrong is an evaluation too, and none of the site.
    else if (event.type === 'queryStarted' && event.definition !== 'accumulated') this.ran++
    else if (event.type === 'queryFailed') this.failed++
    else if (event.type === 'queryValidated') this.kept++
  }

  facts(now: number) {
    const { ran, failed, kept } = this
    return { changed: listing([...this.changed]), ran, kept, ...(failed > 0 ? { failed } : {}), ms: Math.round((now - this.since) * 10) / 10 }
  }
}

function nameOf({ definition, args, id }: RuntimeEvent<'inputSet' | 'inputRemoved'>): string {
  if (definition === template.name) return 'template.html'
  return definition === file.name || definition === asset.name ? String(args[0]) : id
}

const listing = (names: readonly string[]): string => (names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', '))

/** Logs each rebuild and each problem, until unsubscribed. The first line is the first build. */
export function logRebuilds(db: Database, log: Logger): Subscription {
  let tally = new Tally()
  let known: readonly Problem[] | undefined
  const subscription = db.events('input', 'run', 'validation').subscribe((event) => {
    tally.add(event)
    if (event.type === 'queryStarted') log.debug({ query: event.id, cause: event.cause }, 'run')
    else if (event.type === 'queryValidated') log.trace({ query: event.id }, 'keep')
  })
  // A site that is written to faster than it builds has one line for several revisions.
  const settled = db.revision$.pipe(
    // What was kept from the last start is there already.
    skip(db.keys(file).length > 0 ? 0 : 1),
    concatMap(async (revision) => {
      // Open browsers first: they wait for one page, and this for all of them.
      await setImmediate()
      return { revision, found: await db.accumulated(diagnostics, report) }
    }),
    filter(({ revision }) => revision === db.revision),
  )
  subscription.add(settled.subscribe({
    next({ found }) {
      log.info(tally.facts(performance.now()), known === undefined ? 'built' : 'rebuilt')
      tally = new Tally()
      logProblems(log, known ?? [], found)
      known = found
    },
    error(error) {
      if (!(error instanceof ClosedError)) log.error({ err: error }, 'rebuilds are no longer logged')
    },
  }))
  return subscription
}

/** Tells what is new and what is gone. What is wrong with many pages alike, as a broken template is, is told once. */
export function logProblems(log: Logger, before: readonly Problem[], now: readonly Problem[]): void {
  for (const { type, ...facts } of news(before, now)) log[type === 'page failed' ? 'error' : 'warn'](facts, type)
  for (const { type, ...facts } of news(now, before)) log.info({ was: type, ...facts }, 'healed')
}

function news(before: readonly Problem[], now: readonly Problem[]): Problem[] {
  const textOf = ({ type, message }: Problem): string => `${type}\n${message}`
  const seen = new Set(before.map((problem) => `${problem.page}\n${textOf(problem)}`))
  const alike = new Map<string, Problem[]>()
  for (const problem of now) {
    if (seen.has(`${problem.page}\n${textOf(problem)}`)) continue
    const group = alike.get(textOf(problem))
    if (group === undefined) alike.set(textOf(problem), [problem])
    else group.push(problem)
  }
  return [...alike.values()].flatMap((group) => (group.length < 4 ? group : [{ ...(group[0] as Problem), page: `${group.length} pages` }]))
}
