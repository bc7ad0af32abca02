import type { PhaseDuration, Progress } from '../documents.ts'
import { duration, label, whole } from '../model/format.ts'
import { difference, pairs } from '../model/pairs.ts'
import { compareRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import type { Which } from './useSession.ts'

/** How long components stay in each phase, and how long they did in the session before. */
export function DurationsSection({ which, progress }: { which: Which; progress: Progress | null }) {
  const previous = progress?.previous[0]
  const rows = progress === null ? [] : pairs(progress.status.phaseDurations, previous?.status.phaseDurations ?? [], ({ phase }) => phase).filter(({ a }) => a !== null)
  return (
    <section className="card" aria-labelledby="durations-title">
      <div className="card-head">
        <h2 id="durations-title">Where the time goes</h2>
        {previous !== undefined && <Link className="tool" to={compareRoute(which.name, which.tenant, which.started)}>Compare with previous</Link>}
      </div>
      {progress === null ? <p className="card-empty">Reading…</p> : rows.length === 0 ? <p className="card-empty">No node has finished a phase yet.</p> : (
        <div className="scroller" tabIndex={0} role="region" aria-label="Durations of phases"><table className="table">
          <thead><tr><th scope="col">Phase</th><th scope="col" className="number">Stays</th><th scope="col" className="number">Median</th><th scope="col" className="number">95 % within</th><th scope="col" className="number">Longest</th></tr></thead>
          <tbody>{rows.map(({ key, a, b }) => <Row key={key} now={a!} before={b} />)}</tbody>
        </table></div>
      )}
      {rows.length > 0 && (
        <p className="card-note">
          Stays that have ended, also those of nodes that other sessions have taken over. A node can stay in a phase more than once.
          {rows.some(({ b }) => b !== null) && ' Below each: the difference from the session before.'}
        </p>
      )}
    </section>
  )
}

function Row({ now, before }: { now: PhaseDuration; before: PhaseDuration | null }) {
  const time = (of: (one: PhaseDuration) => number) => (
    <td className="number">{duration(of(now))}{before !== null && <span className="delta">{difference(of(now), of(before), duration) || 'same'}</span>}</td>
  )
  return (
    <tr>
      <th scope="row">{now.phase === 'NONE' ? 'Waiting' : label(now.phase)}</th>
      <td className="number">{whole(now.count)}</td>
      {time((one) => one.medianSeconds)}
      {time((one) => one.p95Seconds)}
      {time((one) => one.longestSeconds)}
    </tr>
  )
}
