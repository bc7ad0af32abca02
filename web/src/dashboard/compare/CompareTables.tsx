import type { ReactNode } from 'react'
import { errorWords } from '../../machine/index.ts'
import type { Cabinet, Compared } from '../documents.ts'
import { duration, label, whole } from '../model/format.ts'
import { difference, pairs } from '../model/pairs.ts'
import { isCounted, share } from '../model/shares.ts'
import { CopyBoth } from './CopyBoth.tsx'

const MOST = 30

/** Counts, times, errors and cabinets of two sessions; the difference is of the first from the second. */
export function CompareTables({ a, b }: { a: Compared; b: Compared }) {
  return (
    <div className="compare-grid">
      <Counts a={a} b={b} />
      <Durations a={a} b={b} />
      <Errors a={a} b={b} />
      <Cabinets a={a} b={b} />
    </div>
  )
}

interface Both {
  readonly a: Compared
  readonly b: Compared
}

function Counts({ a, b }: Both) {
  const [x, y] = [a.status, b.status]
  const count = (name: string, of: (status: Compared['status']) => number) => <Line name={name} a={whole(of(x))} b={whole(of(y))} by={difference(of(x), of(y), whole)} />
  const percentage = (name: string, of: (status: Compared['status']) => [percent: number, count: number]) => <Line name={name} a={share(x, ...of(x))} b={share(y, ...of(y))} by="" />
  return (
    <Table title="Counts" first="">
      <Line name="Took" a={duration(x.timing.durationSeconds)} b={duration(y.timing.durationSeconds)} by={difference(x.timing.durationSeconds, y.timing.durationSeconds, duration)} />
      {count('Nodes', ({ managedComponentsCount }) => managedComponentsCount)}
      {percentage('Done', ({ phases, counts }) => [phases.percentComplete, counts.complete])}
      {isCounted(x) && isCounted(y) ? (
        <>
          {count('Successful', ({ counts }) => counts.successful)}
          {count('Failed', ({ counts }) => counts.failed)}
        </>
      ) : (
        <>
          {percentage('Successful', ({ percentSuccessful, counts }) => [percentSuccessful, counts.successful])}
          {percentage('Failed', ({ percentFailed, counts }) => [percentFailed, counts.failed])}
        </>
      )}
      {count('Error texts', ({ errorGroupCount }) => errorGroupCount)}
      <tr><th scope="row">Failed in both</th><td colSpan={3}><CopyBoth a={a} b={b} /></td></tr>
    </Table>
  )
}

function Durations({ a, b }: Both) {
  const rows = pairs(a.status.phaseDurations, b.status.phaseDurations, ({ phase }) => phase)
  return (
    <Table title="Time in each phase" first="Median, and 95 % within">
      {rows.map(({ key, a, b }) => (
        <Line key={key} name={key === 'NONE' ? 'Waiting' : label(key)} a={a && within(a)} b={b && within(b)} by={a && b ? difference(a.medianSeconds, b.medianSeconds, duration) : ''} />
      ))}
    </Table>
  )
}

function within({ medianSeconds, p95Seconds }: { medianSeconds: number; p95Seconds: number }): string {
  return `${duration(medianSeconds)}, ${duration(p95Seconds)}`
}

function Errors({ a, b }: Both) {
  const rows = pairs(a.status.errorPatterns, b.status.errorPatterns, ({ pattern }) => pattern)
  return (
    <Table title="Errors" first="Nodes with the error" none="Neither has an error.">
      {rows.map(({ key, a, b }) => (
        <Line key={key} name={<span className="cut" title={key}>{errorWords(key)}</span>} a={a && whole(a.count)} b={b && whole(b.count)} by={difference(a?.count ?? 0, b?.count ?? 0, whole)} />
      ))}
    </Table>
  )
}

/** Those with failures first, as most are alike. */
function Cabinets({ a, b }: Both) {
  const rows = pairs(a.status.byCabinet, b.status.byCabinet, ({ cabinet }) => cabinet)
    .toSorted((x, y) => failures(y) - failures(x)).slice(0, MOST)
  return (
    <Table title="Cabinets" first="Failed, of nodes">
      {rows.map(({ key, a, b }) => (
        <Line key={key} name={<code>{key}</code>} a={a && ofNodes(a)} b={b && ofNodes(b)} by={difference(a?.counts.failed ?? 0, b?.counts.failed ?? 0, whole)} />
      ))}
    </Table>
  )
}

function failures({ a, b }: { a: Cabinet | null; b: Cabinet | null }): number {
  return (a?.counts.failed ?? 0) + (b?.counts.failed ?? 0)
}

function ofNodes({ counts }: Cabinet): string {
  return `${whole(counts.failed)} of ${whole(counts.managed)}`
}

function Table({ title, first, none = 'Nothing was recorded.', children }: { title: string; first: string; none?: string; children: ReactNode }) {
  const empty = Array.isArray(children) && children.length === 0
  return (
    <section className="card" aria-labelledby={`compare-${title}`}>
      <div className="card-head"><h2 id={`compare-${title}`}>{title}</h2><span className="muted">{first}</span></div>
      {empty ? <p className="card-empty">{none}</p> : (
        <div className="scroller" tabIndex={0} role="region" aria-label={`${title} of both`}>
          <table className="table">
            <thead><tr><td /><th scope="col" className="number">This one</th><th scope="col" className="number">The other</th><th scope="col" className="number">Difference</th></tr></thead>
            <tbody>{children}</tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Line({ name, a, b, by }: { name: ReactNode; a: string | null; b: string | null; by: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="number">{a ?? <None />}</td>
      <td className="number">{b ?? <None />}</td>
      <td className="number strong">{by}</td>
    </tr>
  )
}

function None() {
  return <span className="muted"><span aria-hidden="true">–</span><span className="visually-hidden">none</span></span>
}
