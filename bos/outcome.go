package bos

// Outcome says how a session has ended.
type Outcome string

// The outcomes.
const (
	OutcomeSuccessful Outcome = "successful" // all components are
	OutcomeFailed     Outcome = "failed"     // at least one component has
	OutcomeIncomplete Outcome = "incomplete" // none has failed and not all were successful
	OutcomeEmpty      Outcome = "empty"      // without any component
	OutcomeDeleted    Outcome = "deleted"    // before it was complete
)

// Outcome is how the session has ended. Its status must have been read.
func (s *Session) Outcome() Outcome {
	status := s.Status
	switch {
	case s.State != StateComplete:
		return OutcomeDeleted
	case status.Managed() == 0:
		return OutcomeEmpty
	case status.Result().Failures():
		return OutcomeFailed
	case status.Result().AllSuccessful():
		return OutcomeSuccessful
	default:
		return OutcomeIncomplete
	}
}
