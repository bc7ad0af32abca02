/** What the view knows of a component: the fields of a GraphQL `Component`, flat. */
export interface Cell {
  /** The xname; any other id is drawn, too. */
  readonly id: string
  readonly enabled: boolean
  /** A ComponentPhase, such as POWERING_ON. */
  readonly phase: string
  /** A ComponentStatusLabel, such as STABLE. */
  readonly status: string
  /** The status as BOS spells it. */
  readonly rawStatus: string
  readonly statusOverride: string
  /** Empty for none; up to 65,536 characters. */
  readonly error: string
  /** The session has it only staged, and its status belongs to another session. */
  readonly staged?: boolean
}

/** What a cell can be drawn as, in the order of the legend. */
export const STATES = [
  'successful',
  'failed',
  'configuring',
  'poweringOn',
  'poweringOff',
  'onHold',
  'staged',
  'disabled',
  'other',
] as const

export type State = (typeof STATES)[number]

export type Counts = Readonly<Record<State, number>>

export const STATE_LABELS: Readonly<Record<State, string>> = {
  successful: 'Successful',
  failed: 'Failed',
  configuring: 'Configuring',
  poweringOn: 'Powering on',
  poweringOff: 'Powering off',
  onHold: 'On hold',
  staged: 'Staged',
  disabled: 'Disabled',
  other: 'Other',
}

const PHASES: Readonly<Record<string, State>> = {
  POWERING_ON: 'poweringOn',
  POWERING_OFF: 'poweringOff',
  CONFIGURING: 'configuring',
}

/**
 * The one state that a cell is drawn as. BOS's percentages overlap (a component
 * that failed in a phase counts as failed and in the phase); a colour can't, so the
 * outcome goes before the phase.
 */
export function stateOf(cell: Cell): State {
  if (cell.staged) return 'staged'
  switch (cell.status) {
    case 'FAILED':
      return 'failed'
    case 'STABLE': // also when disabled: BOS disables what it has finished
      return 'successful'
    case 'ON_HOLD':
      return 'onHold'
  }
  if (!cell.enabled) return 'disabled'
  return PHASES[cell.phase] ?? 'other'
}

/** An error in words: blanks are an error, too, and cannot be seen. Empty for none. */
export function errorWords(error: string): string {
  return error !== '' && error.trim() === '' ? '(blank error text)' : error
}

/** Whether two cells say the same. */
export function equal(a: Cell, b: Cell): boolean {
  return (
    a.id === b.id &&
    a.enabled === b.enabled &&
    a.phase === b.phase &&
    a.status === b.status &&
    a.rawStatus === b.rawStatus &&
    a.statusOverride === b.statusOverride &&
    a.error === b.error &&
    Boolean(a.staged) === Boolean(b.staged)
  )
}
