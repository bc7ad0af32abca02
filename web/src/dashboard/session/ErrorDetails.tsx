import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { cabinetOf, type ComponentStore, errorWords } from '../../machine/index.ts'
import { useAsk } from '../context.tsx'
import { ERROR_PATTERN, type ErrorPattern, PATTERN_TEXTS, type SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import type { Light } from './light.ts'
import type { MachineData } from './useMachine.ts'
import type { Which } from './useSession.ts'

const EVERY = 10_000
const SHOWN = 100
const VARIANTS = 10

interface DetailsProps {
  readonly which: Which
  readonly status: SessionStatus
  readonly one: ErrorPattern
  /** Its place among the patterns. */
  readonly at: number
  readonly machine: MachineData
  readonly onSelect: (id: string) => void
  readonly onLight: (light: Light | null) => void
}

/** How many messages of each may be read with so many patterns, for what a request may cost at most by default. */
const messagesWith = (patterns: number) => Math.min(1000, Math.floor(80_000 / (8 * patterns)))

/** An error pattern that is open: where its components are, which they are, and its variants. While it is open they are lit on the machine. */
export function ErrorDetails({ which, status, one, at, machine, onSelect, onLight }: DetailsProps) {
  const { name, tenant, started } = which
  const { data, problem } = useAsk(ERROR_PATTERN, { name, tenant, started, patterns: at + 1, messages: messagesWith(at + 1) }, status.fromSnapshot ? 0 : EVERY)
  const found = data?.session?.status.errorPatterns.find(({ pattern }) => pattern === one.pattern)
  const texts = useTexts(found?.messages.map(({ message }) => message) ?? [])
  // The texts that are not known may be in this pattern, too.
  const partial = status.errorGroupCount > PATTERN_TEXTS || (found !== undefined && found.messages.length < one.variants)
  const { store } = machine
  // Not by their number: nodes swap, one gets the error while another loses it.
  const counts = useSyncExternalStore(store.subscribe, store.counts)
  const ids = useMemo(() => withError(store, texts), [store, texts, counts])
  useEffect(() => {
    if (texts.size === 0) return
    onLight({ name: `this error${partial ? ', incomplete' : ''}`, holds: ({ error }) => texts.has(error) })
    return () => onLight(null)
  }, [texts, partial, onLight])
  return (
    <div className="affected">
      {found === undefined ? <p className="muted">{problem?.message ?? 'Reading…'}</p> : (
        <>
          <p className="affected-cabinets">
            {[...byCabinet(ids)].map(([cabinet, count]) => (
              <button key={cabinet} type="button" className="chip" title={`Light ${cabinet} on the machine`} onClick={() => onLight({ name: `this error in ${cabinet}${partial ? ', incomplete' : ''}`, holds: (cell) => texts.has(cell.error) && cabinetOf(cell.id) === cabinet })}>
                {cabinet} <b>{whole(count)}</b>
              </button>
            ))}
          </p>
          <Affected one={one} ids={ids} partial={partial} loading={machine.loading !== null} onSelect={onSelect} />
          {found.messages.length > 1 && <Variants messages={found.messages} all={one.variants} />}
        </>
      )}
    </div>
  )
}

/** The texts as a set that stays the same object while they are the same. */
function useTexts(messages: readonly string[]): ReadonlySet<string> {
  const key = messages.join('\0')
  return useMemo(() => new Set(messages), [key])
}

function Affected({ one, ids, partial, loading, onSelect }: { one: ErrorPattern; ids: readonly string[]; partial: boolean; loading: boolean; onSelect: (id: string) => void }) {
  const [shown, setShown] = useState(SHOWN)
  if (ids.length === 0) return <p className="muted">{loading ? 'Reading…' : one.list}</p>
  return (
    <>
      <ul aria-label="Affected components">
        {ids.slice(0, shown).map((id) => <li key={id}><button type="button" className="xname" onClick={() => onSelect(id)}>{id}</button></li>)}
      </ul>
      <p className="affected-foot">
        {ids.length > shown && <button type="button" className="button" onClick={() => setShown(shown + SHOWN)}>Show more</button>}
        <span className="muted">{whole(Math.min(shown, ids.length))} of {whole(one.count)}</span>
        <CopyButton text={ids.join(',')} label={`Copy these ${partial ? `${several(ids.length, 'xname')}, more may have this error` : 'xnames'}, comma-separated, as --limit takes them`}>xnames</CopyButton>
        <CopyButton text={one.pattern} label="Copy the error's text">text</CopyButton>
      </p>
      {partial && <p className="muted">Incomplete: more nodes may have this error. Only the most frequent error texts are looked at.</p>}
    </>
  )
}

/** The components that have one of the texts as their error, ascending. */
function withError(store: ComponentStore, texts: ReadonlySet<string>): string[] {
  const ids: string[] = []
  for (let i = 0; i < store.capacity; i++) {
    const cell = store.at(i)
    if (cell !== undefined && texts.has(cell.error)) ids.push(cell.id)
  }
  return ids.sort()
}

/** How many of these are in each cabinet, ascending as they are. */
function byCabinet(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) {
    const cabinet = cabinetOf(id)
    counts.set(cabinet, (counts.get(cabinet) ?? 0) + 1)
  }
  return counts
}

function Variants({ messages, all }: { messages: readonly { message: string; count: number }[]; all: number }) {
  return (
    <details className="variants">
      <summary>{several(all, 'variant')}</summary>
      <ol>
        {messages.slice(0, VARIANTS).map(({ message, count }) => <li key={message}><b>{whole(count)}</b> <span>{errorWords(message)}</span></li>)}
      </ol>
      {all > VARIANTS && <p className="muted">The {VARIANTS} most frequent of {whole(all)}.</p>}
    </details>
  )
}
