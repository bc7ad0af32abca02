// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it } from 'vitest'
import { type Cell, createComponentStore } from '../../machine/index.ts'
import { type App, AppProvider } from '../context.tsx'
import type { ErrorPattern, SessionStatus } from '../documents.ts'
import { createStore } from '../live/store.ts'
import { clear, show } from '../testing.tsx'
import { ErrorDetails } from './ErrorDetails.tsx'
import type { MachineData } from './useMachine.ts'

afterEach(clear)

const cell = (id: string, error: string): Cell => ({ id, enabled: true, phase: 'CONFIGURING', status: 'FAILED', rawStatus: 'failed', statusOverride: '', error })

it('lists the nodes that have the error now, also when as many have lost it as got it', async () => {
  const store = createComponentStore((notify) => notify())
  store.replaceAll([cell('x1', 'no power'), cell('x2', 'no image')])
  const one = { pattern: 'no power', count: 1, variants: 1, failedBefore: 0, list: '' } as unknown as ErrorPattern
  const session = { status: { errorPatterns: [{ pattern: 'no power', messages: [{ message: 'no power', count: 1 }] }] } }
  const app = { api: { query: () => ({ toPromise: async () => ({ data: { session } }) }) }, behind: createStore(0), said: createStore('') } as unknown as App
  const status = { fromSnapshot: true, errorGroupCount: 1 } as SessionStatus
  show(
    <AppProvider app={app}>
      <ErrorDetails which={{ name: 's', tenant: null, started: null }} status={status} one={one} at={0} machine={{ store, loading: null, size: 2, final: false } as MachineData} onSelect={() => {}} onLight={() => {}} />
    </AppProvider>,
  )
  await act(async () => {})
  const listed = () => [...document.querySelectorAll('ul .xname')].map((node) => node.textContent)
  expect(listed()).toEqual(['x1'])
  act(() => store.apply([cell('x1', 'no image'), cell('x2', 'no power')]))
  expect(listed()).toEqual(['x2'])
})
