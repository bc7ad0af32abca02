// Package bench measures bosgraph as its clients see it, on a real Redis: reads,
// lists and ingest. It is benchmarks alone; README.md says how to run them and
// what each figure means.
package bench
