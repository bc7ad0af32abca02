import { useId, useSyncExternalStore } from 'react'
import { chooseTenant, login, logOut } from './login.ts'
import './login.css'

/** Says who is logged in, with which roles and for which tenant, and ends that. Nothing while access control is off. */
export function Who() {
  const id = useId()
  const now = useSyncExternalStore(login.subscribe, login.get)
  if (now.phase !== 'in') return null
  const { who, tenant } = now
  const roles = who.roles.join(', ')
  return (
    <>
      <button type="button" className="who" popoverTarget={id} title={`${who.name}, ${roles}${tenant === null ? '' : ` of ${tenant}`}`}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 2.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M2.5 14a5.5 5.5 0 0 1 11 0" /></svg>
        <span className="who-text">
          <b>{who.name}</b> <span className="who-role">{tenant ?? roles}</span>
        </span>
      </button>
      <div id={id} popover="auto" className="who-card" aria-label="Your login" role="group">
        <dl>
          <dt>Logged in as</dt><dd>{who.name}</dd>
          <dt>{who.roles.length === 1 ? 'Role' : 'Roles'}</dt><dd>{roles}</dd>
          {who.limited && <><dt>Tenant</dt><dd>{who.tenants.length > 1 ? <TenantChoice tenants={who.tenants} tenant={tenant} /> : tenant}</dd></>}
        </dl>
        {who.cookie
          ? <button type="button" className="login-button" onClick={() => void logOut()}>Log out</button>
          : <p className="login-note">You have logged in at a proxy in front of this server, and log out there.</p>}
      </div>
    </>
  )
}

function TenantChoice({ tenants, tenant }: { tenants: readonly string[]; tenant: string | null }) {
  return (
    <select aria-label="Tenant" value={tenant ?? ''} onChange={(event) => chooseTenant(event.target.value)}>
      {tenants.map((name) => <option key={name}>{name}</option>)}
    </select>
  )
}
