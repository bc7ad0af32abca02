package guard_test

import (
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }
