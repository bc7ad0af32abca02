package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
)

// PresentError gives every error its code. One that is not meant for users is
// logged under an id, and only the id is shown.
func PresentError(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		// Given up for another error of the same response: see Outage. The store takes that for a Redis that does not
		// answer.
		if why := (*bos.Error)(nil); errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &why) {
			err = why
		}
		if known := (*bos.Error)(nil); errors.As(err, &known) {
			givenUp(ctx, known)
			shown, argument := ofField(ctx, shown)
			return withReason(present(shown, argument+known.Message, known.Code), known.Reason)
		}
		switch code, _ := shown.Extensions["code"].(string); code {
		case errcode.ParseFailed, errcode.ValidationFailed:
			shown, variable := ofVariable(shown)
			return present(shown, variable+reworded(shown.Message), bos.BadUserInput)
		// Neither ours nor one of gqlgen's about the request: its text may name hosts, files or
		// commands.
		case "":
			id := audit.ErrorID(ctx)
			log.ErrorContext(ctx, "internal error", "id", id, "path", shown.Path.String(), "error", err)
			return present(shown, "internal error; the server's log has it under "+id, bos.Internal)
		default:
			return shown
		}
	}
}

// ofField is the error of an argument as one of the field that has it: a path has fields of the response
// alone. What it was cut off by begins the message.
func ofField(ctx context.Context, shown *gqlerror.Error) (cut *gqlerror.Error, argument string) {
	field := graphql.GetFieldContext(ctx)
	if field == nil {
		return shown, ""
	}
	path := field.Path()
	if len(shown.Path) <= len(path) {
		return shown, ""
	}
	cut = &gqlerror.Error{Path: path}
	_ = graphql.AddFieldLocationToError(ctx, cut)
	return cut, shown.Path[len(path):].String() + ": "
}

// ofVariable is the error of a variable as one of the whole request, as it was before anything was executed. Which one it is, and where
// in it, begins the message.
func ofVariable(shown *gqlerror.Error) (whole *gqlerror.Error, variable string) {
	if len(shown.Path) < 2 || shown.Path[0] != ast.PathName("variable") { // as gqlparser has it
		return shown, ""
	}
	return &gqlerror.Error{Message: shown.Message, Locations: shown.Locations}, "$" + shown.Path[1:].String() + ": "
}

// inGo are kinds of values as Go calls them, and as GraphQL does.
var inGo = strings.NewReplacer("slice", "list", "map", "object", "bool", "Boolean", "string", "String", "float64", "Float", "int64", "Int")

// reworded is what to say in place of a message of gqlgen's or gqlparser's that says the wrong thing.
func reworded(message string) string {
	switch {
	case message == "operation  not found": // of several, and with no name
		return "the document has several operations: name one of the operations in operationName"
	// They name the kind that the value has in Go, or what is left of a number that could not be read.
	case strings.HasPrefix(message, "cannot use ") && strings.HasSuffix(message, " as Int"):
		return "give an Int, a whole number of 32 bits"
	case strings.HasPrefix(message, "cannot use ") && strings.Contains(message, " as "):
		kind, wanted, _ := strings.Cut(strings.TrimPrefix(message, "cannot use "), " as ")
		return inGo.Replace(kind) + " is no " + wanted
	case message == "enums must be ints or strings":
		return "give one of the enum's values, as a text"
	case strings.HasPrefix(message, "must be a ") && strings.Contains(message, ", not a "):
		wanted, kind, _ := strings.Cut(message, ", not a ")
		return wanted + ", not a " + inGo.Replace(kind)
	default:
		return message
	}
}

// maxMessage is how long a message may get, in bytes: some quote the request.
const maxMessage = 1000

// present keeps where the error is and replaces what it says.
func present(shown *gqlerror.Error, message string, code bos.Code) *gqlerror.Error {
	// A new one: that of gqlgen wraps the cause, which others might show.
	return &gqlerror.Error{
		Message: bos.Clip(message, maxMessage), Path: shown.Path, Locations: shown.Locations, Extensions: map[string]any{"code": string(code)},
	}
}

// withReason adds why something is unavailable, for programs and for docs/operations.md.
func withReason(shown *gqlerror.Error, reason bos.Reason) *gqlerror.Error {
	if reason != "" {
		shown.Extensions["reason"] = string(reason)
	}
	return shown
}

// Recover makes a panic an internal error whose log entry has the stack.
func Recover(ctx context.Context, panicked any) error {
	return fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
}
