package schema

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bosgraph/bosgraph/bos"
)

// Fold puts the names of this package into a script, as literals: SESSION.revision is the
// name of that field, COUNTER.active the letter of a counter. So a script
// spells no name by itself, and looking one up costs nothing when it runs. A name that is not
// described here fails the program at its start.
func Fold(script string) string {
	return constant.ReplaceAllStringFunc(script, func(name string) string {
		value, known := constants[name]
		if !known {
			panic(fmt.Sprintf("schema: a script uses %s, which nothing describes", name))
		}
		return value
	})
}

// constant is a name of a table in capital letters, with a field of it if it has any.
var constant = regexp.MustCompile(`\b(?:(?:META|LEASE|SESSION|EXTRAS|ENTRY|EVENT|COUNTER|MODE|FLAG)\.\w+|SHOWN|CABINET_MARK|AT_LEAST|RECORD_NOTICE|OUTBOX_LENGTH|PACK_SIZE|STAYS_LENGTH|WAIT_SPAN)\b`)

var constants = scriptConstants()

func scriptConstants() map[string]string {
	all := map[string]string{
		"SHOWN":         "{" + quoted(ShownStatusFields) + "}",
		"CABINET_MARK":  quote(cabinetMark),
		"AT_LEAST":      quote(atLeast),
		"RECORD_NOTICE": quote(RecordNotice),
		"OUTBOX_LENGTH": strconv.Itoa(OutboxLength),
		"PACK_SIZE":     strconv.Itoa(PackSize),
		"STAYS_LENGTH":  strconv.Itoa(StaysLength),
		"WAIT_SPAN":     strconv.Itoa(waitSpan),
		"MODE.armed":    quote(ModeArmed),
		"MODE.frozen":   quote(ModeFrozen),
		"MODE.running":  quote(ModeRunning),

		"EVENT.started":       quote(string(bos.EventStarted)),
		"EVENT.completed":     quote(string(bos.EventCompleted)),
		"EVENT.firstFailure":  quote(string(bos.EventFirstFailure)),
		"EVENT.failuresAbove": quote(string(bos.EventFailuresAbove)),
	}
	for _, c := range Counters {
		all["COUNTER."+c.Name] = quote(c.Letter)
	}
	for _, table := range []struct {
		name string
		of   any
	}{{"META", Meta}, {"LEASE", Lease}, {"SESSION", Session}, {"EXTRAS", Extras}, {"ENTRY", Entry}} {
		v := reflect.ValueOf(table.of)
		for i := range v.NumField() {
			all[table.name+"."+lowerFirst(v.Type().Field(i).Name)] = quote(v.Field(i).Interface().(Field).Name)
		}
	}
	for _, f := range valuesOf[WriteFlag](WriteFlags) {
		all["FLAG."+f.Name] = quote(f.Letter)
	}
	return all
}

// WriteFlag is a letter by which a write says to its script what it does to a scope.
type WriteFlag struct{ Letter, Name string }

// WriteFlags are all of them; lua/write.lua says what they do.
var WriteFlags = struct{ Record, Check, Freeze, Keep, Revise, Start, Swept, Past, Packed WriteFlag }{
	Record: WriteFlag{"r", "record"},
	Check:  WriteFlag{"c", "check"},
	Freeze: WriteFlag{"f", "freeze"},
	Keep:   WriteFlag{"k", "keep"},
	Revise: WriteFlag{"a", "revise"},
	Start:  WriteFlag{"b", "start"},
	Swept:  WriteFlag{"s", "swept"},
	Past:   WriteFlag{"p", "past"},

	Packed: WriteFlag{"x", "packed"},
}

func quote(text string) string { return "'" + text + "'" }

func quoted(texts []string) string { return quote(strings.Join(texts, "', '")) }

func lowerFirst(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[size:]
}
