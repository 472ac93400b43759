//go:build e2e

package testsuite

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// deletions are the calls with which a build removes what it does not want to keep.
var deletions = []string{"DeleteImagePipeline", "DeleteImageComponent", "DeleteImage"}

// onlyGolden keeps nothing but the golden image and its registration.
var onlyGolden = strings.Replace(goldenBuild, `"region"`,
	`"onSuccess": {"importedImage": "remove", "components": "remove", "template": "remove"}, "region"`, 1)

// deletionPoints are the moments of each of them.
func deletionPoints() []point {
	var all []point
	for _, api := range deletions {
		for _, p := range endingPoints(api, (*scene).begin) {
			all = append(all, point{api + " " + p.name, func(s *scene) {
				s.document = strings.ReplaceAll(onlyGolden, "NAME", s.id)
				p.dies(s)
			}})
		}
	}
	return all
}

// crashAtEachDeletion: what is not to be kept is removed, and what is stays, whenever a
// worker dies.
func crashAtEachDeletion(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3000"})
	c.scenes(t, "deletions", deletionPoints(), func(s *scene) {
		said := s.requireBuilt()
		require.ElementsMatch(t, []string{"image " + said.result.ImageID, "batchimage " + said.result.BatchComputeImageID}, s.living(said))
	})
	c.close(t, sum, "make crash")
}
