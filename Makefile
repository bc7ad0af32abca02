# How long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 10s

# Finds Go declarations: the flags of grep, for our test files only.
IN_TESTS := -r --include='*_test.go' --exclude-dir=node_modules --exclude-dir='.?*'

# The tests that `make test-fast` leaves out: each takes seconds. Those of a cluster are left
# out by the names of their subtests.
SLOW := \
	TestClusterMasterIsLost TestWhileASlotMovesReadsAreAnsweredAndWritesRefused TestReshardUnderLoad TestFailBackWithoutRestart TestWritesWaitForReplicas TestWhatAFailoverLoses TestLostAnswersChangeNothingTwice \
	TestProgressOfTenHours TestARecountFindsAndRepairsWhatDisagrees TestARecountIsRightWhileOthersWrite TestWithoutRedisEverythingIsUnavailable TestWriters \
	TestAClusterWithoutSlotsHasItsReason TestEachStateOfRedisHasItsReasonInAnswersAndLog TestEvictedKeysMakeEverythingStaleUntilARecount \
	TestNothingIsLostSilentlyWhenRedisFailsOverAndBack TestServersThatMayEndAtAnyInstant TestAnotherServerFollowsBOSWhenOneIsLost TestTheMostExpensiveRequestsAreBounded \
	TestWatchersOfServersThatShareNothingButRedis TestOneFaultAfterTheOther TestOneFaultAfterTheOtherOnACluster TestWatchersOfAServerThatStoodStill TestASlowNarrowAndBrokenWayToRedis TestAWayToRedisThatLosesPackets TestWatchersOfAServerThatIsAskedToStop TestWatchersWhoseRedisIsKilled TestWatchersWhoseRedisIsSilent \
	TestReadsDoNotGrowWithClients TestFileDescriptorsRunOut TestCompareFindsWhatDiffersFromTheFollowedBOS TestFaultsOfBOSLoseNothingAndPass \
	TestABOSThatLosesItsDataIsNotBelievedAtOnce TestIdleSweepsWriteNothing TestDeletedComponentsAreRemovedWithinThreeSweeps \
	TestMetricsFollowABoot TestADataDirectoryOutlivesAnyCrash TestDashboardsShowSeriesOfARealPrometheus \
	TestWebhooksArriveThroughCrashesAndFaults TestWebhooksReportStallsAndALostSync TestTheReceiverOfTheDocumentationVerifiesEvents

empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := help
.PHONY: help generate fresh lint words test test-fast race long bench fuzz faults release packages vulnerabilities check

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

generate: ## write the generated code and the pages' bundle again
	@scripts/need.sh node
	go generate ./...

fresh: ## fail if generated code is not what generate writes
	@sums() { git ls-files -co --exclude-standard -z | sort -z | xargs -0 cksum 2>/dev/null; }; \
	before=$$(sums || true); \
	$(MAKE) --no-print-directory generate; \
	if [ "$$before" != "$$(sums || true)" ]; then \
		echo "generated code was stale; it has been written again, see git diff" >&2; exit 1; \
	fi

lint: words ## check format, go vet, staticcheck, words, types of the pages
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "not formatted as gofmt does:" >&2; echo "$$unformatted" >&2; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	cd bench/live && go vet ./...
	cd internal/auth/oidctest/provider && go vet ./...
	@scripts/need.sh node
	cd web && npm run --silent typecheck

words: ## find words that the documents, logs and names do without
	go run ./scripts/words

# Whole servers and the pages in a browser. `make test` runs them as users do, and `make race` with the race detector, which
# has them take twice as long.
WHOLE := ./internal/app ./internal/app/browser
# What only computes has nothing to race, and takes five times as long with the race detector.
COMPUTING := ./internal/config ./internal/sim
# The longest first: the others run beside it.
PARTS = ./cache $$(go list ./... | grep -vE '/internal/(app|config|sim)(/|$$)')
TESTING := -vet=off -ldflags='-s -w' -timeout 15m

test: ## run all tests, on a real Redis, and those of most packages with the race detector; installs what is missing
	@scripts/need.sh
	# Whole servers mostly wait: meanwhile the parts are built, which takes as long as to test them where nothing is built yet.
	@failed=; set -x; \
	CGO_ENABLED=1 nice -n 19 go build -race ./... & \
	go test $(TESTING) -p 2 -parallel 3 $(WHOLE) $(COMPUTING) || failed=1; wait; \
	CGO_ENABLED=1 go test -race $(TESTING) -p 3 $(PARTS) || failed=1; \
	[ -z "$$failed" ]

race: ## run with the race detector what `make test` runs without: whole servers, the pages, and what only computes
	@scripts/need.sh
	CGO_ENABLED=1 go test -race $(TESTING) -p 2 $(WHOLE) $(COMPUTING)

test-fast: ## run the tests of a minute: without the race detector, the pages in a browser, real clients, clusters, and what takes seconds
	@scripts/need.sh
	# A pattern with a slash matches a part of every name, and ends the search: last.
	go test -vet=off -ldflags='-s -w' -timeout 5m -skip '^($(subst $(space),|,$(strip $(SLOW))))$$|^Test(Clients|EveryClient|GraphQLWS|ErrorsOfEventStreams|Recipe|TheScriptsOf)|.*/^cluster$$|.*/.*/^cluster$$' \
		$$(go list ./... | grep -v /internal/app/browser$$)

long: race ## run what takes long: whole servers with the race detector, failovers, a BOS that loses its data, a cluster's faults, expensive requests, the pages under load, the model-based test
	@scripts/need.sh
	TEST_BOSGRAPH_LONG=1 go test -v -count=1 -timeout 30m -run 'TestNothingIsLostSilentlyWhenRedisFailsOverAndBack$$|TestABOSThatLosesItsDataIsNotBelievedAtOnce$$|TestDeletedComponentsAreRemovedWithinThreeSweeps$$|TestADataDirectoryOutlivesAnyCrash$$|TestWebhooksArriveThroughCrashesAndFaults$$' ./internal/app
	TEST_BOSGRAPH_LONG=1 go test -v -count=1 -timeout 60m -run 'TestTheMostExpensiveRequestsAreBounded$$' ./internal/app
	TEST_BOSGRAPH_LONG=1 go test -v -count=1 -timeout 15m -run 'TestReshardUnderLoad|TestClusterMasterIsLost' ./cache
	TEST_BOSGRAPH_LONG=1 TEST_BOSGRAPH_ONLY='load:|no barriers' go test -v -count=1 -timeout 20m -run TestPagesInABrowser ./internal/app/browser
	RAPID_CHECKS=500 CGO_ENABLED=1 go test -race -timeout 30m -run 'TestModel/^redis$$' ./cache
	TEST_BOSGRAPH_LONG=1 go test -count=1 -timeout 15m -run 'TestANewCounterIsOneLine|TestProgressOfTenHours|TestWriters|TestARecountIsRightWhileOthersWrite' ./cache

faults: ## break what can break, and write what was promised and what was counted to docs/faults.md; TEST_BOSGRAPH_LONG=1 for the full form
	@scripts/need.sh
	go run ./scripts/faults -o docs/faults.md

bench: ## run the benchmarks
	@scripts/need.sh
	@packages=$$(grep -l $(IN_TESTS) '^func Benchmark' . | xargs -r -n 1 dirname | sort -u); \
	[ -z "$$packages" ] || go test -run '^$$' -bench . -benchmem $$packages

fuzz: ## run each fuzz target for FUZZTIME
	@grep -Ho $(IN_TESTS) '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' | while read -r file target; do \
		echo "$$target in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null || exit 1; \
	done

release: ## make programs, packages, image, chart and checksums of what is committed, in dist
	cd packaging && go run ./release ../dist

packages: ## install and run what `make release` has made, and check the chart and the workflows; as root, on Debian
	cd packaging && go vet ./... && go test -count=1 -timeout 15m ./...
	cd packaging && go tool actionlint ../.github/workflows/*.yml

vulnerabilities: ## look for known vulnerabilities in what the program calls; asks a database on the internet
	cd packaging && go tool govulncheck -C .. ./...

check: fresh lint test ## all that has to pass before a commit
