/** The inspector under the sheet. Its code is fetched when it is opened for the first time; closed, it costs nothing. */
import type { Database } from 'pebre'
import { type ReactNode, useEffect, useRef, useState } from 'react'

export function Inspector({ db }: { readonly db: Database }): ReactNode {
  const panel = useRef<HTMLDivElement>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let isClosed = false
    let unmount = (): void => {}
    const mount = async (): Promise<void> => {
      const { mountInspector } = await import('pebre/inspector/browser')
      if (!isClosed && panel.current !== null) unmount = mountInspector(panel.current, db, { name: 'spreadsheet' })
    }
    mount().catch((error: unknown) => setProblem(String(error)))
    return () => {
      isClosed = true
      unmount()
    }
  }, [db])
  return <div ref={panel} role="region" aria-label="Inspector" className="inspector">{problem}</div>
}

/** Alt+Shift+I, wherever the focus is. */
export function useInspectorKey(toggle: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (!event.altKey || !event.shiftKey || event.code !== 'KeyI') return
      event.preventDefault()
      toggle()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [toggle])
}
