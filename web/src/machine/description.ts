import { type Cell, errorWords, STATE_LABELS, stateOf } from './cell'
import type { Box } from './outlines'

const MOST = 240 // characters of an error; all of it is in the component's record
const BESIDE = 10 // CSS pixels from a cell to its tooltip

/** Puts the tooltip beside a cell, whose box is in device pixels, `ratio` of them a CSS pixel, or takes it away. */
export function showTooltip(tooltip: HTMLElement, stage: HTMLElement, cell: Cell | undefined, box: Box | null, ratio: number) {
  tooltip.hidden = !cell || !box
  if (!cell || !box) return
  const [name, state, error] = tooltip.children as unknown as [HTMLElement, HTMLElement, HTMLElement]
  write(name, cell.id)
  write(state, spelled(cell))
  const shown = stateOf(cell)
  if (state.dataset.state !== shown) state.dataset.state = shown
  write(error, shortened(errorWords(cell.error)))
  const { offsetWidth: width, offsetHeight: height } = tooltip
  const right = (box.x + box.width) / ratio + BESIDE
  const left = right + width > stage.clientWidth ? box.x / ratio - BESIDE - width : right
  const top = Math.min(box.y / ratio, stage.clientHeight - height - 4)
  tooltip.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(4, top))}px)`
}

/** A cell in words; nothing for none. */
export function inWords(cell: Cell | undefined): string {
  return cell ? [cell.id, spelled(cell), shortened(errorWords(cell.error))].filter(Boolean).join(', ') : ''
}

/** The state, with BOS's own word where that says more. */
function spelled(cell: Cell): string {
  const label = STATE_LABELS[stateOf(cell)]
  const plain = cell.rawStatus.replaceAll('_', ' ')
  const more = plain !== '' && plain !== label.toLowerCase() && plain !== 'stable'
  return more ? `${label} · ${plain}` : label
}

function shortened(error: string): string {
  return error.length > MOST ? `${error.slice(0, MOST)}…` : error
}

/** Changes the text of an element only if it is another: a live region speaks again otherwise. */
export function write(element: HTMLElement, text: string) {
  if (element.textContent !== text) element.textContent = text
}
