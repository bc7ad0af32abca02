import { errorWords } from '../../machine/index.ts'
import { useAsk } from '../context.tsx'
import { COMPONENT_SESSIONS, type ComponentSession } from '../documents.ts'
import { duration, label, moment, several } from '../model/format.ts'
import { sessionRoute } from '../model/route.ts'
import { Link } from '../place.tsx'
import { Icon, type IconName } from '../shell/Icon.tsx'

const EVERY = 10_000

const OUTCOMES: Record<ComponentSession['outcome'], { word: string; icon: IconName }> = {
  ACTIVE: { word: 'Active', icon: 'running' },
  SUCCESSFUL: { word: 'Successful', icon: 'successful' },
  FAILED: { word: 'Failed', icon: 'failed' },
  TAKEN_OVER: { word: 'Taken over', icon: 'next' },
  REMOVED: { word: 'Removed', icon: 'close' },
}

/** The sessions that a component was in, newest first, and how each ended for it. */
export function ComponentHistory({ id }: { id: string }) {
  const { data, problem } = useAsk(COMPONENT_SESSIONS, { id }, EVERY)
  const all = data?.component?.sessions.edges.map((edge) => edge.node)
  const of = data?.component?.sessions.pageInfo.hasNextPage ? 'the newest ' : ''
  const failed = all?.filter((one) => one.outcome === 'FAILED').length ?? 0
  return (
    <section className="card" aria-labelledby="history-title">
      <div className="card-head">
        <h2 id="history-title">Its sessions</h2>
        {all !== undefined && all.length > 0 && (
          <span className="muted">{failed === 0 ? `failed in none of ${of}${several(all.length, 'session')}` : <>failed in <b className="bad">{failed}</b> of {of}{several(all.length, 'session')}</>}</span>
        )}
      </div>
      {all === undefined ? <p className="card-empty" role={problem ? 'alert' : undefined}>{data !== null ? 'Nothing is known of its sessions.' : (problem?.message ?? 'Reading its sessions…')}</p>
        : all.length === 0 ? <p className="card-empty">It has been in no session that is still known.</p> : (
          <div className="scroller" tabIndex={0} role="region" aria-label="The component's sessions">
            <table className="table history">
              <thead><tr><th scope="col">Outcome</th><th scope="col">Session</th><th scope="col" className="number">Joined</th><th scope="col" className="number">Time in phases</th></tr></thead>
              <tbody>{all.map((one) => <Row key={`${one.tenant} ${one.name} ${one.joined}`} one={one} />)}</tbody>
            </table>
          </div>
        )}
    </section>
  )
}

function Row({ one }: { one: ComponentSession }) {
  const { word, icon } = OUTCOMES[one.outcome]
  const today = new Date()
  const { session } = one
  return (
    <tr>
      <td><span className="outcome" data-outcome={one.outcome}><Icon name={icon} />{word}</span></td>
      <th scope="row">
        {session === null ? <code>{one.name}</code> : (
          <Link to={sessionRoute(one.name, one.tenant, session.status.timing.startTime)}>{label(session.operation)} {session.templateName}</Link>
        )}
        <span className="row-sub">
          {session !== null && <code>{one.name}</code>}
          {one.tenant !== null && <span className="chip">tenant {one.tenant}</span>}
        </span>
        {one.error !== '' && <span className="history-error" title={one.error}>{errorWords(one.error)}</span>}
      </th>
      <td className="number">
        <time dateTime={one.joined} title={one.joined}>{moment(new Date(one.joined), today)}</time>
        {one.left !== null && <span className="history-left">left <time dateTime={one.left} title={one.left}>{moment(new Date(one.left), today)}</time></span>}
      </td>
      <td className="number">
        {one.phases.length === 0 ? <span className="muted">–</span> : one.phases.map(({ phase, seconds }) => (
          <span key={phase} className="history-phase">{phase === 'NONE' ? 'Waiting' : label(phase)} <b>{duration(seconds)}</b></span>
        ))}
      </td>
    </tr>
  )
}
