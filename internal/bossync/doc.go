// Package bossync follows a running BOS: it reads BOS's REST API in sweeps, compares
// what comes with what it knows to be stored, and writes the difference.
//
// One process of a namespace does it at a time, the holder of a lease, and writes
// with the fence of its tenure: once another has taken over, whatever it still
// writes is refused.
//
// # What a sweep may change
//
// What it has seen, as it has seen it. What it has not seen it takes for gone only
// if BOS, asked for that very thing, says so: a page that fails, comes twice or
// comes back short takes nothing away. A session that BOS calls complete is kept as
// such only when all components have been read after BOS said so.
//
// # What it costs BOS
//
// For each page BOS looks at all its components, so pages are as large as BOS bears:
// a failed one halves the next. After a sweep BOS is left alone for at least as long
// as it took to answer, and while no session runs, components are read more seldom.
package bossync
