import { useState, useSyncExternalStore } from 'react'
import { type Cell, type ComponentStore, errorWords, type State, type STATE_LABELS, stateOf } from '../../machine/index.ts'
import { several, whole } from '../model/format.ts'

const SHOWN = 200

/** The components as a table, for who does not see the machine, or wants to read. */
export function ComponentList({ store, labels, filter, what, onSelect }: { store: ComponentStore; labels: typeof STATE_LABELS; filter: (cell: Cell) => boolean; what: State | null; onSelect: (id: string) => void }) {
  const [shown, setShown] = useState(SHOWN)
  useSyncExternalStore(store.subscribe, store.counts)
  const cells = select(store, filter)
  return (
    <div className="scroller list-frame" tabIndex={0} role="region" aria-label="Components">
      <table className="table">
        <caption className="visually-hidden">{several(cells.length, 'node')}{what !== null && `, ${labels[what].toLowerCase()}`}</caption>
        <thead><tr><th scope="col">Component</th><th scope="col">State</th><th scope="col">Status</th><th scope="col" className="wide">Error</th></tr></thead>
        <tbody>
          {cells.slice(0, shown).map((cell) => (
            <tr key={cell.id}>
              <th scope="row"><button type="button" className="xname" onClick={() => onSelect(cell.id)}>{cell.id}</button></th>
              <td><span className="machine-state" data-state={stateOf(cell)}>{labels[stateOf(cell)]}</span></td>
              <td><code>{cell.rawStatus}</code></td>
              <td className="wide"><span className="cut" title={cell.error}>{errorWords(cell.error)}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
      {cells.length > shown && <p className="more"><button type="button" className="button" onClick={() => setShown(shown + SHOWN)}>Show more</button><span className="muted">{whole(shown)} of {whole(cells.length)}</span></p>}
      {cells.length === 0 && <p className="card-empty">None.</p>}
    </div>
  )
}

/** Ascending by id, as the API has them. */
function select(store: ComponentStore, filter: (cell: Cell) => boolean): Cell[] {
  const cells: Cell[] = []
  for (let i = 0; i < store.capacity; i++) {
    const cell = store.at(i)
    if (cell !== undefined && filter(cell)) cells.push(cell)
  }
  return cells.sort((a, b) => (a.id < b.id ? -1 : 1))
}
