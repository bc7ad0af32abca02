// The list of sessions: newest first, without gaps.

export interface Listed {
  readonly id: string
  readonly name: string
  readonly tenant: string | null
  readonly status: { readonly revision: number; readonly epoch: string; readonly timing: { readonly startTime: string } }
}

export interface SessionList<R extends Listed> {
  readonly rows: readonly R[]
  /** How many there are in all; null: not known. */
  readonly total: number | null
  /** The cursor of the last row that was read, if there are more behind it. */
  readonly more: string | null
}

export interface SessionPage<R> {
  readonly rows: readonly R[]
  readonly total: number | null
  readonly more: string | null
}

/** The list after its start has been read again: what is not in the page was removed. */
export function restart<R extends Listed>(page: SessionPage<R>): SessionList<R> {
  return { rows: unique(page.rows), total: page.total, more: page.more }
}

/** The list with its next page. */
export function extend<R extends Listed>(list: SessionList<R>, page: SessionPage<R>): SessionList<R> {
  return { rows: unique([...list.rows, ...page.rows]), total: page.total, more: page.more }
}

/** The list with a session as it is now. One that belongs behind the pages read so far is left out. */
export function put<R extends Listed>(list: SessionList<R>, row: R): SessionList<R> {
  const at = list.rows.findIndex((r) => r.id === row.id)
  if (at >= 0) {
    if (older(row, list.rows[at]!)) return list
    return { ...list, rows: list.rows.with(at, row) }
  }
  const before = list.rows.findIndex((r) => start(r) < start(row))
  if (before < 0 && list.more !== null) return list // counted already: new sessions come first
  const total = list.total === null ? null : list.total + 1
  return { ...list, total, rows: list.rows.toSpliced(before < 0 ? list.rows.length : before, 0, row) }
}

/** The list without a session. One that is not in the list was in a page that has not been read, if there is any. */
export function drop<R extends Listed>(list: SessionList<R>, id: string): SessionList<R> {
  if (list.more === null && !list.rows.some((r) => r.id === id)) return list
  const total = list.total === null ? null : Math.max(0, list.total - 1)
  return { ...list, total, rows: list.rows.filter((r) => r.id !== id) }
}

/** The rows whose name leads elsewhere, as a newer session has it: only the start time distinguishes them. */
export function hidden<R extends Listed>(rows: readonly R[]): Set<R> {
  const taken = new Set<string>()
  return new Set(rows.filter(({ name, tenant }) => {
    const key = `${tenant ?? ''} ${name}`
    return taken.has(key) || !taken.add(key)
  }))
}

function older(a: Listed, b: Listed): boolean {
  return a.status.epoch === b.status.epoch && a.status.revision < b.status.revision
}

function start(row: Listed): number {
  return Date.parse(row.status.timing.startTime)
}

function unique<R extends Listed>(rows: readonly R[]): R[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}
