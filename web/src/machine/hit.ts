import type { Layout, PlacedBlock } from './layout'

/** The block at a point, with its header; null for none. */
export function blockAt({ bands, blocks }: Layout, x: number, y: number): PlacedBlock | null {
  const band = lastNotAfter(bands.length, (i) => bands[i]!.y <= y)
  if (band < 0) return null
  const first = bands[band]!.first
  const end = bands[band + 1]?.first ?? blocks.length
  const i = lastNotAfter(end - first, (i) => blocks[first + i]!.x <= x)
  const block = blocks[first + i]
  if (i < 0 || !block || x >= block.x + block.width || y >= block.y + block.height) return null
  return block
}

/** The store index of the cell at a point, -1 for none. The gap to the next cell belongs to a cell. */
export function cellAt(layout: Layout, x: number, y: number): number {
  const placed = blockAt(layout, x, y)
  if (!placed) return -1
  const { metrics: m, chassis } = layout
  const { block, across, columns } = placed
  // All chassis of a block have the size of its first one.
  const { width, height } = chassis[placed.firstChassis]!
  const column = Math.floor((x - placed.x) / (m.gutter + width))
  const row = Math.floor((y - placed.y - m.header) / (height + m.chassisGap))
  const inX = x - placed.x - column * (m.gutter + width) - m.gutter - m.pad
  const inY = y - placed.y - m.header - row * (height + m.chassisGap) - m.pad
  const cellColumn = Math.floor(inX / m.pitchX)
  const cellRow = Math.floor(inY / m.pitchY)
  if (column < 0 || column >= across || row < 0 || row * across + column >= block.shape.chassis) return -1
  if (cellColumn < 0 || cellColumn >= columns || cellRow < 0 || cellRow >= placed.rows) return -1
  const perChassis = block.kind === 'other' ? block.table.length : columns * placed.rows
  return block.table[(row * across + column) * perChassis + cellRow * columns + cellColumn] ?? -1
}

// How many cells aside of the straight line a neighbour is looked for.
const ASIDE = 40

/**
 * The nearest cell from one in a direction: within 45 degrees, and of those equally
 * near the one least aside. The cell itself if there is none.
 */
export function neighbour(layout: Layout, index: number, dx: -1 | 0 | 1, dy: -1 | 0 | 1): number {
  const { metrics: m, x, y } = layout
  const startX = x[index]! + m.cellWidth / 2
  const startY = y[index]! + m.cellHeight / 2
  const stepX = m.pitchX
  const stepY = m.pitchY
  const steps = dx !== 0 ? layout.width / stepX : layout.height / stepY
  for (let step = 1; step <= steps; step++) {
    for (let aside = 0; aside <= Math.min(step, ASIDE); aside++) {
      for (const side of aside === 0 ? [0] : [-aside, aside]) {
        const found = cellAt(layout, startX + (dx * step + (dx === 0 ? side : 0)) * stepX, startY + (dy * step + (dy === 0 ? side : 0)) * stepY)
        if (found >= 0 && found !== index) return found
      }
    }
  }
  return index
}

/** The last of n for which a predicate holds that holds for a beginning; -1 for none. */
function lastNotAfter(n: number, holds: (i: number) => boolean): number {
  let low = 0
  let high = n
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
}
