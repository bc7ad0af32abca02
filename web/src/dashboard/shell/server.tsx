// What the server says about itself, for every view.

import { createContext, type ReactNode, use } from 'react'
import { useAsk } from '../context.tsx'
import { SERVER, type ServerInfo } from '../documents.ts'

const EVERY = 10_000

const Context = createContext<ServerInfo | null>(null)

export function ServerProvider({ children }: { children: ReactNode }) {
  const { data } = useAsk(SERVER, {}, EVERY)
  return <Context value={data?.serverInfo ?? null}>{children}</Context>
}

/** What the server last said about itself; null before it has. */
export function useServer(): ServerInfo | null {
  return use(Context)
}
