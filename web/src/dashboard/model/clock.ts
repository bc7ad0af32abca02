// The server's clock, as far as it is known here.

const SAMPLES = 50

/**
 * Running durations are shown by the server's clock: that of a display on a wall may be
 * minutes off. Of the moments that the server stamps, the one that took least to get here
 * shows the difference best; only the latest count, as clocks are set.
 */
export class ServerClock {
  readonly #differences: number[] = []

  /** Takes a moment that the server stamped just now. Both are in milliseconds. */
  sample(stamped: number, received: number): void {
    this.#differences.push(received - stamped)
    if (this.#differences.length > SAMPLES) this.#differences.shift()
  }

  /** The server's time at a moment of ours. */
  at(here: number): number {
    return this.#differences.length === 0 ? here : here - Math.min(...this.#differences)
  }
}
