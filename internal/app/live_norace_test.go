//go:build !race

package app_test

// manyWatchers is how many lose their server at once.
var manyWatchers = map[bool]int{false: 2000, true: 10000}[longTests]
