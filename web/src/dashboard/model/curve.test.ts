import { describe, expect, it } from 'vitest'
import { areas, doneLine, extendTo, hold, places, pointAt, tickLabel, ticks, toPoints } from './curve.ts'
import type { Counts } from './shares.ts'

const counts = (successful: number, failed: number, poweringOn: number): Counts =>
  ({ managed: 10, staged: 0, successful, failed, complete: successful + failed, configuring: 0, poweringOff: 0, poweringOn })
const progress = [{ at: 0, counts: counts(0, 0, 10) }, { at: 50, counts: counts(5, 1, 2) }]

/** An em of 12 pixels on a plot of 480 by 192. */
const em = { x: 0.025, y: 0.0625 }

describe('areas', () => {
  const paths = Object.fromEntries(areas(progress, 100).map(({ layer, path }) => [layer, path]))
  it('stack from the bottom up', () => {
    expect(paths['successful']).toBe('M0 1L0.5 0.5L0.5 1L0 1Z')
    expect(paths['failed']).toBe('M0 1L0.5 0.4L0.5 0.5L0 1Z')
    expect(paths['poweringOn']).toBe('M0 0L0.5 0.2L0.5 0.4L0 1Z')
  })
  it('are none where nothing ever was', () => {
    expect([paths['configuring'], paths['staged'], areas([], 100), areas(progress, 0)]).toEqual(['', '', [], []])
  })
  it('stay in the square when components count twice', () => {
    const [, failed] = areas([{ at: 0, counts: counts(0, 10, 10) }], 1)
    expect(failed!.path).toBe('M0 0.5L0 1Z')
  })
})

it('names the areas where they are highest and have room', () => {
  const [successful, poweringOn, ...none] = places(progress, 100, em)
  expect(none).toEqual([]) // failed is too thin
  expect([successful, poweringOn]).toMatchObject([{ layer: 'successful', x: 0.4 }, { layer: 'poweringOn', x: 0.1 }])
  expect(places(progress.slice(0, 1), 100, em)).toEqual([])
})

it('leaves out a name that is wider than its area, or would cover another', () => {
  // Narrow beside each other: all are successful for 10 of 100 seconds, then none.
  const peak = [{ at: 0, counts: counts(0, 0, 0) }, { at: 45, counts: counts(0, 0, 0) }, { at: 50, counts: counts(10, 0, 0) }, { at: 55, counts: counts(0, 0, 0) }, { at: 100, counts: counts(0, 0, 0) }]
  expect(places(peak, 100, em)).toEqual([])
  expect(places(peak, 100, { x: 0.005, y: 0.05 })).toMatchObject([{ layer: 'successful', x: 0.5 }])
  // Three areas, each high enough for a name, on a plot that is so low that names of neighbours would touch.
  const thin = [0, 100].map((at) => ({ at, counts: { ...counts(2, 2, 2), managed: 10, configuring: 2 } }))
  expect(places(thin, 100, { x: 0.025, y: 0.0625 })).toHaveLength(4)
  for (const y of [0.0625, 0.12, 0.13]) {
    const all = places(thin, 100, { x: 0.06, y })
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) expect(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= 1.45 * y, `${a.layer} and ${b.layer}`).toBe(true)
    }
  }
})

it('draws what is done', () => {
  expect(doneLine(progress, 100)).toBe('M0 1L0.5 0.4')
})

it('begins at the start and continues to what is newest', () => {
  const points = toPoints([{ time: '2026-11-25T03:00:05Z', counts: counts(1, 0, 0) }], '2026-11-25T03:00:00Z')
  expect(points.map((p) => p.at)).toEqual([5])
  expect(extendTo(progress, { at: 50, counts: counts(6, 1, 1) }).map((p) => [p.at, p.counts.successful])).toEqual([[0, 0], [50, 6]])
  expect(extendTo(progress, { at: 60, counts: counts(6, 1, 1) })).toHaveLength(3)
})

it('stands still over long gaps, and is not bent by short ones', () => {
  const at = [0, 1, 2, 3, 60, 61]
  const points = at.map((at, i) => ({ at, counts: counts(i, 0, 0) }))
  expect(hold(points).map((p) => [p.at, p.counts.successful])).toEqual([[0, 0], [1, 1], [2, 2], [3, 3], [59, 3], [60, 4], [61, 5]])
  expect(hold(points.slice(0, 4))).toHaveLength(4)
  expect(hold([])).toEqual([])
})

it('finds the point of a moment', () => {
  expect([pointAt(progress, -1), pointAt(progress, 49)?.at, pointAt(progress, 1000)?.at]).toEqual([null, 0, 50])
})

it('marks round moments', () => {
  expect(ticks(95, 5)).toEqual([0, 30, 60, 90])
  expect(ticks(3600, 6)).toEqual([0, 600, 1200, 1800, 2400, 3000, 3600])
  expect(ticks(36_000, 6)).toHaveLength(6)
  expect(ticks(1e7, 6).length).toBeLessThanOrEqual(7)
  expect([tickLabel(0, 95), tickLabel(30, 95), tickLabel(90, 200), tickLabel(600, 3600), tickLabel(5400, 36_000)]).toEqual(['0', '30 s', '1:30 min', '10 min', '1:30 h'])
})
