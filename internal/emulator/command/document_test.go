package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// tasks is a document of n reboots.
func tasks(n int) string {
	var b strings.Builder
	b.WriteString("Tasks:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {Name: t%d, Action: Reboot}\n", i)
	}
	return b.String()
}

// task is a document of one task.
func task(action string, properties ...string) string {
	doc := "Tasks:\n  - Name: t\n    Action: " + action + "\n"
	if len(properties) > 0 {
		doc += "    Properties:\n      " + strings.Join(properties, "\n      ") + "\n"
	}
	return doc
}

const document = `# nginx of a version
Parameters:
  version: {Type: String, DefaultValue: 1.0}
  retries: {Type: Number, DefaultValue: 3}
  debug:
    Type: Boolean
    DefaultValue: false
  token:
    Type: String
Tasks:
  - Name: install
    Action: RunShellCommand
    Properties:
      commandContent: |
        #!/bin/sh
        echo {{ version }} "{{retries}}" {{ token }}
        docker ps --format '{{ .Names }}'
      workingDir: /opt
      username: root
  - Name: note
    Action: WebDownload
    Properties:
      sourcePath: {{ install.stdout }}
      destinationDir: /opt
      timeout: {{ retries }}
  - Name: again
    Action: Reboot
`

func TestDocument(t *testing.T) {
	script, err := command.Parse(document, command.Component, command.Linux)
	require.NoError(t, err)
	require.Equal(t, command.Script{Commands: 3, Parameters: []command.Parameter{
		{Name: "version", Type: command.String, Default: "1.0"},
		{Name: "retries", Type: command.Number, Default: "3"},
		{Name: "debug", Type: command.Boolean, Default: "false"},
		{Name: "token", Type: command.String, Required: true},
	}}, script)
}

func TestDocumentForms(t *testing.T) {
	const invalid, unsupported = "InvalidParameter.Content", "InvalidImageTemplateCommand.NotSupported"
	run(t, []row{
		{name: "broken", content: "Tasks: [", code: invalid},
		{name: "broken in a build", in: command.Build, content: "Tasks: [", code: "InvalidParameter.BuildContent"},
		{name: "broken in a test", in: command.Test, content: "Tasks: [", code: "InvalidParameter.TestContent"},
		{name: "a tab", content: "Tasks:\n\t- a", code: invalid, says: "line 2"},
		{name: "a key twice", content: "Tasks: []\nTasks: []", code: invalid},
		{name: "a list", content: "- a", code: invalid},
		{name: "two documents", content: tasks(1) + "---\n" + tasks(1), code: invalid},
		{name: "a marker before the document", content: "---\n" + tasks(1)},
		{name: "JSON", content: `{"Tasks": [{"Name": "t", "Action": "Reboot"}]}`},
		{name: "an alias", content: "Tasks:\n  - &a {Name: t, Action: Reboot}\n  - *a", code: invalid},
		{name: "a field of another case", content: "tasks:\n  - {Name: t, Action: Reboot}", code: invalid, says: "no field tasks"},
		{name: "no tasks", content: "Parameters: {}", code: invalid, says: "Tasks"},
		{name: "an empty list of tasks", content: "Tasks: []", code: invalid},
		{name: "tasks that are a mapping", content: "Tasks: {a: b}", code: invalid},
		{name: "a task that is a text", content: "Tasks: [a]", code: invalid},
		{name: "a task without a name", content: "Tasks: [{Action: Reboot}]", code: invalid, says: "Name"},
		{name: "a task without an action", content: "Tasks: [{Name: t}]", code: invalid, says: "Action"},
		{name: "two tasks of a name", content: "Tasks: [{Name: t, Action: Reboot}, {Name: t, Action: Reboot}]", code: invalid, says: "two tasks t"},
		{name: "a task with an unknown field", content: "Tasks: [{Name: t, Action: Reboot, When: now}]", code: invalid, says: "When"},
		{name: "an unknown action", content: "Tasks:\n- Name: t\n  Action: Shutdown", code: unsupported, says: "line 3: Shutdown"},
		{name: "shell on Windows", on: command.Windows, content: task("RunShellCommand", "commandContent: a"), code: unsupported},
		{name: "PowerShell on Linux", on: command.Linux, content: task("RunPowerShellCommand", "commandContent: a"), code: unsupported},
		{name: "PowerShell on Windows", on: command.Windows, content: task("RunPowerShellCommand", "commandContent: a")},
		{name: "PowerShell on something", content: task("RunPowerShellCommand", "commandContent: a")},
		{name: "reboot on Windows", on: command.Windows, content: tasks(1)},
	})
}

func TestProperties(t *testing.T) {
	const invalid = "InvalidParameter.Content"
	run(t, []row{
		{name: "shell without a command", content: task("RunShellCommand"), code: invalid, says: "commandContent is missing"},
		{name: "shell with an empty command", content: task("RunShellCommand", "commandContent: ''"), code: invalid},
		{name: "shell with a list", content: task("RunShellCommand", "commandContent: [a]"), code: invalid, says: "text"},
		{name: "shell with an unknown property", content: task("RunShellCommand", "commandContent: a", "timeout: 1"), code: invalid, says: "no field timeout"},
		{name: "shell with a number", content: task("RunShellCommand", "commandContent: 1")},
		{name: "properties that are a text", content: task("Reboot") + "    Properties: a", code: invalid},
		{name: "invoke with JSON", content: task("InvokeCommand", "commandId: c-1", `parameters: '{"a": 1}'`)},
		{name: "invoke with a mapping", content: task("InvokeCommand", "commandId: c-1", `parameters: {a: 1}`)},
		{name: "invoke with broken JSON", content: task("InvokeCommand", "commandId: c-1", `parameters: '{'`), code: invalid, says: "JSON"},
		{name: "invoke without an id", content: task("InvokeCommand", "username: a"), code: invalid},
		{name: "download from OSS", content: task("OSSDownload", "bucketName: b", "objectName: o", "destinationDir: /d", "ossRegion: r", "validTime: 60")},
		{name: "download from OSS to nowhere", content: task("OSSDownload", "bucketName: b", "objectName: o"), code: invalid, says: "destinationDir"},
		{name: "upload to OSS", content: task("OSSUpload", "bucketName: b", "objectName: o", "fileToUpload: /f")},
		{name: "upload of nothing", content: task("OSSUpload", "bucketName: b", "objectName: o"), code: invalid, says: "fileToUpload"},
		{name: "download", content: task("WebDownload", "sourcePath: https://h/a", "destinationDir: /d", "timeout: 600")},
		{name: "download in no time", content: task("WebDownload", "sourcePath: a", "destinationDir: /d", "timeout: 0"), code: invalid, says: "timeout"},
		{name: "download in words", content: task("WebDownload", "sourcePath: a", "destinationDir: /d", "timeout: soon"), code: invalid},
		{name: "reboot by force", content: task("Reboot", "forceStop: true")},
		{name: "reboot perhaps", content: task("Reboot", "forceStop: perhaps"), code: invalid, says: "forceStop"},
	})
}

func TestParameters(t *testing.T) {
	const invalid = "InvalidParameter.Content"
	with := func(parameters string) string { return "Parameters: " + parameters + "\n" + tasks(1) }
	run(t, []row{
		{name: "none", content: with("")},
		{name: "without a default", content: with("{a: {Type: Boolean}}")},
		{name: "a list", content: with("[a]"), code: invalid, says: "Parameters"},
		{name: "a name with a space", content: with("{a b: {Type: String}}"), code: invalid, says: `"a b"`},
		{name: "a text", content: with("{a: b}"), code: invalid},
		{name: "no type", content: with("{a: {DefaultValue: 1}}"), code: invalid, says: "Type"},
		{name: "an unknown type", content: with("{a: {Type: Integer}}"), code: invalid, says: "Type"},
		{name: "an unknown field", content: with("{a: {Type: String, Default: 1}}"), code: invalid, says: "no field Default"},
		{name: "a number in words", content: with("{a: {Type: Number, DefaultValue: many}}"), code: invalid, says: "no Number"},
		{name: "a boolean in words", content: with("{a: {Type: Boolean, DefaultValue: yes}}"), code: invalid, says: "no Boolean"},
		{name: "a list as a default", content: with("{a: {Type: String, DefaultValue: [1]}}"), code: invalid},
	})
}

func TestMentions(t *testing.T) {
	const invalid = "InvalidParameter.Content"
	run(t, []row{
		{name: "an undeclared parameter", content: task("RunShellCommand", "commandContent: echo {{ version }}"), code: invalid, says: "refers to version"},
		{name: "an undeclared parameter, alone and bare", content: task("RunShellCommand", "commandContent: {{ version }}"), code: invalid},
		{name: "inside a mapping", content: task("InvokeCommand", "commandId: c", "parameters: {a: '{{ b }}'}"), code: invalid, says: "refers to b"},
		{name: "an unknown task's output", content: task("RunShellCommand", "commandContent: '{{ u.stdout }}'"), code: invalid, says: "u.stdout"},
		{name: "its own output", content: task("RunShellCommand", "commandContent: '{{ t.stdout }}'"), code: invalid},
		{name: "an output that there is not", content: "Tasks:\n" +
			"- {Name: a, Action: RunShellCommand, Properties: {commandContent: b}}\n" +
			"- {Name: c, Action: RunShellCommand, Properties: {commandContent: '{{ a.stderr }}'}}", code: invalid, says: "a.stderr"},
		{name: "in a comment", content: tasks(1) + "# {{ version }}"},
		{name: "a template of the command's own", content: task("RunShellCommand", "commandContent: docker ps --format '{{.ID}} {{range .Ports}}x{{end}}'"), code: invalid, says: "refers to end"},
		{name: "double braces without a name", content: task("RunShellCommand", "commandContent: docker ps --format '{{.ID}}'")},
	})
}
