import { errorWords } from '../../machine/index.ts'
import { useAsk } from '../context.tsx'
import { FAILED_NODES, type Progress, type SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import type { Which } from './useSession.ts'

const EVERY = 10_000
const SHOWN = 20
const READ = 100 // as documents.ts asks for

/** Who has failed, those first that failed in the session before, too. */
export function FailedSection({ which, status, progress, onSelect }: { which: Which; status: SessionStatus; progress: Progress | null; onSelect: (id: string) => void }) {
  const { failed } = status.counts
  const { name, tenant, started } = which
  const { data, problem } = useAsk(FAILED_NODES, failed === 0 ? null : { name, tenant, started }, status.fromSnapshot ? 0 : EVERY)
  if (failed === 0) return null
  const nodes = data?.session?.failedComponents.edges.map(({ node: { id, error }, failedBefore }) => ({ id, error, again: failedBefore === true })) ?? []
  const again = nodes.filter((node) => node.again)
  const shown = [...again, ...nodes.filter((node) => !node.again)].slice(0, SHOWN)
  return (
    <section className="card" aria-labelledby="failed-title">
      <div className="card-head">
        <h2 id="failed-title">Failed nodes</h2>
        {nodes.length > 0 && progress?.previous[0] !== undefined && (
          <span className="muted">
            {again.length === 0 ? `none of ${failed > READ ? `the first ${READ}` : 'them'} in the session before` : <><b className="bad">{whole(again.length)}</b> of {failed > READ ? `the first ${READ}` : several(nodes.length, 'node')} in the session before, too</>}
          </span>
        )}
      </div>
      {nodes.length === 0 ? <p className="card-empty">{problem?.message ?? 'Reading…'}</p> : (
        <ul className="failed-nodes">
          {shown.map(({ id, error, again }) => (
            <li key={id}>
              <button type="button" className="xname" onClick={() => onSelect(id)}>{id}</button>
              {again && <span className="chip chip-again">again</span>}
              <span className="failed-error muted" title={error}>{errorWords(error)}</span>
            </li>
          ))}
        </ul>
      )}
      {failed > shown.length && shown.length > 0 && <p className="card-note">{whole(shown.length)} of {whole(failed)}. All of them are on the machine, and in what is copied for <code>--limit</code>.</p>}
    </section>
  )
}
