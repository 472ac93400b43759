package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

func TestOriginIsTheRunThatTheTokensDeriveFrom(t *testing.T) {
	for _, test := range []struct {
		name  string
		retry *Retry
		cron  string
		want  string
	}{
		{"a build of its own", nil, "", "first"},
		{"one of a cron's runs", nil, "@daily", "original"},
		{"a retry", &Retry{RunID: "r-2", Origin: "r-1"}, "", "r-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, Origin(test.retry, test.cron, "original", "first"))
		})
	}
}

func TestStepsOfADocument(t *testing.T) {
	for _, test := range []struct {
		name     string
		document string
		want     []Step
	}{
		{"all", document(imported, `"components": [{"name": "nginx", "content": "RUN true"}]`, asksFirst, registered), Steps},
		{"an import that is registered", document(imported, registered), []Step{StepImport, StepRegister}},
		{"an existing template", document(`"template": {"id": "ip-1"}`), []Step{StepExecution}},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, err := spec.Read("document", []byte(test.document), spec.Options{})
			require.NoError(t, err)
			require.Equal(t, test.want, StepsOf(doc))
		})
	}
}

func TestAdoptedComponentsDoNotHideWhatARetryReuses(t *testing.T) {
	c := cloud{existing: []alicloud.Component{{ID: "ic-old", Content: "RUN true", Type: "Build", SystemType: "Linux"}}}
	text := document(imported, `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}]`, registered)
	c.refuse = map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role"),
		"CreateComponent nginx 1.0.0": refusal("CreateImageComponent", "InvalidComponentVersion.Exist", 403, "it exists")}
	_, _, err := run(t, &c, text)
	lines := failureIn(t, err, "InvalidRoleArn").Resources
	c.refuse = nil

	_, env, err := retried(t, &c, Retry{RunID: "r-1", Origin: "r-1", Resources: lines}, text)
	require.NoError(t, err)
	progress := progressOf(t, env)
	require.Equal(t, "reused component ic-old: what goes into it has not changed; 1 of 1 existed with the same content",
		progress.of(StepComponents).Detail)
}
