// Package bos is the domain: what the Boot Orchestration Service (BOS) calls
// things, and what each number of a session's status means. It is pure: standard
// library only, no clock, no store, no transport. What two packages exchange that
// may not import each other, such as the store and the hub, is here too if it is in these
// words alone; its doc comment says between which.
//
// # Vocabulary
//
// These are the words of code, schema, logs and documents: one word for one thing. Words in
// parentheses mean the same elsewhere and are not used here; a test looks for them among the
// public names.
//
// BOS's own:
//
//   - component: a node that BOS manages, named by its xname (x3000c0s13b0n0).
//   - session (job): one operation on many components, whose name is its id in BOS, unique within a tenant.
//   - session template (recipe): what a session was made from, stored as BOS sent it.
//   - operation: boot, reboot or shutdown.
//   - limit: the part of a template's components that a session acts on.
//   - staged: prepared on a component for later, under a session's name, until BOS is asked to apply it.
//   - phase: what BOS is doing to a component now: powering_on, powering_off, configuring, or nothing.
//   - action: the last thing that BOS did to a component.
//   - status: what follows from the phase and the last action of a component, computed and never stored; see [Component.Status].
//   - status override: a status set by BOS's operators in place of the computed one, normally failed or on_hold.
//   - managed components: the components whose session is this one, and those staged in it, where one that is both counts twice.
//   - tenant (customer): an owner of components, whose sessions count only those.
//
// What a status is made of:
//
//   - contribution (counting, share): what one component adds to the counters of one session; see [Contribution].
//   - tally (sums): the counters of one session; see [Tally].
//   - scope: a tenant and a session's name, to which components contribute whether or not such a session exists; see [SessionKey].
//   - incarnation (generation): one creation of a session, so that a name that is used again is another one.
//   - snapshot: the status of a session as it was frozen when it was complete.
//   - progress: the samples of a session's tally over time; see [Progress].
//   - group (topic, crowd): of errors, the components of a session with the same message; of subscribers, all of one identical subscription.
//
// How changes are followed:
//
//   - revision: a number that grows with every change of what is stored, within an epoch.
//   - epoch (era): one history of the data in Redis without loss, within which revisions can be compared.
//   - notice (news): a message that a scope is at a revision, without the data.
//   - stale: said of a status that may be behind, because Redis or BOS cannot be followed now.
//   - lease (leadership): the right of one process to follow BOS for all.
//   - tenure (reign): one uninterrupted holding of the lease; see [Tenure].
//   - fence: what identifies a tenure, so that writes of an earlier one are refused.
//
// The rules that BOS made are marked "BOS:" with the part of BOS v2.50 they come
// from; test data computed by BOS itself decides.
package bos
