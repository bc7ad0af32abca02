package main

import (
	"regexp"
	"strings"
)

// row is a fault, and the tests that bring it about.
type row struct {
	fault    string
	done     string // what the tests do
	promised string
	tests    []test
	missing  string // what of the fault no test does yet
}

// test is a package and a pattern of `go test -run`.
type test struct{ pkg, pattern string }

// name is the name of the test function.
func (t test) name() string {
	name, _, _ := strings.Cut(t.pattern, "/")
	return strings.Trim(name, "^$")
}

// matches says whether an event is of this test, or of a subtest of it.
func (t test) matches(e event) bool {
	name, pattern := strings.Split(e.Test, "/"), strings.Split(t.pattern, "/")
	if !strings.HasSuffix(e.Package, strings.TrimPrefix(t.pkg, ".")) || len(name) < len(pattern) {
		return false
	}
	for i, part := range pattern {
		if !regexp.MustCompile(part).MatchString(name[i]) {
			return false
		}
	}
	return true
}

func app(pattern string) test       { return test{"./internal/app", pattern} }
func store(pattern string) test     { return test{"./cache", pattern} }
func transport(pattern string) test { return test{"./internal/transport", pattern} }
func bossync(pattern string) test   { return test{"./internal/bossync", pattern} }

// table is all faults, in the order of the report.
var table = []row{
	{
		fault:    "Redis is killed and restarts with its data (AOF)",
		done:     "SIGKILL under 500 subscriptions and constant updates; restart once everybody was notified",
		promised: "sockets stay open, staleness is shown, all converge; nothing acknowledged is lost",
		tests:    []test{app("^TestWatchersWhoseRedisIsKilled$/^and_comes_back$"), app("^TestADataDirectoryOutlivesAnyCrash$")},
	},
	{
		fault:    "Redis comes back empty, or with older data",
		done:     "the same, with its files removed or replaced by an earlier copy",
		promised: "another epoch; watchers get everything again; no revision goes back within an epoch",
		tests: []test{
			app("^TestWatchersWhoseRedisIsKilled$/^and_comes_back_(empty|with_older_data)$"), app("^TestASessionThatOlderDataLackIsNotDeleted$"),
			store("^TestWhichEventsBeginAnEpoch$"),
		},
	},
	{
		fault:    "Redis hangs",
		done:     "SIGSTOP under updates, SIGCONT once everybody was notified",
		promised: "staleness is shown and clears by itself; every request is answered soon",
		tests:    []test{app("^TestWatchersWhoseRedisIsSilent$"), app("^TestEverythingIsAnsweredSoonWhileRedisIsAway$")},
	},
	{
		fault:    "Sentinel failover, and fail-back to the old master",
		done:     "the master hangs and its replica takes over without the last writes; then back",
		promised: "another epoch, no revision is given out twice, BOS's data are whole after two sweeps; with `--redis-wait 1` nothing acknowledged is lost",
		tests: []test{
			app("^TestNothingIsLostSilentlyWhenRedisFailsOverAndBack$"), store("^TestFailBackWithoutRestart$"),
			store("^TestWhatAFailoverLoses$"), store("^TestWritesWaitForReplicas$"),
		},
	},
	{
		fault:    "Cluster: a master is lost, the namespace's slot moves",
		done:     "SIGKILL and SIGSTOP of the master; redis-cli moves the slot under load; a slot that is on its way",
		promised: "errors are UNAVAILABLE or CONFLICT, never INTERNAL; available 2 s after the cluster is; nothing acknowledged is lost",
		tests:    []test{store("^TestClusterMasterIsLost$"), store("^TestReshardUnderLoad$"), store("^TestWhileASlotMovesReadsAreAnsweredAndWritesRefused$")},
	},
	{
		fault: "Redis refuses: out of memory, read-only, disk full, loading, busy, a right taken away",
		done:  "a real Redis is brought into each state and out of it again",
		promised: "mutations fail as UNAVAILABLE with the reason, Redis' own words are in the log, reads continue where they can; " +
			"a refused write changes nothing",
		tests: []test{
			app("^TestEachStateOfRedisHasItsReasonInAnswersAndLog$"), app("^TestAClusterWithoutSlotsHasItsReason$"),
			store("^TestWhichEventsBeginAnEpoch$/^(SCRIPT_FLUSH|all_connections_are_closed)$"),
		},
	},
	{
		fault:    "Redis evicts keys",
		done:     "`allkeys-lru` and too little memory",
		promised: "noticed, everything is shown as stale until a recount has repaired it; what BOS has comes back",
		tests:    []test{app("^TestEvictedKeysMakeEverythingStaleUntilARecount$"), app("^TestEvictionIsReadAgainFromBOS$")},
	},
	{
		fault:    "A connection is cut after the script ran, before its answer",
		done:     "the answers to writes are dropped, and the client finds its connection closed",
		promised: "the write that is sent again changes nothing twice",
		tests:    []test{store("^TestLostAnswersChangeNothingTwice$"), store("^TestLostAnswerIsNotAppliedTwice$")},
	},
	{
		fault:    "A server is killed in the middle of its work",
		done:     "SIGKILL during ingest, between the last write of a session and its webhooks, while it follows BOS",
		promised: "nothing half-done; every webhook arrives; another server follows BOS within 10 s",
		tests: []test{
			app("^TestServersThatMayEndAtAnyInstant$/^killed"), app("^TestWebhooksArriveThroughCrashesAndFaults$"),
			app("^TestAnotherServerFollowsBOSWhenOneIsLost$/^killed$"),
		},
	},
	{
		fault:    "A server stands still for longer than its lease, and continues",
		done:     "SIGSTOP of the server that follows BOS, with a page of BOS read and not yet written; SIGSTOP of a server with watchers; SIGCONT",
		promised: "no write of the old tenure; watchers converge",
		tests: []test{
			app("^TestAnotherServerFollowsBOSWhenOneIsLost$/^overtaken$"), app("^TestWatchersOfAServerThatStoodStill$"),
			store("^TestAnEarlierTenureWritesNothing"),
		},
	},
	{
		fault:    "Several replicas complete one session at once",
		done:     "three servers, each with an end time of its own; two servers, in every way there is",
		promised: "one winner, one snapshot, which never changes",
		tests: []test{
			app("^TestServersThatMayEndAtAnyInstant$/^three"), app("^TestServersThatMayEndAtAnyInstant$/^two"), store("^TestTwoCompleteAtOnce$"),
		},
	},
	{
		fault:    "Clients that do not read, vanish, or never begin",
		done:     "sockets that never read under large updates; half-open connections; sockets without a first message; headers and bodies without an end",
		promised: "healthy clients get everything; the others are disconnected in time, with all that was kept for them",
		tests: []test{
			transport("^TestSlowClientsHarmNobodyAndAreDisconnected$"), transport("^TestAClientThatVanishedIsDisconnected$"),
			transport("^TestASocketThatDoesNotBeginIsClosed$"), transport("^TestAClientThatDoesNotReadItsAnswerIsDisconnected$"),
			transport("^TestAnOversizedBodyIsRefusedBeforeItsEnd$"), app("^TestRequestsThatComeByteByByte$"), app("^TestSocketsThatNeverRead$"),
		},
	},
	{
		fault:    "A client subscribes and leaves, very often",
		done:     "subscriptions that are begun and ended at once, as fast as one socket can, beside a watcher",
		promised: "the watcher gets every last state; nothing is left of the others",
		tests:    []test{transport("^TestOneWhoSubscribesAndLeavesHarmsNobody$")},
	},
	{
		fault:    "A server is asked to stop (SIGTERM) with many subscriptions",
		done:     "a server process with its watchers; they reconnect to another",
		promised: "closed with 1001, no `complete`, everybody resumes elsewhere and gets the last state",
		tests:    []test{app("^TestWatchersOfAServerThatIsAskedToStop$"), transport("^TestSocketsAreClosedWhenTheServerStops$")},
	},
	{
		fault:    "Three replicas are restarted one after the other, behind a proxy",
		done:     "SIGTERM to each, which is then started again, behind nginx, under 200 updates a second and with watchers",
		promised: "no update fails; watchers resume at another replica with the last state, no subscription is completed",
		tests:    []test{app("^TestARollingRestartBehindNginx$"), app("^TestAServerThatStopsAnswersWhatItHasAccepted$")},
	},
	{
		fault: "Everybody reconnects at once",
		done: "a server is killed under updates; all of its watchers reconnect to another, 2,000 in the short form and 10,000 in the full one; they share the " +
			"machine with the servers, and what takes the time is that those that are back read every update",
		promised: "all resume where they were, and get the last state",
		tests:    []test{app("^TestWatchersOfServersThatShareNothingButRedis$")},
	},
	{
		fault: "The network to Redis is slow, narrow, or loses connections",
		done: "toxiproxy between server and Redis: 200 ms ± 100, then 1 MB/s, then connections that are cut in the middle of answers; " +
			"iptables, which drops 1 %, then 10 % of the packets in each direction",
		promised: "limits hold, nothing piles up, all converge",
		tests:    []test{app("^TestASlowNarrowAndBrokenWayToRedis$"), app("^TestAWayToRedisThatLosesPackets$")},
	},
	{
		fault:    "Clocks are an hour off",
		done:     "the clock of Redis (libfaketime), of a producer, of the replica that follows BOS, of one that reads of it",
		promised: "durations are never negative; staleness and leases do not depend on the clocks",
		tests:    []test{app("^TestTheClockOfRedisIsAnHourOff$"), bossync("^TestClocksThatAreOffChangeNothing$"), store("^TestALeaseOfAClockThatWasAhead$")},
		missing:  "libfaketime around the server itself, which can't be: Go asks the kernel for the time, not libc",
	},
	{
		fault:    "Updates come twice, in another order, with a bad one among them, or by many writers at once",
		done:     "2,000 updates, one in 500 of them bad, as they are, each twice, shuffled; writers of the same components",
		promised: "a repetition changes nothing; what came last stands; the bad ones are reported, the others are applied; no update is lost",
		tests: []test{
			store("^TestUpdatesThatComeTwiceOrInAnotherOrder$"), store("^TestUnchangedRecordChangesNothing$"), store("^TestItemsAreRefusedOneByOne$"),
			store("^TestWriters$"), store("^TestTwoWritersOfOneComponent$"),
		},
	},
	{
		fault:    "BOS is down, slow, cut off, or answers something else",
		done:     "20 faults of a stand-in for BOS and TAPMS, for several sweeps each",
		promised: "nothing is removed or completed; the operator is notified; it passes without a restart",
		tests:    []test{app("^TestFaultsOfBOSLoseNothingAndPass$"), app("^TestNoSessionCompletesBeforeItsComponentsWereRead$")},
	},
	{
		fault:    "BOS loses its database, and gets it back, late or never",
		done:     "components and sessions are lost together or one after the other; backups are restored at once, late, never",
		promised: "the loss is doubted and reported; nothing that comes back was removed",
		tests:    []test{app("^TestABOSThatLosesItsDataIsNotBelievedAtOnce$"), app("^TestAnOperatorConfirmsOneLossOnly$")},
	},
	{
		fault:    "Another system's BOS answers",
		done:     "at the address of the BOS that is followed another one answers, with other components and a session of the same name that is complete; then the own one again",
		promised: "nothing of the own system is removed or completed; the operator is notified, and confirms that what was added goes",
		tests:    []test{app("^TestABOSThatIsReplacedByAnotherSystemsIsDoubted$")},
	},
	{
		fault:    "File descriptors run out, or the disk for logs is full",
		done:     "a server that may open 64 files, and clients that open more; a server that logs to `/dev/full`",
		promised: "new connections are refused, `/healthz` is answered within a second, all is well afterwards; logs stop nobody",
		tests:    []test{app("^TestFileDescriptorsRunOut$"), app("^TestADiskThatIsFullForLogs$"), app("^TestAnAuditLogThatCannotBeWrittenStopsNobody$")},
	},
	{
		fault:    "`GOMEMLIMIT` is reached",
		done:     "a server with a limit of 40 MB, and 16 clients that ask for lists of 1,000 components all the time",
		promised: "`/healthz` is answered within a second, watchers see every change, lists are answered or refused; it recovers by itself",
		tests:    []test{app("^TestTheMemoryLimitIsReached$")},
	},
	{
		fault: "One fault after the other, under constant updates",
		done: "two servers with watchers, and two that follow a BOS; in random order Redis hangs, pauses, closes all connections, forgets its scripts, " +
			"is out of memory, lacks replicas, a server is killed, another stands still, the network is slow or cuts answers, BOS fails, hangs, leaves out " +
			"half of its components, cuts answers; the same on a cluster, whose master is killed or hangs, or whose slot moves; in the full form for half an " +
			"hour each, with 2,000 watchers",
		promised: "all recover each time; nothing acknowledged is lost, on a cluster with `--redis-wait 1`; nothing that BOS has is removed or completed, and its " +
			"faults are reported; memory, goroutines and descriptors stay flat; no drift; no last state is missed",
		tests: []test{app("^TestOneFaultAfterTheOther$"), app("^TestOneFaultAfterTheOtherOnACluster$")},
	},
}
