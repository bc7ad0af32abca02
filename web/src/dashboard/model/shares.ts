// What a session's components are doing, as the parts of one bar.

import { percent, whole } from './format.ts'

/** The integers of a session's status that the bar is made of. */
export interface Counts {
  readonly managed: number
  readonly staged: number
  readonly successful: number
  readonly failed: number
  readonly complete: number
  readonly configuring: number
  readonly poweringOff: number
  readonly poweringOn: number
}

/** The parts, in the order of the bar: what is done, what is in progress, what waits. */
export const KINDS = ['successful', 'failed', 'configuring', 'poweringOn', 'poweringOff', 'waiting', 'staged'] as const
export type Kind = (typeof KINDS)[number]

export const KIND_LABELS: Record<Kind, string> = {
  successful: 'Successful',
  failed: 'Failed',
  configuring: 'Configuring',
  poweringOn: 'Powering on',
  poweringOff: 'Powering off',
  waiting: 'Waiting',
  staged: 'Staged',
}

export const KIND_MEANINGS: Record<Kind, string> = {
  successful: 'Nothing is left to do: status stable',
  failed: 'BOS has given up: status failed',
  configuring: 'Being configured',
  poweringOn: 'Being powered on',
  poweringOff: 'Being powered off',
  waiting: 'In none of these: on hold, disabled, or not yet begun',
  staged: 'Prepared for later',
}

/** How many components match. */
export function countOf(counts: Counts, kind: Kind): number {
  return kind === 'waiting' ? waiting(counts) : counts[kind]
}

export interface Share {
  readonly kind: Kind
  readonly count: number
  /** Part of the bar, 0 to 1; those of all shares add up to 1, or to 0 if nothing is managed. */
  readonly part: number
}

/**
 * The parts of the bar. A component can count in two kinds, as failed and in a phase; then
 * the parts are of the sum and not of what is managed, so that the bar is never overfull.
 */
export function shares(counts: Counts): Share[] {
  const total = Math.max(counts.managed, sum(counts))
  return KINDS.map((kind) => {
    const count = countOf(counts, kind)
    return { kind, count, part: total === 0 ? 0 : count / total }
  })
}

function sum(c: Counts): number {
  return c.successful + c.failed + c.configuring + c.poweringOn + c.poweringOff + c.staged
}

function waiting(counts: Counts): number {
  return Math.max(0, counts.managed - sum(counts))
}

/**
 * A part of all in percent, for kinds that the API gives no percentage of. The last
 * digit may differ from the API's, which rounds as Python does.
 */
export function part(count: number, of: number): number {
  return of === 0 ? 0 : Math.round((count / of) * 10_000) / 100
}

export interface Shared {
  readonly managedComponentsCount: number
  readonly percentSuccessful: number
  readonly percentFailed: number
  readonly counts: Counts
}

/**
 * Whether the percentages are of the counts. Those that BOS saved may not be: other sessions may have taken over
 * components before they were counted. The server rounds to two digits, and not always as a browser does.
 */
export function isCounted({ managedComponentsCount, percentSuccessful, percentFailed, counts }: Shared): boolean {
  const same = (percent: number, count: number) => Math.abs(percent - part(count, counts.managed)) < 0.015
  return managedComponentsCount === counts.managed && same(percentSuccessful, counts.successful) && same(percentFailed, counts.failed)
}

/** A percentage of a status, of so many components where they were counted. */
export function share(status: Shared, value: number, count: number): string {
  return isCounted(status) ? percent(value, count, status.counts.managed) : percent(value, 0, 0)
}

/** How many have failed, or how much in percent where that alone is known. */
export function failures(status: Shared): number {
  return isCounted(status) ? status.counts.failed : status.percentFailed
}

/** The same to be read. */
export function failuresText(status: Shared): string {
  return isCounted(status) ? whole(status.counts.failed) : percent(status.percentFailed, 0, 0)
}
