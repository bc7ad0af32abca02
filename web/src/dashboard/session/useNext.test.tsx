// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { clear, show } from '../testing.tsx'
import { useNext } from './useNext.ts'

beforeEach(() => {
  vi.useFakeTimers()
  history.replaceState(null, '', '/ended?wall=1')
})
afterEach(() => {
  clear()
  vi.useRealTimers()
})

const Ended = ({ status }: { status: string }) => {
  useNext(true, { status, fromSnapshot: true } as SessionStatus)
  return null
}

/** Shows a session that has ended on a wall, while one more begins at each question which is the newest. */
function open(status: string) {
  let asked = 0
  const query = () => ({ toPromise: async () => ({ data: { sessions: { nodes: [{ name: 'gone', tenant: null, deleted: true }, { name: `s${++asked}`, tenant: null, deleted: false }] } } }) })
  show(<AppProvider app={{ api: { query }, behind: createStore(0) } as unknown as App}><Ended status={status} /></AppProvider>)
}
const later = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))

it('a wall moves to what runs after a minute, though the newest is another one every few seconds', async () => {
  open('COMPLETE')
  await later(55_000)
  expect(location.pathname).toBe('/ended')
  await later(10_000)
  expect(location.pathname).toMatch(/^.sessions.s\d$/)
})

it('a wall does not stay at a session that was deleted before it was complete', async () => {
  open('RUNNING')
  await later(65_000)
  expect(location.pathname).toMatch(/^.sessions.s\d$/)
})
