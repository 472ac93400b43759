package errcode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

const register = "BatchCompute.CreateImage"

func TestLookupTellsRowsOfOneCodeApartByMessage(t *testing.T) {
	tests := []struct {
		name, api, code, message string
		class                    errcode.Class
		advice                   string
	}{
		{"image id that is no string", register, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. Its type must be string.", errcode.Stop, "fault in Kiln"},
		{"image id that is too long", register, "InvalidEcsImageId", "code: 400, Specified parameter EcsImageId is not valid. Its length must be in [1, 256]. request id: 1", errcode.Stop, "source.imageId"},
		{"image of somebody else", register, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. The specified EcsImageId does not exist or not you onwer.", errcode.Stop, "still there"},
		{"image of somebody else, spelt right", register, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. The specified EcsImageId does not exist or not you owner", errcode.Stop, "still there"},
		{"image registered before", register, "InvalidEcsImageId", "code: 400, Specified parameter EcsImageId is not valid. This EcsImageId has been registered. request id: 1", errcode.Reconcile, "adopt"},
		{"image registered before, in capitals on two lines", register, "InvalidEcsImageId", "SPECIFIED PARAMETER ECSIMAGEID IS NOT VALID.\n THIS ECSIMAGEID HAS BEEN  REGISTERED", errcode.Reconcile, "adopt"},
		{"image not available yet", register, "InvalidEcsImageId", "Specified parameter “EcsImageId” is not valid. The image is not available.", errcode.Wait, "Available"},
		{"image share quota", register, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. The share Image Quota exceeds or the shared image user quota exceeds.", errcode.Stop, "Quota Center"},
		{"none of the messages: the most careful class", register, "InvalidEcsImageId", "Something new.", errcode.Stop, "API reference"},
		{"role missing, straight apostrophe", register, "InvalidRoleArn", "Specified parameter RoleArn is not valid. You haven't created AliyunBatchComputeDefaultRole yet.", errcode.Stop, "Create the role"},
		{"role too weak, typographic apostrophe", register, "InvalidRoleArn", "Specified parameter RoleArn is not valid. AliyunBatchComputeDefaultRole don’t have access to share image.", errcode.Stop, "share images"},
		{"disk number filled in", "ImportImage", "MissingParameter", `An input parameter "DiskDeviceMapping.3.OSSObject" that is mandatory for processing the request is not supplied.`, errcode.Stop, "source.import.disks[0].object"},
		{"straight quotation marks", "ImportImage", "MissingParameter", `An input parameter "RegionId" that is mandatory for processing the request is not supplied.`, errcode.Stop, "Set region."},
		{"a size with a message of its own", "ImportImage", "InvalidImageSize", "The size must be 1 to 2048.", errcode.Stop, "sizeGiB"},
		{"copy that has completed", "CancelCopyImage", "IncorrectImageStatus", "The image copy has completed.", errcode.Reconcile, "keep or delete"},
		{"copy with another message: the class that all rows share", "CancelCopyImage", "IncorrectImageStatus", "No.", errcode.Reconcile, "API reference"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := errcode.Lookup(tt.api, tt.code, 400, tt.message)
			require.True(t, got.Known)
			require.Equal(t, tt.class, got.Class)
			require.Contains(t, got.Advice, tt.advice)
		})
	}
}

func TestLookupFindsTheNearestRow(t *testing.T) {
	tests := []struct {
		name, api, code string
		status          int
		wantAPI, want   string
		class           errcode.Class
	}{
		{"the API's own row", "CancelCopyImage", "IncorrectImageStatus", 400, "CancelCopyImage", "IncorrectImageStatus", errcode.Reconcile},
		{"the same code on another API", "CopyImage", "IncorrectImageStatus", 400, "CopyImage", "IncorrectImageStatus", errcode.Wait},
		{"a row of Batch Compute", "BatchCompute.ListImages", "StateConflict", 409, "BatchCompute.*", "StateConflict", errcode.Wait},
		{"no row of Batch Compute for ECS", "ImportImage", "StateConflict", 409, "ImportImage", "StateConflict", errcode.Stop},
		{"a row of every API", "ImportImage", "Throttling.User", 400, "*", "Throttling.User", errcode.Retry},
		{"a row of every API for Batch Compute", register, "SignatureNonceUsed", 400, "*", "SignatureNonceUsed", errcode.Retry},
		{"a parameter of the registration", register, "InvalidNotes", 400, register, "Invalid{Parameter}", errcode.Stop},
		{"a missing parameter of the registration", register, "MissingUserData", 400, "BatchCompute.*", "Missing{Parameter Name}", errcode.Stop},
		{"a missing parameter of ECS", "ImportImage", "MissingRoleName", 400, "*", "Missing{ParameterName}", errcode.Stop},
		{"a quota of Batch Compute", register, "QuotaExhausted.MaxJobCount", 403, "BatchCompute.*", "QuotaExhausted.{QuotaName}", errcode.Stop},
		{"the corrected spelling of a role", "ImportImage", "NoSetRoletoECSServiceAccount", 403, "ImportImage", "NoSetRoletoECSServiceAcount", errcode.Stop},
		{"the corrected spelling of forbidden", "CopyImage", "Forbidden", 403, "CopyImage", "Forbbiden", errcode.Stop},
		{"the misspelling where only the right one is documented", "DeleteImage", "Forbbiden.RAM", 403, "*", "Forbidden.RAM", errcode.Stop},
		{"the corrected spelling of denied", "CopyImage", "OperationDenied.EncryptedSnapshot", 403, "CopyImage", "OperationDeined.EncryptedSnapshot", errcode.Stop},
		{"another case", "ImportImage", "DryRun.Success", 400, "ImportImage", "DRYRUN.SUCCESS", errcode.Stop},
		{"a region where no document of the API names the code", register, "InvalidRegionId.NotFound", 0, "*", "InvalidRegionId.NotFound", errcode.Stop},
		{"no answer", register, "NoAnswer", 0, "*", "NoAnswer", errcode.Retry},
		{"a broken answer", "ImportImage", "BadAnswer", 502, "*", "BadAnswer", errcode.Retry},
		{"a redirect", "ImportImage", "Redirected", 302, "*", "Redirected", errcode.Stop},
		{"a call that was held back", "ImportImage", "Throttling.Kiln", 0, "*", "Throttling.Kiln", errcode.Retry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := errcode.Lookup(tt.api, tt.code, tt.status, "no documented message")
			require.Equal(t, tt.wantAPI, got.API)
			require.Equal(t, tt.want, got.Code)
			require.Equal(t, tt.class, got.Class)
			require.Equal(t, tt.class, errcode.Classify(tt.api, tt.code, tt.status, "no documented message"))
		})
	}
}

func TestLookupOfUnknownCodes(t *testing.T) {
	tests := []struct {
		name, code string
		status     int
		class      errcode.Class
	}{
		{"a server error is tried again", "Backend.Down", 503, errcode.Retry},
		{"a server error that looks like a parameter too", "InvalidState", 500, errcode.Retry},
		{"a throttle by its beginning", "ThrottlingBurst", 429, errcode.Retry},
		{"a throttle by its end", "Invalid.Throttling", 400, errcode.Retry},
		{"no answer to judge by", "Backend.Down", 0, errcode.Retry},
		{"a client error stops", "Backend.Down", 400, errcode.Stop},
		{"a part of a code is not the code", "InvalidImageName.Duplicated.Twice", 400, errcode.Stop},
		{"no code at all", "", 404, errcode.Stop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := errcode.Lookup("ImportImage", tt.code, tt.status, "words")
			require.False(t, got.Known)
			require.Equal(t, tt.class, got.Class)
			require.Equal(t, "words", got.Message)
			require.Contains(t, got.Meaning, "unknown to Kiln")
			require.Contains(t, got.Advice, "API reference of ImportImage")
		})
	}
	require.Equal(t, "Read the message and look the code up in the API reference.", errcode.Lookup("", "X", 400, "").Advice)
}

func TestFindGivesTheFirstRow(t *testing.T) {
	got, ok := errcode.Find("ImportImage", "InvalidRegion.NotSupport")
	require.True(t, ok)
	require.Equal(t, 403, got.Status)
	require.Equal(t, "The specified region does not support image import or export.", got.Message)

	got, ok = errcode.Find("ImportImage", "SignatureDoesNotMatch")
	require.True(t, ok)
	require.Equal(t, "*", got.API)
	require.Equal(t, 400, got.Status)

	_, ok = errcode.Find("ImportImage", "invalidregion.notsupport")
	require.False(t, ok, "only the documented spelling")
	_, ok = errcode.Find("ImportImage", "Nonsense")
	require.False(t, ok)
}

func TestAllIsACopy(t *testing.T) {
	errcode.All()[0].Class = errcode.Retry
	require.Equal(t, errcode.Reconcile, errcode.All()[0].Class)
}

func FuzzLookup(f *testing.F) {
	f.Add(register, "InvalidEcsImageId", 400, "This EcsImageId has been registered.")
	f.Add("", "Missing{", 0, "%s {")
	for _, e := range errcode.All() {
		f.Add(e.API, e.Code, e.Status, e.Message)
	}
	f.Fuzz(func(t *testing.T, api, code string, status int, message string) {
		got := errcode.Lookup(api, code, status, message)
		require.Contains(t, []errcode.Class{errcode.Retry, errcode.Wait, errcode.Reconcile, errcode.Stop}, got.Class)
		require.NotEmpty(t, got.Meaning)
		require.NotEmpty(t, got.Advice)
		if got.Known && api != "" && status < 500 {
			require.NotEmpty(t, errcode.Rows(api, code))
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	for name, in := range map[string][2]string{
		"by code":    {"InvalidOSSObject.NotFound", "The specified OSS object does not exist in this region."},
		"by message": {"MissingParameter", `An input parameter "DiskDeviceMapping.3.OSSObject" that is mandatory for processing the request is not supplied.`},
		"by pattern": {"MissingRoleName", "RoleName is mandatory for this action."},
		"unknown":    {"Backend.Down", "No."},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				errcode.Lookup("ImportImage", in[0], 400, in[1])
			}
		})
	}
}
