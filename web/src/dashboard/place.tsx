// Where we are: the browser's history, and links that move in it without loading a page.

import { type AnchorHTMLAttributes, type MouseEvent, useCallback, useSyncExternalStore } from 'react'
import { basePath } from '../base.ts'
import { type Place, readPlace, type Route, writePlace } from './model/route.ts'

const MOVED = 'bosgraph:moved'

/** The full address of a place. */
function address(place: Place): string {
  return new URL(writePlace(place), document.baseURI).href
}

/** Goes to a place; `replace`: without an entry of its own in the history. */
export function go(place: Place, replace = false): void {
  const to = address(place)
  if (to === location.href) return
  if (replace) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  window.dispatchEvent(new Event(MOVED))
}

export function usePlace(): Place {
  const href = useSyncExternalStore(subscribe, () => location.href)
  return place(href)
}

/** Goes to another route, for a wall still if it was for one. */
export function useGo(): (route: Route, replace?: boolean) => void {
  const { wall } = usePlace()
  return useCallback((route, replace) => go({ route, wall }, replace), [wall])
}

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  readonly to: Route
}

export function Link({ to, onClick, ...rest }: LinkProps) {
  const { wall } = usePlace()
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go({ route: to, wall })
  }
  return <a href={address({ route: to, wall })} onClick={follow} {...rest} />
}

let last: { href: string; place: Place } | null = null

function place(href: string): Place {
  if (last?.href !== href) {
    const { pathname, search } = new URL(href)
    const path = pathname.startsWith(basePath) ? pathname.slice(basePath.length) : ''
    last = { href, place: readPlace(path, search) }
  }
  return last.place
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener)
  window.addEventListener(MOVED, listener)
  return () => {
    window.removeEventListener('popstate', listener)
    window.removeEventListener(MOVED, listener)
  }
}
