import { type ReactNode, useEffect, useId, useMemo, useState } from 'react'
import type { SessionRow } from '../documents.ts'
import { type Filters, isFiltered, NO_FILTERS, OPERATIONS, STATES } from '../model/filters.ts'
import { label } from '../model/format.ts'
import { useGo } from '../place.tsx'
import { Icon } from '../shell/Icon.tsx'

const ANY = '*'

/** Chooses which sessions are shown; the address follows, so that it can be passed on. */
export function FilterForm({ filters, rows }: { filters: Filters; rows: readonly SessionRow[] }) {
  const go = useGo()
  const set = (change: Partial<Filters>) => go({ view: 'sessions', filters: { ...filters, ...change } }, true)
  const templates = useKnown(rows.map((row) => row.templateName), filters.template)
  const tenants = useKnown(rows.flatMap((row) => row.tenant ?? []), filters.tenant ?? '')
  return (
    <form className="filters" role="search" aria-label="Sessions" onSubmit={(event) => event.preventDefault()}>
      <Text value={filters.text} onChange={(text) => set({ text })} />
      <Segments label="State" value={filters.state} values={STATES} onChange={(state) => set({ state })} />
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
      {isFiltered(filters) && <button type="button" className="tool" onClick={() => set(NO_FILTERS)}><Icon name="close" /><span>Clear</span></button>}
    </form>
  )
}

/** Values seen so far: what filters choose from must not vanish because of the filter. */
function useKnown(values: string[], chosen: string): string[] {
  const [known] = useState(() => new Set<string>())
  const key = values.join('\n')
  return useMemo(() => {
    for (const value of [...values, chosen]) if (value !== '') known.add(value)
    return [...known].sort()
  }, [known, key, chosen])
}

function Text({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const id = useId()
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), 200)
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
      <select aria-label={name} value={value} data-chosen={value !== ANY || undefined} onChange={(event) => onChange(event.target.value)}>{children}</select>
    </div>
  )
}
