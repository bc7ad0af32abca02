import { useServerNow } from '../context.tsx'
import type { Straggler } from '../documents.ts'
import { label, span } from '../model/format.ts'

/** The components that are slow to continue. */
export function StragglersSection({ stragglers, onSelect }: { stragglers: readonly Straggler[] | null; onSelect: (id: string) => void }) {
  const now = useServerNow()
  return (
    <section className="card" aria-labelledby="stragglers-title">
      <div className="card-head"><h2 id="stragglers-title">Slowest nodes</h2></div>
      {stragglers === null ? <p className="card-empty">Reading…</p> : stragglers.length === 0 ? <p className="card-empty">No node is active.</p> : (
        <div className="scroller" tabIndex={0} role="region" aria-label="Nodes by time in their status"><table className="table">
          <thead><tr><th scope="col">Node</th><th scope="col">Status</th><th scope="col" className="number">For</th></tr></thead>
          <tbody>
            {stragglers.map(({ id, statusSince, status }) => (
              <tr key={id}>
                <th scope="row"><button type="button" className="xname" onClick={() => onSelect(id)}>{id}</button></th>
                <td title={status.rawStatus}>{status.status === 'OTHER' ? status.rawStatus : label(status.status)}</td>
                <td className="number">{statusSince === null ? <span className="muted">unknown</span> : <time dateTime={statusSince} title={statusSince}>{span((now - Date.parse(statusSince)) / 1000)}</time>}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
    </section>
  )
}
