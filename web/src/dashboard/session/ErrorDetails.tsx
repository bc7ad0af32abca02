import { useEffect, useMemo, useState } from 'react'
import type { ComponentStore } from '../../machine/index.ts'
import { useAsk } from '../context.tsx'
import { ERROR_PATTERN, type ErrorPattern, type SessionStatus } from '../documents.ts'
import { several, whole } from '../model/format.ts'
import { CopyButton } from '../shell/CopyButton.tsx'
import { cabinetLight, type Light } from './light.ts'
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

/** An error pattern that is open: where its components are, which they are, and its variants. While it is open they are lit on the machine. */
export function ErrorDetails({ which, status, one, at, machine, onSelect, onLight }: DetailsProps) {
  const { name, tenant, started } = which
  const { data, problem } = useAsk(ERROR_PATTERN, { name, tenant, started, patterns: at + 1 }, status.fromSnapshot ? 0 : EVERY)
  const found = data?.session?.status.errorPatterns.find(({ pattern }) => pattern === one.pattern)
  const texts = useTexts(found?.messages.map(({ message }) => message) ?? [])
  useEffect(() => {
    if (texts.size === 0) return
    onLight({ name: 'this error', holds: ({ error }) => texts.has(error) })
    return () => onLight(null)
  }, [texts, onLight])
  return (
    <div className="affected">
      {found === undefined ? <p className="muted">{problem?.message ?? 'Reading…'}</p> : (
        <>
          <p className="affected-cabinets">
            {found.byCabinet.map(({ cabinet, count }) => (
              <button key={cabinet} type="button" className="chip" title={`Light ${cabinet} on the machine`} onClick={() => onLight({ ...cabinetLight(cabinet), holds: (cell) => texts.has(cell.error) && cabinetLight(cabinet).holds(cell) })}>
                {cabinet} <b>{whole(count)}</b>
              </button>
            ))}
          </p>
          <Affected one={one} texts={texts} machine={machine} onSelect={onSelect} />
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

function Affected({ one, texts, machine, onSelect }: { one: ErrorPattern; texts: ReadonlySet<string>; machine: MachineData; onSelect: (id: string) => void }) {
  const [shown, setShown] = useState(SHOWN)
  const { store, loading, size } = machine
  const ids = useMemo(() => withError(store, texts), [store, texts, one.count, size, loading === null])
  if (ids.length === 0) return <p className="muted">{loading !== null ? 'Reading…' : one.list}</p>
  return (
    <>
      <ul aria-label="Affected components">
        {ids.slice(0, shown).map((id) => <li key={id}><button type="button" className="xname" onClick={() => onSelect(id)}>{id}</button></li>)}
      </ul>
      <p className="affected-foot">
        {ids.length > shown && <button type="button" className="button" onClick={() => setShown(shown + SHOWN)}>Show more</button>}
        <span className="muted">{whole(Math.min(shown, ids.length))} of {whole(one.count)}</span>
        <CopyButton text={ids.join(',')} label="Copy these xnames, comma-separated, as --limit takes them">xnames</CopyButton>
        <CopyButton text={one.pattern} label="Copy the error's text">text</CopyButton>
      </p>
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

function Variants({ messages, all }: { messages: readonly { message: string; count: number }[]; all: number }) {
  return (
    <details className="variants">
      <summary>{several(all, 'variant')}</summary>
      <ol>
        {messages.slice(0, VARIANTS).map(({ message, count }) => <li key={message}><b>{whole(count)}</b> <span>{message}</span></li>)}
      </ol>
      {all > VARIANTS && <p className="muted">The {VARIANTS} most frequent of {whole(all)}.</p>}
    </details>
  )
}
