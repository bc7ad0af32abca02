import { expect, test } from 'vitest'
import { xnames } from './dev/system'
import { layOut, type Viewport } from './layout'
import { makePlan } from './plan'
import { closest, FIT, fitting, panned, pans, revealing, zoomed } from './viewport'

const room: Viewport = { width: 1280, height: 700, ratio: 1, unit: 1 }
const ids = xnames(10_000)
const layout = layOut(makePlan(ids.length, (i) => ids[i]), room, ids.length)

test('zooming keeps the point under the pointer where it is', () => {
  const view = zoomed(FIT, 3, 600, 300, layout, room)
  expect((600 - view.x) / view.scale).toBeCloseTo(600)
  expect((300 - view.y) / view.scale).toBeCloseTo(300)
})

test('zooming ends at the whole machine and at large cells', () => {
  expect(zoomed(zoomed(FIT, 5, 10, 10, layout, room), 1e-9, 900, 600, layout, room)).toEqual(FIT)
  expect(zoomed(FIT, 1e9, 0, 0, layout, room).scale).toBe(closest(layout))
})

test('panning ends where the machine ends', () => {
  const view = zoomed(FIT, 4, 0, 0, layout, room)
  expect(panned(view, 500, 500, layout, room)).toEqual(view)
  const far = panned(view, -1e6, -1e6, layout, room)
  expect(far.x).toBeCloseTo(room.width - layout.width * 4)
  expect(pans(far, -1, 0, layout, room)).toBe(false)
  expect(pans(far, 1, 0, layout, room)).toBe(true)
  expect(pans(FIT, -10, -10, layout, room)).toBe(false)
})

test('a cabinet that is looked at is in sight as a whole', () => {
  const block = layout.blocks[20]!
  const { scale, x, y } = fitting(block, layout, room)
  expect(scale).toBeGreaterThan(2)
  expect(block.x * scale + x).toBeGreaterThanOrEqual(0)
  expect((block.x + block.width) * scale + x).toBeLessThanOrEqual(room.width)
  expect(block.y * scale + y).toBeGreaterThanOrEqual(0)
  expect((block.y + block.height) * scale + y).toBeLessThanOrEqual(room.height)
})

test('a cell out of sight comes into sight, one in sight moves nothing', () => {
  const view = zoomed(FIT, 4, 0, 0, layout, room)
  const cell = { x: layout.x[9000]!, y: layout.y[9000]!, width: layout.metrics.cellWidth, height: layout.metrics.cellHeight }
  const next = revealing(view, cell, layout, room)
  expect(cell.x * 4 + next.x + cell.width * 4).toBeLessThanOrEqual(room.width)
  expect(cell.y * 4 + next.y + cell.height * 4).toBeLessThanOrEqual(room.height)
  expect(revealing(next, cell, layout, room)).toEqual(next)
})
