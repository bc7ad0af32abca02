import { type Address, parseXname } from './xname'

/**
 * What is drawn as one: a liquid-cooled cabinet (a slot is a column of its chassis),
 * an air-cooled rack (a slot is a row), or everything that has no place in either.
 */
type Kind = 'cabinet' | 'rack' | 'other'

/** What all blocks of a kind have in common: how many chassis, and columns and rows of cells in each. */
interface Shape {
  readonly chassis: number
  readonly columns: number
  readonly rows: number
  /** Names of the rows, of racks: the slots. Empty for none. */
  readonly rowLabels: readonly string[]
}

export interface Block {
  readonly kind: Kind
  readonly label: string
  readonly shape: Shape
  /** The names of the chassis, by their place; null where the block has none. */
  readonly chassis: readonly (string | null)[]
  /** Store indices by chassis, row and column; -1 for an empty place. */
  readonly table: Int32Array
}

/** Which cells are beside which, before anything has a size. */
export interface Plan {
  readonly blocks: readonly Block[]
  readonly size: number
}

interface Member {
  readonly index: number
  readonly address: Address
}

interface Cabinet {
  readonly number: number
  readonly members: Member[]
}

// Under this share of places taken, the nodes of a chassis close up; and beyond that
// many empty places for a node the ids are no machine's, and stand in rows.
const SPARSE = 8
const ABSURD = 32

/** Plans the machine that `idAt` names, for indices below `capacity`. Addresses are stored in `known` between plans. */
export function makePlan(
  capacity: number,
  idAt: (index: number) => string | undefined,
  known = new Map<string, Address | null>(),
): Plan {
  const cabinets = new Map<number, Cabinet>()
  const others: number[] = []
  let size = 0
  for (let index = 0; index < capacity; index++) {
    const id = idAt(index)
    if (id === undefined) continue
    size++
    let address = known.get(id)
    if (address === undefined) known.set(id, (address = parseXname(id)))
    if (address === null) {
      others.push(index)
      continue
    }
    let cabinet = cabinets.get(address.cabinet)
    if (!cabinet) cabinets.set(address.cabinet, (cabinet = { number: address.cabinet, members: [] }))
    cabinet.members.push({ index, address })
  }

  const kinds: Record<'cabinet' | 'rack', Cabinet[]> = { cabinet: [], rack: [] }
  for (const cabinet of cabinets.values()) kinds[isRack(cabinet) ? 'rack' : 'cabinet'].push(cabinet)
  const numbered: { number: number; block: Block }[] = []
  for (const kind of ['cabinet', 'rack'] as const) {
    const blocks = planKind(kind, kinds[kind])
    if (blocks) numbered.push(...blocks)
    else for (const { members } of kinds[kind]) for (const { index } of members) others.push(index)
  }
  const blocks = numbered.sort((a, b) => a.number - b.number).map(({ block }) => block)
  if (others.length > 0) blocks.push(planOthers(others, idAt))
  return { blocks, size }
}

/**
 * A rack has one chassis, and more slots than a chassis of a liquid-cooled cabinet,
 * or a number that is customary for racks: a session may have its lower slots only.
 */
function isRack({ number, members }: Cabinet): boolean {
  if (members.some(({ address }) => address.chassis > 0)) return false
  return (number >= 3000 && number < 5000) || members.some(({ address }) => address.slot > 7)
}

/** Plans the blocks of a kind, null if no sensible machine has these addresses. */
function planKind(kind: 'cabinet' | 'rack', cabinets: readonly Cabinet[]) {
  const members = cabinets.flatMap((cabinet) => cabinet.members)
  const chassis = ranks(members.map(({ address }) => address.chassis))
  const slots = ranks(members.map(({ address }) => address.slot))
  const nodes = ranks(members.map(({ address }) => nodeKey(address)))
  const sparse = cabinets.length * chassis.size * slots.size * nodes.size > SPARSE * members.length

  const shape: Shape = {
    chassis: chassis.size,
    ...(sparse
      ? { ...closedUp(cabinets), rowLabels: [] }
      : kind === 'rack'
        ? { columns: nodes.size, rows: slots.size, rowLabels: [...slots.keys()].reverse().map(String) }
        : { columns: slots.size, rows: nodes.size, rowLabels: [] }),
  }
  const perChassis = shape.columns * shape.rows
  if (cabinets.length * chassis.size * perChassis > ABSURD * members.length) return null

  const names = [...chassis.keys()].map((number) => `c${number}`)
  return cabinets.map(({ number, members }) => {
    const table = new Int32Array(names.length * perChassis).fill(-1)
    const present = new Array<string | null>(names.length).fill(null)
    const taken = new Int32Array(names.length) // places taken in each chassis, when closing up
    for (const { index, address } of sparse ? [...members].sort(byPlace) : members) {
      const c = chassis.get(address.chassis)!
      const slot = slots.get(address.slot)!
      const node = nodes.get(nodeKey(address))!
      present[c] = names[c]!
      const place = sparse
        ? taken[c]!++
        : kind === 'rack'
          ? (shape.rows - 1 - slot) * shape.columns + node
          : node * shape.columns + slot
      table[c * perChassis + place] = index
    }
    return { number, block: { kind, label: `x${number}`, shape, chassis: present, table } satisfies Block }
  })
}

/** Rows and columns for as many nodes as the fullest chassis has. */
function closedUp(cabinets: readonly Cabinet[]) {
  let most = 0
  for (const { members } of cabinets) {
    const counts = new Map<number, number>()
    for (const { address } of members) {
      const count = (counts.get(address.chassis) ?? 0) + 1
      counts.set(address.chassis, count)
      most = Math.max(most, count)
    }
  }
  const columns = Math.round(Math.sqrt(1.5 * most))
  return { columns, rows: Math.ceil(most / columns) }
}

/** Ids without a place stand in rows of any length, in bytewise order. */
function planOthers(indices: number[], idAt: (index: number) => string | undefined): Block {
  const named = indices.map((index) => ({ index, id: idAt(index)! }))
  named.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return {
    kind: 'other',
    label: 'other',
    shape: { chassis: 1, columns: named.length, rows: 1, rowLabels: [] },
    chassis: [''],
    table: Int32Array.from(named, ({ index }) => index),
  }
}

/** The numbers that occur, ascending, each with its rank. */
function ranks(numbers: readonly number[]): Map<number, number> {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  return new Map(sorted.map((number, rank) => [number, rank]))
}

const nodeKey = ({ board, node }: Address) => board * 1e6 + node

const byPlace = (a: Member, b: Member) =>
  a.address.slot - b.address.slot || nodeKey(a.address) - nodeKey(b.address)
