import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Client } from 'urql'
import { type Cell, type ComponentStore, createComponentStore } from '../../machine/index.ts'
import { useApp, useFeed, useReadable } from '../context.tsx'
import { type Cell as Received, COMPONENTS, COMPONENTS_UPDATED, FINAL_COMPONENTS } from '../documents.ts'
import { ask } from '../live/api.ts'
import { ComponentSync, type Loading, type Target } from '../live/components.ts'
import type { Feed } from '../live/link.ts'
import { createStore, onFrame, type Readable } from '../live/store.ts'
import { subscription } from '../live/subscription.ts'
import type { Which } from './useSession.ts'

/** If not all could be read it is tried again after this, in milliseconds. */
const AGAIN = 3_000

export interface MachineData {
  readonly store: ComponentStore
  readonly loading: Loading | null
  /** How many components there are so far. */
  readonly size: number
  /** Whether they are as they were when the session ended. */
  readonly final: boolean
}

/** The session's components as they change, outside React. Those of a session that has ended before are read once, as they were then. */
export function useMachine(which: Which, staged: boolean, frozen: boolean): MachineData {
  const { api } = useApp()
  const { name, tenant, started } = which
  const [final] = useState(frozen) // who sees the end has it on the screen
  const { feed, start, store, loading } = useMemo(() => follow(api, { name, tenant, started }, staged, final), [api, name, tenant, started, staged, final])
  useFeed(final ? null : feed)
  useEffect(() => (final ? start() : undefined), [final, start])
  return { store, loading: useReadable(loading), size: useSyncExternalStore(store.subscribe, () => store.size), final }
}

function follow(api: Client, which: Which, staged: boolean, final: boolean): { feed: Feed; start: () => () => void; store: ComponentStore; loading: Readable<Loading | null> } {
  const store = createComponentStore(onFrame)
  const loading = createStore<Loading | null>({ read: 0, total: null }, 100)
  const sync = new ComponentSync<Cell>(target(store), async (after) => {
    const { session } = await ask(api, final ? FINAL_COMPONENTS : COMPONENTS, { ...which, after, staged })
    const page = session?.components
    return {
      components: page?.edges.map((edge) => toCell(edge.node, which.name)) ?? [],
      total: page?.totalCount ?? null,
      next: page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
    }
  }, loading.set)
  let retry: ReturnType<typeof setTimeout> | undefined
  const again = () => {
    clearTimeout(retry)
    retry = setTimeout(() => void sync.read().catch(again), AGAIN)
  }
  const stop = () => {
    clearTimeout(retry)
    sync.stop()
  }
  const start = () => {
    sync.read().catch(again)
    return stop
  }
  const feed: Feed = {
    request: () => subscription(COMPONENTS_UPDATED, { name: which.name, tenant: which.tenant, staged }),
    take: (data) => {
      const { components, removed, resync } = (data as { componentsUpdated: Pushed }).componentsUpdated
      const update = { components: components.map((c) => toCell(c, which.name)), removed, resync }
      sync.take(update).catch(again)
    },
    read: () => sync.read(),
    left: stop,
    readsFirst: false, // the first message asks for it
    every: 10_000,
  }
  return { feed, start, store, loading }
}

interface Pushed {
  readonly components: readonly Received[]
  readonly removed: readonly string[]
  readonly resync: boolean
}

function toCell({ id, enabled, error, session, status }: Received, name: string): Cell {
  const { phase, rawStatus, statusOverride } = status
  return { id, enabled, error, phase, status: status.status, rawStatus, statusOverride, ...(session !== undefined && { staged: session !== name }) }
}

function target(store: ComponentStore): Target<Cell> {
  return {
    apply: store.apply,
    ids: function* () {
      for (let i = 0; i < store.capacity; i++) {
        const cell = store.at(i)
        if (cell !== undefined) yield cell.id
      }
    },
  }
}
