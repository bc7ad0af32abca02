// @vitest-environment happy-dom
import { act, type ReactNode, useState } from 'react'
import { print } from 'graphql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ComponentRecord } from './component/ComponentRecord.tsx'
import { CompareView } from './compare/CompareView.tsx'
import { type App, AppProvider, useAsk } from './context.tsx'
import { NAMES } from './documents.ts'
import { begin, step } from './live/connection.ts'
import { createStore } from './live/store.ts'
import { ServerClock } from './model/clock.ts'
import { ConnectionPill } from './shell/ConnectionPill.tsx'
import { ServerProvider } from './shell/server.tsx'
import { clear, click, show, the } from './testing.tsx'

const TROUBLE = 'Redis does not answer in time'

/** Shows it below a connection that is open; what it asks is answered as `answers` says, by name, unless Redis is away. */
async function open(node: ReactNode, answers: Record<string, object>) {
  const redis = { away: false }
  const query = async (document: Parameters<typeof print>[0]) => {
    const [, name] = /^query (\w+)/.exec(print(document))!
    return redis.away ? { error: { graphQLErrors: [{ message: TROUBLE, extensions: { code: 'UNAVAILABLE' } }] } } : { data: answers[name!] }
  }
  const connection = createStore(step(begin(Date.now(), true), { type: 'opened', at: Date.now() }))
  const app = { api: { query: (document: Parameters<typeof print>[0]) => ({ toPromise: () => query(document) }) }, link: { connection }, behind: createStore(0), clock: new ServerClock(), said: createStore('') }
  const box = show(<AppProvider app={app as unknown as App}><ConnectionPill />{node}</AppProvider>)
  await later(1_000)
  return { redis, box }
}

const later = async (ms: number) => {
  await act(() => vi.advanceTimersByTimeAsync(ms))
  await act(() => vi.advanceTimersByTimeAsync(500)) // the pill follows what was found
}
const tone = () => the('.pill').dataset['tone']

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  clear()
  vi.useRealTimers()
})

const SERVER = { Server: { serverInfo: { version: '1', namespace: 'n', sync: null } } }

it('no view is called live while the server cannot read, whatever it asks itself', async () => {
  const { redis } = await open(<ServerProvider><p /></ServerProvider>, SERVER)
  expect(tone()).toBe('live')
  redis.away = true
  await later(11_000)
  expect(tone()).toBe('stale')
  redis.away = false
  await later(11_000)
  expect(tone()).toBe('live')
})

it('one part that can be read again does not hide another that cannot', async () => {
  const Part = ({ every }: { every: number }) => <p>{useAsk(NAMES, {}, every).problem?.code ?? 'read'}</p>
  const { redis, box } = await open(<><Part every={1_000} /><Part every={10_000} /></>, { Names: { templates: [], tenants: [] } })
  redis.away = true
  await later(10_000)
  redis.away = false
  await later(3_000)
  expect(box.textContent).toContain('readUNAVAILABLE')
  expect(tone()).toBe('stale')
})

it('what is asked once is asked again if the server could not read it', async () => {
  const Once = ({ of }: { of: object | null }) => <p>{useAsk(NAMES, of && {}).data === null ? 'none' : 'some'}</p>
  const Asking = () => {
    const [of, set] = useState<object | null>(null)
    return <><button type="button" onClick={() => set({})}>ask</button><Once of={of} /></>
  }
  const { redis, box } = await open(<Asking />, { Names: { templates: [], tenants: [] } })
  redis.away = true
  click(the('button'))
  await later(1_000)
  expect([box.querySelector('p')!.textContent, tone()]).toEqual(['none', 'stale'])
  redis.away = false
  await later(5_000)
  expect([box.querySelector('p')!.textContent, tone()]).toEqual(['some', 'live'])
})

it('what is asked once is asked again if no answer came', async () => {
  let away = true
  const query = async () => (away ? { error: { graphQLErrors: [], networkError: new Error('interrupted') } } : { data: { templates: [], tenants: [] } })
  const app = { api: { query: () => ({ toPromise: query }) }, behind: createStore(0) } as unknown as App
  const Once = () => <p>{useAsk(NAMES, {}).data === null ? 'none' : 'some'}</p>
  show(<AppProvider app={app}><Once /></AppProvider>)
  await later(1_000)
  expect(the('p').textContent).toBe('none')
  away = false
  await later(5_000)
  expect(the('p').textContent).toBe('some')
})

const component = {
  id: 'x1', enabled: true, error: '', session: '', retryPolicy: null, statusSince: null, status: { phase: 'NONE', rawPhase: '', status: 'STABLE', rawStatus: 'stable', statusOverride: '' },
  lastAction: null, eventStats: null, desiredState: null, actualState: null, stagedState: null, countsIn: [],
}
const alone = { id: 'a', name: 'a', tenant: null, operation: 'BOOT', templateName: 'compute', previous: [], status: { stale: false } }

it.each([
  ['a component', <ComponentRecord id="x1" tenant={null} />, { Component: { component } }, 'Enabled'],
  ['a comparison', <CompareView route={{ name: 'a', tenant: null, started: null, other: null, otherStarted: null }} />, { Compare: { session: alone } }, 'There is no session to compare with'],
])('%s that was read stays, with what prevents reading it again', async (_, node, answers, text) => {
  const { redis, box } = await open(node, answers)
  expect(box.textContent).not.toContain(TROUBLE)
  redis.away = true
  await later(6_000)
  expect(the('[role=alert]').textContent).toBe(TROUBLE)
  expect(box.textContent).toContain(text)
  expect(tone()).toBe('stale')
})
