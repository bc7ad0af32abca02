// The geometry of a session's progress: shares over time, as areas and lines in a unit
// square, (0, 0) its upper left corner.

import { type Counts, countOf, KIND_LABELS, type Kind } from './shares.ts'

export interface Point {
  /** Seconds since the session's start. */
  readonly at: number
  readonly counts: Counts
}

/** The areas, from the bottom up. What waits is the rest above them. */
const LAYERS = ['successful', 'failed', 'configuring', 'poweringOn', 'poweringOff', 'staged'] as const satisfies readonly Kind[]
export type Layer = (typeof LAYERS)[number]

/** Points of progress; `start` is the session's start time. */
export function toPoints(progress: readonly { time: string; counts: Counts }[], start: string): Point[] {
  const zero = Date.parse(start)
  return progress.map(({ time, counts }) => ({ at: Math.max(0, (Date.parse(time) - zero) / 1000), counts }))
}

/** A gap between points is a standstill if it is so many times longer than most. */
const STANDSTILL = 4

/**
 * The progress with its standstills: points are taken when something changes, so over a
 * long gap nothing did until its end, and a slope across it would be wrong.
 */
export function hold(points: readonly Point[]): Point[] {
  const gaps = points.slice(1).map((p, i) => p.at - points[i]!.at)
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0
  return points.flatMap((p, i) => {
    const before = points[i - 1]
    return before !== undefined && p.at - before.at > STANDSTILL * Math.max(usual, 1) ? [{ at: p.at - usual, counts: before.counts }, p] : [p]
  })
}

/** The progress up to a newer status, which the last points may not know of yet. */
export function extendTo(points: readonly Point[], latest: Point): Point[] {
  return [...points.filter((p) => p.at < latest.at), latest]
}

/** A path around each layer's area. `end`: how many seconds the whole width is. */
export function areas(points: readonly Point[], end: number): { layer: Layer; path: string }[] {
  if (points.length === 0 || end <= 0) return []
  const stacks = points.map((p) => stack(p.counts))
  return LAYERS.map((layer, i) => {
    const upper = points.map((p, n) => xy(p.at / end, stacks[n]![i + 1]!))
    const lower = points.map((p, n) => xy(p.at / end, stacks[n]![i]!)).reverse()
    const empty = stacks.every((s) => s[i] === s[i + 1])
    return { layer, path: empty ? '' : `M${upper.join('L')}L${lower.join('L')}Z` }
  })
}

/** Least height of an area that has room for its name. */
const ROOM = 0.13

/** Where the middle of a name may be, across, as far as the name does not hang over a side. */
const COLUMNS = Array.from({ length: 39 }, (_, i) => (i + 1) / 40)

/** How large a name is, in em, with its ground: digits and letters are about so wide. */
const LETTER = 0.56
const SIDES = 0.7
const HEIGHT = 1.45

export interface Label {
  readonly layer: Layer
  readonly x: number
  readonly y: number
  readonly width: number
}

/**
 * Where the names of the layers go: in the middle of their highest place where the name is not wider than the area, nor covers another
 * one; none where there is no such place. `em`: how large an em is, as parts of the square.
 */
export function places(points: readonly Point[], end: number, em: { readonly x: number; readonly y: number }): Label[] {
  const high = Math.max(ROOM, HEIGHT * em.y)
  const placed: Label[] = []
  for (const [i, layer] of LAYERS.entries()) {
    const width = (LETTER * KIND_LABELS[layer].length + SIDES) * em.x
    const best = COLUMNS.flatMap((x) => {
      const [left, middle, right] = [x - width / 2, x, x + width / 2].map((at) => stackAt(points, at * end))
      if (left == null || middle == null || right == null) return []
      const [lower, upper] = [middle[i]!, middle[i + 1]!]
      const y = (lower + upper) / 2
      const within = upper - lower > high && [left, right].every((stack) => stack[i]! < y && y < stack[i + 1]!)
      const covers = placed.some((other) => Math.abs(other.x - x) < (other.width + width) / 2 && Math.abs(1 - other.y - y) < HEIGHT * em.y)
      return within && !covers ? [{ height: upper - lower, label: { layer, x: round(x), y: round(1 - y), width } }] : []
    }).reduce<{ height: number; label: Label } | null>((was, one) => (was === null || one.height > was.height ? one : was), null)
    if (best !== null) placed.push(best.label)
  }
  return placed
}

/** How high the layers are between two points; null outside of the progress. */
function stackAt(points: readonly Point[], at: number): number[] | null {
  const next = points.findIndex((p) => p.at >= at)
  if (next <= 0) return null
  const [a, b] = [points[next - 1]!, points[next]!]
  const part = b.at === a.at ? 1 : (at - a.at) / (b.at - a.at)
  const from = stack(a.counts)
  return stack(b.counts).map((height, i) => from[i]! + (height - from[i]!) * part)
}

/** The line of what is done, well or not. */
export function doneLine(points: readonly Point[], end: number): string {
  if (points.length === 0 || end <= 0) return ''
  return `M${points.map((p) => xy(p.at / end, done(p.counts))).join('L')}`
}

/** Where the layers begin and end above the bottom, 0 to 1, one more than there are layers. */
function stack(counts: Counts): number[] {
  const sum = LAYERS.reduce((n, layer) => n + countOf(counts, layer), 0)
  const total = Math.max(counts.managed, sum)
  const heights = [0]
  for (const layer of LAYERS) heights.push(heights.at(-1)! + (total === 0 ? 0 : countOf(counts, layer) / total))
  return heights
}

function done(counts: Counts): number {
  return counts.managed === 0 ? 0 : Math.min(1, counts.complete / counts.managed)
}

function xy(x: number, height: number): string {
  return `${round(Math.min(1, x))} ${round(1 - height)}`
}

function round(n: number): number {
  return Math.round(n * 10_000) / 10_000
}

/** The last point at or before a moment; null before the first. */
export function pointAt(points: readonly Point[], at: number): Point | null {
  return points.findLast((p) => p.at <= at) ?? null
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

/** Moments to mark on an axis of so many seconds: round ones, about `wanted` of them. */
export function ticks(end: number, wanted: number): number[] {
  const step = STEPS.find((s) => end / s <= wanted) ?? Math.ceil(end / wanted / 86_400) * 86_400
  const marks = []
  for (let at = 0; at <= end; at += step) marks.push(at)
  return marks
}

/** A tick in words: 40 s, 5 min, 1:30 h. */
export function tickLabel(at: number, end: number): string {
  if (at === 0) return '0'
  if (end < 180) return `${at} s`
  if (end < 7200) return `${Math.floor(at / 60)}${at % 60 === 0 ? '' : `:${String(at % 60).padStart(2, '0')}`} min`
  return `${Math.floor(at / 3600)}:${String(Math.floor(at / 60) % 60).padStart(2, '0')} h`
}
