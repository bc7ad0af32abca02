package cache

import (
	"sync/atomic"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// fieldList are the fields of a session's hash that a read asks for.
type fieldList struct {
	names []string
	// The same as arguments of a command: pipe.HMGet would put each into an interface for each
	// read, which is most of what such a read allocates.
	words []any
}

// fieldLists are the lists without each selection of parts, for a session alone and with its
// status; nil until one is needed.
var fieldLists [2][bos.AllParts + 1]atomic.Pointer[fieldList]

var allStatusFields = listOf(schema.AllStatusFields)

// fieldsRead are the fields that are read for what is wanted.
func fieldsRead(want bos.Want) *fieldList {
	if separate(want) {
		return allStatusFields
	}
	lists := &fieldLists[0]
	if want.Status {
		lists = &fieldLists[1]
	}
	place := &lists[want.Without&bos.AllParts]
	list := place.Load()
	if list == nil { // two that make it at the same time make the same
		list = listOf(schema.ReadFields(want.Status, want.Without))
		place.Store(list)
	}
	return list
}

func listOf(names []string) *fieldList { return &fieldList{names, argumentsOf(names)} }

func argumentsOf(names []string) []any {
	words := make([]any, len(names))
	for i, name := range names {
		words[i] = name
	}
	return words
}

// separate says whether the separate counters are needed: the last point of a progress is the status.
func separate(want bos.Want) bool { return want.Statuses || want.Progress }
