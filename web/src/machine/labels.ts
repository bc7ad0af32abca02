import type { Palette } from './palette'

const FONT = 'ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace'
const ADVANCE = 0.61 // width of a character by the size of the font

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Draws the names of things, and how many components failed in them. Leaves out what has no room. */
export class Labels {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly palette: Palette,
    private readonly unit: number,
  ) {}

  /** A block's name above it, with a cross and a number if something failed. */
  header(label: string, failures: number, at: Rectangle, gutter: number) {
    const { palette, unit } = this
    const size = Math.min(12, Math.max(9, Math.floor((at.height / unit) * 0.7)))
    const bold = failures > 0 && size > 9 // many small ones in bold would be all one sees
    const start = at.x + (this.width(label, size) + gutter <= at.width ? gutter : 0)
    const top = at.y + Math.max(0, at.height - (size + (size > 9 ? 5 : 2)) * unit)
    this.text(label, start, top, size, bold, bold ? palette.text : palette.muted, 'left')
    if (failures === 0) return
    const cross = start + this.width(label, size) + size * unit * 0.4
    this.cross(cross, top + size * unit * 0.46, size * unit * 0.24)
    const number = String(failures)
    const next = cross + size * unit * 0.45
    if (next + this.width(number, size) <= at.x + at.width) this.text(number, next, top, size, true, palette.text, 'left')
  }

  /** A chassis' name in the gutter at its left, with the number that failed below. */
  chassis(label: string, failures: number, x: number, y: number, gutter: number, height: number) {
    const { palette, unit } = this
    const room = gutter - 4 * unit
    const right = x - 4 * unit
    if (label === '' || this.width(label, 10) > room) return
    this.text(label, right, y, 10, false, palette.muted, 'right')
    const number = `×${failures}`
    if (failures === 0 || height < 28 * unit || this.width(number, 10) > room) return
    this.text(number, right, y + 12 * unit, 10, true, palette.text, 'right')
  }

  /** Names of rows in the gutter; `y` is the middle of the first. */
  rows(labels: readonly string[], x: number, y: number, pitch: number, gutter: number) {
    const { palette, unit } = this
    const size = Math.min(10, Math.floor(pitch / unit) - 1)
    if (size < 8 || this.width('00', size) > gutter - 3 * unit) return
    labels.forEach((label, row) => {
      const top = y + row * pitch - (size * unit) / 2
      this.text(label, x - 3 * unit, top, size, false, palette.muted, 'right')
    })
  }

  private width(text: string, size: number): number {
    return text.length * ADVANCE * size * this.unit
  }

  private text(text: string, x: number, y: number, size: number, bold: boolean, colour: string, align: CanvasTextAlign) {
    const { context } = this
    context.font = `${bold ? '600 ' : ''}${Math.round(size * this.unit)}px ${FONT}`
    context.fillStyle = colour
    context.textAlign = align
    context.textBaseline = 'top'
    context.fillText(text, Math.round(x), Math.round(y))
  }

  private cross(x: number, y: number, r: number) {
    const { context } = this
    context.strokeStyle = this.palette.failed
    context.lineWidth = Math.max(1, 1.6 * this.unit)
    context.lineCap = 'round'
    context.beginPath()
    context.moveTo(x - r, y - r)
    context.lineTo(x + r, y + r)
    context.moveTo(x + r, y - r)
    context.lineTo(x - r, y + r)
    context.stroke()
  }
}
