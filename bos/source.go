package bos

// SourceSession is a session as its source, BOS, has it.
type SourceSession struct {
	NewSession
	State             State
	EndTime           Time
	Error             string // why set-up failed, if it did
	InitialComponents string
	Saved             *SavedStatus // of a complete one; nil while BOS has not said
	Shape             Shape        // how the record was received
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
		checkText("initialComponents", r.InitialComponents, MaxComponentList), r.Shape.check()); err != nil {
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
	s.Details.Error, s.Details.InitialComponents, s.Details.Shape = r.Error, r.InitialComponents, r.Shape
	return s, nil
}

// ShapeOf is the shape of the record that r was read from.
func (r SourceSession) ShapeOf(received []byte) Shape {
	return sessionShape(received, &Session{
		SessionKey: r.SessionKey, Operation: r.Operation, TemplateName: r.TemplateName, Stage: r.Stage,
		IncludeDisabled: r.IncludeDisabled, State: r.State, StartTime: r.StartTime, EndTime: r.EndTime,
		Details: &SessionDetails{Limit: r.Limit, Error: r.Error, InitialComponents: r.InitialComponents},
	})
}

// Follow returns s as r says that it is now, s itself if nothing has changed. One that
// is complete stays as it was then, but for its details. s.Details must have been read.
func (s *Session) Follow(r SourceSession) (*Session, error) {
	next, err := r.Create(s.Incarnation)
	if err != nil {
		return nil, err
	}
	if s.State == StateComplete {
		ended := *s
		ended.Details = next.Details
		next = &ended
	}
	next.Version, next.Deleted, next.Removal = s.Version, s.Deleted, s.Removal
	if next.State.rank() < s.State.rank() {
		next.State = s.State
	}
	if !s.changed(next) {
		return s, nil
	}
	return next, nil
}
