//go:build !race

package app

// manyWatchers is how many lose their server at once.
const manyWatchers = 2000
