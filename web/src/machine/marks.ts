import type { State } from './cell'

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

/** Cells at least that high, in pixels of the drawing, carry a mark that says failed; larger ones a mark for each state. */
export const FAILED_MARK = 6
const EVERY_MARK = 10

/**
 * Draws what says the state of a cell without colour. Successful cells have none: a
 * machine that is well is calm.
 */
export function drawMark(context: Context, state: State, width: number, height: number, unit: number, ink: string) {
  const size = Math.min(width, height)
  if (size < FAILED_MARK * unit || (state !== 'failed' && size < EVERY_MARK * unit)) return
  const cx = width / 2
  const cy = height / 2
  const r = Math.max(1.5, size * (state === 'failed' ? 0.27 : 0.2))
  context.strokeStyle = ink
  context.fillStyle = ink
  context.lineWidth = Math.max(unit, size / 9)
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.beginPath()
  switch (state) {
    case 'failed': // a cross
      line(context, cx - r, cy - r, cx + r, cy + r)
      line(context, cx + r, cy - r, cx - r, cy + r)
      break
    case 'poweringOn': // an angle, upwards
      line(context, cx - r, cy + r / 2, cx, cy - r / 2, cx + r, cy + r / 2)
      break
    case 'poweringOff': // and downwards
      line(context, cx - r, cy - r / 2, cx, cy + r / 2, cx + r, cy - r / 2)
      break
    case 'configuring': // a ring
      context.arc(cx, cy, r * 0.9, 0, 2 * Math.PI)
      break
    case 'onHold': // two bars
      line(context, cx - r / 2, cy - r, cx - r / 2, cy + r)
      line(context, cx + r / 2, cy - r, cx + r / 2, cy + r)
      break
    case 'staged': // a bar at the bottom
      line(context, cx - r, cy + r, cx + r, cy + r)
      break
    case 'disabled': // a stroke through
      line(context, cx - r, cy + r, cx + r, cy - r)
      break
    case 'other': // a dot
      context.arc(cx, cy, context.lineWidth / 2, 0, 2 * Math.PI)
      break
    case 'successful':
  }
  context.stroke()
}

function line(context: Context, x: number, y: number, ...rest: number[]) {
  context.moveTo(x, y)
  for (let i = 0; i < rest.length; i += 2) context.lineTo(rest[i]!, rest[i + 1]!)
}
