import { memo } from 'react'
import { useServerNow } from '../context.tsx'
import type { SessionRow } from '../documents.ts'
import { fewLeft } from '../model/estimate.ts'
import { about, duration, label, moment, span, whole, withoutPath } from '../model/format.ts'
import { isEmpty } from '../model/outcome.ts'
import { sessionRoute } from '../model/route.ts'
import { failures, failuresText, isCounted, share } from '../model/shares.ts'
import { Link } from '../place.tsx'
import { Icon } from '../shell/Icon.tsx'
import { PhaseBar } from '../shell/PhaseBar.tsx'
import { StateBadge } from '../shell/StateBadge.tsx'

export interface ShownRow {
  readonly row: SessionRow
  /** Whether the name alone leads to a newer session. */
  readonly started: boolean
  /** What has happened since somebody looked at it here; null: nothing. */
  readonly news: string | null
}

/** @param order how the rows are ordered, in words */
export function SessionTable({ rows, order }: { rows: readonly ShownRow[]; order: string }) {
  const now = useServerNow()
  const day = new Date().toDateString()
  return (
    <div className="scroller" tabIndex={0} role="region" aria-label={`Sessions, ${order}`}>
      <table className="table sessions-table">
        <thead>
          <tr>
            <th scope="col" className="state">State</th>
            <th scope="col">Session</th>
            <th scope="col" className="wide">Progress</th>
            <th scope="col" className="number">Done</th>
            <th scope="col" className="number">Failed</th>
            <th scope="col" className="number rest">Components</th>
            <th scope="col" className="number rest">Started</th>
            <th scope="col" className="number rest">Duration</th>
            <th scope="col" className="number rest">Ends about</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, started, news }) => <Row key={row.id} row={row} started={started} news={news} day={day} now={row.status.status === 'COMPLETE' || row.deleted ? 0 : now} />)}
        </tbody>
      </table>
    </div>
  )
}

/** One session. `now` ticks, and is 0 for one whose times stand still, until another `day` begins. */
const Row = memo(function Row({ row, started, news, now, day }: ShownRow & { now: number; day: string }) {
  const { status } = row
  const { counts, timing, managedComponentsCount: managed } = status
  const counted = isCounted(status)
  const wrong = row.error ?? (isEmpty(status) ? 'Complete without any component' : null)
  const start = new Date(timing.startTime)
  const today = new Date(day)
  const to = sessionRoute(row.name, row.tenant, started || row.deleted ? timing.startTime : null)
  return (
    <tr data-state={status.status} data-news={news !== null || undefined}>
      <td className="state"><StateBadge session={row} status={status} /></td>
      <th scope="row">
        <Link to={to} className="row-link" title={row.templateName}>{label(row.operation)} <b>{row.templateName}</b></Link>
        <span className="row-sub">
          <code>{row.name}</code>
          {news !== null && <span className="chip chip-news" title="Since you looked at the session">new: {news}</span>}
          {row.tenant !== null && <span className="chip">tenant {row.tenant}</span>}
          {row.limit !== '' && <span className="chip chip-cut" title={row.limit}>limit {row.limit}</span>}
          {row.stage && <span className="chip">staged</span>}
          {row.deleted && <span className="chip">{status.statusNote ?? 'deleted'}</span>}
        </span>
      </th>
      <td className="wide">{wrong !== null ? <span className="row-error" title={wrong}><Icon name="warning" /><span>{withoutPath(wrong)}</span></span> : counted && <PhaseBar counts={counts} small />}</td>
      <td className="number strong">{managed === 0 ? <None /> : share(status, status.phases.percentComplete, counts.complete)}</td>
      <td className="number">{failures(status) > 0 ? <span className="bad"><Icon name="failed" />{failuresText(status)}</span> : <span className="muted">0</span>}</td>
      <td className="number rest">{whole(managed)}</td>
      <td className="number rest"><time dateTime={timing.startTime} title={timing.startTime}>{moment(start, today)}</time></td>
      <td className="number rest">{duration(now === 0 ? timing.durationSeconds : (now - start.getTime()) / 1000)}</td>
      <td className="number rest"><Estimate status={status} now={now} today={today} /></td>
    </tr>
  )
})

function Estimate({ status, now, today }: { status: SessionRow['status']; now: number; today: Date }) {
  const { active, managed } = status.counts
  if (status.status === 'RUNNING' && fewLeft(active, managed)) return <>{whole(active)} left</>
  if (status.estimatedEnd === null) return <None />
  const [earliest, likely, latest] = [status.estimatedEnd.earliest, status.estimatedEnd.likely, status.estimatedEnd.latest].map((time) => new Date(time)) as [Date, Date, Date]
  return <time dateTime={status.estimatedEnd.likely} title={`Between ${about(earliest, today)} and ${about(latest, today)}: in about ${span((likely.getTime() - now) / 1000)}`}>{about(likely, today)}</time>
}

function None() {
  return <span className="muted"><span aria-hidden="true">–</span><span className="visually-hidden">none</span></span>
}

