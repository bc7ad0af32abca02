// Package sim boots a system that does not exist: components and sessions that
// behave as under BOS, for the demo. It writes through the same door as any other
// producer, and nothing in the server knows that it is there.
//
// The core (world) is pure: its input is how far simulated time has come and
// answers with the calls to make, the same ones for the same seed. The loop
// around it (Simulator) makes those calls. Durations inside the core are
// simulated time since the start.
//
// A day in the life of the system is a round. Apart from rounds, two groups of nodes boot by turns, so
// that there is always a boot to look at, and a few nodes are bad in nearly every boot.
package sim
