import { describe, expect, it } from 'vitest'
import { apiFilter, looksLikeXname, matches, NO_FILTERS } from './filters.ts'
import { compareRoute, digest, type Place, readPlace, sessionRoute, writePlace } from './route.ts'

const places: [string, Place][] = [
  ['./', { route: { view: 'sessions', filters: NO_FILTERS }, wall: false }],
  ['./?state=running&operation=boot&template=a%26b&tenant=&text=x+y&wall=1', {
    route: { view: 'sessions', filters: { state: 'RUNNING', operation: 'BOOT', template: 'a&b', tenant: '', text: 'x y', failures: false, from: '', to: '', order: 'newest' } }, wall: true,
  }],
  ['./?failures=1&from=2026-11-01&to=2026-11-30&order=longest', {
    route: { view: 'sessions', filters: { ...NO_FILTERS, failures: true, from: '2026-11-01', to: '2026-11-30', order: 'longest' } }, wall: false,
  }],
  ['sessions/a%2Fb', { route: sessionRoute('a/b', null), wall: false }],
  ['sessions/s?tenant=t&started=2026-11-25T03%3A00%3A00Z&component=x1c0s0b0n0&error=00ff', {
    route: { view: 'session', name: 's', tenant: 't', started: '2026-11-25T03:00:00Z', component: 'x1c0s0b0n0', error: '00ff' }, wall: false,
  }],
  ['troubled', { route: { view: 'troubled', since: '7', template: '' }, wall: false }],
  ['troubled?since=all&template=uan', { route: { view: 'troubled', since: 'all', template: 'uan' }, wall: false }],
  ['compare?session=a', { route: compareRoute('a', null, null), wall: false }],
  ['compare?session=a&tenant=t&started=2026-11-25T03%3A00%3A00Z&other=b&otherStarted=2026-11-24T03%3A00%3A00Z', {
    route: { view: 'compare', name: 'a', tenant: 't', started: '2026-11-25T03:00:00Z', other: 'b', otherStarted: '2026-11-24T03:00:00Z' }, wall: false,
  }],
  ['components/x1000c0s0b0n0', { route: { view: 'component', id: 'x1000c0s0b0n0', tenant: null }, wall: false }],
  ['components/x1000c0s0b0n0?tenant=blue', { route: { view: 'component', id: 'x1000c0s0b0n0', tenant: 'blue' }, wall: false }],
]

describe('a place and its address', () => {
  it.each(places)('%s', (address, place) => {
    expect(writePlace(place)).toBe(address)
    const [path, search] = address.replace('./', '').split('?')
    expect(readPlace(path!, search ?? '')).toEqual(place)
  })

  it('knows no other', () => {
    expect(readPlace('sessions', '').route.view).toBe('unknown')
    expect(readPlace('sessions/a/b', '').route.view).toBe('unknown')
    expect(readPlace('sessions/%E0%A4%A', '').route).toMatchObject({ name: '%E0%A4%A' })
    expect(readPlace('', 'state=nonsense&from=2026-99-99&to=x&order=y').route).toEqual({ view: 'sessions', filters: NO_FILTERS })
  })
})

it('asks the API for what it can compare', () => {
  expect(apiFilter({ ...NO_FILTERS, tenant: '', state: 'PENDING', text: 'x' })).toEqual({ tenant: '', status: 'PENDING' })
  expect(apiFilter(NO_FILTERS)).toEqual({})
  expect(apiFilter({ ...NO_FILTERS, failures: true, from: '2026-11-29', to: '2026-11-30', order: 'failed' })).toEqual({
    withFailures: true, startedAfter: new Date(2026, 10, 29).toISOString(), startedBefore: new Date(2026, 11, 1).toISOString(),
  })
})

it('finds all words of a text in a row', () => {
  const session = { name: 'f5f9', tenant: 'blue', templateName: 'uan-24.7', limit: 'canary', operation: 'BOOT' }
  expect(['', 'UAN blue', 'f5 canary', 'boot'].map((t) => matches(session, t))).toEqual([true, true, true, true])
  expect(matches(session, 'uan red')).toBe(false)
})

it('distinguishes xnames of components from others', () => {
  expect(['x3000c0s13b0n0', ' X3000C0S13B0N0 '].every(looksLikeXname)).toBe(true)
  expect(['x3000c0s13', 'uan', 'x3000c0s13b0n0,x3000c0s13b0n1'].some(looksLikeXname)).toBe(false)
})

it('names texts shortly', () => {
  expect(digest('')).toBe('811c9dc5')
  expect(digest('a')).toBe('e40c292c')
})
