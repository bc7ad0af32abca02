/** Where a node is in the machine. */
export interface Address {
  readonly cabinet: number
  readonly chassis: number
  readonly slot: number
  readonly board: number
  readonly node: number
}

// Without leading zeros, which would give one place two names, and short enough to
// be exact.
const NUMBER = '(0|[1-9]\\d{0,5})'
const NODE = new RegExp(`^x${NUMBER}c${NUMBER}s${NUMBER}b${NUMBER}n${NUMBER}$`)

/** The address that a node's xname gives, null for any other id. */
export function parseXname(id: string): Address | null {
  const match = NODE.exec(id)
  if (!match) return null
  return {
    cabinet: Number(match[1]),
    chassis: Number(match[2]),
    slot: Number(match[3]),
    board: Number(match[4]),
    node: Number(match[5]),
  }
}

/** The cabinet of an id, as the API names it: x3000, or other for an id that is no node's xname. */
export function cabinetOf(id: string): string {
  const match = NODE.exec(id)
  return match ? `x${match[1]}` : 'other'
}
