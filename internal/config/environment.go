package config

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
)

const variablePrefix = "BOSGRAPH_"

// ofServiceLinks matches the variables that Kubernetes sets in the pods beside a
// service that is called bosgraph: nobody has mistyped those.
var ofServiceLinks = regexp.MustCompile(`^BOSGRAPH(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// checkEnvironment refuses variables of bosgraph that no option has: a mistyped one
// would leave its option at the default, and nobody would notice.
func checkEnvironment(model *kong.Application) error {
	known := map[string]bool{}
	for name := range variables(model) {
		known[name] = true
	}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		ofKubernetes := ofServiceLinks.MatchString(name) ||
			strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
		if !strings.HasPrefix(name, variablePrefix) || known[name] || ofKubernetes {
			continue
		}
		return fmt.Errorf("there is no option with the variable %s: did you mean %s?", name, nearest(name, known))
	}
	return nil
}

// blameEmpty says of an error about an option that its variable is empty, if that is why: nobody has written the
// empty value that the error would quote. A manifest or a compose file leaves it of what is not set.
func blameEmpty(model *kong.Application, args []string, err error) error {
	option, _, found := strings.Cut(err.Error(), ": ")
	if !found || slices.ContainsFunc(args, func(arg string) bool { return arg == option || strings.HasPrefix(arg, option+"=") }) {
		return err // flags take precedence
	}
	for name, flag := range variables(model) {
		value, set := os.LookupEnv(name)
		switch {
		case "--"+flag.Name != option || !set || value != "":
		case flag.HasDefault:
			return fmt.Errorf("%s: the environment variable %s is empty: unset it for the default, %s, or give it a value", option, name, flag.Default)
		default:
			return fmt.Errorf("%s: the environment variable %s is empty: unset it, or give it a value", option, name)
		}
	}
	return err
}

// variables are those of the options of all commands. Several commands may have the same.
func variables(model *kong.Application) iter.Seq2[string, *kong.Flag] {
	return func(yield func(string, *kong.Flag) bool) {
		for _, command := range model.Leaves(false) {
			for _, flag := range command.Flags {
				for _, name := range flag.Envs {
					if !yield(name, flag) {
						return
					}
				}
			}
		}
	}
}

// nearest returns the known name that takes the fewest edits, the first of equals. One
// that continues the name, or that the name continues, takes fewer than any other.
func nearest(name string, known map[string]bool) string {
	far := func(k string) int {
		edits := levenshtein.ComputeDistance(name, k)
		if strings.HasPrefix(k, name) || strings.HasPrefix(name, k) {
			return edits
		}
		return edits + len(name)
	}
	return slices.MinFunc(slices.Sorted(maps.Keys(known)), func(a, b string) int { return far(a) - far(b) })
}
