import { useServerNow } from '../context.tsx'
import type { EndEstimate, SessionStatus } from '../documents.ts'
import { about, duration, moment, percent, span, whole } from '../model/format.ts'
import { fewLeft } from '../model/estimate.ts'
import { countOf, failures, isCounted, KIND_LABELS, KIND_MEANINGS, KINDS, type Kind, part, share } from '../model/shares.ts'
import { Icon } from '../shell/Icon.tsx'
import { PhaseBar } from '../shell/PhaseBar.tsx'

/** How far the session is: what one reads from across the room. */
export function Numbers({ status, estimate }: { status: SessionStatus; estimate: EndEstimate | null }) {
  const { counts } = status
  const counted = isCounted(status)
  return (
    <section className="numbers" aria-label="How far it is">
      <dl className="numbers-big">
        <div className="big big-done">
          <dt>Done</dt>
          <dd>{share(status, status.phases.percentComplete, counts.complete)}</dd>
          <dd className="big-count">{counted && whole(counts.complete)} of {whole(status.managedComponentsCount)}</dd>
        </div>
        <div className="big">
          <dt><Icon name="successful" />Successful</dt>
          <dd>{share(status, status.percentSuccessful, counts.successful)}</dd>
          {counted && <dd className="big-count">{whole(counts.successful)}</dd>}
        </div>
        <div className="big big-failed" data-none={failures(status) === 0 || undefined}>
          <dt><Icon name="failed" />Failed</dt>
          <dd>{share(status, status.percentFailed, counts.failed)}</dd>
          {counted && <dd className="big-count">{whole(counts.failed)}</dd>}
        </div>
        <Timing status={status} estimate={estimate} />
      </dl>
      {counted ? (
        <>
          <PhaseBar counts={counts} />
          <dl className="phases">
            {KINDS.map((kind) => <Phase key={kind} kind={kind} status={status} />)}
          </dl>
        </>
      ) : <p className="card-note">The percentages are those that BOS saved. The nodes had changed, or other sessions had taken them over, before they were counted here.</p>}
    </section>
  )
}

function Phase({ kind, status }: { kind: Kind; status: SessionStatus }) {
  const count = countOf(status.counts, kind)
  return (
    <div className="phase" data-kind={kind} data-none={count === 0 || undefined} title={KIND_MEANINGS[kind]}>
      <dt><span className="swatch" data-kind={kind}><Icon name={kind} /></span>{KIND_LABELS[kind]}</dt>
      <dd className="phase-count">{whole(count)}</dd>
      <dd className="phase-percent">{percent(percentOf(status, kind), count, status.counts.managed)}</dd>
    </div>
  )
}

/** The percentage as the API rounds it, where it has one. */
function percentOf(status: SessionStatus, kind: Kind): number {
  switch (kind) {
    case 'successful': return status.percentSuccessful
    case 'failed': return status.percentFailed
    case 'configuring': return status.phases.percentConfiguring
    case 'poweringOn': return status.phases.percentPoweringOn
    case 'poweringOff': return status.phases.percentPoweringOff
    case 'staged': return status.percentStaged
    case 'waiting': return part(countOf(status.counts, kind), status.counts.managed)
  }
}

function Timing({ status, estimate }: { status: SessionStatus; estimate: EndEstimate | null }) {
  const complete = status.status === 'COMPLETE'
  const now = useServerNow()
  const start = new Date(status.timing.startTime)
  const today = new Date()
  return (
    <>
      <div className="big big-time">
        <dt><Icon name="waiting" />{complete ? 'Took' : status.fromSnapshot ? 'Last seen after' : status.status === 'PENDING' ? 'Waiting for' : 'Running for'}</dt>
        <dd>{duration(status.fromSnapshot ? status.timing.durationSeconds : (now - start.getTime()) / 1000)}</dd>
        <dd className="big-count">{complete ? 'from' : 'since'} <time dateTime={status.timing.startTime} title={status.timing.startTime}>{moment(start, today)}</time></dd>
      </div>
      {complete && status.timing.endTime !== null && (
        <div className="big big-time">
          <dt><Icon name="complete" />Ended</dt>
          <dd><time dateTime={status.timing.endTime} title={status.timing.endTime}>{moment(new Date(status.timing.endTime), today)}</time></dd>
          <dd className="big-count">{span((now - Date.parse(status.timing.endTime)) / 1000)} ago</dd>
        </div>
      )}
      {!status.fromSnapshot && <Estimate estimate={estimate} counts={status.counts} now={now} />}
    </>
  )
}

/** When it ends: a range, or how many are left when a few decide it. */
function Estimate({ estimate, counts, now }: { estimate: EndEstimate | null; counts: SessionStatus['counts']; now: number }) {
  const few = fewLeft(counts.active, counts.managed)
  return (
    <div className="big big-time" data-none={(estimate === null && !few) || undefined}>
      <dt><Icon name="complete" />{few ? 'To go' : 'Ends about'}</dt>
      <dd>{few ? `${whole(counts.active)} left` : estimate === null ? <span title="Not enough data yet, or nothing is moving">–</span> : <time dateTime={estimate.likely} title={estimate.likely}>{about(new Date(estimate.likely), new Date())}</time>}</dd>
      <dd className="big-count">{estimate === null ? (few ? 'no estimate for so few' : 'not enough data yet') : <Range estimate={estimate} now={now} />}</dd>
    </div>
  )
}

function Range({ estimate: { earliest, latest }, now }: { estimate: EndEstimate; now: number }) {
  const [from, to] = [earliest, latest].map((time) => (Date.parse(time) - now) / 1000)
  if (to! < 1) return 'any moment'
  const [a, b] = [span(Math.max(0, from!)), span(to!)]
  return <span title={`Between ${earliest} and ${latest}`}>in {from! < 1 ? `at most ${b}` : a === b ? b : `${a} to ${b}`}</span>
}
