import { STATES } from './cell'
import { inWords, showTooltip, write } from './description'
import { blockAt, neighbour } from './hit'
import type { Layout, Viewport } from './layout'
import { type Box, drawOutlines } from './outlines'
import { type Filter, Picture } from './picture'
import type { ComponentStore } from './store'
import { FIT, fitting, panned, pans, revealing, zoomed } from './viewport'

/** The elements that the view draws on and writes to. */
export interface Elements {
  readonly stage: HTMLElement
  readonly cells: HTMLCanvasElement
  readonly outlines: HTMLCanvasElement
  readonly tooltip: HTMLElement
  readonly live: HTMLElement
}

/**
 * What a user does with the picture: points, selects, zooms, and walks with the
 * keyboard. Points and distances are CSS pixels, from the top left of the stage.
 */
export class MachineView {
  onSelect: (id: string | null) => void = () => {}
  private readonly picture: Picture
  private selected: string | null = null
  private cursor: string | null = null // the cell of the keyboard
  private hovered: string | null = null
  private outlined = '' // what is drawn as outlines

  constructor(
    private readonly elements: Elements,
    private readonly store: ComponentStore,
  ) {
    this.picture = new Picture(elements.stage, elements.cells, store, () => this.describe())
  }

  stop() {
    this.picture.stop()
  }

  /** Reads the colours again. */
  recolour() {
    this.picture.recolour()
  }

  setFilter(filter: Filter | null) {
    this.picture.setFilter(filter)
  }

  setSelected(id: string | null) {
    this.selected = id
    this.picture.schedule()
  }

  zoomAt(factor: number, x: number, y: number) {
    const { layout, room, view } = this.picture
    if (layout) this.picture.show(zoomed(view, factor, x * room.ratio, y * room.ratio, layout, room))
  }

  /** Zooms around the cursor or else the selected cell, or around the middle. */
  zoom(factor: number) {
    const { stage } = this.elements
    const { room } = this.picture
    const box = this.picture.box(this.cursor ?? this.selected)
    if (box && overlaps(box, room)) this.zoomAt(factor, (box.x + box.width / 2) / room.ratio, (box.y + box.height / 2) / room.ratio)
    else this.zoomAt(factor, stage.clientWidth / 2, stage.clientHeight / 2)
  }

  resetZoom() {
    this.picture.show(FIT)
  }

  panBy(dx: number, dy: number) {
    const { layout, room, view } = this.picture
    if (layout) this.picture.show(panned(view, dx * room.ratio, dy * room.ratio, layout, room))
  }

  /** Whether there is anything to pan to. */
  pans(dx: number, dy: number): boolean {
    const { layout, room, view } = this.picture
    return layout !== null && pans(view, dx, dy, layout, room)
  }

  hover(x: number, y: number) {
    const { picture, elements } = this
    this.hovered = picture.idAt(x, y)
    elements.stage.classList.toggle('machine-over', this.hovered !== null || this.headerAt(x, y) !== null)
    picture.schedule()
  }

  unhover() {
    this.hovered = null
    this.picture.schedule()
  }

  /** Selects what is there, or comes closer to the cabinet whose label is there. */
  click(x: number, y: number) {
    const { picture } = this
    const id = picture.idAt(x, y)
    const header = this.headerAt(x, y)
    if (id === null && header) picture.show(fitting(header, picture.layout!, picture.room))
    else this.onSelect(id)
    if (id !== null && this.cursor !== null) this.cursor = id
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
      const next = chassis[chassisOf[index]!]!.block + by
      const { block } = blocks[Math.min(blocks.length - 1, Math.max(0, next))]!
      return block.table.find((index) => index >= 0)!
    })
  }

  /** Moves the cursor to the next or previous failed cell, around the end. */
  moveToFailed(by: 1 | -1) {
    this.moveTo(({ order, rank }, index) => {
      const n = order.length
      for (let step = 1; step <= n; step++) {
        const next = order[(rank[index]! + by * step + n) % n]!
        if (STATES[this.store.stateAt(next)] === 'failed') return next
      }
      return index
    })
  }

  /** Selects the cell under the cursor. */
  enter() {
    if (this.cursor !== null) this.onSelect(this.cursor)
  }

  /** Takes back one thing: the selection, or else the zoom. False if there was neither. */
  escape(): boolean {
    if (this.selected !== null) this.onSelect(null)
    else if (this.picture.view.scale > 1) this.picture.show(FIT)
    else return false
    return true
  }

  /** Gives the keyboard a cell to begin with: the selected one, or the first. */
  focus() {
    const { layout } = this.picture
    const start = this.selected !== null && this.store.get(this.selected) ? this.selected : undefined
    this.cursor = start ?? this.store.at(layout?.order[0] ?? -1)?.id ?? null
    this.picture.schedule()
  }

  blur() {
    this.cursor = null
    this.picture.schedule()
  }

  private moveTo(next: (layout: Layout, index: number) => number) {
    const { picture, store } = this
    const { layout } = picture
    if (!layout || layout.order.length === 0) return
    const from = store.indexOf(this.cursor ?? this.selected ?? '')
    const index = next(layout, from >= 0 && (layout.rank[from] ?? -1) >= 0 ? from : layout.order[0]!)
    this.cursor = store.at(index)?.id ?? null
    this.hovered = null
    const { cellWidth: width, cellHeight: height } = layout.metrics
    picture.show(revealing(picture.view, { x: layout.x[index]!, y: layout.y[index]!, width, height }, layout, picture.room))
    picture.schedule()
  }

  /** The block whose header is there. */
  private headerAt(x: number, y: number) {
    const { layout } = this.picture
    const [left, top] = this.picture.toLayout(x, y)
    const placed = layout && blockAt(layout, left, top)
    return placed && top < placed.y + layout.metrics.header ? placed : null
  }

  /** Draws what is around cells, if it is another; says what is pointed at. */
  private describe() {
    const { picture, store, elements } = this
    const { room, palette } = picture
    const id = this.hovered ?? this.cursor
    const boxes = { selected: picture.box(this.selected), pointed: picture.box(id) }
    const outlined = JSON.stringify([boxes, room, palette.focus])
    if (outlined !== this.outlined) {
      this.outlined = outlined
      drawOutlines(elements.outlines, room, palette, boxes)
    }
    const beside = boxes.pointed && overlaps(boxes.pointed, room) ? boxes.pointed : null
    showTooltip(elements.tooltip, elements.stage, id === null ? undefined : store.get(id), beside, room.ratio)
    write(elements.live, inWords(this.cursor === null ? undefined : store.get(this.cursor)))
  }
}

/** Whether any of a box is in sight. */
function overlaps({ x, y, width, height }: Box, room: Viewport): boolean {
  return x < room.width && y < room.height && x + width > 0 && y + height > 0
}
