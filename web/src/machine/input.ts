import type { MachineView } from './view'

const CLICK = 4 // CSS pixels a pointer may move in a click

/** Lets pointers, wheel and keyboard act on a view. Returns the way out. */
export function attachInput(stage: HTMLElement, view: MachineView): () => void {
  const gone = new AbortController()
  const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) =>
    stage.addEventListener(type, listener, { signal: gone.signal, passive: false })
  pointers(stage, view, on)
  on('wheel', (event) => wheel(stage, view, event))
  on('keydown', (event) => {
    if (!event.altKey && !event.ctrlKey && !event.metaKey && key(stage, view, event.key)) event.preventDefault()
  })
  on('focus', () => {
    if (stage.matches(':focus-visible')) view.focus()
  })
  on('blur', () => view.blur())
  return () => gone.abort()
}

type On = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) => void

interface Point {
  readonly x: number
  readonly y: number
}

/** Where an event is on the stage. */
function point(stage: HTMLElement, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = stage.getBoundingClientRect()
  return { x: clientX - left - stage.clientLeft, y: clientY - top - stage.clientTop }
}

/** One pointer hovers, clicks and drags; two pinch. */
function pointers(stage: HTMLElement, view: MachineView, on: On) {
  const down = new Map<number, Point>()
  let from: Point | null = null // where a press began that may yet be a click

  on('pointerdown', (event) => {
    if (event.button !== 0) return
    down.set(event.pointerId, point(stage, event))
    from = down.size === 1 ? point(stage, event) : null
    stage.setPointerCapture(event.pointerId)
  })
  on('pointermove', (event) => {
    const now = point(stage, event)
    const before = down.get(event.pointerId)
    if (!before) {
      if (event.pointerType !== 'touch') view.hover(now.x, now.y)
      return
    }
    if (from && Math.hypot(now.x - from.x, now.y - from.y) <= CLICK) return
    from = null
    down.set(event.pointerId, now)
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1]
    if (other) {
      const centre = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
      view.panBy((now.x - before.x) / 2, (now.y - before.y) / 2)
      view.zoomAt(distance(now, other) / Math.max(1, distance(before, other)), centre.x, centre.y)
    } else {
      view.unhover()
      view.panBy(now.x - before.x, now.y - before.y)
    }
  })
  on('pointerup', (event) => {
    down.delete(event.pointerId)
    if (from) view.click(from.x, from.y)
    from = null
  })
  on('pointercancel', (event) => {
    down.delete(event.pointerId)
    from = null
  })
  on('pointerleave', () => view.unhover())
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y)

/** Zooms with Ctrl, as browsers report a pinch on a touchpad; pans while there is something to pan. */
function wheel(stage: HTMLElement, view: MachineView, event: WheelEvent) {
  const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
  const dx = event.deltaX * line
  const dy = event.deltaY * line
  if (event.ctrlKey || event.metaKey) {
    const { x, y } = point(stage, event)
    view.zoomAt(Math.exp(-Math.max(-120, Math.min(120, dy)) / 240), x, y)
  } else if (view.pans(-dx, -dy)) view.panBy(-dx, -dy)
  else return
  event.preventDefault()
}

/** Whether the key meant something. */
function key(stage: HTMLElement, view: MachineView, key: string): boolean {
  switch (key) {
    case 'ArrowLeft':
      view.move(-1, 0)
      return true
    case 'ArrowRight':
      view.move(1, 0)
      return true
    case 'ArrowUp':
      view.move(0, -1)
      return true
    case 'ArrowDown':
      view.move(0, 1)
      return true
    case 'Home':
    case 'End':
      view.moveToEnd(key === 'End')
      return true
    case 'PageDown':
    case 'PageUp':
      view.moveCabinet(key === 'PageDown' ? 1 : -1)
      return true
    case 'f':
    case 'F':
      view.moveToFailed(key === 'f' ? 1 : -1)
      return true
    case 'Enter':
    case ' ':
      view.enter()
      return true
    case '+':
    case '=':
      view.zoom(1.5)
      return true
    case '-':
      view.zoom(1 / 1.5)
      return true
    case '0':
      view.resetZoom()
      return true
    case 'Escape':
      if (!view.escape()) stage.blur()
      return true
  }
  return false
}
