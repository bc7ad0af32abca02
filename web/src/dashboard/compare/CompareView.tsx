import { useAsk, useBehind } from '../context.tsx'
import { COMPARE, type Compared } from '../documents.ts'
import { NO_FILTERS } from '../model/filters.ts'
import { duration, label, moment, several } from '../model/format.ts'
import { type CompareRoute, sessionRoute } from '../model/route.ts'
import { failuresText, isCounted } from '../model/shares.ts'
import { Link, useGo } from '../place.tsx'
import { Icon } from '../shell/Icon.tsx'
import { PhaseBar } from '../shell/PhaseBar.tsx'
import { StateBadge } from '../shell/StateBadge.tsx'
import { useTitle } from '../shell/useTitle.ts'
import { CompareTables } from './CompareTables.tsx'

const EVERY = 5_000

/** Two sessions beside each other; the other one is the one before, if none is named. */
export function CompareView({ route }: { route: CompareRoute }) {
  const { name, tenant, started } = route
  const { data, problem } = useAsk(COMPARE, { name, tenant, started }, EVERY)
  const session = data?.session
  const before = session?.previous[0]
  const other = route.other !== null ? { name: route.other, started: route.otherStarted } : before === undefined ? null : { name: before.name, started: before.status.timing.startTime }
  const second = useAsk(COMPARE, other === null ? null : { name: other.name, tenant, started: other.started }, EVERY)
  const unread = session == null ? null : (problem ?? second.problem)
  useBehind(session?.status.stale === true || second.data?.session?.status.stale === true)
  useTitle(session == null ? 'Comparison' : `${label(session.operation)} ${session.templateName}, compared`)
  return (
    <div className="compare">
      <nav aria-label="Where you are" className="crumbs">
        <Link to={{ view: 'sessions', filters: NO_FILTERS }}>Sessions</Link><Icon name="next" />
        <Link to={sessionRoute(name, tenant, started)}>{session == null ? name : `${label(session.operation)} ${session.templateName}`}</Link><Icon name="next" />
      </nav>
      <h1>Two sessions compared</h1>
      {unread !== null && <p className="notice" role="alert">{unread.message}</p>}
      {session === undefined ? <p className="loading" role={problem ? 'alert' : undefined}>{problem?.message ?? 'Reading the sessions…'}</p>
        : session === null ? <p className="empty">There is no session <code>{name}</code>.</p>
        : other === null ? <Nothing session={session} />
        : (
          <>
            <Choice route={route} session={session} chosen={other} />
            <div className="compare-heads">
              <Head session={session} word="This one" />
              {second.data?.session == null ? <p className="card card-empty" role="status">{second.data === null ? 'Reading…' : 'The other one is no longer kept.'}</p> : <Head session={second.data.session} word="The other" />}
            </div>
            {second.data?.session != null && <CompareTables a={session} b={second.data.session} />}
          </>
        )}
    </div>
  )
}

function Nothing({ session }: { session: Compared }) {
  return (
    <section className="empty">
      <h2>There is no session to compare with</h2>
      <p>No earlier session of the template <code>{session.templateName}</code>, operation and tenant has completed.</p>
    </section>
  )
}

function Choice({ route, session, chosen }: { route: CompareRoute; session: Compared; chosen: { readonly name: string; readonly started: string | null } }) {
  const go = useGo()
  const today = new Date()
  const current = session.previous.find((one) => one.name === chosen.name && one.status.timing.startTime === chosen.started)
  const choose = (id: string) => {
    const one = session.previous.find((other) => other.id === id)
    if (one !== undefined) go({ view: 'compare', ...route, other: one.name, otherStarted: one.status.timing.startTime }, true)
  }
  return (
    <p className="compare-choice">
      <label>
        Compare with{' '}
        <select value={current?.id ?? ''} onChange={(event) => choose(event.target.value)}>
          {current === undefined && <option value="">{route.other}</option>}
          {session.previous.map(({ id, status }) => (
            <option key={id} value={id}>{moment(new Date(status.timing.startTime), today)}, took {duration(status.timing.durationSeconds)}, {failuresText(status)} failed</option>
          ))}
        </select>
      </label>
    </p>
  )
}

function Head({ session, word }: { session: Compared; word: string }) {
  const { status } = session
  const { startTime } = status.timing
  return (
    <section className="card" aria-label={word}>
      <div className="card-head">
        <h2><Link to={sessionRoute(session.name, session.tenant, startTime)}>{label(session.operation)} {session.templateName}</Link></h2>
        <StateBadge session={session} status={status} />
      </div>
      <p className="row-sub">
        <code>{session.name}</code>
        {session.limit !== '' && <span className="chip chip-cut" title={session.limit}>limit {session.limit}</span>}
        started {moment(new Date(startTime), new Date())}, {several(status.managedComponentsCount, 'node')}
      </p>
      {isCounted(status) && <PhaseBar counts={status.counts} />}
    </section>
  )
}
