import { type Cell, STATE_LABELS, STATES, stateOf } from './cell'
import { cellAt, blockAt, neighbour } from './hit'
import { type Layout, layOut, type Viewport } from './layout'
import { drawOutlines } from './outlines'
import { Painter } from './painter'
import { type Palette, readPalette } from './palette'
import { makePlan } from './plan'
import type { ComponentStore, StoreUpdate } from './store'
import { clamped, FIT, fitting, panned, pans, revealing, type View, zoomed } from './viewport'
import type { Address } from './xname'

/** The elements that the view draws on and writes to. */
export interface Elements {
  readonly stage: HTMLElement
  readonly cells: HTMLCanvasElement
  readonly outlines: HTMLCanvasElement
  readonly tooltip: HTMLElement
  readonly live: HTMLElement
}

export type Filter = (cell: Cell) => boolean

const FLASH = 650 // ms
const MOST_FLASHES = 4000 // beyond it nobody sees single cells

/** Shows a store on canvases: draws what changed, once a frame, and knows what is under the pointer. */
export class MachineView {
  onSelect: (id: string | null) => void = () => {}
  private layout: Layout | null = null
  private room: Viewport = { width: 0, height: 0, ratio: 1 }
  private view: View = FIT
  private palette: Palette
  private readonly painter: Painter
  private filter: Filter | null = null
  private selected: string | null = null
  private cursor: string | null = null // the cell of the keyboard
  private hovered: string | null = null
  private spoken: string | null = null
  private readonly known = new Map<string, Address | null>()
  private readonly changed = new Set<number>()
  private readonly flashes = new Map<number, number>() // index → when it changed
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)')
  private readonly dark = matchMedia('(prefers-color-scheme: dark)')
  private replan = true
  private repaint = true
  private frame = 0
  private readonly stops: (() => void)[] = []

  constructor(
    private readonly elements: Elements,
    private readonly store: ComponentStore,
  ) {
    this.palette = readPalette(elements.stage)
    this.painter = new Painter(elements.cells.getContext('2d', { alpha: false })!, store, this.palette)
    const resize = new ResizeObserver(() => this.measure())
    resize.observe(elements.stage)
    const recolour = () => this.recolour()
    this.dark.addEventListener('change', recolour)
    this.stops.push(
      store.subscribe((update) => this.take(update)),
      () => resize.disconnect(),
      () => this.dark.removeEventListener('change', recolour),
      () => cancelAnimationFrame(this.frame),
    )
    this.measure()
  }

  stop() {
    for (const stop of this.stops) stop()
  }

  /** Reads the colours again. */
  recolour() {
    this.palette = readPalette(this.elements.stage)
    this.painter.setPalette(this.palette)
    this.redraw()
  }

  setFilter(filter: Filter | null) {
    if (filter === this.filter) return
    this.filter = filter
    this.applyFilter()
    this.redraw()
  }

  setSelected(id: string | null) {
    this.selected = id
    this.schedule()
  }

  get zoomedIn(): boolean {
    return this.view.scale > 1
  }

  /** Positions are CSS pixels from the top left of the stage. */
  zoomAt(factor: number, x = this.elements.stage.clientWidth / 2, y = this.elements.stage.clientHeight / 2) {
    const { layout, room } = this
    if (layout) this.show(zoomed(this.view, factor, x * room.ratio, y * room.ratio, layout, room))
  }

  resetZoom() {
    this.show(FIT)
  }

  panBy(dx: number, dy: number) {
    const { layout, room } = this
    if (layout) this.show(panned(this.view, dx * room.ratio, dy * room.ratio, layout, room))
  }

  /** Whether there is anything to pan to. */
  pans(dx: number, dy: number): boolean {
    return this.layout !== null && pans(this.view, dx, dy, this.layout, this.room)
  }

  hover(x: number, y: number) {
    this.hovered = this.idAt(x, y)
    this.elements.stage.classList.toggle('machine-over', this.hovered !== null)
    this.schedule()
  }

  unhover() {
    this.hovered = null
    this.schedule()
  }

  /** Selects what is there, or comes closer to the cabinet whose label is there. */
  click(x: number, y: number) {
    const id = this.idAt(x, y)
    if (id !== null) {
      this.cursor = id
      this.onSelect(id)
      return
    }
    const { layout, room } = this
    const [left, top] = this.toLayout(x, y)
    const placed = layout && blockAt(layout, left, top)
    if (placed && top < placed.y + layout.metrics.header) this.show(fitting(placed, layout, room))
    else this.onSelect(null)
  }

  /** Moves the cursor to the next cell in a direction. */
  move(dx: -1 | 0 | 1, dy: -1 | 0 | 1) {
    this.moveTo((layout, index) => neighbour(layout, index, dx, dy))
  }

  /** Moves the cursor to the first or last cell. */
  moveToEnd(last: boolean) {
    this.moveTo(({ order }) => order.at(last ? -1 : 0)!)
  }

  /** Moves the cursor to the first cell of the next or previous cabinet. */
  moveCabinet(by: 1 | -1) {
    this.moveTo(({ chassis, chassisOf, blocks }, index) => {
      const b = chassis[chassisOf[index]!]!.block + by
      const { block } = blocks[Math.min(blocks.length - 1, Math.max(0, b))]!
      return block.table.find((index) => index >= 0)!
    })
  }

  /** Moves the cursor to the next or previous failed cell, around the end. */
  moveToFailed(by: 1 | -1) {
    this.moveTo(({ order, rank }, index) => {
      for (let step = 1; step <= order.length; step++) {
        const next = order[(((rank[index]! + by * step) % order.length) + order.length) % order.length]!
        if (STATES[this.store.stateAt(next)] === 'failed') return next
      }
      return index
    })
  }

  /** Selects the cell under the cursor. */
  enter() {
    if (this.cursor !== null) this.onSelect(this.cursor)
  }

  /** Takes back one thing: the selection, the zoom, the cursor. False if there was none of them. */
  escape(): boolean {
    if (this.selected !== null) this.onSelect(null)
    else if (this.view.scale > 1) this.show(FIT)
    else if (this.cursor !== null) this.cursor = null
    else return false
    this.schedule()
    return true
  }

  /** Gives the keyboard a cell to begin with. */
  focus() {
    if (this.cursor === null || this.store.get(this.cursor) === undefined) {
      const first = this.layout?.order[0]
      this.cursor = this.selected ?? (first === undefined ? null : this.store.at(first)!.id)
    }
    this.schedule()
  }

  blur() {
    this.cursor = null
    this.schedule()
  }

  private moveTo(next: (layout: Layout, index: number) => number) {
    const { layout, store } = this
    if (!layout || layout.order.length === 0) return
    const from = store.indexOf(this.cursor ?? '')
    const start = from >= 0 && layout.rank[from]! >= 0 ? from : layout.order[0]!
    const index = next(layout, start)
    this.cursor = store.at(index)?.id ?? null
    this.hovered = null
    const { cellWidth: width, cellHeight: height } = layout.metrics
    this.show(revealing(this.view, { x: layout.x[index]!, y: layout.y[index]!, width, height }, layout, this.room))
    this.schedule()
  }

  private take({ changed, structure }: StoreUpdate) {
    if (structure) this.replan = true
    else {
      const now = performance.now()
      const flash = !this.calm.matches && changed.length + this.flashes.size <= MOST_FLASHES
      for (const index of changed) {
        this.changed.add(index)
        if (flash) this.flashes.set(index, now)
        if (this.painter.dimmed) this.painter.dimmed[index] = this.dims(index)
      }
    }
    this.schedule()
  }

  private measure() {
    const { stage, cells, outlines } = this.elements
    const ratio = window.devicePixelRatio || 1
    const width = Math.round(stage.clientWidth * ratio)
    const height = Math.round(stage.clientHeight * ratio)
    if (width === this.room.width && height === this.room.height && ratio === this.room.ratio) return
    this.room = { width, height, ratio }
    for (const canvas of [cells, outlines]) Object.assign(canvas, { width, height })
    this.view = FIT
    this.replan = true
    this.schedule()
  }

  private show(view: View) {
    if (view.scale === this.view.scale && view.x === this.view.x && view.y === this.view.y) return
    this.view = view
    this.elements.stage.classList.toggle('machine-zoomed', this.zoomedIn)
    this.redraw()
  }

  private redraw() {
    this.repaint = true
    this.schedule()
  }

  private schedule() {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0
      this.draw(now)
    })
  }

  private draw(now: number) {
    if (this.room.width === 0 || this.room.height === 0) return
    if (this.replan) this.layOut()
    this.painter.view = this.view
    if (this.repaint) this.painter.paintAll()
    else {
      for (const index of this.flashes.keys()) this.changed.add(index)
      this.painter.paintChanged(this.changed)
    }
    this.repaint = false
    this.changed.clear()
    for (const [index, since] of this.flashes) {
      const rest = 1 - (now - since) / FLASH
      if (rest > 0) this.painter.paintFlash(index, Math.min(0.75, rest * rest))
      else {
        this.flashes.delete(index)
        this.changed.add(index) // once more, without
      }
    }
    this.drawOutlines()
    if (this.flashes.size > 0 || this.changed.size > 0) this.schedule()
  }

  private layOut() {
    const { store, known, room } = this
    this.replan = false
    this.repaint = true
    this.changed.clear()
    this.flashes.clear()
    const plan = makePlan(store.capacity, (index) => store.at(index)?.id, known)
    this.layout = layOut(plan, room, store.capacity)
    this.view = clamped(this.view, this.layout, room)
    this.painter.setLayout(this.layout, room)
    this.applyFilter()
  }

  private applyFilter() {
    this.painter.dimmed = null
    if (!this.filter) return
    const dimmed = new Uint8Array(this.store.capacity)
    for (let index = 0; index < dimmed.length; index++) dimmed[index] = this.dims(index)
    this.painter.dimmed = dimmed
  }

  private dims(index: number): 0 | 1 {
    const cell = this.store.at(index)
    return cell && this.filter && !this.filter(cell) ? 1 : 0
  }

  private drawOutlines() {
    const { layout, painter, store, room, elements, palette } = this
    const context = elements.outlines.getContext('2d')!
    const box = (id: string | null) => {
      const index = id === null ? -1 : store.indexOf(id)
      if (index < 0 || !layout || (layout.chassisOf[index] ?? -1) < 0) return null
      const x = painter.left(layout.x[index]!)
      const y = painter.top(layout.y[index]!)
      return { x, y, width: painter.cellWidth, height: painter.cellHeight }
    }
    const pointed = box(this.hovered ?? this.cursor)
    drawOutlines(context, room, palette, { selected: box(this.selected), pointed })
    this.describe(this.hovered ?? this.cursor, pointed)
    this.speak()
  }

  /** Puts the tooltip beside the cell that is pointed at. */
  private describe(id: string | null, box: { x: number; y: number; width: number; height: number } | null) {
    const { tooltip, stage } = this.elements
    const cell = id === null ? undefined : this.store.get(id)
    tooltip.hidden = !cell || !box
    if (!cell || !box) return
    const [name, state, error] = tooltip.children as unknown as [HTMLElement, HTMLElement, HTMLElement]
    const shown = stateOf(cell)
    write(name, cell.id)
    write(state, spelled(cell))
    if (state.dataset.state !== shown) state.dataset.state = shown
    write(error, shortened(cell.error))
    const { ratio } = this.room
    const gap = 10
    const right = (box.x + box.width) / ratio + gap
    const below = box.y / ratio
    const left = right + tooltip.offsetWidth > stage.clientWidth ? box.x / ratio - gap - tooltip.offsetWidth : right
    const top = Math.min(below, stage.clientHeight - tooltip.offsetHeight - 4)
    tooltip.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(4, top))}px)`
  }

  /** Says the cell under the cursor, when it or its state becomes another. */
  private speak() {
    const cell = this.cursor === null ? undefined : this.store.get(this.cursor)
    const spoken = cell ? [cell.id, spelled(cell), shortened(cell.error)].filter(Boolean).join(', ') : ''
    if (spoken !== this.spoken) write(this.elements.live, (this.spoken = spoken))
  }

  private idAt(x: number, y: number): string | null {
    const index = this.layout ? cellAt(this.layout, ...this.toLayout(x, y)) : -1
    return this.store.at(index)?.id ?? null
  }

  private toLayout(x: number, y: number): [number, number] {
    const { view, room } = this
    return [(x * room.ratio - view.x) / view.scale, (y * room.ratio - view.y) / view.scale]
  }
}

/** The state, with BOS's own word where that says more. */
function spelled(cell: Cell): string {
  const label = STATE_LABELS[stateOf(cell)]
  const plain = cell.rawStatus.replaceAll('_', ' ')
  const more = plain !== '' && plain !== label.toLowerCase() && plain !== 'stable'
  return more ? `${label} · ${plain}` : label
}

function shortened(error: string): string {
  return error.length > 240 ? `${error.slice(0, 240)}…` : error
}

function write(element: HTMLElement, text: string) {
  if (element.textContent !== text) element.textContent = text
}
