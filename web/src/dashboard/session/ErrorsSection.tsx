import { useEffect, useState } from 'react'
import { errorWords } from '../../machine/index.ts'
import { useApp } from '../context.tsx'
import { ERROR_PATTERNS, type ErrorPattern, PATTERN_TEXTS, PATTERNS, type Progress, type SessionStatus } from '../documents.ts'
import { ask, type Refusal } from '../live/api.ts'
import { several, whole } from '../model/format.ts'
import { digest } from '../model/route.ts'
import { Icon } from '../shell/Icon.tsx'
import { ErrorDetails } from './ErrorDetails.tsx'
import type { Light } from './light.ts'
import type { MachineData } from './useMachine.ts'
import type { Which } from './useSession.ts'

const MORE = 100
const MOST = 1000

export interface ErrorsProps {
  readonly which: Which
  readonly status: SessionStatus
  readonly progress: Progress | null
  readonly machine: MachineData
  /** The pattern that is open, by the digest of its text. */
  readonly open: string | null
  readonly onOpen: (digest: string | null) => void
  readonly onSelect: (id: string) => void
  readonly onLight: (light: Light | null) => void
}

/** The errors by pattern, most components first. One that is open is lit on the machine. */
export function ErrorsSection({ progress, open, onOpen, ...props }: ErrorsProps) {
  const { errorGroupCount, managedComponentsCount } = props.status
  const [patterns, more, problem] = usePatterns(props.which, progress)
  const all = progress?.status.counted ?? []
  const affected = all.reduce((n, { count }) => n + count, 0)
  return (
    <section className="card" aria-labelledby="errors-title">
      <div className="card-head">
        <h2 id="errors-title">Errors</h2>
        {all.length > 0 && (
          <span className="muted">
            {errorGroupCount > PATTERN_TEXTS ? `the ${whole(PATTERN_TEXTS)} most frequent of ${whole(errorGroupCount)} error texts, on at least ${several(affected, 'node')}` : `${several(all.length, 'distinct error')} on ${several(affected, 'node')}`}
          </span>
        )}
      </div>
      {managedComponentsCount === 0 ? <p className="card-empty">The session has no components.</p>
        : errorGroupCount === 0 ? <p className="card-empty card-good"><Icon name="successful" />No component has an error.</p>
        : patterns.length === 0 ? <p className="card-empty">Reading…</p> : (
          <ol className="errors">
            {patterns.map((one, at) => {
              const id = digest(one.pattern)
              return <Pattern key={one.pattern} one={one} at={at} open={id === open} onToggle={() => onOpen(id === open ? null : id)} {...props} />
            })}
          </ol>
        )}
      {patterns.length > 0 && patterns.length < all.length && (
        <p className="more"><button type="button" className="button" onClick={more}>Show more</button><span className="muted">{whole(patterns.length)} of {whole(all.length)}</span>{problem !== '' && <span role="alert">{problem}</span>}</p>
      )}
    </section>
  )
}

/** The patterns that came with the progress, and more if somebody wants them; why these could not be read. */
function usePatterns({ name, tenant, started }: Which, progress: Progress | null): [readonly ErrorPattern[], () => void, string] {
  const { api } = useApp()
  const [read, setRead] = useState<readonly ErrorPattern[]>([])
  const [wanted, setWanted] = useState(0)
  const [problem, setProblem] = useState('')
  const first = progress?.status.errorPatterns ?? []
  const all = progress?.status.counted.length ?? 0
  useEffect(() => {
    if (wanted === 0) return
    let current = true
    ask(api, ERROR_PATTERNS, { name, tenant, started, first: wanted }).then(
      ({ session }) => current && setRead(session?.status.errorPatterns ?? []),
      (error: Refusal) => {
        if (!current) return
        setProblem(error.message)
        setWanted(0) // so that the next click asks again
      },
    )
    return () => {
      current = false
    }
  }, [api, name, tenant, started, wanted, all])
  const newest = new Set(first.map(({ pattern }) => pattern)) // their order may have changed since the others were read
  const patterns = read.length > PATTERNS ? [...first, ...read.filter(({ pattern }) => !newest.has(pattern))] : first
  const more = () => {
    setProblem('')
    setWanted(Math.min(MOST, patterns.length + MORE))
  }
  return [patterns, more, problem]
}

type PatternProps = Omit<ErrorsProps, 'progress' | 'open' | 'onOpen'> & { readonly one: ErrorPattern; readonly at: number; readonly open: boolean; readonly onToggle: () => void }

function Pattern({ open, onToggle, ...props }: PatternProps) {
  const { pattern, count, variants, failedBefore } = props.one
  return (
    <li className="error" data-open={open || undefined}>
      <button type="button" className="error-head" aria-expanded={open} onClick={onToggle}>
        <Icon name="next" />
        <span className="error-count">{whole(count)}</span>
        <span>
          <span className="error-text">{errorWords(pattern)}</span>
          {(variants > 1 || failedBefore > 0) && (
            <span className="error-sub muted">
              {variants > 1 && <span>{several(variants, 'variant')}</span>}
              {failedBefore > 0 && <span><b>{whole(failedBefore)}</b> failed in the session before, too</span>}
            </span>
          )}
        </span>
      </button>
      {open && <ErrorDetails {...props} />}
    </li>
  )
}
