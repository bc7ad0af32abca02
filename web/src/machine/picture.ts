import type { Cell } from './cell'
import { cellAt } from './hit'
import { type Layout, layOut, type Viewport } from './layout'
import type { Box } from './outlines'
import { Painter } from './painter'
import { type Palette, readPalette } from './palette'
import { makePlan } from './plan'
import type { ComponentStore, StoreUpdate } from './store'
import { clamped, FIT, type View } from './viewport'
import type { Address } from './xname'

export type Filter = (cell: Cell) => boolean

const FLASH = 650 // ms
const MOST_FLASHES = 4000 // beyond it nobody sees single cells

// With more cells than that, zooming and panning move the picture that is painted
// already, and it is painted sharp once they have settled for as many ms.
const MOST_MOVING = 3000
const SETTLE = 200

// A canvas of more pixels than that takes longer to be brought to the screen than to
// be drawn: small changes are drawn only so often (ms), for the page to stay smooth.
const LARGE = 4_000_000
const LARGE_EVERY = 45

// The drawing is made for type of this size (CSS pixels), and grows with it, at most threefold.
const TYPE = 16
const MOST_GROWN = 3

/** The cells of a store on a canvas, current: draws what changed, once a frame, and knows where everything is. */
export class Picture {
  layout: Layout | null = null
  /** The size of the stage in device pixels. */
  room: Viewport = { width: 0, height: 0, ratio: 1, unit: 1 }
  view: View = FIT
  palette: Palette
  private readonly painter: Painter
  private filter: Filter | null = null
  private readonly known = new Map<string, Address | null>()
  private readonly changed = new Set<number>()
  private readonly flashes = new Map<number, number>() // index → when it changed
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)')
  private readonly dark = matchMedia('(prefers-color-scheme: dark)')
  private readonly resize = new ResizeObserver(() => this.measure())
  private readonly unsubscribe: () => void
  private replan = true
  private repaint = true
  private moving = false
  private settling = 0
  private frame = 0
  private painted = 0 // when
  private every = 0 // ms, at least, between two small changes

  /** `drawn` is called at the end of each frame. */
  constructor(
    private readonly stage: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly store: ComponentStore,
    private readonly drawn: () => void,
  ) {
    this.palette = readPalette(stage)
    this.painter = new Painter(canvas.getContext('2d', { alpha: false })!, store, this.palette)
    this.unsubscribe = store.subscribe((update) => this.take(update))
    this.resize.observe(stage)
    this.dark.addEventListener('change', this.recolour)
    this.measure()
  }

  stop() {
    this.unsubscribe()
    this.resize.disconnect()
    this.dark.removeEventListener('change', this.recolour)
    cancelAnimationFrame(this.frame)
    clearTimeout(this.settling)
  }

  /** Reads the colours again. */
  recolour = () => {
    this.palette = readPalette(this.stage)
    this.painter.setPalette(this.palette)
    this.redraw()
  }

  setFilter(filter: Filter | null) {
    if (filter === this.filter) return
    this.filter = filter
    this.applyFilter()
    this.redraw()
  }

  /** Asks for a frame. */
  schedule() {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0
      this.draw(now)
    })
  }

  /** Shows another part. */
  show(view: View) {
    if (view.scale === this.view.scale && view.x === this.view.x && view.y === this.view.y) return
    this.view = view
    this.stage.classList.toggle('machine-zoomed', view.scale > 1)
    if (this.store.size > MOST_MOVING) {
      this.moving = true
      clearTimeout(this.settling)
      this.settling = window.setTimeout(() => {
        this.moving = false
        this.redraw()
      }, SETTLE)
    }
    this.redraw()
  }

  /** The id of the cell at a point of the stage, in CSS pixels; null for none. */
  idAt(x: number, y: number): string | null {
    const index = this.layout ? cellAt(this.layout, ...this.toLayout(x, y)) : -1
    return this.store.at(index)?.id ?? null
  }

  /** Where a point of the stage, in CSS pixels, is in the layout. */
  toLayout(x: number, y: number): [number, number] {
    const { view, room } = this
    return [(x * room.ratio - view.x) / view.scale, (y * room.ratio - view.y) / view.scale]
  }

  /** Where a cell is in the view, in device pixels; null for none. */
  box(id: string | null): Box | null {
    const { layout, store, view } = this
    const index = id === null ? -1 : store.indexOf(id)
    if (!layout || (layout.chassisOf[index] ?? -1) < 0) return null
    const { cellWidth, cellHeight } = layout.metrics
    return {
      x: Math.round(layout.x[index]! * view.scale + view.x),
      y: Math.round(layout.y[index]! * view.scale + view.y),
      width: Math.max(1, Math.floor(cellWidth * view.scale)),
      height: Math.max(1, Math.floor(cellHeight * view.scale)),
    }
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
    const ratio = window.devicePixelRatio || 1
    const width = Math.round(this.stage.clientWidth * ratio)
    const height = Math.round(this.stage.clientHeight * ratio)
    const unit = ratio * Math.min(MOST_GROWN, Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / TYPE))
    if (width === this.room.width && height === this.room.height && unit === this.room.unit && ratio === this.room.ratio) return
    this.room = { width, height, ratio, unit }
    this.every = width * height > LARGE ? LARGE_EVERY : 0
    Object.assign(this.canvas, { width, height })
    this.view = FIT
    this.stage.classList.remove('machine-zoomed')
    this.moving = false
    this.replan = true
    this.schedule()
  }

  private redraw() {
    this.repaint = true
    this.schedule()
  }

  private draw(now: number) {
    if (this.room.width === 0 || this.room.height === 0) return
    if (this.replan) this.layOut()
    if (this.moving) this.canvas.style.transform = this.fromPainted()
    else if (this.repaint || now - this.painted >= this.every) this.paint(now)
    this.drawn()
    if (!this.moving && (this.flashes.size > 0 || this.changed.size > 0)) this.schedule()
  }

  private paint(now: number) {
    this.painted = now
    const { painter, changed, flashes } = this
    if (this.repaint) {
      painter.view = this.view
      painter.paintAll()
      this.canvas.style.transform = ''
    } else {
      for (const index of flashes.keys()) changed.add(index)
      painter.paintChanged(changed)
    }
    this.repaint = false
    changed.clear()
    for (const [index, since] of flashes) {
      const rest = 1 - (now - since) / FLASH
      if (rest > 0) painter.paintFlash(index, Math.min(0.75, rest * rest))
      else {
        flashes.delete(index)
        changed.add(index) // once more, without
      }
    }
  }

  /** What brings the picture as it was painted to where it belongs now. */
  private fromPainted(): string {
    const { view, painter, room } = this
    const by = view.scale / painter.view.scale
    const x = (view.x - painter.view.x * by) / room.ratio
    const y = (view.y - painter.view.y * by) / room.ratio
    return `translate(${x}px, ${y}px) scale(${by})`
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
}
