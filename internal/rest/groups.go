package rest

import "github.com/bosgraph/bosgraph/bos"

// BOS has no pages of error groups: a status has all of them. They are read in pieces all the
// same, as Redis does nothing else while it runs a script: for 1,000 groups with texts of 900
// bytes that was 21 ms on a busy machine with two cores. pageBounds bounds the texts of
// a piece to 1 MiB.
const (
	groupsAtOnce = 1000
	// attempts at pieces of one moment: a session that changes faster than they are read
	// is answered with pieces of several moments.
	attempts = 3
	// mostGroupBytes bounds what one answer holds, as --max-response does by default: far
	// more than any system has in different error texts.
	mostGroupBytes = 32 << 20
	groupBytes     = 400 // of a group besides its text, with ten ids
)

// readStatus reads the status of the session that a path names, with all its error groups.
func (h *handler) readStatus(r *request) (found *bos.Session, err error) {
	for attempt := 1; ; attempt++ {
		var torn bool
		found, torn, err = h.readGroups(r, attempt < attempts)
		if err != nil || !torn {
			return found, err
		}
	}
}

// readGroups reads a status with all groups. If exact is set it stops, and reports torn, as soon
// as the session has changed between two pieces. Otherwise it continues: groups may be missing
// then that have changed their rank meanwhile, and one that comes twice counts once.
func (h *handler) readGroups(r *request, exact bool) (found *bos.Session, torn bool, err error) {
	found, err = h.readPiece(r, 0)
	if err != nil || found.Status.Saved != nil {
		return found, false, err
	}
	bytes := bytesOf(found.Status.Errors)
	for read := len(found.Status.Errors); read < found.Status.GroupCount; {
		piece, err := h.readInTurn(r, read)
		if err != nil {
			return nil, false, err
		}
		more, now := piece.Status, found.Status
		if more.Saved != nil || piece.Incarnation != found.Incarnation || exact && more.Revision != now.Revision {
			return piece, true, nil // another end, another session, or another moment
		}
		if len(more.Errors) == 0 {
			break // there are fewer by now
		}
		if bytes += bytesOf(more.Errors); bytes > mostGroupBytes {
			return nil, false, badRequest("The errors of session '%s' take more than %d bytes: query errorSummary of GraphQL, which has the largest first",
				r.id, mostGroupBytes)
		}
		read += len(more.Errors)
		now.Errors = append(now.Errors, more.Errors...)
	}
	return found, false, nil
}

// readInTurn reads a piece after the first in turns with other heavy work.
func (h *handler) readInTurn(r *request, from int) (*bos.Session, error) {
	done, err := h.turn(r.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	return h.readPiece(r, from)
}

// readPiece reads a status with the groups from a rank on: as many as may be read at once.
func (h *handler) readPiece(r *request, from int) (*bos.Session, error) {
	ctx, effort := pageBounds.WithEffort(r.Context())
	defer effort.Done()
	return h.readSession(ctx, r, bos.SessionRead{Want: bos.Want{Status: true, Groups: groupsAtOnce}, GroupsFrom: from})
}

func bytesOf(groups []bos.ErrorGroup) (n int) {
	for i := range groups {
		n += len(groups[i].Message) + groupBytes
	}
	return n
}
