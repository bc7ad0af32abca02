// Light or dark: as the system says, until somebody chooses.

import { createStore } from '../live/store.ts'

export type Theme = 'light' | 'dark'

const KEY = 'bosgraph.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

export const theme = createStore<Theme>(chosen() ?? ofSystem())

/** Applies the theme to the document, now and whenever it changes. */
export function startTheme(): void {
  apply()
  system.addEventListener('change', () => {
    if (chosen() === null) choose(ofSystem(), false)
  })
}

export function toggleTheme(): void {
  choose(theme.get() === 'dark' ? 'light' : 'dark', true)
}

function choose(next: Theme, remember: boolean): void {
  theme.set(next)
  apply()
  try {
    // Who chooses what the system says anyway follows the system again.
    if (remember && next !== ofSystem()) localStorage.setItem(KEY, next)
    else localStorage.removeItem(KEY)
  } catch {
    // No storage: chosen for this page only.
  }
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.get()
}

function ofSystem(): Theme {
  return system.matches ? 'dark' : 'light'
}

function chosen(): Theme | null {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    return null
  }
}
