// Package redistest gives tests the Redis they need: a real redis-server, a real
// cluster, the in-memory stand-in, and a way to lose an answer on the wire.
//
// Real servers listen on free loopback ports, keep nothing on disk and end with
// the test, or, when shared, with the test process; see [Main]. Tests that share
// one keep apart by using a key namespace each. Where redis-server is not
// installed, tests fail: a suite that skips its reference proves nothing.
package redistest
