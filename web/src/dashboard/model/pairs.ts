// Two lists beside each other.

export interface Pair<T> {
  readonly key: string
  readonly a: T | null
  readonly b: T | null
}

/** What belongs together in two lists, in the order of the first; what only the second has comes last. */
export function pairs<T>(a: readonly T[], b: readonly T[], key: (one: T) => string): Pair<T>[] {
  const others = new Map(b.map((one) => [key(one), one]))
  const both = a.map((one) => ({ key: key(one), a: one, b: others.get(key(one)) ?? null }))
  const known = new Set(both.map((pair) => pair.key))
  return [...both, ...b.filter((one) => !known.has(key(one))).map((one) => ({ key: key(one), a: null, b: one }))]
}

/** By how much the first differs: "+3", "−2", and nothing where they are the same. */
export function difference(a: number, b: number, write: (n: number) => string = String): string {
  const text = write(Math.abs(a - b))
  return a === b || text === write(0) ? '' : `${a > b ? '+' : '−'}${text}`
}
