import { useCallback, useState, useSyncExternalStore } from 'react'
import { type ComponentStore, Legend, Machine, type State, stateOf } from '../../machine/index.ts'
import '../../machine/machine.css'
import { useReadable } from '../context.tsx'
import type { SessionDetails, SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import { theme } from '../shell/theme.ts'
import { ComponentList } from './ComponentList.tsx'
import { useMachine } from './useMachine.ts'
import type { Which } from './useSession.ts'

/** The machine: a cell a component. */
export function MachineSection({ which, session, status, selected, onSelect }: {
  which: Which; session: SessionDetails; status: SessionStatus; selected: string | null; onSelect: (id: string | null) => void
}) {
  const { store, loading } = useMachine(which, session.stage)
  const [highlighted, setHighlighted] = useState<State | null>(null)
  const [asList, setAsList] = useState(false)
  const filter = useCallback((cell: Parameters<typeof stateOf>[0]) => stateOf(cell) === highlighted, [highlighted])
  const size = useSize(store)
  const colours = useReadable(theme)
  const taken = status.status === 'COMPLETE' && loading === null ? status.counts.managed - size : 0
  return (
    <section className="card machine-card" aria-labelledby="machine-title">
      <div className="card-head">
        <h2 id="machine-title">Machine</h2>
        <span className="muted">{loading !== null ? `Reading ${whole(loading.read)}${loading.total === null ? '' : ` of ${whole(loading.total)}`}…` : several(size, 'component')}</span>
        <button type="button" className="tool" aria-pressed={asList} onClick={() => setAsList(!asList)}><span>As a list</span></button>
      </div>
      {taken > 0 && (
        <p className="card-note">
          Shown as they are now. {size === 0 ? 'Newer sessions have taken over all components of this one.' : `Newer sessions have taken over ${several(taken, 'component')}.`}
        </p>
      )}
      {size > 0 && <Legend store={store} highlighted={highlighted} onHighlight={setHighlighted} />}
      {asList ? <ComponentList store={store} state={highlighted} onSelect={onSelect} /> : size === 0 && loading === null ? <NoComponents status={status} /> : (
        <div className="machine-frame">
          <Machine store={store} selected={selected} onSelect={onSelect} filter={highlighted === null ? undefined : filter} theme={colours} label="Machine: the session's components by place" />
        </div>
      )}
    </section>
  )
}

function NoComponents({ status }: { status: SessionStatus }) {
  return <p className="card-empty">{status.status === 'PENDING' ? 'No component bears the session yet. They appear as it is set up.' : 'No component bears this session now.'}</p>
}

/** How many components there are, told when that changes. */
function useSize(store: ComponentStore): number {
  return useSyncExternalStore(store.subscribe, () => store.size)
}
