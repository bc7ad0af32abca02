//go:build race

package app_test

// manyWatchers is how many lose their server at once. With the race detector, four
// times as many take half a minute to connect.
const manyWatchers = 500
