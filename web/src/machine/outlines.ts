import type { Viewport } from './layout'
import type { Palette } from './palette'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const SMALLEST = 9 // pixels of the drawing: an outline of a smaller cell is drawn wider, to be found

/** Draws what is around cells, alone on its canvas: the selection, and what pointer or keyboard point at. */
export function drawOutlines(
  canvas: HTMLCanvasElement,
  room: Viewport,
  palette: Palette,
  { selected, pointed }: { selected: Box | null; pointed: Box | null },
) {
  Object.assign(canvas, { width: room.width, height: room.height }) // clears it, too
  const context = canvas.getContext('2d')!
  if (pointed) outline(context, pointed, room.unit, 1.5, palette.background, palette.text)
  if (selected) outline(context, selected, room.unit, 2.5, palette.background, palette.focus)
}

function outline(context: CanvasRenderingContext2D, box: Box, unit: number, line: number, halo: string, colour: string) {
  const least = SMALLEST * unit
  const growX = Math.max(0, least - box.width) / 2
  const growY = Math.max(0, least - box.height) / 2
  const wide = line * unit
  const rectangle = (away: number) => {
    context.beginPath()
    context.roundRect(
      box.x - growX - away,
      box.y - growY - away,
      box.width + 2 * (growX + away),
      box.height + 2 * (growY + away),
      Math.min(5 * unit, box.height / 6 + away),
    )
    context.stroke()
  }
  context.strokeStyle = halo
  context.lineWidth = wide + 2 * unit
  rectangle(wide / 2 + unit)
  context.strokeStyle = colour
  context.lineWidth = wide
  rectangle(wide / 2 + unit / 2)
}
