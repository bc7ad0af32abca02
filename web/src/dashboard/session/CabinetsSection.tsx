import { useState } from 'react'
import type { Cabinet } from '../documents.ts'
import { byBehind, isBehind } from '../model/behind.ts'
import { percent, several, whole } from '../model/format.ts'
import { PhaseBar } from '../shell/PhaseBar.tsx'
import { cabinetLight, type Light } from './light.ts'

const SHOWN = 8

/** How far each cabinet is, those behind first. */
export function CabinetsSection({ cabinets, lit, onLight }: { cabinets: readonly Cabinet[] | null; lit: Light | null; onLight: (light: Light | null) => void }) {
  const [all, setAll] = useState(false)
  const sorted = byBehind(cabinets ?? [])
  const behind = sorted.filter((one) => isBehind(one, sorted)).length
  return (
    <section className="card" aria-labelledby="cabinets-title">
      <div className="card-head">
        <h2 id="cabinets-title">Cabinets</h2>
        {sorted.length > 0 && <span className="muted">{several(sorted.length, 'cabinet')}{behind > 0 && `, ${behind} behind the others`}</span>}
      </div>
      {cabinets === null ? <p className="card-empty">Reading…</p> : sorted.length === 0 ? <p className="card-empty">No nodes are counted by cabinet.</p> : (
        <div className="scroller" tabIndex={0} role="region" aria-label="Progress by cabinet"><table className="table">
          <thead><tr><th scope="col">Cabinet</th><th scope="col" className="wide">Progress</th><th scope="col" className="number">Done</th><th scope="col" className="number">Failed</th><th scope="col" className="number">Nodes</th></tr></thead>
          <tbody>
            {sorted.slice(0, all ? undefined : SHOWN).map((one) => {
              const { cabinet, counts } = one
              const on = lit?.name === cabinet
              return (
                <tr key={cabinet}>
                  <th scope="row">
                    <button type="button" className="xname" aria-pressed={on} title="Light it on the machine" onClick={() => onLight(on ? null : cabinetLight(cabinet))}>{cabinet}</button>
                    {isBehind(one, sorted) && <span className="chip chip-behind">behind</span>}
                  </th>
                  <td className="wide"><PhaseBar counts={counts} small /></td>
                  <td className="number">{percent(counts.managed === 0 ? 0 : Math.round((10_000 * counts.complete) / counts.managed) / 100, counts.complete, counts.managed)}</td>
                  <td className="number">{counts.failed > 0 ? <b className="bad">{whole(counts.failed)}</b> : <span className="muted">0</span>}</td>
                  <td className="number">{whole(counts.managed)}</td>
                </tr>
              )
            })}
          </tbody>
        </table></div>
      )}
      {sorted.length > SHOWN && <p className="more"><button type="button" className="button" onClick={() => setAll(!all)}>{all ? 'Show fewer' : `Show all ${sorted.length}`}</button></p>}
    </section>
  )
}
