// Package bossync follows a running BOS: it reads BOS's REST API in sweeps, compares
// what comes with what it knows to be stored, and writes the difference.
//
// One process of a namespace does it at a time, the holder of a lease, and writes
// with the fence of its tenure: once another has taken over, whatever it still
// writes is refused.
//
// # What a sweep may change
//
// What it has seen, as it has seen it. What it has not seen it removes only if BOS,
// asked for some of it by name, has none of it, and if much is missing, only when the
// next whole sweep has not seen it either: a page that fails, comes twice or comes back
// short removes nothing. If very much is missing at once, or a session that was not
// complete, it takes more sweeps and some time, or an operator ([Trust]). A session that
// BOS calls complete is kept as such only when all components have been read after BOS
// said so, and while nothing is doubted of them.
//
// # What it costs BOS
//
// For each page BOS looks at all its components, so pages are as large as BOS can
// handle: a failed one halves the next. After a sweep BOS is left alone for at least as long
// as it took to answer, and while no session runs, components are read more rarely.
package bossync
