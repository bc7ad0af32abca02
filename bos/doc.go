// Package bos is the domain: what the Boot Orchestration Service (BOS) calls
// things, and what each number of a session's status means. It is pure: standard
// library only, no clock, no store, no transport.
//
// # Vocabulary
//
//   - component: a node that BOS manages, named by its xname (x3000c0s13b0n0).
//   - session: one operation (boot, reboot, shutdown) on many components. Its name
//     is its id in BOS, unique within a tenant.
//   - session template: what a session was made from; known here by name only.
//   - staged: prepared on a component for later (staged_state), under a session's
//     name; BOS moves it to the desired state when asked to "apply staged".
//   - phase: what BOS is doing to a component now: powering_on, powering_off,
//     configuring, or nothing.
//   - status: what follows from the phase and the last action; see
//     [Component.Status]. It is computed, never stored.
//   - status override: a status set by BOS's operators in place of the computed
//     one, normally failed or on_hold.
//   - action: the last thing BOS did to a component.
//   - managed components: the components whose session is this one, and those
//     staged in it. One that is both counts twice.
//   - tenant: the owner of components; a tenant's session counts only those.
//   - limit: the part of a template's components that a session acts on.
//   - operation: boot, reboot or shutdown.
//   - snapshot: a session's status, frozen when it completed.
//   - revision: a number that grows with every change of a session's status.
//   - incarnation: one creation of a session; a name that is deleted and used
//     again is another incarnation.
//   - scope: a session's name within a tenant ([SessionKey]): what components
//     count towards, whether or not a session of that name exists.
//
// The rules that BOS made are marked "BOS:" with the part of BOS v2.50 they come
// from; test data computed by BOS itself judges them.
package bos
