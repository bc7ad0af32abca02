import { useServerNow } from '../context.tsx'
import type { Waiting } from '../documents.ts'
import { label, span, whole } from '../model/format.ts'

/** Why the session is not complete. */
export function WaitingSection({ waiting, onSelect }: { waiting: readonly Waiting[] | null; onSelect: (id: string) => void }) {
  const now = useServerNow()
  return (
    <section className="card" aria-labelledby="waiting-title">
      <div className="card-head"><h2 id="waiting-title">Waiting for</h2></div>
      {waiting === null ? <p className="card-empty">Reading…</p> : waiting.length === 0 ? <p className="card-empty">No node is active.</p> : (
        <ul className="waiting">
          {waiting.map(({ reason, text, count, since, components: { edges } }) => (
            <li key={reason}>
              <div className="waiting-head">
                <strong>{whole(count)} {label(reason)}</strong>
                {since !== null && <time className="muted" dateTime={since} title={since}>{span((now - Date.parse(since)) / 1000)}</time>}
              </div>
              <p className="muted">{text}</p>
              <p className="waiting-nodes">
                {edges.map(({ node: { id } }) => <button key={id} type="button" className="xname" onClick={() => onSelect(id)}>{id}</button>)}
                {count > edges.length && <span className="muted">and {whole(count - edges.length)} more</span>}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
