import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { luminance } from './palette'

type RGB = [number, number, number]

const css = readFileSync(new URL('./machine.css', import.meta.url), 'utf8')

/** The custom properties of a rule of the style sheet. */
function rule(selector: string): Map<string, RGB> {
  const start = css.indexOf(`${selector} {`)
  expect(start, selector).toBeGreaterThanOrEqual(0)
  const body = css.slice(start, css.indexOf('}', start))
  return new Map(
    [...body.matchAll(/--([\w-]+): #(\w\w)(\w\w)(\w\w);/g)].map(([, name, ...hex]) => [name!, hex.map((h) => parseInt(h, 16)) as RGB]),
  )
}

// How a colour is seen without one kind of cone, in linear light: Machado, Oliveira
// and Fernandes 2009, severity 1.
const VISIONS: Record<string, number[][]> = {
  'all cones': [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  'no red cones': [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  'no green cones': [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  'no blue cones': [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}

const linear = (value: number) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)

/** CIE L*a*b*, of linear RGB. */
function lab([r, g, b]: number[]): number[] {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116)
  const x = f((0.4124 * r! + 0.3576 * g! + 0.1805 * b!) / 0.9505)
  const y = f(0.2126 * r! + 0.7152 * g! + 0.0722 * b!)
  const z = f((0.0193 * r! + 0.1192 * g! + 0.9505 * b!) / 1.089)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const seen = (colour: RGB, vision: number[][]) => {
  const light = colour.map(linear)
  return lab(vision.map((row) => Math.min(1, Math.max(0, row.reduce((sum, weight, i) => sum + weight * light[i]!, 0)))))
}

const contrast = (a: RGB, b: RGB) => {
  const [low, high] = [luminance(a), luminance(b)].sort((a, b) => a - b) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const LIGHT = ":where(:root, [data-theme='light'])"
const DARK = ":where([data-theme='dark'])"

describe.each([LIGHT, DARK])('%s', (selector) => {
  const properties = rule(selector)
  const states = [...properties].filter(([name]) => name.startsWith('state-'))

  test.each(Object.keys(VISIONS))('no two states look alike with %s', (vision) => {
    const alike: string[] = []
    states.forEach(([a, first], i) =>
      states.slice(i + 1).forEach(([b, second]) => {
        const [p, q] = [seen(first, VISIONS[vision]!), seen(second, VISIONS[vision]!)]
        const distance = Math.hypot(...p.map((value, i) => value - q[i]!))
        if (distance < 14) alike.push(`${a} ${b} ${distance.toFixed(1)}`)
      }),
    )
    expect(alike).toEqual([])
  })

  test('texts are legible', () => {
    const background = properties.get('machine-background')!
    expect(contrast(properties.get('machine-text')!, background)).toBeGreaterThan(7)
    expect(contrast(properties.get('machine-muted')!, background)).toBeGreaterThan(4.5)
    expect(contrast(properties.get('state-failed')!, background)).toBeGreaterThan(3)
  })
})

test('the dark colours are the same by preference and by choice', () => {
  expect(rule(":where(:root:not([data-theme='light']))")).toEqual(rule(DARK))
})
