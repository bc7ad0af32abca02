import { useSyncExternalStore } from 'react'
import { type State, STATE_LABELS, STATES } from './cell'
import type { ComponentStore } from './store'

export interface LegendProps {
  store: ComponentStore
  /** What the states are called, if not as usual. */
  labels?: typeof STATE_LABELS
  /** The only state that is not dimmed, null for all. */
  highlighted?: State | null
  /** Without it the legend is plain text. */
  onHighlight?: (state: State | null) => void
}

/** What the colours of the machine mean, and how many components have each. */
export function Legend({ store, labels = STATE_LABELS, highlighted = null, onHighlight }: LegendProps) {
  const counts = useSyncExternalStore(store.subscribe, store.counts)
  // What an operator looks for is listed at zero, too.
  const shown = STATES.filter((state) => counts[state] > 0 || state === 'successful' || state === 'failed' || state === highlighted)
  return (
    <ul className="machine-legend" aria-label="Components by state">
      {shown.map((state) => {
        const entry = (
          <>
            <span className="machine-state" data-state={state}>
              {labels[state]}
            </span>
            <b>{counts[state].toLocaleString('en')}</b>
          </>
        )
        return (
          <li key={state}>
            {onHighlight ? (
              <button type="button" aria-pressed={state === highlighted} onClick={() => onHighlight(state === highlighted ? null : state)}>
                {entry}
              </button>
            ) : (
              entry
            )}
          </li>
        )
      })}
    </ul>
  )
}
