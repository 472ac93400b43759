package spec

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Fingerprint is the hex SHA-256 of what the document means: equal for documents that
// differ in order, comments and spelled-out defaults only.
func (b Build) Fingerprint() string {
	meaning := b.withDefaults().withServiceDefaults()
	// What these say is in the sections by now.
	meaning.Variables, meaning.Tags, meaning.ResourceGroupID = nil, nil, ""
	// These say nothing of the image.
	meaning.OnFailure, meaning.OnCancel, meaning.OnSuccess, meaning.Retries = "", "", OnSuccess{}, Retries{}
	meaning.Timeouts.Cleanup = 0
	meaning.Approval, meaning.Schedule, meaning.Notifications = nil, nil, nil
	data, err := json.Marshal(meaning)
	if err != nil {
		panic(err) // text, numbers and maps of text always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// withServiceDefaults spells out what the cloud does with parameters that are not sent.
func (b Build) withServiceDefaults() Build {
	if in := b.Source.Import; in != nil {
		filled := *in
		filled.Architecture = cmp.Or(in.Architecture, "x86_64")
		filled.OSType = cmp.Or(in.OSType, "linux")
		filled.Platform = cmp.Or(in.Platform, map[string]string{"linux": "Others Linux", "windows": "Other Windows"}[filled.OSType])
		filled.BootMode = cmp.Or(in.BootMode, map[string]string{"arm64": "UEFI"}[filled.Architecture], "BIOS")
		filled.RoleName = cmp.Or(in.RoleName, "AliyunECSImageImportDefaultRole")
		filled.Features.IMDSSupport = cmp.Or(in.Features.IMDSSupport, "v1")
		b.Source.Import = &filled
	}
	if t := b.Template; t != nil && t.ID == "" {
		filled := *t
		filled.SystemDiskSizeGiB = cmp.Or(t.SystemDiskSizeGiB, 40)
		filled.DeleteInstanceOnFailure = cmp.Or(t.DeleteInstanceOnFailure, new(true))
		filled.RetainCloudAssistant = cmp.Or(t.RetainCloudAssistant, new(false))
		if slices.Equal(t.ToRegionIDs, []string{b.Region}) {
			filled.ToRegionIDs = nil
		}
		b.Template = &filled
	}
	return b
}
