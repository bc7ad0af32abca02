import { type ReactNode, useSyncExternalStore } from 'react'
import { chooseTenant, login, logOut, type Person } from './login.ts'
import { LoginForm } from './LoginForm.tsx'
import './login.css'

/** Shows what needs a login to those who have one. The rest is made again for another person or tenant. */
export function LoginGate({ children }: { children: ReactNode }) {
  const now = useSyncExternalStore(login.subscribe, login.get)
  switch (now.phase) {
    case 'open':
      return children
    case 'asking':
      return <main className="login"><p className="login-asking">Waiting for the server to say who is logged in…</p></main>
    case 'out':
      return <Card title="Log in to bosgraph"><LoginForm provider={now.provider} message={now.message} /></Card>
    case 'in':
      if (!now.who.reads) return <NoRights who={now.who} />
      if (now.who.limited && now.tenant === null) return <Tenants who={now.who} />
      return <Of key={JSON.stringify([now.who.name, now.who.roles, now.who.tenants, now.tenant])}>{children}</Of>
  }
}

/** What belongs to one person and tenant: with another key, nothing of it is left. */
function Of({ children }: { children: ReactNode }) {
  return children
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="login">
      <div className="login-card">
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}

function NoRights({ who }: { who: Person }) {
  return (
    <Card title="Nothing to see yet">
      <p role="alert">You are logged in as <b>{who.name}</b>, and have no role that may see sessions. Ask an administrator for one.</p>
      {who.cookie && <button type="button" className="login-button" onClick={() => void logOut()}>Log in as somebody else</button>}
    </Card>
  )
}

function Tenants({ who }: { who: Person }) {
  return (
    <Card title="Which tenant?">
      <p>You belong to several. You can change it later, beside your name.</p>
      <ul className="login-tenants">
        {who.tenants.map((tenant) => (
          <li key={tenant}><button type="button" className="login-button" onClick={() => chooseTenant(tenant)}>{tenant}</button></li>
        ))}
      </ul>
    </Card>
  )
}
