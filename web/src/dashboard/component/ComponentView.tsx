import { NO_FILTERS } from '../model/filters.ts'
import { TROUBLED } from '../model/route.ts'
import { Link } from '../place.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { useTitle } from '../shell/useTitle.ts'
import { ComponentHistory } from './ComponentHistory.tsx'
import { ComponentRecord } from './ComponentRecord.tsx'

/** A component on a page of its own: what it is doing, and what it did in earlier sessions. */
export function ComponentView({ id, tenant }: { id: string; tenant: string | null }) {
  useTitle(id)
  return (
    <div className="component-view">
      <nav aria-label="Where you are" className="crumbs">
        <Link to={{ view: 'sessions', filters: NO_FILTERS }}>Sessions</Link><Icon name="next" />
        <Link to={TROUBLED}>Troubled nodes</Link><Icon name="next" />
      </nav>
      <h1>Component <code>{id}</code> <CopyButton text={id} label="Copy the xname" /></h1>
      <div className="component-grid">
        <section className="card" aria-labelledby="record-title">
          <h2 id="record-title" className="visually-hidden">Record</h2>
          <ComponentRecord key={id} id={id} tenant={tenant} />
        </section>
        <ComponentHistory key={id} id={id} />
      </div>
    </div>
  )
}
