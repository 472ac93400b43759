package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func fingerprint(t *testing.T, document string) string {
	t.Helper()
	return read(t, document, Options{}).Fingerprint()
}

func TestFingerprintIsThatOfTheMeaning(t *testing.T) {
	plain := fingerprint(t, importing("template: {}\nbatchCompute: {}\ntags: {a: '1', b: '2'}"))
	require.Regexp(t, `^[0-9a-f]{64}$`, plain)
	for name, document := range map[string]string{
		"order and comments": "# a comment\ntags: {b: '2', a: '1'}\nbatchCompute: {}\ntemplate: {}\n" + importing(""),
		"defaults of Kiln": importing("template: {name: web, tags: {a: '1'}}\nimage: {name: web}\ntimeouts: {call: 120m}\n" +
			"batchCompute: {name: web, platform: Linux}\ntags: {a: '1', b: '2'}"),
		"defaults of the service": importing("    osType: linux\n    architecture: x86_64\n    bootMode: BIOS\n    platform: Others Linux\n" +
			"    features: {imdsSupport: v1}\ntemplate: {systemDiskSizeGiB: 40, deleteInstanceOnFailure: true, internetMaxBandwidthOut: 0, toRegionIds: [cn-hangzhou]}\n" +
			"batchCompute: {}\ntags: {a: '1', b: '2'}"),
		"variables": importing("variables: {x: '1', unused: y}\ntemplate: {}\nbatchCompute: {}\ntags: {a: '${{ vars.x }}', b: '2'}"),
	} {
		require.Equal(t, plain, fingerprint(t, document), name)
	}
}

// Fingerprints are compared with those of earlier builds, so a new field that says nothing
// of the image has to leave them as they are.
func TestFingerprintLeavesOutWhatSaysNothingOfTheImage(t *testing.T) {
	const document = "template: {}\nbatchCompute: {}\ntags: {a: '1', b: '2'}\n"
	const plain = "3d80f15e3e65cb743fa6693f59c5d06d48fbab722b5482382078d0403da6925f"
	for name, fields := range map[string]string{
		"nothing":                 "",
		"clean-up after failures": "onFailure: cleanup",
		"no clean-up on cancel":   "onCancel: keep",
		"removal on success":      "onSuccess: {importedImage: remove, template: remove}",
		"retries":                 "retries: {import: 2, execution: 3}",
		"an approval":             "approval: {timeout: 1h, reason: look at it}",
		"the clean-up's timeout":  "timeouts: {cleanup: 1h}",
		"defaults spelled out":    "onFailure: keep\nonCancel: cleanup\nonSuccess: {components: keep}\nretries: {import: 0}\ntimeouts: {cleanup: 2h}",
	} {
		require.Equal(t, plain, fingerprint(t, importing(document+fields)), name)
	}
}

func TestFingerprintTellsBuildsApart(t *testing.T) {
	seen := map[string]string{}
	for _, document := range []string{
		importing(""),
		importing("batchCompute: {}"),
		importing("template: {}"),
		importing("template: {systemDiskSizeGiB: 50}"),
		importing("template: {deleteInstanceOnFailure: false}"),
		importing("    architecture: arm64"),
		importing("    features: {imdsSupport: v2}"),
		importing("tags: {a: b}"),
		importing("resourceGroupId: rg-1"),
		importing("timeouts: {import: 1h}"),
		importing("components: [{name: app, content: RUN true}]"),
		importing("components: [{name: app, content: RUN false}]"),
		importing("components: [{name: app, content: RUN true, type: Test}]"),
	} {
		sum := fingerprint(t, document)
		require.Empty(t, seen[sum], document)
		seen[sum] = document
	}
}
