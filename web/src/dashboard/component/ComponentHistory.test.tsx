// @vitest-environment happy-dom
import { act } from 'react'
import { print } from 'graphql'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { createStore } from '../live/store.ts'
import { clear, show, the } from '../testing.tsx'
import { ComponentHistory } from './ComponentHistory.tsx'

afterEach(clear)

/** What the head says of a component that was in so many sessions, of which the server sends 50. */
async function head(sessions: number, outcome: string) {
  const edges = Array.from({ length: Math.min(sessions, 50) }, (_, i) => ({
    node: { name: `s${i}`, tenant: null, joined: '2026-11-29T12:00:00Z', left: null, outcome, error: '', phases: [], session: null },
  }))
  const query = (document: Parameters<typeof print>[0]) => ({
    toPromise: async () => ({ data: { component: { sessions: { edges, ...(print(document).includes('hasNextPage') && { pageInfo: { hasNextPage: sessions > 50 } }) } } } }),
  })
  show(<AppProvider app={{ api: { query }, behind: createStore(0) } as unknown as App}><ComponentHistory id="x1" /></AppProvider>)
  await act(async () => {})
  return the('.card-head').textContent
}

it.each([
  [3, 'FAILED', 'failed in 3 of 3 sessions'],
  [1, 'SUCCESSFUL', 'failed in none of 1 session'],
  [50, 'FAILED', 'failed in 50 of 50 sessions'],
  [51, 'FAILED', 'failed in 50 of the newest 50 sessions'],
  [51, 'SUCCESSFUL', 'failed in none of the newest 50 sessions'],
])('of %i sessions, each %s: %s', async (sessions, outcome, words) => {
  expect(await head(sessions, outcome)).toBe(`Its sessions${words}`)
})
