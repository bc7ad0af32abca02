// State that lives outside React, and reports its changes at most once a frame.

export interface Readable<T> {
  readonly get: () => T
  readonly subscribe: (listener: () => void) => () => void
}

export interface Store<T> extends Readable<T> {
  /** Replaces the state: `get` has it at once, listeners are notified soon. */
  readonly set: (next: T) => void
}

/** @param pace least time between two notifications, in milliseconds; 0: every frame */
export function createStore<T>(initial: T, pace = 0): Store<T> {
  const listeners = new Set<() => void>()
  let state = initial
  let notified = 0
  let due = false
  const notify = () => {
    due = false
    notified = performance.now()
    for (const listener of [...listeners]) listener()
  }
  return {
    get: () => state,
    set: (next) => {
      if (Object.is(next, state)) return
      state = next
      if (due) return
      due = true
      const left = pace - (performance.now() - notified)
      if (left > 0) setTimeout(() => onFrame(notify), left)
      else onFrame(notify)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Calls back with the next frame; soon anyway where no frames are drawn, as in a hidden tab. */
export function onFrame(callback: () => void): void {
  const once = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    callback()
  }
  const frame = requestAnimationFrame(once)
  const timer = setTimeout(once, 250)
}
