package starter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

func TestNoCommandIsNamedWhereTheServerGoesWithThisOne(t *testing.T) {
	snap := snapshot{ended: ending("web-base", failureOfType(refused.Code, refused))}
	snap.BuildID, snap.Resources = "web-base", keptLedger
	result := workflows.Result{BuildID: "web-base", Outcome: workflows.OutcomePartial, Resources: stuckLedger()}
	for _, alone := range []bool{false, true} {
		s := &session{app: &app{name: "kilndev", alone: alone}}
		says := s.lastWords(snap).Error() + s.partial(result).Error()
		require.Contains(t, says, "left in the cloud:\n  image      m-import")
		for _, command := range []string{"`kilndev retry web-base`", "`kilndev leftovers list`"} {
			require.Equal(t, !alone, strings.Contains(says, command), command)
		}
	}
}
