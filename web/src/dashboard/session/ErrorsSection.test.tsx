// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { Progress, SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { clear, click, show, the } from '../testing.tsx'
import { ErrorsSection, type ErrorsProps } from './ErrorsSection.tsx'

afterEach(clear)

const pattern = (n: number) => ({ pattern: `error ${n}`, count: 100 - n, variants: 1, failedBefore: 0, list: '' })
const all = Array.from({ length: 30 }, (_, n) => pattern(n))

/** Shows these patterns of 30, of which a request has the others. */
function open(first: typeof all, server: { away: boolean }) {
  const query = () => ({
    toPromise: async () => (server.away ? { error: { graphQLErrors: [{ message: 'Redis does not answer', extensions: { code: 'UNAVAILABLE' } }] } } : { data: { session: { status: { errorPatterns: all } } } }),
  })
  const app = { api: { query }, behind: createStore(0) } as unknown as App
  const props = { which: { name: 's', tenant: null, started: null }, status: { errorGroupCount: 30, managedComponentsCount: 100 } as SessionStatus, open: null } as unknown as ErrorsProps
  const progress = { status: { errorPatterns: first, counted: all } } as unknown as Progress
  show(<AppProvider app={app}><ErrorsSection {...props} progress={progress} /></AppProvider>)
}

const more = async () => {
  click(the('.more button'))
  await act(async () => {})
}
const texts = () => [...document.querySelectorAll('.error-text')].map((one) => one.textContent)

it('says why no more can be read, and reads them at the next click', async () => {
  const server = { away: true }
  open(all.slice(0, 20), server)
  await more()
  expect([texts().length, the('.more [role=alert]').textContent]).toEqual([20, 'Redis does not answer'])
  server.away = false
  await more()
  expect([texts().length, document.querySelector('.more')]).toEqual([30, null])
})

it('shows each pattern once, also when the order has changed since more were read', async () => {
  open([...all.slice(0, 19), all[25]!], { away: false })
  await more()
  expect([texts().length, new Set(texts()).size]).toEqual([30, 30])
})
