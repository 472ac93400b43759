package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// fileFields name files whose content takes the place of the field of that name.
var fileFields = map[string]string{
	"contentFile":      "content",
	"buildContentFile": "buildContent",
	"testContentFile":  "testContent",
}

// inlineFiles puts the content of the files that a document names into the document.
func inlineFiles(root *node, vars variables, readFile func(string) ([]byte, error)) {
	for i := range root.get("components").list() {
		inlineFile(root, path{"components", i}, "contentFile", vars, readFile)
	}
	inlineFile(root, path{"template"}, "buildContentFile", vars, readFile)
	inlineFile(root, path{"template"}, "testContentFile", vars, readFile)
}

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

func inlineFile(root *node, section path, name string, vars variables, readFile func(string) ([]byte, error)) {
	into := fileFields[name]
	f := root.find(section).field(name)
	if f == nil || f.value.kind != isText || f.value.text == "" {
		return
	}
	p, file := section.join(name), f.value.text
	if root.find(section).get(into) != nil {
		vars.found.add(f.value.at, p, fmt.Sprintf("%s and %s exclude each other; keep one", name, into))
		*f.value = node{kind: isText, at: f.value.at}
		return
	}
	text, problem := content(file, readFile)
	if problem != "" {
		vars.found.add(f.value.at, p, problem)
		vars.found.silence(section.join(into)) // it is there in the author's mind
	}
	f.name = into
	f.value = &node{kind: isText, text: vars.replace(text, f.value.at, p), at: f.value.at, file: file}
}

// content is a file's text, or why there is none.
func content(name string, readFile func(string) ([]byte, error)) (text, problem string) {
	if readFile == nil {
		return "", fmt.Sprintf("the file %s cannot be read here; the document has to hold the content itself", quote(name))
	}
	data, err := readFile(name)
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Sprintf("there is no file %s beside the document", quote(name))
	case errors.As(err, &pathError):
		return "", fmt.Sprintf("the file %s cannot be read: %v", quote(name), pathError.Err)
	case err != nil:
		return "", fmt.Sprintf("the file %s cannot be read: %v", quote(name), err)
	case !utf8.Valid(data):
		return "", fmt.Sprintf("the file %s is not UTF-8 text", quote(name))
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(data), byteOrderMark), "\r\n", "\n"), ""
}
