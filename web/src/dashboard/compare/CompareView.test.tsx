// @vitest-environment happy-dom
import { act } from 'react'
import { print } from 'graphql'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import { createStore } from '../live/store.ts'
import { clear, show } from '../testing.tsx'
import { CompareView } from './CompareView.tsx'

afterEach(clear)

const counts = { managed: 10, staged: 0, successful: 7, failed: 3, complete: 10, configuring: 0, poweringOff: 0, poweringOn: 0, active: 0 }
const none = { ...counts, managed: 0, successful: 0, failed: 0, complete: 0 }
const session = (name: string, startTime: string, previous: object[] = [], change: object = {}) => ({
  id: `${name} ${startTime}`, name, tenant: null, operation: 'BOOT', templateName: 'compute', limit: '', error: null, previous,
  status: {
    status: 'COMPLETE', stale: false, managedComponentsCount: 10, percentSuccessful: 70, percentFailed: 30, phases: { percentComplete: 100 }, errorGroupCount: 0,
    counts, phaseDurations: [], errorPatterns: [], byCabinet: [], timing: { startTime, endTime: startTime, durationSeconds: 60 }, ...change,
  },
})

/** Compares the session "a" with one of these, as the server answers; undefined for those that failed: no answer comes. */
async function compare(others: ReturnType<typeof session>[], other: string | null = null, failed?: string[]) {
  const a = session('a', '2026-11-29T12:00:00Z', others)
  const query = (document: Parameters<typeof print>[0], { name }: { name: string }) => ({
    toPromise: async () => {
      if (print(document).startsWith('query Compare')) return { data: { session: [a, ...others].find((one) => one.name === name) ?? null } }
      if (failed === undefined) return { error: { graphQLErrors: [{ message: 'Redis does not answer', extensions: { code: 'UNAVAILABLE' } }] } }
      return { data: { session: { failedComponents: { edges: failed.map((id) => ({ node: { id } })), pageInfo: { hasNextPage: false, endCursor: null } } } } }
    },
  })
  const app = { api: { query }, behind: createStore(0), said: createStore('') } as unknown as App
  const box = show(
    <AppProvider app={app}>
      <CompareView route={{ name: 'a', tenant: null, started: null, other, otherStarted: other === null ? null : others[0]!.status.timing.startTime }} />
    </AppProvider>,
  )
  for (let i = 0; i < 5; i++) await act(async () => {})
  return box
}

const line = (box: HTMLElement, name: string) => [...box.querySelectorAll('tr')].find((tr) => tr.querySelector('th')?.textContent === name)!.textContent

it('counts what differs', async () => {
  const box = await compare([session('b', '2026-11-28T12:00:00Z')], null, ['x1', 'x2'])
  expect([line(box, 'Nodes'), line(box, 'Failed'), line(box, 'Failed in both')]).toEqual(['Nodes1010', 'Failed33', 'Failed in both2 xnames'])
})

it('shows the percentages that BOS saved where others had taken over the components before they were counted', async () => {
  const box = await compare([session('b', '2026-11-28T12:00:00Z', [], { counts: none })], null, [])
  expect([line(box, 'Nodes'), line(box, 'Done'), line(box, 'Successful'), line(box, 'Failed')])
    .toEqual(['Nodes1010', 'Done100 %100 %', 'Successful70.00 %70.00 %', 'Failed30.00 %30.00 %'])
  expect(box.querySelector('[aria-label="The other"]')!.textContent).toContain('10 nodes')
  expect(box.querySelector('[aria-label="The other"] [role=img]'), 'a bar of none').toBeNull()
  expect(box.querySelector('option')!.textContent).toContain('30.00 % failed')
})

it('says why it is not known which nodes failed in both', async () => {
  expect(line(await compare([session('b', '2026-11-28T12:00:00Z')]), 'Failed in both')).toBe('Failed in bothRedis does not answer')
})

it('names the session that is compared with, of several that started at the same moment', async () => {
  const twins = ['b', 'c'].map((name) => session(name, '2026-11-28T12:00:00Z'))
  const box = await compare(twins, 'c', [])
  expect(box.querySelector('select')!.value).toBe('c 2026-11-28T12:00:00Z')
})
