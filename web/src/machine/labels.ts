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
    private readonly ratio: number,
  ) {}

  /** A block's name above it, with a cross and a number if something failed. */
  header(label: string, failures: number, at: Rectangle, gutter: number) {
    const { palette, ratio } = this
    const size = Math.min(12, Math.max(9, Math.floor((at.height / ratio) * 0.7)))
    const bold = failures > 0 && size > 9 // many small ones in bold would be all one sees
    const start = at.x + (this.width(label, size) + gutter <= at.width ? gutter : 0)
    const top = at.y + Math.max(0, at.height - (size + (size > 9 ? 5 : 2)) * ratio)
    this.text(label, start, top, size, bold, bold ? palette.text : palette.muted, 'left')
    if (failures === 0) return
    const cross = start + this.width(label, size) + size * ratio * 0.4
    this.cross(cross, top + size * ratio * 0.46, size * ratio * 0.24)
    const number = String(failures)
    const next = cross + size * ratio * 0.45
    if (next + this.width(number, size) <= at.x + at.width) this.text(number, next, top, size, true, palette.text, 'left')
  }

  /** A chassis' name in the gutter at its left, with the number that failed below. */
  chassis(label: string, failures: number, x: number, y: number, gutter: number, height: number) {
    const { palette, ratio } = this
    const room = gutter - 4 * ratio
    const right = x - 4 * ratio
    if (label === '' || this.width(label, 10) > room) return
    this.text(label, right, y, 10, false, palette.muted, 'right')
    const number = `×${failures}`
    if (failures === 0 || height < 28 * ratio || this.width(number, 10) > room) return
    this.text(number, right, y + 12 * ratio, 10, true, palette.text, 'right')
  }

  /** Names of rows in the gutter; `y` is the middle of the first. */
  rows(labels: readonly string[], x: number, y: number, pitch: number, gutter: number) {
    const { palette, ratio } = this
    const size = Math.min(10, Math.floor(pitch / ratio) - 1)
    if (size < 8 || this.width('00', size) > gutter - 3 * ratio) return
    labels.forEach((label, row) => {
      const top = y + row * pitch - (size * ratio) / 2
      this.text(label, x - 3 * ratio, top, size, false, palette.muted, 'right')
    })
  }

  private width(text: string, size: number): number {
    return text.length * ADVANCE * size * this.ratio
  }

  private text(text: string, x: number, y: number, size: number, bold: boolean, colour: string, align: CanvasTextAlign) {
    const { context } = this
    context.font = `${bold ? '600 ' : ''}${Math.round(size * this.ratio)}px ${FONT}`
    context.fillStyle = colour
    context.textAlign = align
    context.textBaseline = 'top'
    context.fillText(text, Math.round(x), Math.round(y))
  }

  private cross(x: number, y: number, r: number) {
    const { context } = this
    context.strokeStyle = this.palette.failed
    context.lineWidth = Math.max(1, 1.6 * this.ratio)
    context.lineCap = 'round'
    context.beginPath()
    context.moveTo(x - r, y - r)
    context.lineTo(x + r, y + r)
    context.moveTo(x + r, y - r)
    context.lineTo(x - r, y + r)
    context.stroke()
  }
}
