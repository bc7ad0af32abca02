import { useMemo, useState } from 'react'
import { useServerNow } from '../context.tsx'
import type { Progress, SessionStatus } from '../documents.ts'
import { extendTo, hold, type Point, toPoints } from '../model/curve.ts'
import { duration, percent, whole } from '../model/format.ts'
import { sessionRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import { Curve } from './Curve.tsx'
import type { Which } from './useSession.ts'

/** How the session went over time, and how the one before it did. */
export function ProgressSection({ which, status, progress }: { which: Which; status: SessionStatus; progress: Progress | null }) {
  const [asTable, setAsTable] = useState(false)
  const complete = status.status === 'COMPLETE'
  const now = useServerNow(!complete)
  const start = Date.parse(status.timing.startTime)
  const ran = status.fromSnapshot ? status.timing.durationSeconds : Math.max(1, (now - start) / 1000)
  const sampled = useMemo(() => (progress === null ? [] : toPoints(progress.status.progress, status.timing.startTime)), [progress, status.timing.startTime])
  const points = useMemo(() => (sampled.length === 0 ? [] : hold(extendTo(sampled, { at: ran, counts: status.counts }))), [sampled, ran, status.counts])
  const previous = progress?.previous[0]
  const before = useMemo(() => (previous === undefined ? [] : hold(toPoints(previous.status.progress, previous.status.timing.startTime))), [previous])
  const estimate = progress?.status.estimatedEnd
  const expected = complete || estimate == null ? null : (Date.parse(estimate.likely) - start) / 1000
  return (
    <section className="card" aria-labelledby="progress-title">
      <div className="card-head">
        <h2 id="progress-title">Progress over time</h2>
        <button type="button" className="tool" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}><span>As a table</span></button>
      </div>
      {points.length === 0 ? (
        <p className="card-empty">{progress === null ? 'Reading the progress…' : status.status === 'PENDING' ? 'The curve begins when the session runs.' : 'No progress was recorded.'}</p>
      ) : asTable ? <ProgressTable points={points} /> : <Curve points={points} before={before} ran={ran} expected={expected} />}
      {previous !== undefined && (
        <p className="card-note">
          <span className="line-sample" aria-hidden="true" /> Dashed: what was done in{' '}
          <Link to={sessionRoute(previous.name, which.tenant, previous.status.timing.startTime)}>the session before of this template</Link>, which took {duration(previous.status.timing.durationSeconds)}.
        </p>
      )}
    </section>
  )
}

const ROWS = 20

function ProgressTable({ points }: { points: readonly Point[] }) {
  const step = Math.max(1, Math.ceil(points.length / ROWS))
  const rows = points.filter((_, i) => (points.length - 1 - i) % step === 0)
  return (
    <div className="scroller list-frame" tabIndex={0} role="region" aria-label="Progress of the session">
      <table className="table">
        <thead><tr><th scope="col">After</th><th scope="col" className="number">Done</th><th scope="col" className="number">Successful</th><th scope="col" className="number">Failed</th><th scope="col" className="number">Components</th></tr></thead>
        <tbody>
          {rows.map(({ at, counts }) => (
            <tr key={at}>
              <th scope="row">{duration(at)}</th>
              <td className="number">{percent(counts.managed === 0 ? 0 : (100 * counts.complete) / counts.managed, counts.complete, counts.managed)}</td>
              <td className="number">{whole(counts.successful)}</td>
              <td className="number">{whole(counts.failed)}</td>
              <td className="number">{whole(counts.managed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
