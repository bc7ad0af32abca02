// Package cache keeps component states, sessions and everything derived from
// them in Redis. It is the only package that talks to Redis.
//
// # Keys
//
// All keys of a namespace begin with its hash tag, "{namespace}:", so that one
// script may touch all of them on a Redis Cluster, where a namespace is one slot.
// A scope is "tenant/name", whether or not a session of that name exists. The
// home of a session is its scope, or "@incarnation" once a newer session took the
// name of one that BOS has deleted.
//
//	key           type    what it holds                                          TTL
//	meta          hash    schema: version of this table; epoch; rev: the counter  -
//	c:<id>        string  a component: "<version> <record>", see record.go        -
//	d:<id>        string  the rest of that record, JSON                           -
//	ids           zset    ids of all components, score 0                          -
//	s:<home>      hash    a session's counters, record and frozen counters        -
//	x:<home>      hash    the parts of a session that can be long                 -
//	m:<scope>     zset    ids of the components whose session this is, score 0    -
//	st:<scope>    zset    ids of the components staged in it, score 0             -
//	a:<scope>     zset    ids of those of m: that are active, score the second    -
//	                      since when they have had their status, 0 for unknown
//	g:<scope>     zset    error groups, score minus their size                    -
//	e:<scope>     zset    "<digest> <id>" of components with an error, score 0    -
//	fg:, fe:<home> zset   g: and e: as they were when the session was frozen      -
//	co:<home>     list    a session's course while it ran, "<ms> <counters>"      -
//	log:<scope>   list    one entry a write, "<rev> <ids changed> <ids removed>"    10 min once frozen
//	ei            zset    "<digest> <id>" of all components with an error         -
//	tx, tr        hash    long error texts by digest, and how many refer to them  -
//	sx            zset    all sessions by start, "<start>:<incarnation>:<scope>"  -
//	h:<scope>     zset    all sessions of one name, "<start>:<incarnation>"       -
//	al:<operation>:<tenant>/<template>
//	              zset    sessions alike by start, as in sx                       -
//	rx            zset    frozen sessions, score the second of freezing           -
//	tn:<tenant>   zset    ids that the tenant owns, score 0                       -
//	w:<write id>  string  the answer of a write                                   1 min
//	lease         hash    who follows BOS: fence, counted up with each new holder; -
//	                      holder; until, in seconds; note, what it has to say
//
// # Channels
//
//	n:<scope>     the revision that the scope is at
//	sessions      "<revision> <scope>": a session appeared, changed or went
//	p:<random>    "<epoch> <revision>": the probes of one process' feed
//
// # Fields of s:<home>
//
// Counters: m managed, t staged, s successful, f failed, c configuring,
// o powering off, p powering on, a active, b counted twice; the same with an F
// before them are frozen. r and Fr: revision. Of the record: i incarnation,
// v version, op, tp template, fl flags (s stage, d include disabled), src source,
// st state, b0 start, e0 end, del deleted at its source, w 1 armed: runs and completes
// by itself, 3 runs, 2 frozen, else 0, k until when no sample is due, and how far apart
// samples are to be, "<ms> <ms>", z moment of freezing (Redis' clock, "seconds.microseconds"),
// bs the numbers of the status that BOS itself has saved (bos.SavedStatus), whose text
// is the field saved of x:<home>.
package cache
