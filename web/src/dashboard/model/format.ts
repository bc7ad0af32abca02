// How numbers and times are written. Nothing here depends on the browser's language:
// what two operators read to each other over the phone is the same on both screens.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A whole number with commas: 10,000. */
export function whole(n: number): string {
  return String(Math.trunc(n)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/**
 * A percentage as the API rounds it, always with two decimals so that digits stay in
 * their places. Rounding hides nothing: one of 100,000 is not "0 %", and all but one
 * are not "100 %".
 */
export function percent(value: number, count: number, of: number): string {
  if (count > 0 && value === 0) return '< 0.01 %'
  if (count < of && value >= 100) return '> 99.99 %'
  if (value === 0) return '0 %'
  if (value === 100) return '100 %'
  return `${value.toFixed(2)} %`
}

/** A span as h:mm:ss; hours continue past 24. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
}

/** A span in words, as exact as one needs it: 40 s, 12 min, 3 h 05 min. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  const minutes = Math.round(s / 60)
  if (minutes < 60) return `${minutes} min`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
  return `${Math.round(minutes / 1440)} days`
}

/** A moment on the reader's clock: 03:12:04, with the date if that is not today's. */
export function moment(time: Date, now: Date): string {
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  if (time.toDateString() === now.toDateString()) return clock
  const year = time.getFullYear() === now.getFullYear() ? '' : ` ${time.getFullYear()}`
  return `${time.getDate()} ${MONTHS[time.getMonth()]}${year} ${clock}`
}

/** As {@link moment}, to the minute: for what is only estimated. */
export function about(time: Date, now: Date): string {
  return moment(time, now).slice(0, -3)
}

/** BOOT as Boot, POWER_ON_PENDING as Power on pending. */
export function label(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** An error without the path of its class, which takes the place of the reason where only its begin is shown: bos.clients.NotFound: no … as NotFound: no … */
export function withoutPath(error: string): string {
  return error.replace(/^(?:\w+\.)+(?=\w+: )/, '')
}

/** "1 component", "12 components". */
export function several(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
