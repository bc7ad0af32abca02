import { type Cell, cabinetOf } from '../../machine/index.ts'

/** What is lit on the machine beside the legend's choice: an error's components, or those of a cabinet. */
export interface Light {
  /** What it is, for the button that puts it out. */
  readonly name: string
  readonly holds: (cell: Cell) => boolean
}

export function cabinetLight(cabinet: string): Light {
  return { name: cabinet, holds: ({ id }) => cabinetOf(id) === cabinet }
}
