import { STATES } from './cell'
import { Labels } from './labels'
import type { Layout, PlacedBlock, PlacedChassis, Viewport } from './layout'
import { drawMark, FAILED_MARK } from './marks'
import type { Palette } from './palette'
import type { ComponentStore } from './store'
import { FIT, type View } from './viewport'

const FAILED = STATES.indexOf('failed')
const SPRITES = 5 // pixels of the drawing: smaller cells are plain rectangles

/** Draws cells, trays and labels. What it draws is given to it; when, is the caller's. */
export class Painter {
  view: View = FIT
  /** Whether a cell is dimmed, by index; null for none. */
  dimmed: Uint8Array | null = null
  private room: Viewport = { width: 0, height: 0, ratio: 1, unit: 1 }
  private layout: Layout | null = null
  private failures = new Int32Array(0) // by chassis
  private drawnFailed = new Uint8Array(0) // by index: counted in failures
  private readonly sprites = new Map<number, OffscreenCanvas>()
  private spriteSize = ''
  private labels: Labels

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly store: ComponentStore,
    private palette: Palette,
  ) {
    this.labels = new Labels(context, palette, this.room.unit)
  }

  setPalette(palette: Palette) {
    this.palette = palette
    this.labels = new Labels(this.context, palette, this.room.unit)
    this.sprites.clear()
  }

  setLayout(layout: Layout, room: Viewport) {
    this.layout = layout
    this.room = room
    this.labels = new Labels(this.context, this.palette, room.unit)
    this.failures = new Int32Array(layout.chassis.length)
    this.drawnFailed = new Uint8Array(layout.x.length)
  }

  /** Draws everything in view. */
  paintAll() {
    const { context, layout, palette, room } = this
    context.globalAlpha = 1
    context.fillStyle = palette.background
    context.fillRect(0, 0, room.width, room.height)
    if (!layout) return
    for (const index of layout.order) this.count(index)
    const buckets = emptyBuckets()
    for (const placed of layout.blocks) {
      if (!this.inView(placed)) continue
      this.paintHeader(placed)
      for (let c = placed.firstChassis; c < placed.lastChassis; c++) {
        const chassis = layout.chassis[c]!
        if (!this.inView(chassis)) continue
        this.paintTray(chassis, this.failures[c]!)
        for (const index of chassis.cells) if (index >= 0) buckets[this.look(index)]!.push(index)
      }
    }
    buckets.forEach((indices, look) => this.paintCells(indices, look))
  }

  /** Draws some cells, and the labels of chassis whose failures became more or fewer. */
  paintChanged(indices: Iterable<number>) {
    const { layout } = this
    if (!layout) return
    const marked = new Set<number>()
    const buckets = emptyBuckets()
    for (const index of indices) {
      if ((layout.chassisOf[index] ?? -1) < 0) continue
      if (this.count(index)) marked.add(layout.chassisOf[index]!)
      else buckets[this.look(index)]!.push(index)
    }
    buckets.forEach((indices, look) => this.paintCells(indices, look))
    for (const c of marked) this.repaintChassis(c)
  }

  /** Lays the colour of a flash over a cell that has just been drawn. */
  paintFlash(index: number, alpha: number) {
    const { context, layout, palette } = this
    if (!layout || (layout.chassisOf[index] ?? -1) < 0) return
    context.globalAlpha = alpha
    context.fillStyle = palette.flash
    context.fillRect(this.left(layout.x[index]!), this.top(layout.y[index]!), this.cellWidth, this.cellHeight)
    context.globalAlpha = 1
  }

  private left = (x: number) => Math.round(x * this.view.scale + this.view.x)
  private top = (y: number) => Math.round(y * this.view.scale + this.view.y)

  private get cellWidth() {
    return Math.max(1, Math.floor(this.layout!.metrics.cellWidth * this.view.scale))
  }

  private get cellHeight() {
    return Math.max(1, Math.floor(this.layout!.metrics.cellHeight * this.view.scale))
  }

  /** Counts a cell in its chassis' failures. Whether that made a difference. */
  private count(index: number): boolean {
    const failed = Number(this.store.stateAt(index) === FAILED)
    const change = failed - this.drawnFailed[index]!
    this.drawnFailed[index] = failed
    this.failures[this.layout!.chassisOf[index]!]! += change
    return change !== 0
  }

  /** The position of a cell's colour: states, then dimmed states. */
  private look(index: number): number {
    return this.store.stateAt(index) + (this.dimmed?.[index] ? STATES.length : 0)
  }

  private colour(look: number): string {
    const { states, dimmed } = this.palette
    return look < STATES.length ? states[look]! : dimmed[look - STATES.length]!
  }

  private paintCells(indices: readonly number[], look: number) {
    if (indices.length === 0) return
    const { context, cellWidth, cellHeight, view } = this
    const { x, y } = this.layout!
    if (cellHeight >= SPRITES * this.room.unit) {
      const sprite = this.sprite(look, cellWidth, cellHeight)
      context.fillStyle = this.palette.tray
      for (const index of indices) {
        const left = this.left(x[index]!)
        const top = this.top(y[index]!)
        context.fillRect(left, top, cellWidth, cellHeight) // behind round corners
        context.drawImage(sprite, left, top)
      }
      return
    }
    context.fillStyle = this.colour(look)
    for (const index of indices) {
      context.fillRect(
        Math.round(x[index]! * view.scale + view.x),
        Math.round(y[index]! * view.scale + view.y),
        cellWidth,
        cellHeight,
      )
    }
  }

  private sprite(look: number, width: number, height: number): OffscreenCanvas {
    const size = `${width}×${height}`
    if (size !== this.spriteSize) {
      this.sprites.clear()
      this.spriteSize = size
    }
    let sprite = this.sprites.get(look)
    if (sprite) return sprite
    sprite = new OffscreenCanvas(width, height)
    this.sprites.set(look, sprite)
    const context = sprite.getContext('2d')!
    const { unit } = this.room
    const state = look % STATES.length
    context.fillStyle = this.colour(look)
    context.beginPath()
    context.roundRect(0, 0, width, height, Math.min(4 * unit, height / 6))
    context.fill()
    if (look < STATES.length) drawMark(context, STATES[state]!, width, height, unit, this.palette.inks[state]!)
    return sprite
  }

  private repaintChassis(c: number) {
    const { context, layout, palette } = this
    const chassis = layout!.chassis[c]!
    const placed = layout!.blocks[chassis.block]!
    this.paintHeader(placed)
    if (!this.inView(chassis)) return
    const { gutter } = layout!.metrics
    const left = this.left(chassis.x - gutter)
    const top = this.top(chassis.y)
    context.fillStyle = palette.background
    context.fillRect(left, top, this.left(chassis.x + chassis.width) - left, this.top(chassis.y + chassis.height) - top)
    this.paintTray(chassis, this.failures[c]!)
    const buckets = emptyBuckets()
    for (const index of chassis.cells) if (index >= 0) buckets[this.look(index)]!.push(index)
    buckets.forEach((indices, look) => this.paintCells(indices, look))
  }

  private paintTray(chassis: PlacedChassis, failures: number) {
    const { context, palette, room, view } = this
    const { metrics, blocks } = this.layout!
    const left = this.left(chassis.x)
    const top = this.top(chassis.y)
    const width = this.left(chassis.x + chassis.width) - left
    const height = this.top(chassis.y + chassis.height) - top
    const line = Math.max(1, Math.round(room.unit))
    context.fillStyle = palette.tray
    if (chassis.label === null) {
      frame(context, left, top, width, height, line)
      return
    }
    context.beginPath()
    context.roundRect(left, top, width, height, Math.min(5 * room.unit, metrics.pad * view.scale))
    context.fill()
    if (failures > 0 && this.cellHeight < FAILED_MARK * room.unit) {
      // Cells are too small for a cross: the chassis says it, by a frame inside
      // its tray.
      context.fillStyle = palette.failed
      frame(context, left, top, width, height, line)
    }
    const { rowLabels } = blocks[chassis.block]!.block.shape
    const gutter = metrics.gutter * view.scale
    if (rowLabels.length > 0) {
      const pitch = metrics.pitchY * view.scale
      const first = this.top(chassis.y + metrics.pad) + this.cellHeight / 2
      this.labels.rows(rowLabels, left, first, pitch, gutter)
    } else this.labels.chassis(chassis.label, failures, left, top + metrics.pad * view.scale, gutter, height)
  }

  private paintHeader(placed: PlacedBlock) {
    const { context, palette, view } = this
    const { metrics } = this.layout!
    const left = this.left(placed.x)
    const top = this.top(placed.y)
    const width = this.left(placed.x + placed.width) - left
    const height = this.top(placed.y + metrics.header) - top
    context.fillStyle = palette.background
    context.fillRect(left, top, width, height)
    let failures = 0
    for (let c = placed.firstChassis; c < placed.lastChassis; c++) failures += this.failures[c]!
    this.labels.header(placed.block.label, failures, { x: left, y: top, width, height }, metrics.gutter * view.scale)
  }

  private inView({ x, y, width, height }: { x: number; y: number; width: number; height: number }): boolean {
    const { room, layout } = this
    const { gutter } = layout!.metrics
    return (
      this.left(x - gutter) < room.width && this.left(x + width) > 0 && this.top(y) < room.height && this.top(y + height) > 0
    )
  }
}

/** For the cells of each colour: a canvas is slow to change its colour. */
const emptyBuckets = () => Array.from({ length: 2 * STATES.length }, (): number[] => [])

function frame(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, line: number) {
  context.fillRect(x, y, width, line)
  context.fillRect(x, y + height - line, width, line)
  context.fillRect(x, y, line, height)
  context.fillRect(x + width - line, y, line, height)
}
