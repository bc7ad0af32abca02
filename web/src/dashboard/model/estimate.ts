// When a session ends, as people are shown.

/** At most so many components decide when it ends, and the pace of the others says nothing of them. */
const FEW = 10
const FEW_OF_ALL = 0.02

/** Whether a few that are late decide the end: then how many they are says more than a time. */
export function fewLeft(active: number, managed: number): boolean {
  return active > 0 && active <= Math.max(FEW, FEW_OF_ALL * managed) && active <= managed / 5
}
