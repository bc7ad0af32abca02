import { useEffect, useRef } from 'react'
import { Link } from '../place.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { ComponentRecord } from './ComponentRecord.tsx'

/** A component's record beside its session. */
export function ComponentPanel({ id, tenant, side, onClose }: { id: string; tenant: string | null; side: 'left' | 'right'; onClose: () => void }) {
  const title = useRef<HTMLHeadingElement>(null)
  const opener = useRef<Element | null>(null)
  useEffect(() => {
    opener.current = document.activeElement
    title.current?.focus({ preventScroll: true })
    return () => {
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus({ preventScroll: true })
    }
  }, [])
  return (
    <aside className="panel" data-side={side} aria-labelledby="panel-title" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <div className="panel-head">
        <h2 id="panel-title" ref={title} tabIndex={-1}><code>{id}</code></h2>
        <CopyButton text={id} label="Copy the xname" />
        <Link className="tool" to={{ view: 'component', id, tenant }}>Own page</Link>
        <button type="button" className="tool" onClick={onClose} aria-label="Close the component" title="Close (Escape)"><Icon name="close" /></button>
      </div>
      <ComponentRecord key={id} id={id} tenant={tenant} />
    </aside>
  )
}
