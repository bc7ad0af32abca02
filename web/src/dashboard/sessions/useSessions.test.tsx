// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { Feed } from '../live/link.ts'
import { createStore } from '../live/store.ts'
import { ServerClock } from '../model/clock.ts'
import { clear, show } from '../testing.tsx'
import { type Sessions, useSessions } from './useSessions.ts'

const START = Date.parse('2026-11-29T12:00:00Z')
const session = (name: string, minutes: number, revision: number) => ({
  id: name, name, tenant: null, status: { revision, epoch: 'e', status: 'PENDING', stale: false, timing: { startTime: new Date(START - 60_000 * minutes).toISOString() } },
})
type Row = ReturnType<typeof session>

let feed: Feed
let asked: ((rows: Row[], total?: number, more?: string | null) => Promise<void>)[]
let now: Sessions & { more: (n: number) => void }

/** Follows the list with a server whose answers the test gives. */
beforeEach(() => {
  asked = []
  const query = () => ({
    toPromise: () => new Promise((answer) => asked.push(async (rows, total = rows.length, more = null) => {
      answer({ data: { sessions: { totalCount: total, pageInfo: { hasNextPage: more !== null, endCursor: more }, edges: rows.map((node) => ({ node })) } } })
      await act(async () => {})
    })),
  })
  const follow = (one: Feed) => {
    feed = one
    return () => {}
  }
  const List = () => {
    now = useSessions({})
    return null
  }
  show(<AppProvider app={{ api: { query }, link: { follow }, clock: new ServerClock(), behind: createStore(0) } as unknown as App}><List /></AppProvider>)
})

afterEach(clear)

const push = (row: Row | null, deletedId: string | null = null) => feed.take({ sessionsUpdated: { session: row, deletedId } })
const shown = async () => {
  await act(() => new Promise((done) => setTimeout(done, 500)))
  return [now.list!.rows.map(({ name, status }) => `${name}${status.revision}`).join(' '), now.list!.total]
}

/** Has the list read, and again, of which the answer is still to come. */
const readAgain = async () => {
  void feed.read()
  await asked[0]!([session('b', 2, 1), session('a', 3, 1)])
  void feed.read()
}

it('keeps what was pushed while the list was read again', async () => {
  await readAgain()
  push(session('c', 1, 1))
  push(session('b', 2, 2))
  push(null, 'a')
  await asked[1]!([session('b', 2, 1), session('a', 3, 1)])
  expect(await shown()).toEqual(['c1 b2', 2])
})

it('counts nothing twice that the answer knows of already', async () => {
  await readAgain()
  push(session('c', 1, 1))
  push(null, 'a')
  await asked[1]!([session('c', 1, 1), session('b', 2, 1)])
  expect(await shown()).toEqual(['c1 b1', 2])
})

it('keeps what was pushed while the list was read for the first time', async () => {
  void feed.read()
  push(session('a', 3, 2))
  await asked[0]!([session('a', 3, 1)])
  expect(await shown()).toEqual(['a2', 1])
})

it('keeps what was pushed of a page that was on its way', async () => {
  void feed.read()
  await asked[0]!([session('b', 2, 1)], 2, 'cursor')
  await shown()
  now.more(50)
  push(session('a', 3, 2))
  await asked[1]!([session('a', 3, 1)], 2)
  expect(await shown()).toEqual(['b1 a2', 2])
})

it('ignores an answer that comes after that of a later reading', async () => {
  void feed.read()
  void feed.read()
  await asked[1]!([session('b', 2, 1)])
  await asked[0]!([session('a', 3, 1)])
  expect(await shown()).toEqual(['b1', 1])
})
