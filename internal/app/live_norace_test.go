//go:build !race

package app_test

// manyWatchers is how many lose their server at once.
const manyWatchers = 2000
