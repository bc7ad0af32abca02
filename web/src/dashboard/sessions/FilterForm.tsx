import { type ReactNode, useEffect, useEffectEvent, useId, useState } from 'react'
import { useAsk } from '../context.tsx'
import { NAMES } from '../documents.ts'
import { type Filters, isFiltered, NO_FILTERS, OPERATIONS, ORDER_WORDS, ORDERS, STATES } from '../model/filters.ts'
import { label } from '../model/format.ts'
import { useGo } from '../place.tsx'
import { Icon } from '../shell/Icon.tsx'

const ANY = '*'
/** Templates and tenants are read again so often: a new one has sessions soon. */
const EVERY = 60_000

/** Chooses which sessions are shown; the address follows, so that it can be passed on. */
export function FilterForm({ filters }: { filters: Filters }) {
  const go = useGo()
  const [all, setAll] = useState(false)
  const [cleared, setCleared] = useState(0)
  const set = (change: Partial<Filters>) => go({ view: 'sessions', filters: { ...filters, ...change } }, true)
  const clear = () => {
    setCleared(cleared + 1)
    set(NO_FILTERS)
  }
  const { data } = useAsk(NAMES, {}, EVERY)
  const templates = withChosen(data?.templates, filters.template)
  const tenants = withChosen(data?.tenants, filters.tenant ?? '')
  return (
    <form className="filters" data-all={all || undefined} role="search" aria-label="Sessions" onSubmit={(event) => event.preventDefault()}>
      <Text key={cleared} value={filters.text} onChange={(text) => set({ text })} />
      <Segments label="State" value={filters.state} values={STATES} onChange={(state) => set({ state })} />
      <button type="button" className="button more-filters" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'Fewer filters' : 'More filters'}</button>
      <Select label="Operation" value={filters.operation ?? ANY} onChange={(value) => set({ operation: OPERATIONS.find((o) => o === value) ?? null })}>
        <option value={ANY}>Any operation</option>
        {OPERATIONS.map((operation) => <option key={operation} value={operation}>{label(operation)}</option>)}
      </Select>
      <Select label="Template" value={filters.template || ANY} onChange={(value) => set({ template: value === ANY ? '' : value })}>
        <option value={ANY}>Any template</option>
        {templates.map((template) => <option key={template} value={template}>{template}</option>)}
      </Select>
      <Select label="Tenant" value={filters.tenant ?? ANY} onChange={(value) => set({ tenant: value === ANY ? null : value })}>
        <option value={ANY}>Any tenant</option>
        <option value="">No tenant</option>
        {tenants.map((tenant) => <option key={tenant} value={tenant}>{tenant}</option>)}
      </Select>
      <label className="field check" data-chosen={filters.failures || undefined}>
        <input type="checkbox" checked={filters.failures} onChange={(event) => set({ failures: event.target.checked })} /> With failures
      </label>
      <span className="field days">
        <Day label="From" value={filters.from} onChange={(from) => set({ from })} />
        <Day label="to" value={filters.to} onChange={(to) => set({ to })} />
      </span>
      <Select label="Order" value={filters.order} onChange={(value) => set({ order: ORDERS.find((o) => o === value) ?? 'newest' })}>
        {ORDERS.map((order) => <option key={order} value={order}>{ORDER_WORDS[order]}</option>)}
      </Select>
      {isFiltered(filters) && <button type="button" className="tool" onClick={clear}><Icon name="close" /><span>Clear</span></button>}
    </form>
  )
}

/** What there is to choose from; what is chosen is among it, even if there are no such sessions. */
function withChosen(values: readonly string[] | undefined, chosen: string): string[] {
  return [...new Set([...(values ?? []), chosen])].filter((value) => value !== '').sort()
}

function Day({ label: name, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className="day" data-chosen={value !== '' || undefined}>
      {name} <input type="date" value={value} onChange={(event) => onChange(event.target.value)} />
    </label>
  )
}

function Text({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const id = useId()
  const [typed, setTyped] = useState(value)
  const change = useEffectEvent(onChange) // other filters may be chosen meanwhile
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => change(typed), 200)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <div className="field field-text">
      <label htmlFor={id} className="visually-hidden">Search names, templates, tenants, limits</label>
      <Icon name="search" />
      <input id={id} type="search" value={typed} placeholder="Name, template, limit or xname" autoComplete="off" spellCheck={false}
        onChange={(event) => setTyped(event.target.value)} />
    </div>
  )
}

function Segments<T extends string>({ label: name, value, values, onChange }: {
  label: string; value: T | null; values: readonly T[]; onChange: (value: T | null) => void
}) {
  const group = useId()
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">{name}</legend>
      {[null, ...values].map((v) => (
        <label key={v ?? ANY}>
          <input type="radio" name={group} checked={v === value} onChange={() => onChange(v)} />
          <span>{v === null ? 'All' : label(v)}</span>
        </label>
      ))}
    </fieldset>
  )
}

function Select({ label: name, value, onChange, children }: { label: string; value: string; onChange: (value: string) => void; children: ReactNode }) {
  return (
    <div className="field">
      <select aria-label={name} value={value} data-chosen={(value !== ANY && value !== 'newest') || undefined} onChange={(event) => onChange(event.target.value)}>{children}</select>
    </div>
  )
}
