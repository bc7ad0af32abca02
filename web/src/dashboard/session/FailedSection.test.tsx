// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { Progress, SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { clear, show, the } from '../testing.tsx'
import { FailedSection } from './FailedSection.tsx'

afterEach(clear)

/** What the head says of so many failed nodes, of which so many of those that are read had failed before. */
async function head(failed: number, again: number, previous: readonly object[] | null) {
  const edges = Array.from({ length: Math.min(failed, 100) }, (_, i) => ({ failedBefore: i < again, node: { id: `x${i}`, error: 'e' } }))
  const query = () => ({ toPromise: async () => ({ data: { session: { failedComponents: { edges } } } }) })
  const status = { counts: { failed }, fromSnapshot: true } as SessionStatus
  show(
    <AppProvider app={{ api: { query }, behind: createStore(0) } as unknown as App}>
      <FailedSection which={{ name: 's', tenant: null, started: null }} status={status} progress={previous && ({ previous } as unknown as Progress)} onSelect={() => {}} />
    </AppProvider>,
  )
  await act(async () => {})
  expect(document.querySelectorAll('li').length).toBe(Math.min(failed, 20))
  return the('.card-head').textContent
}

it.each([
  [3, 0, 'none of them in the session before'],
  [3, 2, '2 of 3 nodes in the session before, too'],
  [400, 0, 'none of the first 100 in the session before'],
  [400, 7, '7 of the first 100 in the session before, too'],
])('of %i failed nodes, %i of those read had failed before: %s', async (failed, again, words) => {
  expect(await head(failed, again, [{}])).toBe(`Failed nodes${words}`)
})

it('nothing is said of a session before that there is not, or is not known yet', async () => {
  expect(await head(3, 0, [])).toBe('Failed nodes')
  expect(await head(3, 0, null)).toBe('Failed nodes')
})
