import type { Cell } from '../cell'

// Cabinets as bosgraph's simulator fills them: 8 chassis of 8 slots of 2 boards of 2
// nodes, and racks of 21 servers of 2 nodes.

/** The ids of n components, the liquid-cooled ones first. */
export function xnames(n: number): string[] {
  const airCooled = Math.min(Math.floor(n / 25), 8 * 42)
  const ids: string[] = []
  for (let i = 0; i < n - airCooled; i++) {
    const [cabinet, r] = [Math.floor(i / 256), i % 256]
    ids.push(`x${1000 + cabinet}c${r >> 5}s${(r >> 2) & 7}b${(r >> 1) & 1}n${r & 1}`)
  }
  for (let i = 0; i < airCooled; i++) {
    const [cabinet, r] = [Math.floor(i / 42), i % 42]
    ids.push(`x${3000 + cabinet}c0s${1 + (r >> 1) * 2}b0n${r & 1}`)
  }
  return ids
}

const blank = { enabled: true, phase: 'NONE', statusOverride: '', error: '' }

const LIVES: readonly Omit<Cell, 'id'>[] = [
  { ...blank, phase: 'POWERING_OFF', status: 'POWER_OFF_PENDING', rawStatus: 'power_off_pending' },
  { ...blank, phase: 'POWERING_ON', status: 'POWER_ON_CALLED', rawStatus: 'power_on_called' },
  { ...blank, phase: 'CONFIGURING', status: 'CONFIGURING', rawStatus: 'configuring' },
  { ...blank, enabled: false, status: 'STABLE', rawStatus: 'stable' },
]

const ODD: readonly Omit<Cell, 'id'>[] = [
  {
    ...blank,
    enabled: false,
    status: 'FAILED',
    rawStatus: 'failed',
    statusOverride: 'failed',
    error: 'PowerControlException: unable to reach the Redfish endpoint of the node’s BMC',
  },
  { ...blank, phase: 'CONFIGURING', status: 'ON_HOLD', rawStatus: 'on_hold', statusOverride: 'on_hold' },
  { ...blank, enabled: false, phase: 'CONFIGURING', status: 'CONFIGURING', rawStatus: 'configuring' },
  { ...blank, status: 'OTHER', rawStatus: 'quarantined', statusOverride: 'quarantined' },
]

/** A component somewhere in its boot; `progress` is how far most are, 0 to 1. Random. */
export function cell(id: string, progress: number): Cell {
  if (Math.random() < 0.012) return { id, ...ODD[Math.floor(Math.random() ** 2 * ODD.length)]! }
  const at = Math.floor((progress + (Math.random() + Math.random() - 1) * 0.35) * LIVES.length)
  return { id, ...LIVES[Math.max(0, Math.min(LIVES.length - 1, at))]! }
}
