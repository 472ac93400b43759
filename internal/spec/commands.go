package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The Image Builder command language (ECS help, "Image Builder commands"). Content is in
// one of two forms: YAML with Tasks, for Linux and Windows, or one command a line, for
// Linux only.

const (
	maxContent  = 16 << 10 // bytes of UTF-8 in one component or template content
	maxCommands = 127      // of the line form
)

// use says what content is for.
type use struct {
	component  bool   // of a component, else of a template
	systemType string // Linux, Windows, or empty when unknown
}

// problem is something wrong with content, in a line counted from 1; 0 is the whole.
type problem struct {
	line    int
	message string
}

// checkContent finds what the service would refuse in content.
func checkContent(content string, u use) []problem {
	switch {
	case len(content) > maxContent:
		return []problem{{0, fmt.Sprintf("it has %d bytes, want at most %d (16 KB); download larger files in the build instead", len(content), maxContent)}}
	case isYAMLForm(content):
		return checkTasks(content, u)
	case u.systemType == "Windows":
		return []problem{{0, "for Windows it has to be in the YAML form, with Tasks; commands one a line are for Linux"}}
	default:
		return checkLines(content, u)
	}
}

var yamlStart = regexp.MustCompile(`^([A-Za-z]+\s*:(\s|$)|\{|---|%)`)

// isYAMLForm goes by the first line that says anything.
func isYAMLForm(content string) bool {
	for line := range strings.Lines(content) {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			return yamlStart.MatchString(trimmed)
		}
	}
	return false
}

var lineCommands = []string{
	"RUN", "ENV", "WORKDIR", "COPY", "USER", "LABEL", "CMD", "ENTRYPOINT", "RESTART", "COMPONENT", "FROM",
}

// command is one command of the line form with its continued lines.
type command struct {
	line      int
	name, arg string
}

func splitCommands(content string) []command {
	var commands []command
	var open bool
	for i, line := range strings.Split(content, "\n") {
		text := strings.TrimSpace(line)
		if !open && (text == "" || strings.HasPrefix(text, "#")) {
			continue
		}
		body, continued := strings.CutSuffix(text, `\`)
		if open {
			last := &commands[len(commands)-1]
			last.arg = strings.TrimSpace(last.arg + " " + body)
		} else {
			name, arg := body, ""
			if cut := strings.IndexAny(body, " \t"); cut >= 0 {
				name, arg = body[:cut], strings.TrimSpace(body[cut:])
			}
			commands = append(commands, command{i + 1, name, arg})
		}
		open = continued
	}
	return commands
}

func checkLines(content string, u use) []problem {
	commands := splitCommands(content)
	var problems []problem
	for _, cmd := range commands {
		if message := checkCommand(cmd, u); message != "" {
			problems = append(problems, problem{cmd.line, message})
		}
	}
	if len(commands) > maxCommands {
		problems = append(problems, problem{commands[maxCommands].line,
			fmt.Sprintf("this is command %d; want at most %d, so join some with &&", maxCommands+1, maxCommands)})
	}
	return problems
}

var envArgument = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(=|\s+\S)`)

func checkCommand(cmd command, u use) string {
	switch {
	case !slices.Contains(lineCommands, cmd.name):
		hint := didYouMean(cmd.name, lineCommands)
		if hint == "" {
			hint = "; a shell command starts with RUN"
		}
		return fmt.Sprintf("there is no command %s%s", quote(cmd.name), hint)
	case cmd.name == "FROM":
		return "FROM is not allowed; the document's source says what to build from"
	case cmd.name == "COMPONENT" && u.component:
		return "a component cannot use another one; list both under components"
	case cmd.name == "RESTART" && cmd.arg != "":
		return "RESTART takes no argument"
	case cmd.name == "RESTART":
		return ""
	case cmd.arg == "":
		return cmd.name + " needs an argument"
	case cmd.name == "COPY" && len(strings.Fields(cmd.arg)) < 2:
		return "COPY needs a source and a target"
	case cmd.name == "ENV" && !envArgument.MatchString(cmd.arg):
		return `ENV needs a name and a value, as in ENV NAME="value"`
	}
	return ""
}

// actions of tasks with the system they run on; empty is both.
var actions = map[string]string{
	"RunShellCommand": "Linux", "RunPowerShellCommand": "Windows",
	"InvokeCommand": "", "OSSDownload": "", "OSSUpload": "", "WebDownload": "", "Reboot": "",
}

func checkTasks(content string, u use) []problem {
	root, fault := parseContent(content)
	if fault != nil {
		return []problem{{fault.at.line, fault.message}}
	}
	tasks := root.get("Tasks")
	if tasks == nil || tasks.kind != isList || len(tasks.items) == 0 {
		return []problem{{0, "the YAML form needs Tasks, a list with at least one task"}}
	}
	var problems []problem
	for _, task := range tasks.items {
		if message := checkTask(task, u); message != "" {
			problems = append(problems, problem{task.place(nil).line, message})
		}
	}
	return problems
}

func checkTask(task *node, u use) string {
	action := task.get("Action")
	if action == nil {
		return "the task has no Action; want one of " + strings.Join(slices.Sorted(maps.Keys(actions)), ", ")
	}
	system, known := actions[action.text]
	switch {
	case !known:
		return fmt.Sprintf("there is no action %s; want one of %s", quote(action.text), strings.Join(slices.Sorted(maps.Keys(actions)), ", "))
	case system != "" && u.systemType != "" && system != u.systemType:
		return fmt.Sprintf("%s runs on %s, but this is for %s", action.text, system, u.systemType)
	}
	return ""
}

// parseContent reads the YAML form. The service may understand more of YAML than a build
// document does, so what yamlReader refuses is let through.
func parseContent(content string) (*node, *syntaxFault) {
	bodies, fault := parseYAML(content)
	switch {
	case fault != nil:
		return nil, fault
	case len(bodies) == 0:
		return &node{kind: isNull}, nil
	}
	return yamlReader{&findings{}}.node(bodies[0], nil), nil
}

// declaredParameters are those that the YAML form declares; the line form has none.
func declaredParameters(content string) []string {
	var names []string
	if isYAMLForm(content) {
		root, fault := parseContent(content)
		if fault != nil {
			return nil
		}
		if parameters := root.get("Parameters"); parameters != nil {
			for _, f := range parameters.fields {
				names = append(names, f.name)
			}
		}
	}
	return names
}
