// Reads a session's status from the keys that bosgraph has written, with one HMGET.

export const namespace = 'bench'

// The sessions of the benchmark run until its end, so that the counters of frozen ones are not needed.
const fields = ['st', 'b0', 'z', 'r', 'n']

/** Returns the status of a session as the schema has it, or null if there is none of that name. */
export async function readStatus (redis, name, epoch) {
  const [state, start, frozen, revision, packed] = await redis.hmget(`{${namespace}}:s:/${name}`, fields)
  if (state === null) return null
  const { m: managed, t: staged, s: successful, f: failed, c: configuring, o: poweringOff, p: poweringOn, a: active } = unpack(packed)
  const complete = successful + failed
  const percent = count => managed === 0 ? 0 : Math.round(count * 1e4 / managed) / 100
  const startTime = start.endsWith('Z') ? start : start + 'Z' // BOS writes no zone
  const now = new Date()
  const seconds = (now - new Date(startTime)) / 1000
  return {
    revision: Number(revision),
    epoch,
    status: state.toUpperCase(),
    managedComponentsCount: managed,
    percentStaged: percent(staged),
    percentSuccessful: percent(successful),
    percentFailed: percent(failed),
    phases: {
      percentComplete: percent(complete),
      percentConfiguring: percent(configuring),
      percentPoweringOff: percent(poweringOff),
      percentPoweringOn: percent(poweringOn)
    },
    counts: { managed, staged, successful, failed, complete, configuring, poweringOff, poweringOn, active },
    timing: { startTime, endTime: null, duration: clock(seconds), durationSeconds: seconds },
    fromSnapshot: frozen !== null,
    stale: false,
    asOf: now.toISOString()
  }
}

/** Reads packed counters: "m64p3" is 64 for m, 3 for p, and 0 for the others. */
function unpack (packed) {
  const all = { m: 0, t: 0, s: 0, f: 0, c: 0, o: 0, p: 0, a: 0 }
  let letter
  for (let i = 0; i < packed.length; i++) {
    const code = packed.charCodeAt(i)
    if (code >= 97) letter = packed[i]
    else all[letter] = 10 * all[letter] + code - 48
  }
  return all
}

/** Writes seconds as h:mm:ss. */
function clock (seconds) {
  const two = n => String(Math.floor(n)).padStart(2, '0')
  return `${Math.floor(seconds / 3600)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}`
}
