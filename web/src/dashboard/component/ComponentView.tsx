import { useTitle } from '../shell/useTitle.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { NO_FILTERS } from '../model/filters.ts'
import { Link } from '../place.tsx'
import { ComponentRecord } from './ComponentRecord.tsx'

/** A component on a page of its own. */
export function ComponentView({ id, tenant }: { id: string; tenant: string | null }) {
  useTitle(id)
  return (
    <div className="component-view">
      <nav aria-label="Where you are" className="crumbs"><Link to={{ view: 'sessions', filters: NO_FILTERS }}>Sessions</Link><Icon name="next" /></nav>
      <h1>Component <code>{id}</code> <CopyButton text={id} label="Copy the xname" /></h1>
      <section className="card" aria-labelledby="record-title">
        <h2 id="record-title" className="visually-hidden">Record</h2>
        <ComponentRecord key={id} id={id} tenant={tenant} />
      </section>
    </div>
  )
}
