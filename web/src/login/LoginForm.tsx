import { type FormEvent, useEffect, useId, useState } from 'react'
import { logInAtProvider, logInByToken } from './login.ts'

/** Asks for a login: at the identity provider, or by a token. */
export function LoginForm({ provider, message }: { provider: boolean; message: string }) {
  const id = useId()
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  // Who comes back from the provider by the browser's Back may get the page as it was left: with its buttons disabled.
  useEffect(() => {
    const back = (event: PageTransitionEvent) => event.persisted && setBusy(false)
    window.addEventListener('pageshow', back)
    return () => window.removeEventListener('pageshow', back)
  }, [])
  const attempt = async (logIn: () => Promise<string>) => {
    setBusy(true)
    setProblem('')
    const wrong = await logIn()
    setProblem(wrong)
    if (wrong !== '') setBusy(false) // else the page is left, or shows something else
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void attempt(() => logInByToken(token))
  }
  const said = problem || message
  return (
    <>
      <p role={said === '' ? undefined : 'alert'} className="login-message" hidden={said === ''}>{said}</p>
      {provider && (
        <>
          <button type="button" className="login-button login-main" disabled={busy} onClick={() => void attempt(logInAtProvider)}>
            Log in at the identity provider
          </button>
          <p className="login-or"><span>or</span></p>
        </>
      )}
      <form onSubmit={submit}>
        <label htmlFor={id}>Access token</label>
        <input id={id} type="password" autoComplete="current-password" spellCheck={false} required value={token} aria-describedby={`${id}-note`}
          aria-invalid={problem !== ''} onChange={(event) => setToken(event.target.value)} />
        <p id={`${id}-note`} className="login-note">The server checks it. Your browser keeps it sealed, where scripts cannot read it.</p>
        <button type="submit" className={provider ? 'login-button' : 'login-button login-main'} disabled={busy}>Log in</button>
      </form>
    </>
  )
}
