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

// Outcome is how the session has ended, by what BOS has saved or else by what was counted here. Its
// status must have been read.
func (s *Session) Outcome() Outcome {
	status := s.Status
	failed, successful := status.Tally.Failed > 0, status.Tally.Successful == status.Tally.Managed
	if status.Saved != nil {
		failed, successful = status.PercentFailed() > 0, status.PercentSuccessful() >= 100
	}
	switch {
	case s.State != StateComplete:
		return OutcomeDeleted
	case status.Managed() == 0:
		return OutcomeEmpty
	case failed:
		return OutcomeFailed
	case successful:
		return OutcomeSuccessful
	default:
		return OutcomeIncomplete
	}
}
