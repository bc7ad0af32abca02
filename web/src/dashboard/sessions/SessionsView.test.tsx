// @vitest-environment happy-dom
import { act } from 'react'
import { print } from 'graphql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { begin, step } from '../live/connection.ts'
import type { Feed } from '../live/link.ts'
import { createStore } from '../live/store.ts'
import { ServerClock } from '../model/clock.ts'
import { type Filters, NO_FILTERS } from '../model/filters.ts'
import { ConnectionPill } from '../shell/ConnectionPill.tsx'
import { clear, show, the } from '../testing.tsx'
import { SessionsView } from './SessionsView.tsx'

const START = Date.parse('2026-11-29T12:00:00Z')

/** A session that started so many minutes ago. */
const session = (name: string, status: string, minutes: number, failed = 0) => ({
  id: name, name, tenant: null, operation: 'BOOT', templateName: 'compute', limit: '', stage: false, error: null, deleted: false,
  status: {
    revision: 1, epoch: 'e', status, managedComponentsCount: 10, percentSuccessful: 0, percentFailed: 10 * failed, stale: false, statusNote: null, asOf: new Date(START).toISOString(), estimatedEnd: null,
    counts: { managed: 10, staged: 0, successful: 0, failed, complete: failed, configuring: 0, poweringOff: 0, poweringOn: 0, active: 0 },
    phases: { percentComplete: 0, percentConfiguring: 0, percentPoweringOn: 0, percentPoweringOff: 0 },
    timing: { startTime: new Date(START - 60_000 * minutes).toISOString(), endTime: null, durationSeconds: 0 },
  },
})
type Row = ReturnType<typeof session>

/** A server with these sessions, newest first, of which a page has so many. */
function serve(all: Row[], page: number) {
  const first = (some: Row[], n: number) => ({ nodes: some.slice(0, n), pageInfo: { hasNextPage: some.length > n } })
  return (document: string, variables: Record<string, unknown>): object => {
    const of = (status: string) => all.filter((row) => row.status.status === status)
    if (document.startsWith('query RunningRows')) return { sessions: first(of('RUNNING'), 100) }
    if (document.startsWith('query Pending')) return { sessions: first(of('PENDING'), 1000) }
    if (document.startsWith('query Named')) return { sessions: first(all.filter(({ name }) => name === variables['name']), 5) }
    if (document.startsWith('query Names')) return { templates: [], tenants: [] }
    return { sessions: { totalCount: all.length, pageInfo: { hasNextPage: all.length > page, endCursor: 'c' }, edges: all.slice(0, page).map((node) => ({ node })) } }
  }
}

/** Thrown by an answer: the server refuses the request. */
class Refused extends Error {}

const refusal = (message: string, code: string) => ({ error: { graphQLErrors: [{ message, extensions: { code } }] } })

/** Shows the list of what a server answers; undefined: it cannot read. */
async function list(answer: ReturnType<typeof serve> | undefined, text = '', filters: Partial<Filters> = {}) {
  const query = (document: Parameters<typeof print>[0], variables: Record<string, unknown>) => ({
    toPromise: () => {
      if (answer === undefined) return Promise.resolve(refusal('Redis cannot be reached', 'UNAVAILABLE'))
      try {
        return Promise.resolve({ data: answer(print(document), variables) })
      } catch (e) {
        if (e instanceof Refused) return Promise.resolve(refusal('this looks through 30500 records', 'BAD_USER_INPUT'))
        throw e
      }
    },
  })
  const follow = (feed: Feed) => {
    feed.read().catch(() => {})
    return () => {}
  }
  const connection = createStore(step(begin(Date.now(), true), { type: 'opened', at: Date.now() }))
  const app = { api: { query }, link: { follow, connection }, behind: createStore(0), clock: new ServerClock(), said: createStore('') } as unknown as App
  const box = show(<AppProvider app={app}><ConnectionPill /><SessionsView filters={{ ...NO_FILTERS, text, ...filters }} /></AppProvider>)
  await act(() => vi.advanceTimersByTimeAsync(1000))
  return box
}

beforeEach(() => {
  vi.useFakeTimers({ now: START })
  history.replaceState(null, '', '/')
})

afterEach(() => {
  clear()
  vi.useRealTimers()
})

const many = [
  session('a', 'RUNNING', 1, 2), session('b', 'PENDING', 2), session('c', 'COMPLETE', 3, 7),
  session('d', 'PENDING', 4), session('e', 'COMPLETE', 5), session('f', 'RUNNING', 600, 3),
]

it('counts what runs and what is pending behind the page, too', async () => {
  await list(serve(many, 3))
  expect(the('.sessions-summary').textContent).toBe('2 running · 2 pending · 5 failed in running sessions · 6 sessions')
  expect(document.title).toContain('2 running')
  expect(document.querySelectorAll('tbody tr').length, 'the page').toBe(3)
})

it('says that it knows of the page alone if the server refuses to look further back', async () => {
  const answer = serve(many, 3)
  await list((document, variables) => {
    if (/^query (RunningRows|Pending)/.test(document)) throw new Refused()
    return answer(document, variables)
  })
  expect(the('.sessions-summary').textContent).toBe('1 running · 1 pending · 2 failed in running sessions · all of this of the newest 3 · 6 sessions')
})

it('is not called live while what runs behind the page is stale', async () => {
  const old = session('f', 'RUNNING', 600, 3)
  await list(serve([...many.slice(0, 5), { ...old, status: { ...old.status, stale: true } }], 3))
  await act(() => vi.advanceTimersByTimeAsync(1000)) // the pill follows what the list has found
  expect(the('.pill').dataset['tone']).toBe('stale')
})

it('says where it counts no further', async () => {
  await list(serve(Array.from({ length: 150 }, (_, i) => session(`s${i}`, 'RUNNING', i, 1)), 50))
  expect(the('.sessions-summary').textContent).toBe('at least 100 running · at least 100 failed in running sessions · 150 sessions')
})

it('begins on a wall with what runs, however old it is', async () => {
  history.replaceState(null, '', '/?wall=1')
  await list(serve(many, 3))
  expect([...document.querySelectorAll('tbody code')].map((code) => code.textContent)).toEqual(['a', 'f', 'b', 'c'])
})

it('leads to the session of exactly the name that is looked for, though it is older than what is searched', async () => {
  const answer = serve([...Array.from({ length: 50 }, (_, i) => session(`s${i}`, 'COMPLETE', i)), session('oldest', 'RUNNING', 99)], 50)
  const box = await list((document, variables) => document.startsWith('query Sessions') && variables['after'] !== null
    ? { sessions: { totalCount: 51, pageInfo: { hasNextPage: false, endCursor: null }, edges: [] } } : answer(document, variables), 'oldest')
  expect(the<HTMLAnchorElement>('.hint a').textContent).toBe('Open the session oldest')
  expect(the<HTMLAnchorElement>('.hint a').getAttribute('href')).toContain('sessions/oldest')
  expect(box.textContent).not.toContain('No sessions match')
  const other = await list(answer, 's7')
  expect(other.querySelector('.hint'), 'it is in the list').toBeNull()
})

it('does not count what was deleted before it began as pending', async () => {
  await list(serve([...many.slice(0, 2), { ...session('x', 'PENDING', 3), deleted: true }], 50))
  expect(the('.sessions-summary').textContent).toBe('1 running · 1 pending · 2 failed in running sessions · 3 sessions')
})

it('is named as it is ordered', async () => {
  await list(serve(many, 50))
  expect(the('.scroller').getAttribute('aria-label')).toBe('Sessions, newest first')
  await list(serve(many, 50), '', { order: 'failed' })
  expect(the('.scroller').getAttribute('aria-label')).toBe('Sessions, most failed first')
  history.replaceState(null, '', '/?wall=1')
  await list(serve(many, 50))
  expect(the('.scroller').getAttribute('aria-label')).toBe('Sessions, running first')
})

it('is not called live while the server cannot read', async () => {
  const box = await list(undefined)
  expect(box.textContent).toContain('Redis cannot be reached')
  expect(the('.pill').dataset['tone']).toBe('stale')
})
