package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

type row struct {
	name    string
	content string
	in      command.Place // default Component
	on      command.System
	code    string // empty: no fault
	says    string // part of the message
}

func run(t *testing.T, rows []row) {
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in == "" {
				tt.in = command.Component
			}
			_, err := command.Parse(tt.content, tt.in, tt.on)
			requireFault(t, err, tt.code, tt.says)
		})
	}
}

func requireFault(t *testing.T, err error, code, says string) {
	t.Helper()
	if code == "" {
		require.NoError(t, err)
		return
	}
	var fault *command.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, code, fault.Code, fault.Message)
	require.Contains(t, fault.Message, says)
	require.False(t, strings.HasSuffix(fault.Message, "."), "the documented wording ends the sentence")
}

func TestContentAsAWhole(t *testing.T) {
	full := "RUN echo " + strings.Repeat("x", command.MaxBytes-len("RUN echo "))
	run(t, []row{
		{name: "absent from a component", code: "MissingParameter.Content"},
		{name: "absent from a build", in: command.Build},
		{name: "absent from a test", in: command.Test},
		{name: "16 KB", content: full},
		{name: "16 KB and a byte", content: full + "x", code: "InvalidContent.LengthExceeded", says: "16385"},
		{name: "16 KB and a byte of build", in: command.Build, content: full + "x", code: "InvalidBuildContent.LengthExceeded"},
		{name: "16 KB and a byte of test", in: command.Test, content: full + "x", code: "InvalidParameter.TestContent"},
		{name: "16 KB are bytes, not characters", content: "RUN echo " + strings.Repeat("镜", 6000), code: "InvalidContent.LengthExceeded"},
		{name: "comments only", content: "# nothing\n\n", code: "InvalidParameter.Content", says: "no command"},
		{name: "comments only in a build", in: command.Build, content: "# nothing", code: "InvalidParameter.BuildContent"},
		{name: "127 commands", content: strings.Repeat("RUN true\n", 127)},
		{name: "128 commands", content: strings.Repeat("RUN true\n", 128), code: "InvalidImageTemplateCommandSize.ExceededMaxNumber", says: "127"},
		{name: "127 tasks", content: tasks(127)},
		{name: "128 tasks", content: tasks(128), code: "InvalidImageTemplateCommandSize.ExceededMaxNumber"},
		{name: "comments do not count", content: strings.Repeat("# true\nRUN true\n", 127)},
	})
}

func TestLineCommands(t *testing.T) {
	run(t, []row{
		{name: "every command", content: `
			# a comment
			RUN apt-get update && apt-get install -y nginx
			ENV k v
			ENV k="v w" l=m
			WORKDIR /opt/app
			COPY https://example.com/a.tar.gz /opt/app/
			COPY a b
			USER nobody
			USER app:app
			LABEL version=1 "a b"
			CMD ["nginx", "-g", "daemon off;"]
			CMD nginx
			ENTRYPOINT ["/bin/sh"]
			ENTRYPOINT exec top
			RESTART
		`},
		{name: "lower case", content: "run true\nrestart"},
		{name: "carriage returns", content: "RUN true\r\nRESTART\r\n"},
		{name: "a tab behind the name", content: "RUN\ttrue"},
		{name: "a colon in the shell", content: "RUN : nothing"},
		{name: "unknown command", content: "RUN true\nVOLUME /data", code: "InvalidImageTemplateCommand.NotSupported", says: "line 2: VOLUME"},
		{name: "prose", content: "install nginx", code: "InvalidImageTemplateCommand.NotSupported"},
		{name: "RUN alone", content: "RUN", code: "EmptyCommandContent.RUN", says: "line 1"},
		{name: "ENV alone", content: "ENV ", code: "EmptyCommandContent.ENV"},
		{name: "WORKDIR alone", content: "WORKDIR", code: "EmptyCommandContent.WORKDIR"},
		{name: "COPY alone", content: "COPY", code: "EmptyCommandContent.COPY"},
		{name: "USER alone", content: "USER", code: "EmptyCommandContent.USER"},
		{name: "LABEL alone", content: "LABEL", code: "EmptyCommandContent.LABEL"},
		{name: "CMD alone", content: "CMD", code: "EmptyCommandContent.CMD"},
		{name: "ENTRYPOINT alone", content: "ENTRYPOINT", code: "EmptyCommandContent.ENTRYPOINT"},
		{name: "RESTART now", content: "RESTART now", code: "NotEmptyCommandContent.RESTART"},
		{name: "RUN with an open quote", content: `RUN echo "a`, code: "InvalidCommandContent.RUN"},
		{name: "RUN with an apostrophe in quotes", content: `RUN echo "it's"`},
		{name: "RUN with an escaped quote", content: `RUN echo it\'s`},
		{name: "RUN with an apostrophe in a comment", content: `RUN true # don't`},
		{name: "RUN with quotes in a substitution", content: `RUN echo "$(echo 'it"s')"`},
		{name: "RUN with a NUL", content: "RUN echo \x00", code: "InvalidCommandContent.RUN"},
		{name: "ENV without a value", content: "ENV k", code: "InvalidCommandContent.ENV"},
		{name: "ENV with a bad name", content: "ENV 1k v", code: "InvalidCommandContent.ENV", says: "1k"},
		{name: "ENV with a bad name before =", content: "ENV a=b c-d=e", code: "InvalidCommandContent.ENV", says: "c-d"},
		{name: "ENV with a word between pairs", content: "ENV a=b c", code: "InvalidCommandContent.ENV"},
		{name: "ENV with an open quote", content: `ENV a="b`, code: "InvalidCommandContent.ENV"},
		{name: "WORKDIR with two paths", content: "WORKDIR /a /b", code: "InvalidCommandContent.WORKDIR"},
		{name: "WORKDIR with a quoted path", content: `WORKDIR "/a b"`},
		{name: "COPY without a target", content: "COPY a", code: "InvalidCommandContent.COPY"},
		{name: "COPY of three", content: "COPY a b c", code: "InvalidCommandContent.COPY"},
		{name: "COPY with an option", content: "COPY --chown=a b", code: "InvalidCommandContent.COPY"},
		{name: "COPY of a URL with a query", content: "COPY https://h/a?b=c /d", code: "InvalidCommandContent.COPY", says: "query"},
		{name: "USER of two words", content: "USER a b", code: "InvalidCommandContent.USER"},
		{name: "CMD with broken JSON", content: `CMD ["a",]`, code: "InvalidCommandContent.CMD"},
		{name: "CMD with an empty list", content: `CMD []`, code: "InvalidCommandContent.CMD"},
		{name: "ENTRYPOINT with numbers", content: `ENTRYPOINT [1]`, code: "InvalidCommandContent.ENTRYPOINT"},
		{name: "FROM in a component", content: "FROM centos\nRUN true", code: "NotSupportedCommand.FROM"},
		{name: "COMPONENT in a component", content: "COMPONENT ic-1", code: "InvalidCommand.Component"},
		{name: "on Windows", on: command.Windows, content: "RUN dir", code: "InvalidImageTemplateCommand.NotSupported", says: "Windows"},
		{name: "on Linux", on: command.Linux, content: "RUN ls"},
	})
}

func TestContinuedLines(t *testing.T) {
	run(t, []row{
		{name: "joined", content: "RUN true \\\n  && true"},
		{name: "with a comment between", content: "RUN true \\\n# why\n  && true"},
		{name: "with a blank line between", content: "RUN true \\\n\n  && true"},
		{name: "into an open quote", content: "RUN echo 'a \\\n b'"},
		{name: "the name alone", content: "RUN \\\n true"},
		{name: "at the end", content: "RUN true \\"},
		{name: "with nothing behind the name", content: "RUN \\\n", code: "EmptyCommandContent.RUN"},
		{name: "an escaped backslash continues nothing", content: "RUN echo \\\\\nVOLUME a", code: "InvalidImageTemplateCommand.NotSupported", says: "line 2"},
		{name: "the line is the first", content: "RUN true\nENV \\\n 1a \\\n b", code: "InvalidCommandContent.ENV", says: "line 2"},
	})
}

func TestFromInATemplate(t *testing.T) {
	run(t, []row{
		{name: "first", in: command.Build, content: "# c\nFROM centos:8\nRUN true"},
		{name: "in lower case", in: command.Build, content: "from centos:8\nRUN true"},
		{name: "twice", in: command.Build, content: "FROM a\nFROM b", code: "DuplicatedCommand.FROM", says: "line 2"},
		{name: "later", in: command.Build, content: "RUN true\nFROM a", code: "InvalidCommandOrder.FROM"},
		{name: "empty", in: command.Build, content: "FROM", code: "InvalidCommandContent.FROM"},
		{name: "a stage", in: command.Test, content: "FROM a AS b", code: "InvalidCommandContent.FROM"},
	})
}

func TestScriptCountsCommands(t *testing.T) {
	script, err := command.Parse("# c\nRUN a \\\n b\n\nRESTART", command.Component, command.Linux)
	require.NoError(t, err)
	require.Equal(t, command.Script{Commands: 2}, script)
}
