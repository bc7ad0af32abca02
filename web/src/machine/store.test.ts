import { expect, test } from 'vitest'
import { type Cell, errorWords, stateOf } from './cell'
import { createComponentStore, type StoreUpdate } from './store'

const plain: Cell = { id: 'x1', enabled: true, phase: 'NONE', status: 'STABLE', rawStatus: 'stable', statusOverride: '', error: '' }
const cell = (id: string, fields: Partial<Cell> = {}): Cell => ({ ...plain, id, ...fields })

/** A store with the frames in the test's hands. */
function setUp() {
  const frames: (() => void)[] = []
  const store = createComponentStore((frame) => frames.push(frame))
  const updates: StoreUpdate[] = []
  store.subscribe((update) => updates.push(update))
  return { store, updates, frames, frame: () => frames.splice(0).forEach((frame) => frame()) }
}

test.each<[string, Partial<Cell>, string]>([
  ['stable', {}, 'successful'],
  ['stable and disabled, as BOS leaves what it has finished', { enabled: false }, 'successful'],
  ['failed', { status: 'FAILED', enabled: false }, 'failed'],
  ['failed in a phase', { status: 'FAILED', phase: 'POWERING_ON' }, 'failed'],
  ['on hold in a phase', { status: 'ON_HOLD', phase: 'CONFIGURING' }, 'onHold'],
  ['power on pending', { status: 'POWER_ON_PENDING', phase: 'POWERING_ON' }, 'poweringOn'],
  ['powering off', { status: 'POWER_OFF_FORCEFULLY_CALLED', phase: 'POWERING_OFF' }, 'poweringOff'],
  ['configuring', { status: 'CONFIGURING', phase: 'CONFIGURING' }, 'configuring'],
  ['disabled in a phase', { status: 'CONFIGURING', phase: 'CONFIGURING', enabled: false }, 'disabled'],
  ['an unknown override in a phase', { status: 'OTHER', phase: 'POWERING_ON', statusOverride: 'odd' }, 'poweringOn'],
  ['an unknown override', { status: 'OTHER', statusOverride: 'odd' }, 'other'],
  ['an unknown phase', { status: 'OTHER', phase: 'OTHER' }, 'other'],
  ['staged, whatever its status', { status: 'FAILED', staged: true }, 'staged'],
])('%s is drawn as such', (_, fields, state) => {
  expect(stateOf(cell('x1', fields))).toBe(state)
})

test('notifies once a frame, each change once', () => {
  const { store, updates, frame, frames } = setUp()
  store.replaceAll([cell('a'), cell('b')])
  store.apply([cell('a', { status: 'FAILED' })])
  store.apply([cell('a', { error: 'no power' })])
  expect(frames).toHaveLength(1)
  expect(updates).toEqual([])
  frame()
  expect(updates).toEqual([{ changed: [0, 1], structure: true }])
  store.apply([cell('b', { status: 'FAILED' })])
  frame()
  expect(updates[1]).toEqual({ changed: [1], structure: false })
})

test('an unchanged cell is no change', () => {
  const { store, frame, frames } = setUp()
  store.replaceAll([cell('a'), cell('b')])
  frame()
  store.replaceAll([cell('b'), cell('a', { staged: false })])
  expect(frames).toEqual([])
})

test('counts by state, the same object until something changes', () => {
  const { store } = setUp()
  store.replaceAll([cell('a'), cell('b'), cell('c', { status: 'FAILED' })])
  const before = store.counts()
  expect(before).toMatchObject({ successful: 2, failed: 1, other: 0 })
  store.apply([cell('a')])
  expect(store.counts()).toBe(before)
  store.apply([cell('a', { status: 'FAILED' })], ['b', 'never seen'])
  expect(store.counts()).toMatchObject({ successful: 0, failed: 2 })
})

test('an id keeps its index, and a free one is used again', () => {
  const { store } = setUp()
  store.replaceAll([cell('a'), cell('b'), cell('c')])
  const c = store.indexOf('c')
  store.replaceAll([cell('c'), cell('b')])
  expect(store.indexOf('c')).toBe(c)
  expect(store.get('a')).toBeUndefined()
  expect(store.size).toBe(2)
  store.apply([cell('d')])
  expect(store.capacity).toBe(3)
  expect(store.at(store.indexOf('d'))?.id).toBe('d')
})

test('a listener that was removed is not called', () => {
  const { store, updates, frame } = setUp()
  let calls = 0
  store.subscribe(() => calls++)()
  store.apply([cell('a')])
  frame()
  expect(calls).toBe(0)
  expect(updates).toHaveLength(1)
})

test('holds 100,000 and more', () => {
  const { store } = setUp()
  const ids = Array.from({ length: 100_000 }, (_, i) => `x${i}`)
  store.replaceAll(ids.map((id) => cell(id)))
  store.apply(ids.filter((_, i) => i % 2).map((id) => cell(id, { status: 'FAILED' })))
  expect(store.counts()).toMatchObject({ successful: 50_000, failed: 50_000 })
  expect(store.stateAt(store.indexOf('x99999'))).toBe(1)
})

test('an error of blanks has words, no error has none', () => {
  expect([' \n\t', '', ' timed out'].map(errorWords)).toEqual(['(blank error text)', '', ' timed out'])
})
