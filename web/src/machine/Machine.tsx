import { useEffect, useId, useRef } from 'react'
import { attachInput } from './input'
import type { Filter } from './picture'
import type { ComponentStore } from './store'
import { MachineView } from './view'

export interface MachineProps {
  store: ComponentStore
  /** The id with the selection outline. */
  selected: string | null
  onSelect: (id: string | null) => void
  /** Cells for which it is false are dimmed. */
  filter?: Filter | undefined
  /** Which colours hold on the page: when it becomes another, they are read again. */
  theme?: 'light' | 'dark' | undefined
  /** The accessible name. */
  label?: string
}

/** The machine as a picture. It fills its parent, which must have a height. */
export function Machine({ store, selected, onSelect, filter, theme, label = 'Machine' }: MachineProps) {
  const stage = useRef<HTMLDivElement>(null)
  const cells = useRef<HTMLCanvasElement>(null)
  const outlines = useRef<HTMLCanvasElement>(null)
  const tooltip = useRef<HTMLDivElement>(null)
  const live = useRef<HTMLParagraphElement>(null)
  const view = useRef<MachineView>(null)
  const help = useId()

  useEffect(() => {
    const elements = {
      stage: stage.current!,
      cells: cells.current!,
      outlines: outlines.current!,
      tooltip: tooltip.current!,
      live: live.current!,
    }
    const shown = (view.current = new MachineView(elements, store))
    const detach = attachInput(elements.stage, shown)
    return () => {
      detach()
      shown.stop()
      view.current = null
    }
  }, [store])
  useEffect(() => {
    if (view.current) view.current.onSelect = onSelect
  }, [store, onSelect])
  useEffect(() => view.current?.setSelected(selected), [store, selected])
  useEffect(() => view.current?.setFilter(filter ?? null), [store, filter])
  useEffect(() => view.current?.recolour(), [store, theme])

  return (
    <div className="machine">
      <div ref={stage} className="machine-stage" role="application" tabIndex={0} aria-label={label} aria-describedby={help}>
        <canvas ref={cells} aria-hidden="true" />
        <canvas ref={outlines} aria-hidden="true" />
        <div ref={tooltip} className="machine-tooltip" role="tooltip" hidden>
          <strong />
          <span className="machine-state" />
          <p />
        </div>
      </div>
      <div className="machine-zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom in" title="Zoom in (+, or Ctrl and wheel)" onClick={() => view.current?.zoom(1.5)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => view.current?.zoom(1 / 1.5)}>
          −
        </button>
        <button type="button" aria-label="Show all" title="Show all (0)" onClick={() => view.current?.resetZoom()}>
          ⤢
        </button>
      </div>
      <p id={help} className="machine-hidden">
        Arrow keys move from component to component, Page Up and Page Down from cabinet to cabinet, F to the next failed one. Enter
        opens a component, plus and minus zoom, Escape goes back.
      </p>
      <p ref={live} className="machine-hidden" aria-live="polite" />
    </div>
  )
}
