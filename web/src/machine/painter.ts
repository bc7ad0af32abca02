import { STATES } from './cell'
import type { Layout, PlacedBlock, PlacedChassis, Viewport } from './layout'
import { drawMark, FAILED_MARK } from './marks'
import type { Palette } from './palette'
import type { ComponentStore } from './store'
import { FIT, type View } from './viewport'

const FAILED = STATES.indexOf('failed')
const SPRITES = 5 // CSS pixels: smaller cells are plain rectangles
const FONT = 'ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace'

/** Draws cells, trays and labels. What it draws is given to it; when, is the caller's. */
export class Painter {
  view: View = FIT
  /** Whether a cell is dimmed, by index; null for none. */
  dimmed: Uint8Array | null = null
  private room: Viewport = { width: 0, height: 0, ratio: 1 }
  private layout: Layout | null = null
  private failures = new Int32Array(0) // by chassis
  private drawnFailed = new Uint8Array(0) // by index: counted in failures
  private readonly sprites = new Map<number, OffscreenCanvas>()
  private spriteSize = ''

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly store: ComponentStore,
    private palette: Palette,
  ) {}

  setPalette(palette: Palette) {
    this.palette = palette
    this.sprites.clear()
  }

  setLayout(layout: Layout, room: Viewport) {
    this.layout = layout
    this.room = room
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
    const buckets: number[][] = Array.from({ length: 2 * STATES.length }, () => [])
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
    const buckets: number[][] = Array.from({ length: 2 * STATES.length }, () => [])
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

  left = (x: number) => Math.round(x * this.view.scale + this.view.x)
  top = (y: number) => Math.round(y * this.view.scale + this.view.y)

  get cellWidth() {
    return Math.max(1, Math.floor(this.layout!.metrics.cellWidth * this.view.scale))
  }

  get cellHeight() {
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
    if (cellHeight >= SPRITES * this.room.ratio) {
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
    const { ratio } = this.room
    const state = look % STATES.length
    context.fillStyle = this.colour(look)
    context.beginPath()
    context.roundRect(0, 0, width, height, Math.min(4 * ratio, height / 6))
    context.fill()
    if (look < STATES.length) drawMark(context, STATES[state]!, width, height, ratio, this.palette.inks[state]!)
    return sprite
  }

  private repaintChassis(c: number) {
    const { context, layout, palette, view } = this
    const chassis = layout!.chassis[c]!
    const placed = layout!.blocks[chassis.block]!
    this.paintHeader(placed)
    if (!this.inView(chassis)) return
    const { gutter } = layout!.metrics
    context.fillStyle = palette.background
    const left = this.left(chassis.x - gutter)
    context.fillRect(left, this.top(chassis.y), this.left(chassis.x) - left, chassis.height * view.scale)
    this.paintTray(chassis, this.failures[c]!)
    const buckets: number[][] = Array.from({ length: 2 * STATES.length }, () => [])
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
    context.fillStyle = palette.tray
    context.beginPath()
    context.roundRect(left, top, width, height, Math.min(5 * room.ratio, metrics.pad * view.scale))
    context.fill()
    if (failures > 0 && this.cellHeight < FAILED_MARK * room.ratio) {
      // Cells are too small for a cross: the chassis says it, by a frame inside
      // its tray.
      context.fillStyle = palette.failed
      const line = Math.max(1, Math.round(room.ratio))
      context.fillRect(left, top, width, line)
      context.fillRect(left, top + height - line, width, line)
      context.fillRect(left, top, line, height)
      context.fillRect(left + width - line, top, line, height)
    }
    const gutter = metrics.gutter * view.scale
    const { block } = blocks[chassis.block]!
    if (block.shape.rowLabels.length > 0) this.paintRowLabels(chassis, block.shape.rowLabels)
    else if (gutter >= 14 * room.ratio && chassis.label !== '') {
      const font = this.font(10)
      const right = left - 4 * room.ratio
      this.text(chassis.label, right, top + metrics.pad * view.scale, font, palette.muted, 'right')
      if (failures > 0 && height > 28 * room.ratio) {
        this.text(`×${failures}`, right, top + metrics.pad * view.scale + 12 * room.ratio, this.font(10, true), palette.text, 'right')
      }
    }
  }

  private paintRowLabels(chassis: PlacedChassis, labels: readonly string[]) {
    const { metrics } = this.layout!
    const { palette, room, view } = this
    const pitch = metrics.pitchY * view.scale
    if (metrics.gutter * view.scale < 14 * room.ratio || pitch < 9 * room.ratio) return
    const size = Math.min(10, pitch / room.ratio - 1)
    labels.forEach((label, row) => {
      const middle = this.top(chassis.y + metrics.pad + row * metrics.pitchY) + this.cellHeight / 2
      const top = middle - (size * room.ratio) / 2
      this.text(label, this.left(chassis.x) - 4 * room.ratio, top, this.font(size), palette.muted, 'right')
    })
  }

  private paintHeader(placed: PlacedBlock) {
    const { context, palette, room, view } = this
    const { metrics } = this.layout!
    const left = this.left(placed.x)
    const top = this.top(placed.y)
    const width = placed.width * view.scale
    const height = metrics.header * view.scale
    context.fillStyle = palette.background
    context.fillRect(left, top, width, this.top(placed.y + metrics.header) - top)
    let failures = 0
    for (let c = placed.firstChassis; c < placed.lastChassis; c++) failures += this.failures[c]!
    const size = Math.min(12, Math.max(9, (height / room.ratio) * 0.66))
    const indent = placed.block.kind === 'rack' || placed.columns > 0 ? metrics.gutter * view.scale : 0
    const label = placed.block.label
    const start = width - indent > 5 * 0.62 * size * room.ratio ? left + indent : left
    const drop = Math.max(0, height - (size + 4) * room.ratio) // text stands just above the tray
    this.text(label, start, top + drop, this.font(size, failures > 0), failures > 0 ? palette.text : palette.muted, 'left')
    if (failures > 0) this.paintFailures(failures, start + context.measureText(label).width, top + drop, left + width, size)
  }

  /** A cross behind a block's label, with the number of failures if there is room. */
  private paintFailures(failures: number, start: number, top: number, end: number, size: number) {
    const { context, palette, room } = this
    const r = size * room.ratio * 0.24
    const cx = start + size * room.ratio * 0.62
    const cy = top + size * room.ratio * 0.46
    context.strokeStyle = palette.failed
    context.lineWidth = Math.max(1, 1.6 * room.ratio)
    context.lineCap = 'round'
    context.beginPath()
    context.moveTo(cx - r, cy - r)
    context.lineTo(cx + r, cy + r)
    context.moveTo(cx + r, cy - r)
    context.lineTo(cx - r, cy + r)
    context.stroke()
    const number = String(failures)
    const next = cx + r + 3 * room.ratio
    if (next + context.measureText(number).width <= end) this.text(number, next, top, this.font(size, true), palette.text, 'left')
  }

  private font(size: number, bold = false): string {
    return `${bold ? '600 ' : ''}${Math.round(size * this.room.ratio)}px ${FONT}`
  }

  private text(text: string, x: number, y: number, font: string, colour: string, align: CanvasTextAlign) {
    const { context } = this
    context.font = font
    context.fillStyle = colour
    context.textAlign = align
    context.textBaseline = 'top'
    context.fillText(text, Math.round(x), Math.round(y))
  }

  private inView({ x, y, width, height }: { x: number; y: number; width: number; height: number }): boolean {
    const { room, layout } = this
    const gutter = layout!.metrics.gutter
    return (
      this.left(x - gutter) < room.width && this.left(x + width) > 0 && this.top(y) < room.height && this.top(y + height) > 0
    )
  }
}
