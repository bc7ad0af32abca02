import type { Kind } from '../model/shares.ts'

// Drawn on 16 by 16, with strokes of the text's colour.
const PATHS = {
  successful: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  configuring: 'M2.5 5h7M12.5 5h1M2.5 11h1M6.5 11h7M11 3.5v3M5 9.5v3',
  poweringOn: 'M8 13V3M3.5 7.5 8 3l4.5 4.5',
  poweringOff: 'M8 3v10M3.5 8.5 8 13l4.5-4.5',
  waiting: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3.2l2.2 1.6',
  staged: 'M8 2.5 14 6 8 9.5 2 6ZM2.5 10 8 13.2 13.5 10',
  pending: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3.2l2.2 1.6',
  running: 'M5 3.2v9.6L12.5 8Z',
  complete: 'M4 2.5v11M4 3h8.5l-2 3 2 3H4',
  frozen: 'M8 1.8v12.4M2.6 4.9l10.8 6.2M13.4 4.9 2.6 11.1',
  warning: 'M8 2 14.5 13.5h-13ZM8 6.2v3.6M8 11.4v.6',
  copy: 'M5.5 5.5h7v8h-7ZM3.5 10.5v-8h7',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3 14 14',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1',
  moon: 'M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6Z',
  wall: 'M1.8 3h12.4v8H1.8ZM5.5 13.8h5',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  compare: 'M2.5 3h4v10h-4ZM9.5 3h4v10h-4Z',
  trouble: 'M8 1.8 9.6 6h4.6l-3.7 2.8 1.4 4.7L8 10.7l-3.9 2.8 1.4-4.7L1.8 6h4.6Z',
  next: 'M6 3.5 10.5 8 6 12.5',
} as const

export type IconName = keyof typeof PATHS | Kind

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
