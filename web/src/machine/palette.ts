import { type State, STATES } from './cell'

/** What things are drawn with: colours that a canvas understands, states by their position in STATES. */
export interface Palette {
  readonly states: readonly string[]
  /** The states of cells that a filter dims. */
  readonly dimmed: readonly string[]
  /** What is legible on a state. */
  readonly inks: readonly string[]
  readonly failed: string
  readonly background: string
  readonly tray: string
  readonly text: string
  readonly muted: string
  readonly flash: string
  readonly focus: string
}

const PROPERTIES: Readonly<Record<State, string>> = {
  successful: '--state-successful',
  failed: '--state-failed',
  configuring: '--state-configuring',
  poweringOn: '--state-powering-on',
  poweringOff: '--state-powering-off',
  onHold: '--state-on-hold',
  staged: '--state-staged',
  disabled: '--state-disabled',
  other: '--state-other',
}

type RGB = readonly [number, number, number]

const DIMMED = 0.16 // how much of its colour a dimmed cell keeps

/** Reads the colours that hold for an element. It is changed for the moment of reading. */
export function readPalette(element: HTMLElement): Palette {
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!
  const before = element.style.color
  // The computed value of a custom property is text; that of color is a colour,
  // however it was written.
  const read = (property: string): RGB => {
    element.style.color = `var(${property})`
    pixel.fillStyle = getComputedStyle(element).color
    pixel.fillRect(0, 0, 1, 1)
    const [r = 0, g = 0, b = 0] = pixel.getImageData(0, 0, 1, 1).data
    return [r, g, b]
  }
  const background = read('--machine-background')
  const tray = read('--machine-tray')
  const states = STATES.map((state) => read(PROPERTIES[state]))
  const palette = {
    states: states.map(css),
    dimmed: states.map((colour) => css(mix(tray, colour, DIMMED))),
    inks: states.map((colour) => (luminance(colour) > 0.28 ? 'rgba(0, 0, 0, 0.78)' : 'rgba(255, 255, 255, 0.92)')),
    failed: css(states[STATES.indexOf('failed')]!),
    background: css(background),
    tray: css(tray),
    text: css(read('--machine-text')),
    muted: css(read('--machine-muted')),
    flash: css(read('--machine-flash')),
    focus: css(read('--machine-focus')),
  }
  element.style.color = before
  return palette
}

const css = ([r, g, b]: RGB) => `rgb(${r}, ${g}, ${b})`

const mix = (from: RGB, to: RGB, share: number): RGB =>
  from.map((value, i) => Math.round(value + (to[i]! - value) * share)) as unknown as RGB

/** Relative luminance as WCAG has it, 0 to 1. */
export function luminance(colour: RGB): number {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as unknown as RGB
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
