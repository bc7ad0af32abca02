// Keeps a store of a session's components as they are: reads all pages, and applies the
// changes that are pushed, in whatever order the two arrive.

/** What has to be known of a component here: the rest is carried along. */
export interface Component {
  readonly id: string
}

export interface Page<C> {
  readonly components: readonly C[]
  readonly total: number | null
  /** The cursor of the next page, null after the last. */
  readonly next: string | null
}

export interface Update<C> {
  readonly components: readonly C[]
  readonly removed: readonly string[]
  /** Some changes were missed: everything has to be read again. */
  readonly resync: boolean
}

/** Where components are put. */
export interface Target<C> {
  apply(changed: Iterable<C>, removed?: Iterable<string>): void
  ids(): Iterable<string>
}

export interface Loading {
  /** Components read so far, and of how many; null: not reading. */
  readonly read: number
  readonly total: number | null
}

/** Reads and follows the components of one session into one target. */
export class ComponentSync<C extends Component> {
  readonly #target: Target<C>
  readonly #page: (after: string | null) => Promise<Page<C>>
  readonly #onLoading: (loading: Loading | null) => void
  #run = 0
  #message = 0
  /** While everything is read: by id, the last message that had something newer. */
  #touched = new Map<string, number>()
  #reading = false

  /** @param page reads the page after that cursor; @param onLoading receives how far the reading is */
  constructor(target: Target<C>, page: (after: string | null) => Promise<Page<C>>, onLoading: (loading: Loading | null) => void) {
    this.#target = target
    this.#page = page
    this.#onLoading = onLoading
  }

  /** Takes a message; throws what the reading throws, if it asks for that. */
  async take(update: Update<C>): Promise<void> {
    this.#message++
    if (this.#reading) {
      for (const { id } of update.components) this.#touched.set(id, this.#message)
      for (const id of update.removed) this.#touched.set(id, this.#message)
    }
    this.#target.apply(update.components, update.removed)
    if (update.resync) await this.read()
  }

  /** Reads everything. A reading that is under way is given up, whatever becomes of it: it may have begun too early. */
  async read(): Promise<void> {
    const run = ++this.#run
    if (!this.#reading) this.#touched.clear()
    this.#reading = true
    const began = this.#message
    const seen = new Set<string>()
    try {
      for (let after: string | null = null, more = true; more; ) {
        const asked = this.#message
        const page = await this.#page(after)
        if (run !== this.#run) return
        // What was received while the page was on its way may be newer than the page.
        this.#target.apply(page.components.filter(({ id }) => (this.#touched.get(id) ?? 0) <= asked))
        for (const { id } of page.components) seen.add(id)
        this.#onLoading({ read: seen.size, total: page.total })
        after = page.next
        more = after !== null
      }
      const gone: string[] = []
      for (const id of this.#target.ids()) if (!seen.has(id) && (this.#touched.get(id) ?? 0) <= began) gone.push(id)
      this.#target.apply([], gone)
    } catch (error) {
      if (run === this.#run) throw error
    } finally {
      if (run === this.#run) {
        this.#reading = false
        this.#touched.clear()
        this.#onLoading(null)
      }
    }
  }

  /** Gives up what is being read. */
  stop(): void {
    this.#run++
    this.#reading = false
  }
}
