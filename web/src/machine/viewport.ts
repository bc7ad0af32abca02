import type { Layout, Viewport } from './layout'

/** Which part of a layout is seen: a point p of it is at p * scale + offset. Scale 1 is the layout itself. */
export interface View {
  readonly scale: number
  readonly x: number
  readonly y: number
}

export const FIT: View = { scale: 1, x: 0, y: 0 }

const CLOSEST = 44 // pixels of the drawing a cell is high when there is no coming closer

export function closest({ metrics, unit }: Layout): number {
  return Math.max(1, (CLOSEST * unit) / metrics.pitchY)
}

/** The view that has been brought closer by a factor around a point of the screen, as far as that goes. */
export function zoomed(view: View, factor: number, x: number, y: number, layout: Layout, room: Viewport): View {
  const scale = Math.min(closest(layout), Math.max(1, view.scale * factor))
  const by = scale / view.scale
  return clamped({ scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by }, layout, room)
}

export function panned(view: View, dx: number, dy: number, layout: Layout, room: Viewport): View {
  return clamped({ scale: view.scale, x: view.x + dx, y: view.y + dy }, layout, room)
}

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** The view in which a rectangle of the layout fills the room, as far as that goes. */
export function fitting(target: Rectangle, layout: Layout, room: Viewport): View {
  const around = 1.08
  const fill = Math.min(room.width / (target.width * around), room.height / (target.height * around))
  const scale = Math.min(closest(layout), Math.max(1, fill))
  return clamped(
    {
      scale,
      x: room.width / 2 - (target.x + target.width / 2) * scale,
      y: room.height / 2 - (target.y + target.height / 2) * scale,
    },
    layout,
    room,
  )
}

/** The nearest view that has all of a rectangle of the layout in it, with some room around. */
export function revealing(view: View, target: Rectangle, layout: Layout, room: Viewport): View {
  const around = 24 * room.unit
  const shift = (low: number, size: number, room: number) => {
    if (low < around) return around - low
    if (low + size > room - around) return room - around - low - size
    return 0
  }
  const dx = shift(target.x * view.scale + view.x, target.width * view.scale, room.width)
  const dy = shift(target.y * view.scale + view.y, target.height * view.scale, room.height)
  return panned(view, dx, dy, layout, room)
}

/** Keeps the layout in sight: no empty margin where there is something to show. */
export function clamped(view: View, layout: Layout, room: Viewport): View {
  const within = (offset: number, size: number, room: number) => Math.min(0, Math.max(Math.min(0, room - size), offset))
  return {
    scale: view.scale,
    x: within(view.x, layout.width * view.scale, room.width),
    y: within(view.y, layout.height * view.scale, room.height),
  }
}

/** Whether panning by that much shows anything else. */
export function pans(view: View, dx: number, dy: number, layout: Layout, room: Viewport): boolean {
  const next = panned(view, dx, dy, layout, room)
  return next.x !== view.x || next.y !== view.y
}
