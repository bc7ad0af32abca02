// @vitest-environment happy-dom
import { act } from 'react'
import { print } from 'graphql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { createStore } from '../live/store.ts'
import { clear, show } from '../testing.tsx'
import { TroubledView } from './TroubledView.tsx'

const DAY = 86_400_000
const START = Date.parse('2026-11-29T12:00:00Z')

beforeEach(() => void vi.useFakeTimers({ now: START }))
afterEach(() => {
  clear()
  vi.useRealTimers()
})

it('a day is the last one however long the page is open, and what was read stays meanwhile', async () => {
  const asked: number[] = []
  const query = (document: Parameters<typeof print>[0], { since }: { since: string }) => {
    if (print(document).startsWith('query Names')) return { toPromise: async () => ({ data: { templates: [], tenants: [] } }) }
    asked.push(Date.parse(since))
    const one = { id: 'x1', failures: 1, sessions: 1, lastError: 'e', lastFailure: new Date(START).toISOString() }
    return { toPromise: () => (asked.length === 1 ? Promise.resolve({ data: { troubledComponents: [one] } }) : new Promise(() => {})) }
  }
  const box = show(<AppProvider app={{ api: { query }, behind: createStore(0) } as unknown as App}><TroubledView since="1" template="" /></AppProvider>)
  await act(() => vi.advanceTimersByTimeAsync(1_000))
  await act(() => vi.advanceTimersByTimeAsync(30_000))
  expect(asked).toEqual([START - DAY, START + 30_000 - DAY])
  expect(box.textContent).toContain('x1')
})
