import { several, whole } from '../model/format.ts'
import { type Counts, KIND_LABELS, shares } from '../model/shares.ts'

/** What the components are doing, as one bar. */
export function PhaseBar({ counts, small = false }: { counts: Counts; small?: boolean }) {
  const all = shares(counts).filter((share) => share.count > 0)
  const words = all.map((share) => `${whole(share.count)} ${KIND_LABELS[share.kind].toLowerCase()}`).join(', ')
  return (
    <div className={small ? 'phasebar phasebar-small' : 'phasebar'} role="img"
      aria-label={counts.managed === 0 ? 'No nodes' : `Of ${several(counts.managed, 'node')}: ${words}`}>
      {all.map(({ kind, part }) => <span key={kind} className="phasebar-part" data-kind={kind} style={{ flexGrow: part }} />)}
    </div>
  )
}
