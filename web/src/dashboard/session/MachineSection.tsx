import { useCallback, useState, useSyncExternalStore } from 'react'
import { type Cell, Legend, Machine, type State, STATE_LABELS, stateOf } from '../../machine/index.ts'
import '../../machine/machine.css'
import { useReadable } from '../context.tsx'
import type { SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import { theme } from '../shell/theme.ts'
import { Icon } from '../shell/Icon.tsx'
import { ComponentList } from './ComponentList.tsx'
import type { Light } from './light.ts'
import type { MachineData } from './useMachine.ts'

/** The machine: a cell a component. */
export function MachineSection({ machine, status, selected, onSelect, light, onLight }: {
  machine: MachineData; status: SessionStatus; selected: string | null; onSelect: (id: string | null) => void; light: Light | null; onLight: (light: Light | null) => void
}) {
  const { store, loading, size, final } = machine
  const [highlighted, setHighlighted] = useState<State | null>(null)
  const [asList, setAsList] = useState(false)
  const filter = useCallback((cell: Cell) => (highlighted === null || stateOf(cell) === highlighted) && (light === null || light.holds(cell)), [highlighted, light])
  const colours = useReadable(theme)
  const { successful } = useSyncExternalStore(store.subscribe, store.counts)
  // The end has no other state for a node that was disabled and had not failed.
  const disabled = final && successful > status.counts.successful
  const labels = disabled ? { ...STATE_LABELS, successful: 'Successful or disabled' } : STATE_LABELS
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
          {final && size > 0 ? `As when the session ended; ${several(taken, 'node')} had left it, or ${taken === 1 ? 'was' : 'were'} deleted since.` : 'How each node ended was not kept for this session.'}
        </p>
      )}
      {disabled && (
        <p className="card-note">
          Of the {several(successful, 'node')} shown as successful, {whole(status.counts.successful)} {status.counts.successful === 1 ? 'was' : 'were'} when the session ended. The others had been disabled before they were done; which ones they are was not recorded.
        </p>
      )}
      {size > 0 && <Legend store={store} labels={labels} highlighted={highlighted} onHighlight={setHighlighted} />}
      {light !== null && <p className="card-note"><button type="button" className="chip chip-light" onClick={() => onLight(null)} title="Show all again">Lit: {light.name}<Icon name="close" /></button></p>}
      {asList ? <ComponentList store={store} labels={labels} filter={filter} what={highlighted} onSelect={onSelect} /> : size === 0 && loading === null ? <NoComponents status={status} /> : (
        <div className="machine-frame">
          <Machine store={store} selected={selected} onSelect={onSelect} filter={highlighted === null && light === null ? undefined : filter} theme={colours} label="Machine: the session's components by place" />
        </div>
      )}
    </section>
  )
}

function NoComponents({ status }: { status: SessionStatus }) {
  return <p className="card-empty">{status.status === 'PENDING' ? 'No nodes belong to this session yet. They appear as it is set up.' : 'No nodes belong to this session any more.'}</p>
}
