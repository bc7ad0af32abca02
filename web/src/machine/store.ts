import { type Cell, type Counts, equal, STATES, stateOf } from './cell'

/** What listeners receive: everything since the last time. */
export interface StoreUpdate {
  /** Indices of the cells that changed, each once. Some may have been removed since. */
  readonly changed: readonly number[]
  /** Whether ids were added or removed, so that cells have to be placed again. */
  readonly structure: boolean
}

type StoreListener = (update: StoreUpdate) => void

/** The components of a session, outside React. */
export interface ComponentStore {
  /** These are all the components: ids that are not among them go. */
  replaceAll(cells: Iterable<Cell>): void
  /** Some changed, new ones among them, and some went. */
  apply(changed: Iterable<Cell>, removed?: Iterable<string>): void
  /** Calls the listener at most once an animation frame. Returns the way out. */
  subscribe(listener: StoreListener): () => void
  get(id: string): Cell | undefined
  readonly size: number
  /** How many components are in each state: the same object until that changes. */
  counts(): Counts

  /** The cell of an index, undefined if it has none now. */
  at(index: number): Cell | undefined
  /** The index of an id, which it keeps while it is here; -1 if it is not. */
  indexOf(id: string): number
  /** The state of an index, as a position in STATES. Meaningless where at() is undefined. */
  stateAt(index: number): number
  /** Indices are below it. */
  readonly capacity: number
}

const STATE_INDEX = new Map(STATES.map((state, i) => [state, i]))

const nextFrame = (callback: () => void) => void requestAnimationFrame(callback)

/** An empty store. `schedule` is when listeners are notified: the next animation frame. */
export function createComponentStore(schedule: (callback: () => void) => void = nextFrame): ComponentStore {
  const indices = new Map<string, number>()
  const cells: (Cell | undefined)[] = []
  const free: number[] = []
  const listeners = new Set<StoreListener>()
  const tally = new Uint32Array(STATES.length)
  let states = new Uint8Array(1024)
  let marked = new Uint8Array(1024) // 1: the index is in changed already
  let changed: number[] = []
  let structure = false
  let scheduled = false
  let counted: Counts | undefined

  function mark(index: number) {
    if (marked[index] === 0) {
      marked[index] = 1
      changed.push(index)
    }
    counted = undefined
    if (!scheduled) {
      scheduled = true
      schedule(notify)
    }
  }

  function notify() {
    scheduled = false
    const update = { changed, structure }
    for (const index of changed) marked[index] = 0
    changed = []
    structure = false
    for (const listener of [...listeners]) listener(update)
  }

  function grow(capacity: number) {
    if (capacity <= states.length) return
    const wider = (old: Uint8Array) => {
      const next = new Uint8Array(Math.max(capacity, 2 * old.length))
      next.set(old)
      return next
    }
    states = wider(states)
    marked = wider(marked)
  }

  function put(cell: Cell) {
    let index = indices.get(cell.id)
    const state = STATE_INDEX.get(stateOf(cell))!
    if (index === undefined) {
      index = free.pop() ?? cells.length
      grow(index + 1)
      indices.set(cell.id, index)
      structure = true
    } else {
      if (equal(cells[index]!, cell)) return
      tally[states[index]!]!--
    }
    cells[index] = cell
    states[index] = state
    tally[state]!++
    mark(index)
  }

  function drop(id: string) {
    const index = indices.get(id)
    if (index === undefined) return
    indices.delete(id)
    tally[states[index]!]!--
    cells[index] = undefined
    free.push(index)
    structure = true
    mark(index)
  }

  return {
    replaceAll(all) {
      const gone = new Set(indices.keys())
      for (const cell of all) {
        gone.delete(cell.id)
        put(cell)
      }
      gone.forEach(drop)
    },
    apply(some, removed = []) {
      for (const cell of some) put(cell)
      for (const id of removed) drop(id)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    get(id) {
      const index = indices.get(id)
      return index === undefined ? undefined : cells[index]
    },
    get size() {
      return indices.size
    },
    counts() {
      counted ??= Object.freeze(Object.fromEntries(STATES.map((state, i) => [state, tally[i]]))) as Counts
      return counted
    },
    at: (index) => cells[index],
    indexOf: (id) => indices.get(id) ?? -1,
    stateAt: (index) => states[index]!,
    get capacity() {
      return cells.length
    },
  }
}
