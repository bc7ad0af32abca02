import { describe, expect, test } from 'vitest'
import { xnames } from './dev/system'
import { blockAt, cellAt, neighbour } from './hit'
import { type Layout, layOut, type Viewport } from './layout'
import { makePlan } from './plan'
import { cabinetOf, parseXname } from './xname'

const laptop: Viewport = { width: 1240, height: 560, ratio: 1, unit: 1 }
const desk: Viewport = { width: 1880, height: 860, ratio: 1, unit: 1 }
const sharp: Viewport = { width: 2880, height: 1500, ratio: 2, unit: 2 }
const wall: Viewport = { width: 3800, height: 1900, ratio: 1, unit: 1 }

const laidOut = (ids: readonly (string | undefined)[], viewport = desk) =>
  layOut(makePlan(ids.length, (i) => ids[i]), viewport, ids.length)

/** Every cell is in its chassis' tray, every tray in its block, nothing overlaps, every cell is found where it is. */
function check(layout: Layout, ids: readonly string[]) {
  const { metrics: m, x, y, order } = layout
  expect(order).toHaveLength(ids.length)
  expect(new Set(order).size).toBe(ids.length)
  const broken: string[] = []
  const taken = new Set<string>()
  ids.forEach((id, i) => {
    const tray = layout.chassis[layout.chassisOf[i]!]!
    const inside =
      x[i]! >= tray.x && y[i]! >= tray.y && x[i]! + m.cellWidth <= tray.x + tray.width && y[i]! + m.cellHeight <= tray.y + tray.height
    const found = cellAt(layout, x[i]!, y[i]!) === i && cellAt(layout, x[i]! + m.cellWidth - 0.1, y[i]! + m.cellHeight - 0.1) === i
    const place = `${x[i]},${y[i]}`
    if (!inside || !found || taken.has(place)) broken.push(id)
    taken.add(place)
  })
  expect(broken).toEqual([])
  expect(m.cellWidth).toBeLessThanOrEqual(m.pitchX)
  for (const { x, y, width, height, block } of layout.chassis) {
    const around = layout.blocks[block]!
    expect(x).toBeGreaterThanOrEqual(around.x)
    expect(y).toBeGreaterThanOrEqual(around.y + m.header)
    expect(x + width).toBeLessThanOrEqual(around.x + around.width)
    expect(y + height).toBeLessThanOrEqual(around.y + around.height)
  }
  expect(overlaps(layout.blocks)).toEqual([])
  expect(overlaps(layout.chassis.slice(0, 400))).toEqual([])
}

function overlaps(rectangles: readonly { x: number; y: number; width: number; height: number }[]) {
  const pairs: string[] = []
  rectangles.forEach((a, i) =>
    rectangles.slice(i + 1).forEach((b, j) => {
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) pairs.push(`${i} ${i + 1 + j}`)
    }),
  )
  return pairs
}

describe.each([
  ['a laptop', laptop, [34, 12, 5, 1]],
  ['a desk', desk, [40, 20, 7, 2]],
  ['a sharp screen', sharp, [80, 34, 12, 3]],
  ['a wall', wall, [48, 48, 15, 4]],
] as const)('on %s', (_, viewport, least) => {
  test.each([
    [40, least[0]],
    [1000, least[1]],
    [10_000, least[2]],
    [100_000, least[3]],
  ])('%i components have their place, at least so many pixels apart', (n, pitch) => {
    const ids = xnames(n)
    const layout = laidOut(ids, viewport)
    check(layout, ids)
    expect(Math.min(layout.metrics.pitchX, layout.metrics.pitchY)).toBeGreaterThanOrEqual(pitch)
    expect(layout.width).toBeLessThanOrEqual(viewport.width)
    expect(layout.height).toBeLessThanOrEqual(viewport.height)
  })
})

test('cabinets stand in order, chassis in two columns, slots beside and nodes below each other', () => {
  const ids = xnames(1000).reverse()
  const { x, y, blocks } = laidOut(ids, wall)
  const at = (id: string) => [x[ids.indexOf(id)]!, y[ids.indexOf(id)]!] as const
  expect(blocks.map(({ block }) => block.label)).toEqual(['x1000', 'x1001', 'x1002', 'x1003', 'x3000'])
  const [left, top] = at('x1000c0s0b0n0')
  expect(at('x1000c0s1b0n0')[1]).toBe(top)
  expect(at('x1000c0s1b0n0')[0]).toBeGreaterThan(left)
  expect(at('x1000c0s0b0n1')[0]).toBe(left)
  expect(at('x1000c0s0b1n0')[1]).toBeGreaterThan(at('x1000c0s0b0n1')[1])
  expect(at('x1000c1s0b0n0')[1]).toBe(top)
  expect(at('x1000c2s0b0n0')[0]).toBe(left)
})

test('a rack has its slots above each other, the highest on top', () => {
  const ids = ['x3000c0s1b0n0', 'x3000c0s1b0n1', 'x3000c0s3b0n0', 'x3000c0s13b0n0']
  const { x, y, blocks } = laidOut(ids)
  expect(blocks[0]!.block.kind).toBe('rack')
  expect(blocks[0]!.block.shape.rowLabels).toEqual(['13', '3', '1'])
  expect(y[0]).toBe(y[1])
  expect(x[0]).toBeLessThan(x[1]!)
  expect(y[2]).toBeLessThan(y[0]!)
  expect(y[3]).toBeLessThan(y[2]!)
})

test('the same components are laid out the same, in whatever order they come', () => {
  const ids = xnames(2000)
  const [a, b] = [laidOut(ids), laidOut([...ids].reverse())]
  expect([...b.x].reverse()).toEqual([...a.x])
  expect([...b.y].reverse()).toEqual([...a.y])
})

test('a component that comes into a cabinet, or goes, moves no other', () => {
  const ids = xnames(1000)
  const before = laidOut(ids)
  const without = laidOut(ids.map((id, i) => (i === 77 ? undefined : id)))
  expect(without.x[77]).toBe(-1)
  expect(without.order).toHaveLength(999)
  for (const i of [0, 76, 78, 999]) expect([without.x[i], without.y[i]]).toEqual([before.x[i], before.y[i]])
})

test('ids without a place are in a block of their own at the end, none dropped', () => {
  const odd = ['login-2', 'login-1', 'x1000c0s0b0', 'x1000c0s0b0n00', '', 'x1000c0s0b0n0x', 'x1000c0s0b0n12345678', 'größe']
  const ids = [...xnames(100), ...odd]
  const layout = laidOut(ids)
  check(layout, ids)
  const last = layout.blocks.at(-1)!
  expect(last.block.label).toBe('other')
  expect([...last.block.table].map((i) => ids[i])).toEqual([...odd].sort())
})

test('a system without a single xname fills the room', () => {
  const ids = Array.from({ length: 5000 }, (_, i) => `n${i}`)
  const layout = laidOut(ids)
  check(layout, ids)
  expect(layout.metrics.pitchY).toBeGreaterThanOrEqual(12)
})

test('few nodes of a large machine close up in their chassis', () => {
  const ids = xnames(10_000).filter((_, i) => (i * 7919) % 61 === 0)
  const layout = laidOut(ids)
  check(layout, ids)
  expect(layout.metrics.pitchY).toBeGreaterThan(laidOut(xnames(10_000)).metrics.pitchY)
  expect(layout.blocks[0]!.block.label).toBe('x1000')
})

test('addresses that no machine has do not take memory', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `x${i}c${i % 5000}s${i % 300}b${i % 70}n${i % 900}`)
  const layout = laidOut(ids)
  expect(layout.order).toHaveLength(20_000)
  expect(layout.chassis.length).toBeLessThan(32 * 20_000)
})

test('nothing to show, and no room to show it', () => {
  expect(laidOut([]).order).toHaveLength(0)
  const ids = xnames(100_000)
  expect(laidOut(ids, { width: 200, height: 100, ratio: 1, unit: 1 }).order).toHaveLength(100_000)
})

test('finds nothing beside cells, and a block by its header', () => {
  const layout = laidOut(xnames(1000))
  const { x, y, width } = layout.blocks[1]!
  expect(cellAt(layout, -5, -5)).toBe(-1)
  expect(cellAt(layout, x + width / 2, y + 1)).toBe(-1)
  expect(blockAt(layout, x + width / 2, y + 1)?.block.label).toBe('x1001')
  expect(blockAt(layout, 1e6, y)).toBeNull()
})

test.each([
  ['x1000c0s0b0n0', 1, 0, 'x1000c0s1b0n0'],
  ['x1000c0s0b0n0', 0, 1, 'x1000c0s0b0n1'],
  ['x1000c0s7b0n0', 1, 0, 'x1000c1s0b0n0'],
  ['x1000c0s3b1n1', 0, 1, 'x1000c2s3b0n0'],
  ['x1000c1s7b1n0', 1, 0, 'x1001c0s0b1n0'],
  ['x1001c0s0b0n0', -1, 0, 'x1000c1s7b0n0'],
  ['x1000c0s0b0n0', -1, 0, 'x1000c0s0b0n0'],
  ['x1000c0s0b0n0', 0, -1, 'x1000c0s0b0n0'],
] as const)('from %s by %i, %i is %s', (from, dx, dy, to) => {
  const ids = xnames(1000)
  expect(ids[neighbour(laidOut(ids), ids.indexOf(from), dx, dy)]).toBe(to)
})

test('every cell is reached by arrows from the first', () => {
  const ids = [...xnames(600), 'login-1', 'login-2']
  const layout = laidOut(ids)
  const reached = new Set([layout.order[0]!])
  for (const from of reached) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) reached.add(neighbour(layout, from, dx, dy))
  }
  expect(reached.size).toBe(ids.length)
})

test('an xname says where a node is', () => {
  expect(parseXname('x3000c0s13b0n1')).toEqual({ cabinet: 3000, chassis: 0, slot: 13, board: 0, node: 1 })
  expect(parseXname('x3000c0s13b0')).toBeNull()
  expect(['x3000c0s13b0n1', 'x3000c0s13b0', 'nid000001'].map(cabinetOf)).toEqual(['x3000', 'other', 'other'])
  expect(parseXname('x03000c0s13b0n1')).toBeNull()
})

test('there is more room for labels where the type is larger', () => {
  const ids = xnames(10_000)
  const [near, far] = [laidOut(ids, wall), laidOut(ids, { ...wall, unit: 2 })]
  expect(far.metrics.header).toBe(2 * near.metrics.header)
  expect(far.order).toHaveLength(10_000)
})
