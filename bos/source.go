package bos

// SourceSession is a session as BOS has it.
type SourceSession struct {
	NewSession
	State             State
	EndTime           Time
	Error             string // why set-up failed, if it did
	InitialComponents string
	Saved             *SavedStatus // of a complete one; nil while BOS has not told
}

// Create checks r and makes the session of it.
func (r SourceSession) Create(incarnation string) (*Session, error) {
	if r.State.rank() == 0 {
		return nil, Errorf(BadUserInput, "%q is no state of a session", clip(string(r.State))).At("status")
	}
	switch r.Operation {
	case OperationBoot, OperationReboot, OperationShutdown:
	default:
		return nil, Errorf(BadUserInput, "%q is no operation", clip(string(r.Operation))).At("operation")
	}
	if err := first(checkTime("startTime", r.StartTime), checkTime("endTime", r.EndTime), checkText("error", r.Error, MaxText),
		checkText("initialComponents", r.InitialComponents, MaxComponentList)); err != nil {
		return nil, err
	}
	start, err := r.StartTime.UTC()
	if err != nil {
		return nil, err
	}
	s, err := r.NewSession.Create(incarnation, start)
	if err != nil {
		return nil, err
	}
	s.Source, s.State, s.EndTime = SourceBOS, r.State, r.EndTime
	s.Details.Error, s.Details.InitialComponents = r.Error, r.InitialComponents
	return s, nil
}

// Follow returns s as r says that it is now, s itself if nothing has changed. What
// is complete stays as it was then. s.Details must have been read.
func (s *Session) Follow(r SourceSession) (*Session, error) {
	if s.State == StateComplete {
		return s, nil
	}
	next, err := r.Create(s.Incarnation)
	if err != nil {
		return nil, err
	}
	next.Version, next.Deleted = s.Version, s.Deleted
	if next.State.rank() < s.State.rank() {
		next.State = s.State
	}
	if !s.changed(next) {
		return s, nil
	}
	return next, nil
}
