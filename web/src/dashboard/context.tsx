// What every view needs: the API, the link, where we are, and a voice.

import { createContext, type ReactNode, use, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { Client, TypedDocumentNode } from 'urql'
import { ask, Refusal } from './live/api.ts'
import type { Feed, Link } from './live/link.ts'
import type { Readable, Store } from './live/store.ts'
import type { ServerClock } from './model/clock.ts'

export interface App {
  readonly api: Client
  readonly link: Link
  /** How many parts of what is shown may be behind, as the server says, or cannot be read now. */
  readonly behind: Store<number>
  readonly clock: ServerClock
  /** What a screen reader is to say next. */
  readonly said: Store<string>
}

const Context = createContext<App | null>(null)

export function AppProvider({ app, children }: { app: App; children: ReactNode }) {
  return <Context value={app}>{children}</Context>
}

export function useApp(): App {
  const app = use(Context)
  if (app === null) throw new Error('no App around this')
  return app
}

export function useReadable<T>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}

/** Follows the feed as long as the caller is shown; null: nothing. Make it with useMemo. */
export function useFeed(feed: Feed | null): void {
  const { link } = useApp()
  useEffect(() => (feed === null ? undefined : link.follow(feed)), [link, feed])
}

/** Says for as long as the caller is shown whether what it shows may be behind. {@link useAsk} does for what it asks. */
export function useBehind(is: boolean): void {
  const { behind } = useApp()
  useEffect(() => {
    if (!is) return
    behind.set(behind.get() + 1)
    return () => behind.set(behind.get() - 1)
  }, [behind, is])
}

/** The present moment, moved on once a second. */
export function useNow(running = true): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!running) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [running])
  return now
}

/** The present moment by the server's clock, moved on once a second. */
export function useServerNow(running = true): number {
  return useApp().clock.at(useNow(running))
}

export interface Asked<D> {
  readonly data: D | null
  readonly problem: Refusal | null
}

/** What the server could not answer now, or did not, is asked again after this, in milliseconds, if nothing else is said. */
const AGAIN = 5_000

/**
 * Asks when shown, when the variables change, and every so many milliseconds; null variables: not at all. What was read stays while it cannot be read again.
 * Variables that depend on the time are given by a function, from useCallback, that is called for each reading.
 */
export function useAsk<D, V extends Record<string, unknown>>(document: TypedDocumentNode<D, V>, variables: V | (() => V) | null, every = 0): Asked<D> {
  const { api } = useApp()
  const [state, setState] = useState<{ data: D | null; problem: Refusal | null }>({ data: null, problem: null })
  const key = typeof variables === 'function' ? variables : JSON.stringify(variables)
  const asked = useRef(key)
  useEffect(() => {
    if (asked.current !== key) setState({ data: null, problem: null })
    asked.current = key
    if (variables === null) return
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const load = async () => {
      let next = every
      try {
        const data = await ask(api, document, typeof variables === 'function' ? variables() : variables)
        if (current) setState({ data, problem: null })
      } catch (problem) {
        if (current && problem instanceof Refusal) setState((was) => ({ data: was.data, problem }))
        if (problem instanceof Refusal && ['UNAVAILABLE', 'UNREACHABLE'].includes(problem.code)) next ||= AGAIN
      }
      if (current && next > 0) timer = setTimeout(() => void load(), next)
    }
    void load()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [api, document, key, every])
  useBehind(state.problem?.code === 'UNAVAILABLE')
  return state
}
