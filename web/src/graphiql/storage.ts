// Where the playground keeps tabs and history: in the browser, without headers. A pasted Authorization would be a
// token in clear for every script and every person at this browser. GraphiQL leaves headers out of tabs if it is
// asked to (shouldPersistHeaders), but never out of its history.

import type { Storage } from '@graphiql/toolkit'

/** The keys of GraphiQL's history, whose entries have headers. */
const HISTORY = new Set(['graphiql:queries', 'graphiql:favorites'])

/** A storage without headers, on top of the browser's. */
export const withoutHeaders = (browser: Storage): Storage => ({
  getItem: (key) => browser.getItem(key),
  setItem: (key, value) => browser.setItem(key, HISTORY.has(key) ? strip(value) : value),
  removeItem: (key) => browser.removeItem(key),
  clear: () => browser.clear(),
  get length() {
    return browser.length
  },
})

const strip = (text: string) =>
  JSON.stringify(JSON.parse(text, (name, value: unknown) => (name === 'headers' ? undefined : value)))

/** The browser's storage. Where the browser allows none, which it says by throwing, one that lasts as long as the page. */
export function browserStorage(): Storage {
  try {
    return localStorage
  } catch {
    return memory
  }
}

const values = new Map<string, string>()

const memory: Storage = {
  getItem: (key) => values.get(key) ?? null,
  setItem: (key, value) => void values.set(key, value),
  removeItem: (key) => void values.delete(key),
  clear: () => values.clear(),
  get length() {
    return values.size
  },
}
