// For tests: shows a component in a page, and acts on it as people do.

import { act, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const roots: Root[] = []

/** Shows it in the body, alone; the answer is where. */
export function show(node: ReactNode): HTMLElement {
  clear()
  const box = document.body.appendChild(document.createElement('div'))
  const root = createRoot(box)
  roots.push(root)
  act(() => root.render(node))
  return box
}

/** Takes away what is shown. */
export function clear(): void {
  for (const root of roots.splice(0)) act(() => root.unmount())
  document.body.replaceChildren()
}

/** The only element like that. */
export function the<E extends HTMLElement>(selector: string): E {
  const found = document.querySelectorAll<E>(selector)
  if (found.length !== 1) throw new Error(`${found.length} of ${selector}`)
  return found[0]!
}

export function click(element: HTMLElement): void {
  act(() => element.click())
}

/** Types or chooses a value. React sees only what goes past its own setter. */
export function enter(element: HTMLInputElement | HTMLSelectElement, value: string): void {
  const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element) as object, 'value')!
  act(() => {
    set!.call(element, value)
    element.dispatchEvent(new Event(element instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }))
  })
}
