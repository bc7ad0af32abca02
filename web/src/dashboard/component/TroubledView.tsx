import { useCallback, useId } from 'react'
import { errorWords } from '../../machine/index.ts'
import { useAsk } from '../context.tsx'
import { NAMES, TROUBLED as QUERY } from '../documents.ts'
import { NO_FILTERS } from '../model/filters.ts'
import { moment, several, whole } from '../model/format.ts'
import { type Since, SINCES } from '../model/route.ts'
import { Link, useGo } from '../place.tsx'
import { CopyButton } from '../shell/CopyButton.tsx'
import { Icon } from '../shell/Icon.tsx'
import { useTitle } from '../shell/useTitle.ts'

const EVERY = 30_000
const MOST = 100
const DAY = 86_400_000

const WORDS: Record<Since, string> = { 1: '1 day', 7: '7 days', 30: '30 days', all: 'All' }

/** The components that failed most. */
export function TroubledView({ since, template }: { since: Since; template: string }) {
  useTitle('Troubled nodes')
  const which = useCallback(() => {
    const from = since === 'all' ? null : new Date(Date.now() - Number(since) * DAY).toISOString()
    return { first: MOST, since: from, template: template || null }
  }, [since, template])
  const { data, problem } = useAsk(QUERY, which, EVERY)
  const all = data?.troubledComponents
  return (
    <div className="troubled">
      <nav aria-label="Where you are" className="crumbs"><Link to={{ view: 'sessions', filters: NO_FILTERS }}>Sessions</Link><Icon name="next" /></nav>
      <h1>Troubled nodes</h1>
      <Choice since={since} template={template} />
      {problem !== null && <p className="notice" role="alert">{problem.message}</p>}
      {all === undefined ? problem === null && <p className="loading">Reading the nodes that failed…</p> : all.length === 0 ? (
        <section className="empty"><h2>No node has failed</h2><p>{since === 'all' ? 'Nothing is known of failures' : `Within ${WORDS[since]}`}{template !== '' && <> in sessions of <code>{template}</code></>}.</p></section>
      ) : (
        <>
          <p className="troubled-sum">
            {all.length === MOST ? `The ${MOST} nodes that failed most` : `${several(all.length, 'node')} failed`}{' '}
            <CopyButton text={all.map(({ id }) => id).join(',')} label="Copy these xnames, comma-separated">xnames</CopyButton>
          </p>
          <div className="scroller" tabIndex={0} role="region" aria-label="Nodes that failed, most failures first">
            <table className="table">
              <thead><tr><th scope="col">Node</th><th scope="col" className="number">Failures</th><th scope="col" className="number">Sessions</th><th scope="col" className="wide">Last error</th><th scope="col" className="number">Last failure</th></tr></thead>
              <tbody>
                {all.map((one) => (
                  <tr key={one.id}>
                    <th scope="row"><Link to={{ view: 'component', id: one.id, tenant: null }}><code>{one.id}</code></Link></th>
                    <td className="number"><b className="bad">{whole(one.failures)}</b></td>
                    <td className="number">{whole(one.sessions)}</td>
                    <td className="wide">{one.lastError === '' ? <span className="muted">none</span> : <span className="cut" title={one.lastError}>{errorWords(one.lastError)}</span>}</td>
                    <td className="number"><time dateTime={one.lastFailure} title={one.lastFailure}>{moment(new Date(one.lastFailure), new Date())}</time></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  )
}

function Choice({ since, template }: { since: Since; template: string }) {
  const go = useGo()
  const group = useId()
  const { data } = useAsk(NAMES, {})
  const templates = [...new Set([...(data?.templates ?? []), ...(template === '' ? [] : [template])])].sort()
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <fieldset className="segments">
        <legend className="visually-hidden">Within the last</legend>
        {SINCES.map((one) => (
          <label key={one}>
            <input type="radio" name={group} checked={one === since} onChange={() => go({ view: 'troubled', since: one, template }, true)} />
            <span>{WORDS[one]}</span>
          </label>
        ))}
      </fieldset>
      <div className="field">
        <select aria-label="Template" value={template} data-chosen={template !== '' || undefined} onChange={(event) => go({ view: 'troubled', since, template: event.target.value }, true)}>
          <option value="">Any template</option>
          {templates.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </div>
    </form>
  )
}
