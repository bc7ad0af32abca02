package compare

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// argued returns why the answers to a request differ on purpose, "" if they don't. The list
// of requests says which request may differ in which way; any other way is still a
// difference.
func argued(r compat.Request, d Difference, bos, ours answer) string {
	if r.Differs == "" || ours.err != nil {
		return ""
	}
	// Each case names one exact way to differ. A blanket exception would hide the next fault in
	// the same request.
	allowed := false
	switch r.Differs {
	case "schema-text": // BOS says more, but begins with what we say
		allowed = d.At == "$.detail" && startsAs(bos.body, ours.body)
	case "phase-list":
		allowed = d.At == "$.detail"
	case "enabled-alone":
		allowed = d.What == whatJSON && bos.status == http.StatusOK
	case "age-overflow":
		allowed = bos.status == http.StatusInternalServerError && ours.status == http.StatusOK
	case "redirect-body":
		allowed = bos.err == nil && bos.status == ours.status
	case "long-request": // BOS may close the connection, too
		allowed = bos.err != nil || bos.status == http.StatusOK && ours.status == http.StatusBadRequest
	case "no-description":
		allowed = bos.err == nil && ours.status == http.StatusNotFound
	}
	if !allowed {
		return ""
	}
	return compat.Differences()[r.Differs]
}

// startsAs says whether the detail of a problem of BOS's has ours as its first line.
func startsAs(bos, ours []byte) bool {
	var theirs, own struct{ Detail string }
	if json.Unmarshal(bos, &theirs) != nil || json.Unmarshal(ours, &own) != nil {
		return false
	}
	line, _, _ := strings.Cut(theirs.Detail, "\n")
	return line == own.Detail
}
