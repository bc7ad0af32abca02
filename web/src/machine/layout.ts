import type { Block, Plan } from './plan'

/** Room to draw in, in device pixels. */
export interface Viewport {
  readonly width: number
  readonly height: number
  /** How many of them are a CSS pixel. */
  readonly ratio: number
  /** How many of them are a pixel of the drawing, which grows with the page's type: what can be read on a laptop can be read on a wall. */
  readonly unit: number
}

/** A chassis with its cells; the rectangle is its tray, around the cells. */
export interface PlacedChassis {
  /** Null for one that other cabinets have at this place. */
  readonly label: string | null
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Store indices by row and column; -1 for an empty place. */
  readonly cells: Int32Array
  readonly block: number
}

/** A block with its header, which is as wide as the block and at its top. */
export interface PlacedBlock {
  readonly block: Block
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Chassis beside each other, and columns and rows of cells in each. */
  readonly across: number
  readonly columns: number
  readonly rows: number
  /** Its chassis in Layout.chassis: from the first to before the last. */
  readonly firstChassis: number
  readonly lastChassis: number
}

/** Where everything is, in device pixels from the top left. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly unit: number
  readonly metrics: Metrics
  readonly blocks: readonly PlacedBlock[]
  readonly chassis: readonly PlacedChassis[]
  /** The left and top of the cell of an index, which is metrics.cellWidth by cellHeight; -1 for none. */
  readonly x: Int32Array
  readonly y: Int32Array
  /** The position of an index in `chassis`, and in `order`. */
  readonly chassisOf: Int32Array
  readonly rank: Int32Array
  /** The indices in reading order: by block, chassis, row and column. */
  readonly order: Int32Array
  /** The tops of rows of blocks, with the first block of each. */
  readonly bands: readonly { readonly y: number; readonly first: number }[]
}

/** The measures that follow from the distance between cells. */
interface Metrics {
  /** The most chassis that stand beside each other in a cabinet. */
  readonly across: number
  readonly pitchX: number
  readonly pitchY: number
  readonly cellWidth: number
  readonly cellHeight: number
  /** From the edge of a tray to its cells. */
  readonly pad: number
  /** Between chassis below each other. */
  readonly chassisGap: number
  /** At the left of a chassis, for its label or those of its rows; too narrow for them where cells are small, until they are zoomed. */
  readonly gutter: number
  readonly header: number
  readonly headerWidth: number
  readonly blockGapX: number
  readonly blockGapY: number
}

const LARGEST = 48 // pixels of the drawing a cell may be high; more would look lost
const MARGIN = 4 // pixels of the drawing around everything, for outlines

// Chassis stand in two columns, as they do in a cabinet, unless cells become that
// much larger with one or four.
const ACROSS = [2, 4, 1]
const WORTH = 1.3

/** Lays out a plan with the largest cells that fit. What does not fit at one pixel a cell runs over at the bottom. */
export function layOut(plan: Plan, viewport: Viewport, capacity: number): Layout {
  let best = measure(1, 1, ACROSS[0]!, viewport.unit)
  for (const across of ACROSS) {
    const found = largest(plan, across, viewport)
    if (found && area(found) > area(best) * (across === ACROSS[0] ? 1 : WORTH)) best = found
  }
  return place(plan, spread(plan.blocks, best, viewport), viewport, capacity)
}

// Cells are a little wider than high, as nodes are. Where they are dots and a pixel
// counts, other proportions will do.
const widest = (pitchY: number) => pitchY * (pitchY < 4 ? 2 : 1.6)
const narrowest = (pitchY: number) => pitchY * (pitchY < 4 ? 0.6 : 1)

const area = ({ pitchX, pitchY }: Metrics) => pitchX * pitchY

/** The measures with the largest cells that fit, null if none do. */
function largest({ blocks, size }: Plan, across: number, viewport: Viewport): Metrics | null {
  const most = (viewport.width * viewport.height) / size // for a cell, if there were nothing else
  let best: Metrics | null = null
  for (let pitchY = Math.round(LARGEST * viewport.unit); pitchY >= 1; pitchY--) {
    for (let pitchX = Math.floor(Math.min(widest(pitchY), most / pitchY)); pitchX >= narrowest(pitchY); pitchX--) {
      if (best && pitchX * pitchY <= area(best)) break
      const metrics = measure(pitchX, pitchY, across, viewport.unit)
      if (flow(blocks, metrics, viewport).height <= viewport.height) best = metrics
    }
  }
  return best
}

function measure(pitchX: number, pitchY: number, across: number, unit: number): Metrics {
  const px = (pixels: number) => Math.max(1, Math.round(pixels * unit))
  const pitch = pitchY / unit
  const gap = pitchY < 4 ? 0 : px(Math.min(4, pitch / 9))
  const small = pitch < 5
  return {
    across,
    pitchX,
    pitchY,
    cellWidth: pitchX - gap,
    cellHeight: pitchY - gap,
    pad: px(small ? 1 : Math.min(5, pitch / 4)),
    chassisGap: pitch < 4 ? 0 : px(Math.min(10, pitch / 2.5)),
    gutter: pitch < 4 ? px(1) : px(pitch < 7 ? pitch * 0.9 : Math.min(26, 15 + pitch / 3)),
    header: px(small ? 11 : 18),
    headerWidth: px(small ? 37 : 56), // of a label and a cross
    blockGapX: px(Math.min(28, Math.max(5, pitch * 1.4))),
    blockGapY: px(Math.min(20, Math.max(3, pitch))),
  }
}

const chassisWidth = (m: Metrics, columns: number) => columns * m.pitchX - (m.pitchX - m.cellWidth) + 2 * m.pad
const chassisHeight = (m: Metrics, rows: number) => rows * m.pitchY - (m.pitchY - m.cellHeight) + 2 * m.pad

interface Extent {
  across: number
  columns: number
  rows: number
  width: number
  height: number
}

function extent({ kind, shape, table }: Block, m: Metrics, room: number): Extent {
  let { columns, rows } = shape
  if (kind === 'other') {
    columns = Math.max(1, Math.min(columns, Math.floor((room - m.gutter - 2 * m.pad) / m.pitchX)))
    rows = Math.ceil(table.length / columns)
  }
  const across = Math.min(m.across, shape.chassis)
  const down = Math.ceil(shape.chassis / across)
  const width = across * (m.gutter + chassisWidth(m, columns))
  const height = m.header + down * (chassisHeight(m, rows) + m.chassisGap) - m.chassisGap
  return { across, columns, rows, width: Math.max(width, m.headerWidth), height }
}

/** Lets blocks follow each other like words. */
function flow(blocks: readonly Block[], m: Metrics, { width, unit }: Viewport) {
  const margin = Math.round(MARGIN * unit)
  const placed: (Extent & { x: number; y: number })[] = []
  const bands: { y: number; first: number }[] = []
  let x = margin
  let y = margin
  let high = 0
  let right = 0
  let most = 0 // gaps in the row that has most
  blocks.forEach((block, i) => {
    const size = extent(block, m, width - 2 * margin)
    const wraps = x > margin && (x + size.width > width - margin || block.kind === 'other')
    if (wraps) {
      y += high + m.blockGapY
      x = margin
      high = 0
    }
    if (i === 0 || wraps) bands.push({ y, first: i })
    most = Math.max(most, i - bands.at(-1)!.first)
    placed.push({ ...size, x, y })
    right = Math.max(right, x + size.width)
    high = Math.max(high, size.height)
    x += size.width + m.blockGapX
  })
  // A block that is wider than the room makes a layout too high for any.
  const height = right > width - margin ? Infinity : y + high + margin
  return { placed, bands, right: right + margin, bottom: y + high + margin, height, most }
}

/** Widens the gaps between blocks by what the widest row leaves over. */
function spread(blocks: readonly Block[], m: Metrics, viewport: Viewport): Metrics {
  const { right, most, bands, bottom } = flow(blocks, m, viewport)
  const wide = most === 0 ? 0 : Math.max(0, Math.floor((viewport.width - right) / most))
  const high = bands.length < 2 ? 0 : Math.max(0, Math.floor((viewport.height - bottom) / (bands.length - 1)))
  const wider = { ...m, blockGapX: m.blockGapX + Math.min(wide, m.blockGapX) }
  return { ...wider, blockGapY: m.blockGapY + Math.min(high, m.blockGapY) }
}

function place(plan: Plan, m: Metrics, viewport: Viewport, capacity: number): Layout {
  const { placed, bands, right, bottom } = flow(plan.blocks, m, viewport)
  const x = new Int32Array(capacity).fill(-1)
  const y = new Int32Array(capacity).fill(-1)
  const chassisOf = new Int32Array(capacity).fill(-1)
  const rank = new Int32Array(capacity).fill(-1)
  const order = new Int32Array(plan.size)
  const chassis: PlacedChassis[] = []
  let ranked = 0

  const blocks = plan.blocks.map((block, b): PlacedBlock => {
    const { across, columns, rows, ...rest } = placed[b]!
    const firstChassis = chassis.length
    const perChassis = block.kind === 'other' ? block.table.length : columns * rows
    block.chassis.forEach((label, c) => {
      const left = rest.x + (c % across) * (m.gutter + chassisWidth(m, columns)) + m.gutter
      const top = rest.y + m.header + Math.floor(c / across) * (chassisHeight(m, rows) + m.chassisGap)
      const cells = block.table.subarray(c * perChassis, (c + 1) * perChassis)
      cells.forEach((index, i) => {
        if (index < 0) return
        x[index] = left + m.pad + (i % columns) * m.pitchX
        y[index] = top + m.pad + Math.floor(i / columns) * m.pitchY
        chassisOf[index] = chassis.length
        rank[index] = ranked
        order[ranked++] = index
      })
      const size = { width: chassisWidth(m, columns), height: chassisHeight(m, rows) }
      chassis.push({ label, x: left, y: top, ...size, cells, block: b })
    })
    return { block, across, columns, rows, ...rest, firstChassis, lastChassis: chassis.length }
  })
  return {
    width: right, height: bottom, unit: viewport.unit, metrics: m, blocks, chassis, x, y, chassisOf, rank, order, bands,
  }
}
