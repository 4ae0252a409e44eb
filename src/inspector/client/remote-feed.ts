/** A database in another process, over HTTP. */
import type { CellData, Feed, GraphData, GraphWish, NodeLine, RecordKey, Update } from '../protocol.js'

export class RemoteFeed implements Feed {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  subscribe(take: (update: Update) => void, lost: (isLost: boolean) => void): () => void {
    const source = new EventSource('/api/updates')
    source.addEventListener('open', () => lost(false))
    source.addEventListener('error', () => lost(true))
    source.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Update))
    return () => source.close()
  }

  async graph(wish: GraphWish): Promise<GraphData> {
    return ask<GraphData>('graph', { ...wish })
  }

  async search(text: string): Promise<readonly NodeLine[]> {
    return ask<readonly NodeLine[]>('search', { text })
  }

  async cell(key: RecordKey, snapshot?: number): Promise<CellData | null> {
    return ask<CellData | null>('cell', { key, snapshot })
  }

  async takeSnapshot(): Promise<void> {
    await act('take')
  }

  async dropSnapshot(id: number): Promise<void> {
    await act(`drop?id=${id}`)
  }

  async travel(id: number): Promise<void> {
    await act(`travel?id=${id}`)
  }
}

async function ask<T>(what: string, query: Readonly<Record<string, string | number | undefined>>): Promise<T> {
  const given = Object.entries(query).filter((pair): pair is [string, string | number] => pair[1] !== undefined)
  const response = await fetch(`/api/${what}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

async function act(what: string): Promise<void> {
  const response = await fetch(`/api/${what}`, { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
}
