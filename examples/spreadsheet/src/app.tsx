/** The page: bar, grid and status, and what keys and edits do. */
import type { Activity, Database, View } from 'pebre'
import { DatabaseProvider, useInput, useQuery } from 'pebre/react'
import { type KeyboardEvent, type ReactNode, useEffect, useReducer, useRef, useState } from 'react'
import { cellId, type Place, placeOf } from './address.js'
import { faceOf } from './face.js'
import { Grid } from './grid.js'
import type { History } from './history.js'
import { Inspector, useInspectorKey } from './inspector.js'
import { commandOf } from './keys.js'
import { useLatest } from './latest.js'
import { type Measured, measureEdit } from './measure.js'
import { select, start } from './selection.js'
import { rates, text, value } from './sheet.js'

/** What all parts of the page work on. */
export interface Workbook {
  readonly db: Database
  readonly history: History
}

export function App(workbook: Workbook): ReactNode {
  return <DatabaseProvider database={workbook.db}><Page {...workbook} /></DatabaseProvider>
}

function Page({ db, history }: Workbook): ReactNode {
  const [{ place, draft, field }, act] = useReducer(select, start)
  const [measured, setMeasured] = useState<Measured | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const page = useRef<HTMLDivElement>(null)
  const [isInspecting, inspect] = useReducer((before: boolean) => !before, false)
  const id = cellId(place)
  const [content] = useInput(text, id)

  useEffect(() => page.current?.focus(), [])
  useInspectorKey(inspect)

  const measure = (write: () => void): void => measureEdit(db, write, setMeasured)
  const edit = (write: (sheet: View) => void): void => measure(() => history.edit(write))
  const commit = (columns: number, rows: number): void => {
    if (draft !== null) edit((sheet) => sheet.set(text, id, draft))
    act({ type: 'move', columns, rows })
    page.current?.focus()
  }
  const pick = (to: Place): void => {
    if (draft !== null) commit(0, 0)
    act({ type: 'select', place: to })
  }
  const type = (next: string, where: 'cell' | 'bar'): void => act({ type: 'type', draft: next, field: where })
  const cancel = (): void => {
    act({ type: 'cancel' })
    page.current?.focus()
  }

  const onKey = (event: KeyboardEvent): void => {
    if (event.target !== page.current) return
    const command = commandOf(event)
    if (command === undefined) return
    event.preventDefault()
    if (command.type === 'move') act(command)
    else if (command.type === 'edit') type(command.draft ?? content, 'cell')
    else if (command.type === 'clear') edit((sheet) => sheet.set(text, id, ''))
    else if (command.type === 'undo') measure(() => history.undo())
    else measure(() => history.redo())
  }

  const editor = { draft: draft ?? content, commit, cancel, type }
  return (
    <div ref={page} className="page" tabIndex={0} onKeyDown={onKey}>
      <header>
        <Steps history={history} measure={measure} />
        <NameBox key={id} id={id} onGo={(to) => act({ type: 'select', place: to })} />
        <span className="fx">ƒ</span>
        <Field {...editor} where="bar" isActive={draft !== null && field === 'bar'} />
        <Why id={id} />
        <button type="button" onClick={() => measure(() => db.update(rates, moved))} title="The service has new rates: the cells that look one up wait for it again">New rates</button>
        <button type="button" aria-pressed={isInspecting} onClick={inspect} title="What the database does (Alt+Shift+I)">Inspector</button>
      </header>
      <Grid scroller={scroller} place={place} onSelect={pick} onOpen={() => type(content, 'cell')}>
        {draft !== null && field === 'cell' && <Field {...editor} where="cell" isActive />}
      </Grid>
      {isInspecting && <Inspector db={db} />}
      <Status db={db} measured={measured} />
    </div>
  )
}

/** Rates a little higher or lower. */
function moved(before: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(before).map(([name, rate], at) => [name, Number((rate * (at % 2 === 0 ? 1.01 : 0.99)).toFixed(4))]))
}

function Steps({ history, measure }: { readonly history: History; readonly measure: (write: () => void) => void }): ReactNode {
  const steps = useLatest(() => history.steps$, history.steps)
  return (
    <div className="steps">
      <button type="button" aria-label="Undo" title="Undo (Ctrl+Z)" disabled={steps.undo === 0} onClick={() => measure(() => history.undo())}>↶</button>
      <button type="button" aria-label="Redo" title="Redo (Ctrl+Y)" disabled={steps.redo === 0} onClick={() => measure(() => history.redo())}>↷</button>
    </div>
  )
}

function NameBox({ id, onGo }: { readonly id: string; readonly onGo: (place: Place) => void }): ReactNode {
  const [name, setName] = useState(id)
  const go = (event: KeyboardEvent): void => {
    const place = placeOf(name)
    if (event.key === 'Enter' && place !== undefined) onGo(place)
  }
  return <input className="name" aria-label="Cell" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} onKeyDown={go} onFocus={(event) => event.target.select()} />
}

/** Where a cell is typed: over the cell itself, or in the bar. */
function Field({ draft, where, isActive, commit, cancel, type }: {
  readonly draft: string
  readonly where: 'cell' | 'bar'
  readonly isActive: boolean
  readonly commit: (columns: number, rows: number) => void
  readonly cancel: () => void
  readonly type: (draft: string, where: 'cell' | 'bar') => void
}): ReactNode {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') cancel()
    else if (event.key === 'Enter') commit(0, event.shiftKey ? -1 : 1)
    else if (event.key === 'Tab') {
      event.preventDefault()
      commit(event.shiftKey ? -1 : 1, 0)
    }
  }
  return (
    <input
      className={`field ${where}`}
      aria-label={where === 'bar' ? 'Formula' : 'Cell content'}
      spellCheck={false}
      autoComplete="off"
      autoFocus={where === 'cell'}
      value={draft}
      onChange={(event) => type(event.target.value, where)}
      onKeyDown={onKey}
      onBlur={() => {
        if (isActive && where === 'bar') commit(0, 0)
      }}
    />
  )
}

/** Why the selected cell shows no value. */
function Why({ id }: { readonly id: string }): ReactNode {
  const { kind, why } = faceOf(useQuery(value, id))
  return <span className={`why ${kind}`}>{why ?? ''}</span>
}

function Status({ db, measured }: { readonly db: Database; readonly measured: Measured | null }): ReactNode {
  const revision = useLatest(() => db.revision$, db.revision)
  return (
    <footer>
      <span>Revision {revision}</span>
      <Waiting db={db} />
      {measured !== null && (
        <span className="measured">
          {measured.runs.toLocaleString('en')} formulas ran in {measured.computed.toFixed(1)} ms, on screen after {measured.shown.toFixed(1)} ms
        </span>
      )}
      <span className="quiet">100,000 cells · type a value or a formula such as =SUM(E2:E20), =IF(A1&gt;2,B1,C1) or =LOOKUP("EUR")</span>
    </footer>
  )
}

/** What is on its way, and what waits for it. */
function Waiting({ db }: { readonly db: Database }): ReactNode {
  const { running, waiting } = useLatest(() => db.activity$, idle)
  if (running + waiting === 0) return null
  return (
    <span role="status" className="activity">
      <span className="spinner" />
      {running === 1 ? '1 lookup' : `${running} lookups`} on the way{waiting > 0 && `, ${waiting === 1 ? '1 formula waits' : `${waiting} formulas wait`}`}
    </span>
  )
}

const idle: Activity = { running: 0, waiting: 0, finished: 0 }
