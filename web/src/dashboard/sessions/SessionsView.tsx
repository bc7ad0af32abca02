import { useEffect, useMemo } from 'react'
import { useAsk, useBehind, useReadable } from '../context.tsx'
import { NAMED, type SessionRow } from '../documents.ts'
import { apiFilter, type Filters, looksLikeXname, matches, type Order, ORDER_WORDS } from '../model/filters.ts'
import { several, whole } from '../model/format.ts'
import { before, newsOf, newsWords } from '../model/looks.ts'
import { sessionRoute } from '../model/route.ts'
import { failures } from '../model/shares.ts'
import { Link, usePlace } from '../place.tsx'
import { list as notice, lookAt, looks, seen } from '../shell/looks.ts'
import { useTitle } from '../shell/useTitle.ts'
import { FilterForm } from './FilterForm.tsx'
import { hidden } from './list.ts'
import { NoSessions } from './NoSessions.tsx'
import { SessionTable } from './SessionTable.tsx'
import { type Live, useLive } from './useLive.ts'
import { useSessions } from './useSessions.ts'

const PAGE = 50
const NONE: readonly SessionRow[] = []
/** A text is looked for in pages of this many sessions, up to so many on its own. */
const SEARCHED = { page: 500, most: 2000 }

/** The list of sessions. */
export function SessionsView({ filters }: { filters: Filters }) {
  const { wall } = usePlace()
  const { list, problem, loading, more } = useSessions(useMemo(() => apiFilter(filters), [filters]))
  const rows = list?.rows ?? NONE
  const live = useLive(filters, list !== null && list.more !== null)
  const withLive = useMemo(() => [...rows, ...live.running.filter(({ id }) => !rows.some((row) => row.id === id))], [rows, live.running])
  const news = useNews(rows)
  const shown = useMemo(() => {
    const older = hidden(withLive)
    const ordered = wall ? order(withLive, 'live') : order(rows, filters.order)
    return ordered.filter((row) => matches(row, filters.text)).map((row) => ({ row, started: older.has(row), news: wall ? null : (news.get(row.id) ?? null) }))
  }, [rows, withLive, filters.text, filters.order, news, wall])

  const goOn = problem === null && filters.text.trim() !== '' && shown.length < PAGE && list?.more != null && rows.length < SEARCHED.most
  useEffect(() => {
    if (goOn && !loading) more(SEARCHED.page)
  }, [goOn, loading, more])

  const named = useNamed(list !== null && shown.length === 0 && !goOn ? filters.text.trim() : '')
  useBehind(problem?.code === 'UNAVAILABLE' || withLive.some((row) => row.status.stale))
  const summary = useMemo(() => summarize(withLive, live.pending), [withLive, live.pending])
  useTitle(summary.running > 0 ? `${summary.running} running · Sessions` : 'Sessions')

  return (
    <div className="sessions">
      <div className="sessions-head">
        <h1>Sessions</h1>
        {list !== null && <p className="sessions-summary">{words(summary, live, rows.length, list.total)}</p>}
        {!wall && news.size > 0 && (
          <p className="sessions-news">
            {several(news.size, 'session')} with news{' '}
            <button type="button" className="button" onClick={() => lookAt(rows.map((row) => seen(row.id, row.status)))}>Mark as seen</button>
          </p>
        )}
      </div>
      {!wall && <FilterForm filters={filters} />}
      {named?.map((one) => (
        <p key={one.id} className="hint"><Link to={sessionRoute(one.name, one.tenant, null)}>Open the session {one.name}{one.tenant !== null && ` of tenant ${one.tenant}`}</Link></p>
      ))}
      {looksLikeXname(filters.text) && (
        <p className="hint">
          <Link to={{ view: 'component', id: filters.text.trim().toLowerCase(), tenant: filters.tenant || null }}>Open the component {filters.text.trim().toLowerCase()}</Link>
        </p>
      )}
      {problem !== null && <p className="notice" role="alert">{problem.code === 'UNREACHABLE' ? 'The server does not answer. The list comes back by itself.' : problem.message}</p>}
      {list === null && problem === null && <p className="loading">Reading the sessions…</p>}
      {list !== null && shown.length === 0 && named?.length === 0 && !goOn && <NoSessions filters={filters} searched={list.more !== null ? rows.length : null} />}
      {shown.length > 0 && <SessionTable rows={shown} order={wall ? 'running first' : ORDER_WORDS[filters.order].toLowerCase()} />}
      {list?.more != null && (
        <p className="more">
          <button type="button" className="button" disabled={loading} onClick={() => more(filters.text === '' ? PAGE : SEARCHED.page)}>
            {loading || goOn ? 'Reading…' : filters.text === '' ? 'Show more' : 'Search further back'}
          </button>
          <span className="muted">{filters.order !== 'newest' && 'Ordered within these. '}{filters.text === '' ? `${whole(rows.length)} shown${list.total === null ? '' : ` of ${whole(list.total)}`}` : `The newest ${several(rows.length, 'session')} searched`}</span>
        </p>
      )}
    </div>
  )
}

/** The sessions of exactly that name, as the list may not reach back to them: of each tenant the newest. None for no name; null while they are looked for. */
function useNamed(name: string) {
  const { data, problem } = useAsk(NAMED, name === '' ? null : { name })
  return useMemo(() => {
    if (data === null && problem === null && name !== '') return null
    const all = data?.sessions.nodes ?? []
    const older = hidden(all)
    return all.filter((one) => !older.has(one))
  }, [data, problem, name])
}

/** What has happened to these sessions since somebody looked at them here, in words. */
function useNews(rows: readonly SessionRow[]): ReadonlyMap<string, string> {
  const seenBefore = useReadable(looks)
  useEffect(() => notice(rows.map((row) => seen(row.id, row.status))), [rows])
  return useMemo(() => {
    const news = new Map<string, string>()
    for (const row of rows) {
      const now = seen(row.id, row.status)
      const one = newsOf(before(seenBefore, now), now)
      if (one !== null) news.set(row.id, newsWords(one).join(', '))
    }
    return news
  }, [rows, seenBefore])
}

/** The rows as they are shown; on a wall what runs has to be seen without scrolling. */
function order(rows: readonly SessionRow[], by: Order | 'live'): readonly SessionRow[] {
  switch (by) {
    case 'newest': return rows
    case 'failed': return rows.toSorted((a, b) => failures(b.status) - failures(a.status))
    case 'longest': return rows.toSorted((a, b) => lasts(b) - lasts(a))
    case 'live': return rows.toSorted((a, b) => urgency(b) - urgency(a))
  }
}

function lasts(row: SessionRow): number {
  const { timing } = row.status
  return isLive(row) ? (Date.now() - Date.parse(timing.startTime)) / 1000 : timing.durationSeconds
}

/** What runs goes before what is pending, and that before the rest. */
function urgency(row: SessionRow): number {
  return isLive(row) ? (row.status.status === 'RUNNING' ? 2 : 1) : 0
}

function isLive({ status, deleted }: SessionRow): boolean {
  return status.status !== 'COMPLETE' && !deleted
}

function summarize(rows: readonly SessionRow[], pending: Live['pending']) {
  const running = rows.filter((row) => row.status.status === 'RUNNING' && !row.deleted)
  return {
    running: running.length,
    pending: pending ?? rows.filter((row) => row.status.status === 'PENDING' && !row.deleted).length,
    failed: running.reduce((n, row) => n + row.status.counts.failed, 0),
  }
}

function words({ running, pending, failed }: ReturnType<typeof summarize>, live: Live, listed: number, total: number | null): string {
  const atLeast = (n: number, cut: boolean) => `${cut ? 'at least ' : ''}${whole(n)}`
  const parts = [`${atLeast(running, live.moreRunning)} running`]
  if (pending > 0) parts.push(`${atLeast(pending, live.morePending)} pending`)
  if (failed > 0) parts.push(`${atLeast(failed, live.moreRunning)} failed in running sessions`)
  if (live.refused) parts.push(`all of this of the newest ${whole(listed)}`)
  if (total !== null) parts.push(several(total, 'session'))
  return parts.join(' · ')
}
