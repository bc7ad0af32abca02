import { useCallback, useState } from 'react'
import { Legend, Machine, type State, stateOf } from '../../machine/index.ts'
import '../../machine/machine.css'
import { useReadable } from '../context.tsx'
import type { SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import { theme } from '../shell/theme.ts'
import { ComponentList } from './ComponentList.tsx'
import type { MachineData } from './useMachine.ts'

/** The machine: a cell a component. */
export function MachineSection({ machine, status, selected, onSelect }: {
  machine: MachineData; status: SessionStatus; selected: string | null; onSelect: (id: string | null) => void
}) {
  const { store, loading, size } = machine
  const [highlighted, setHighlighted] = useState<State | null>(null)
  const [asList, setAsList] = useState(false)
  const filter = useCallback((cell: Parameters<typeof stateOf>[0]) => stateOf(cell) === highlighted, [highlighted])
  const colours = useReadable(theme)
  const taken = status.status === 'COMPLETE' && loading === null ? status.counts.managed - size : 0
  return (
    <section className="card machine-card" aria-labelledby="machine-title">
      <div className="card-head">
        <h2 id="machine-title">Machine</h2>
        <span className="muted">{loading !== null ? `Reading ${whole(loading.read)}${loading.total === null ? '' : ` of ${whole(loading.total)}`}…` : several(size, 'node')}</span>
        <button type="button" className="tool" aria-pressed={asList} onClick={() => setAsList(!asList)}><span>As a list</span></button>
      </div>
      {taken > 0 && (
        <p className="card-note">
          Shown as they are now. {size === 0 ? 'Newer sessions have taken over all nodes of this one.' : `Newer sessions have taken over ${several(taken, 'node')}.`}
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
  return <p className="card-empty">{status.status === 'PENDING' ? 'No nodes belong to this session yet. They appear as it is set up.' : 'No nodes belong to this session any more.'}</p>
}
