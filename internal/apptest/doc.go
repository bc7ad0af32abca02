// Package apptest is the kit for tests that need a running bosgraph: servers of this
// process ([Serve], [Start]) or of their own ([Fleet]), on a Redis of internal/redistest,
// with a client of each; connections by the byte ([Wire]); and subscribers ([Watcher]).
//
// A test stands beside the package that it tests, in an external test package: what tests
// one package by what a server answers needs only this kit. Tests of how the parts are put
// together stand in internal/app.
//
// Everything ends with its test, or, when shared, with the test process; see [Main].
package apptest
