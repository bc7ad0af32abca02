// Which cabinets are behind the others.

interface Place {
  readonly counts: { readonly managed: number; readonly complete: number; readonly failed: number; readonly active: number }
}

/** Furthest behind first: by the part that is done, then by failures. What has nothing comes last. */
export function byBehind<P extends Place>(places: readonly P[]): P[] {
  return places.toSorted((a, b) => part(a) - part(b) || b.counts.failed - a.counts.failed)
}

/** Whether it is clearly behind: less than half as much left to do elsewhere. */
export function isBehind({ counts }: Place, all: readonly Place[]): boolean {
  const managed = all.reduce((n, one) => n + one.counts.managed, 0)
  const complete = all.reduce((n, one) => n + one.counts.complete, 0)
  if (counts.managed === 0 || counts.active === 0 || counts.managed === managed) return false
  const others = 1 - (complete - counts.complete) / (managed - counts.managed)
  const left = 1 - counts.complete / counts.managed
  return left > 0.05 && left > 2 * others
}

function part({ counts }: Place): number {
  return counts.managed === 0 ? 2 : counts.complete / counts.managed
}
