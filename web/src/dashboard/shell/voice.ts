import { createStore, type Store } from '../live/store.ts'

/** What a screen reader is to say next. A live region speaks only when its text changes: the same text again gets a space at its end, which is not spoken. */
export function createVoice(): Store<string> {
  const text = createStore('')
  return { ...text, set: (next) => text.set(next !== '' && next === text.get() ? `${next}\u00a0` : next) }
}
