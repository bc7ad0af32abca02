// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { usePlace } from '../place.tsx'
import { type App, AppProvider } from '../context.tsx'
import { NO_FILTERS } from '../model/filters.ts'
import { clear, click, enter, show, the } from '../testing.tsx'
import { FilterForm } from './FilterForm.tsx'

const api = { query: () => ({ toPromise: () => Promise.resolve({ data: { templates: ['compute', 'uan'], tenants: ['blue'] } }) }) }
const app = { api } as unknown as App

function Page() {
  const { route } = usePlace()
  return <FilterForm filters={route.view === 'sessions' ? route.filters : NO_FILTERS} />
}

beforeEach(async () => {
  vi.useFakeTimers()
  history.replaceState(null, '', '/')
  show(<AppProvider app={app}><Page /></AppProvider>)
  await act(async () => {}) // what there is to choose from has been read
})

afterEach(() => {
  clear()
  vi.useRealTimers()
})

const query = () => location.search

it('puts what is chosen into the address', () => {
  click(the('.segments label:nth-of-type(3) input'))
  expect(query()).toBe('?state=running')
  enter(the<HTMLSelectElement>('[aria-label=Template]'), 'uan')
  enter(the<HTMLSelectElement>('[aria-label=Tenant]'), '')
  expect(query()).toBe('?state=running&template=uan&tenant=')
  click(the('[type=checkbox]'))
  enter(the<HTMLInputElement>('.day:has(+ .day) input'), '2026-11-29')
  enter(the<HTMLSelectElement>('[aria-label=Order]'), 'failed')
  expect(query()).toBe('?state=running&template=uan&tenant=&failures=1&from=2026-11-29&order=failed')
  click(the(".filters > .tool"))
  expect(query()).toBe('')
})

it('waits until one has stopped typing', () => {
  const box = the<HTMLInputElement>('[type=search]')
  enter(box, 'c')
  act(() => vi.advanceTimersByTime(150))
  enter(box, 'co')
  act(() => vi.advanceTimersByTime(150))
  expect(query()).toBe('')
  act(() => vi.advanceTimersByTime(100))
  expect(query()).toBe('?text=co')
})

it('keeps what is chosen before one has stopped typing', () => {
  enter(the<HTMLInputElement>('[type=search]'), 'co')
  click(the('.segments label:nth-of-type(3) input'))
  act(() => vi.advanceTimersByTime(300))
  expect(query()).toBe('?state=running&text=co')
})

it('clears what is still being typed, too', () => {
  click(the('[type=checkbox]'))
  enter(the<HTMLInputElement>('[type=search]'), 'co')
  click(the('.filters > .tool'))
  act(() => vi.advanceTimersByTime(300))
  expect([query(), the<HTMLInputElement>('[type=search]').value]).toEqual(['', ''])
})

it('follows the address back', () => {
  act(() => {
    history.replaceState(null, '', '/?text=uan&operation=reboot')
    window.dispatchEvent(new PopStateEvent('popstate'))
  })
  expect(the<HTMLInputElement>('[type=search]').value).toBe('uan')
  expect(the<HTMLSelectElement>('[aria-label=Operation]').value).toBe('REBOOT')
})
