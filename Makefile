# How long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 10s

# Finds Go declarations: the flags of grep, for our test files only.
IN_TESTS := -r --include='*_test.go' --exclude-dir=node_modules --exclude-dir='.?*'

.DEFAULT_GOAL := help
.PHONY: help generate fresh lint test long bench fuzz check

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

generate: ## write the generated code and the pages' bundle anew
	@scripts/need.sh node
	go generate ./...

fresh: ## fail if generated code is not what generate writes
	@sums() { git ls-files -co --exclude-standard -z | sort -z | xargs -0 cksum 2>/dev/null; }; \
	before=$$(sums || true); \
	$(MAKE) --no-print-directory generate; \
	if [ "$$before" != "$$(sums || true)" ]; then \
		echo "generated code was stale; it is written anew, see git diff" >&2; exit 1; \
	fi

lint: ## check format, go vet, staticcheck, types of the pages
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "not formatted as gofmt does:" >&2; echo "$$unformatted" >&2; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	cd bench/live && go vet ./...
	@scripts/need.sh node
	cd web && npm run --silent typecheck

test: ## run all tests, on a real Redis and with the race detector; installs what is missing
	@scripts/need.sh
	CGO_ENABLED=1 go test -race -timeout 8m -p 2 ./...

long: ## run the model-based test for half an hour at most, and the pages for five minutes
	@scripts/need.sh
	BOSGRAPH_LONG=1 BOSGRAPH_ONLY=load: go test -v -count=1 -timeout 15m -run TestPages ./internal/app/browser
	RAPID_CHECKS=500 CGO_ENABLED=1 go test -race -timeout 30m -run 'TestModel/^redis$$' ./cache

bench: ## run the benchmarks
	@scripts/need.sh
	@packages=$$(grep -l $(IN_TESTS) '^func Benchmark' . | xargs -r -n 1 dirname | sort -u); \
	[ -z "$$packages" ] || go test -run '^$$' -bench . -benchmem $$packages

fuzz: ## run each fuzz target for FUZZTIME
	@grep -Ho $(IN_TESTS) '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' | while read -r file target; do \
		echo "$$target in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null || exit 1; \
	done

check: fresh lint test ## all that has to pass before a commit
