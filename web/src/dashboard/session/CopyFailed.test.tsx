// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it } from 'vitest'
import { type App, AppProvider } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { clear, click, show, the } from '../testing.tsx'
import { CopyFailed } from './CopyFailed.tsx'

afterEach(clear)

/** Clicks, and the server answers that; what is shown and what is said aloud. */
async function copied(answer: object) {
  const said = createStore('')
  const app = { api: { query: () => ({ toPromise: async () => answer }) }, said } as unknown as App
  const status = { counts: { failed: 3 }, timing: { startTime: '2026-11-29T12:00:00Z' } } as SessionStatus
  show(<AppProvider app={app}><CopyFailed session={{ name: 's', tenant: null } as SessionDetails} status={status} /></AppProvider>)
  click(the('button'))
  await act(async () => {})
  return [the('.copy-note').textContent, said.get()]
}

it('says why the failed nodes could not be read, aloud, too', async () => {
  const text = 'this looks through 30500 records'
  expect(await copied({ error: { graphQLErrors: [{ message: text, extensions: { code: 'BAD_USER_INPUT' } }] } })).toEqual([text, text])
})

it('says that it is not known which nodes failed', async () => {
  const text = 'Which nodes failed is not known.'
  expect(await copied({ data: { session: { failedComponents: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } } } })).toEqual([text, text])
})
