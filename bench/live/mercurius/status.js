// Reads a session's status from the keys that bosgraph has written, with one HMGET.

export const namespace = 'bench'

// The sessions of the benchmark run until its end, so that the counters of frozen ones are not needed.
const fields = ['st', 'b0', 'z', 'r', 'm', 't', 's', 'f', 'c', 'o', 'p', 'a']

/** Returns the status of a session as the schema has it, or null if there is none of that name. */
export async function readStatus (redis, name, epoch) {
  const [state, start, frozen, revision, ...counters] = await redis.hmget(`{${namespace}}:s:/${name}`, fields)
  if (state === null) return null
  const [managed, staged, successful, failed, configuring, poweringOff, poweringOn, active] = counters.map(Number)
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

/** Writes seconds as h:mm:ss. */
function clock (seconds) {
  const two = n => String(Math.floor(n)).padStart(2, '0')
  return `${Math.floor(seconds / 3600)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}`
}
