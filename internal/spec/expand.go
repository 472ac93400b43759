package spec

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Expansion is what a document stands for: one build, or those of its matrix.
type Expansion struct {
	// Matrix tells whether the document has one.
	Matrix bool
	// Documents are those to send to a fleet: with the content of the files, and with the
	// matrix. There is one, unless the names of files depend on the matrix; then each has
	// its part of it.
	Documents []json.RawMessage
	// Members are the builds, by document and in the order of the matrix.
	Members []Member
}

// Member is one of the builds that a document stands for.
type Member struct {
	Document int   // its place in Documents
	Cell     Cell  // the zero value without a matrix
	Build    Build // as Read would have returned it
}

// Expand reads a document as Read does, and one with a matrix as all of its builds. The
// error is a Faults with everything that is wrong, and names the builds in which it is
// unless that is all of them.
func Expand(name string, document []byte, opts Options) (Expansion, error) {
	root, found := open(name, document)
	if root == nil {
		return Expansion{}, found.inOrder()
	}
	if root.field("matrix") == nil {
		build, err := readBuild(root, opts, found)
		if err != nil {
			return Expansion{}, err
		}
		sent, err := json.Marshal(build)
		return Expansion{Documents: []json.RawMessage{sent}, Members: []Member{{Build: build}}}, err
	}
	found.endStage()
	matrix := readMatrix(root, opts.Vars, found)
	if len(found.faults) > found.closed {
		return Expansion{}, found.inOrder()
	}
	x := expander{root: root, found: found, opts: opts.remembering(), matrix: matrix}
	return x.expand()
}

// remembering reads each file once.
func (o Options) remembering() Options {
	type content struct {
		data []byte
		err  error
	}
	readFile, seen := o.ReadFile, map[string]content{}
	if readFile == nil {
		return o
	}
	o.ReadFile = func(path string) ([]byte, error) {
		is, ok := seen[path]
		if !ok {
			is.data, is.err = readFile(path)
			seen[path] = is
		}
		return is.data, is.err
	}
	return o
}

// readMatrix reads the matrix of a document and checks it.
func readMatrix(root *node, given map[string]string, found *findings) Matrix {
	found.takeOver(validationOf(root, found), func(f Fault) bool {
		return f.Path == "matrix" || strings.HasPrefix(f.Path, "matrix.")
	})
	known := len(found.faults) - found.closed
	alone, _ := decode(&node{kind: isObject, fields: root.named("matrix")})
	if alone.Matrix == nil {
		alone.Matrix = &Matrix{}
	}
	c := &checker{root: root, found: found.after(known)}
	for _, rule := range matrixRules {
		rule(c, *alone.Matrix)
	}
	c.givenBeside(*alone.Matrix, given)
	found.faults = append(found.faults, c.found.faults...)
	return *alone.Matrix
}

// givenBeside refuses values for variables that the matrix sets.
func (c *checker) givenBeside(m Matrix, given map[string]string) {
	if m.size() > maxCells {
		return
	}
	set := map[string]bool{}
	for _, cell := range m.cells() {
		for name := range m.values(cell) {
			set[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if set[name] {
			c.fault(path{"matrix"}, "the variable %s is set, but the matrix says what it is; do not set it", quote(name))
		}
	}
}

// expander reads the builds of a document with a matrix that is valid in itself.
type expander struct {
	root   *node
	found  *findings
	opts   Options
	matrix Matrix
}

func (x *expander) expand() (Expansion, error) {
	is := Expansion{Matrix: true}
	cells := x.matrix.cells()
	faults, names := faultsOfCells{all: len(cells)}, takenNames{called: map[string]Cell{}, made: map[string]claim{}}
	for _, cell := range cells {
		build, err := readBuild(x.choose(cell), x.opts, x.found.after(0))
		faults.add(cell, err)
		if err == nil {
			names.take(cell, build)
		}
		if x.opts.NamesOnly {
			build = Build{Name: build.Name, Region: build.Region}
		}
		is.Members = append(is.Members, Member{Cell: cell, Build: build})
	}
	x.found.faults = append(x.found.faults, faults.merged()...)
	if len(x.found.faults) == 0 {
		names.tell(&checker{root: x.root, found: x.found})
	}
	if err := x.found.inOrder(); err != nil {
		return Expansion{}, err
	}
	return is, is.addDocuments(x)
}

// choose is the document of one build.
func (x *expander) choose(cell Cell) *node {
	root := x.root.clone()
	at := root.field("matrix").at
	root.drop("matrix")
	if cell.Region != "" {
		place := x.root.place(path{"matrix", "regions", slices.Index(x.matrix.Regions, cell.Region)})
		root.set("region", &node{kind: isText, text: cell.Region, at: place})
	}
	if root.get("variables") == nil {
		root.set("variables", &node{kind: isObject, at: at})
	}
	values := x.matrix.values(cell)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if variables := root.get("variables"); variables.kind == isObject {
			variables.set(name, &node{kind: isText, text: values[name], at: at})
		}
	}
	if name := root.get("name"); name != nil && name.kind == isText {
		name.text = memberName(name.text, x.replaced(root, name.text), cell)
	}
	return root
}

// replaced is a text of a document with the values of its variables.
func (x *expander) replaced(root *node, text string) string {
	return declareVariables(root, x.opts.Vars, &findings{}).replace(text, start, nil)
}

// filePaths are where a document names files.
func filePaths(root *node) []path {
	var named []path
	add := func(p path) {
		if n := root.find(p); n != nil && n.kind == isText && n.text != "" {
			named = append(named, p)
		}
	}
	for i := range root.get("components").list() {
		add(path{"components", i, "contentFile"})
	}
	add(path{"template", "buildContentFile"})
	add(path{"template", "testContentFile"})
	return named
}

// addDocuments makes the documents to send.
func (is *Expansion) addDocuments(x *expander) error {
	places := map[string]int{}
	for i, m := range is.Members {
		part := x.filesDependOn(m.Cell)
		place, made := places[part.String()]
		if !made {
			document, err := x.document(m.Cell, part)
			if err != nil {
				return err
			}
			place = len(is.Documents)
			places[part.String()], is.Documents = place, append(is.Documents, document)
		}
		is.Members[i].Document = place
	}
	slices.SortStableFunc(is.Members, func(a, b Member) int { return cmp.Compare(a.Document, b.Document) })
	return nil
}

// filesDependOn is the part of a cell that the names of the document's files depend on.
func (x *expander) filesDependOn(cell Cell) Cell {
	var names strings.Builder
	for _, p := range filePaths(x.root) {
		names.WriteString(x.root.find(p).text)
	}
	var part Cell
	if refersTo(names.String(), regionVariable) {
		part.Region = cell.Region
	}
	ofVariant := append(slices.Collect(maps.Keys(x.matrix.variant(cell.Variant).Variables)), variantVariable)
	for _, variant := range x.matrix.Variants {
		ofVariant = slices.AppendSeq(ofVariant, maps.Keys(variant.Variables))
	}
	if slices.ContainsFunc(ofVariant, func(name string) bool { return refersTo(names.String(), name) }) {
		part.Variant = cell.Variant
	}
	part.Variables = maps.Clone(cell.Variables)
	maps.DeleteFunc(part.Variables, func(name, _ string) bool { return !refersTo(names.String(), name) })
	return part
}

// document is the document of the builds that share a part of their cells, standing alone:
// with the content of files in their place, with the given values of the variables, and
// with that part of the matrix. The files are those of any of the builds.
func (x *expander) document(cell, part Cell) (json.RawMessage, error) {
	root, build := x.root.clone(), x.choose(cell)
	root.drop(schemaField)
	declareVariables(root, x.opts.Vars, &findings{})
	root.get("matrix").restrict(part)
	for _, p := range filePaths(root) {
		name, _ := p[len(p)-1].(string)
		f := root.find(p[:len(p)-1]).field(name)
		text, _ := content(x.replaced(build, f.value.text), x.opts.ReadFile) // it was read before
		f.name, f.value = fileFields[name], &node{kind: isText, text: text}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // it would make documents longer
	err := encoder.Encode(root.value())
	return bytes.TrimSpace(b.Bytes()), err
}

// restrict leaves of a matrix what has chosen the same part.
func (n *node) restrict(to Cell) {
	keep := func(list *node, fits func(*node) bool) {
		list.items = slices.DeleteFunc(list.items, func(item *node) bool { return !fits(item) })
	}
	if to.Region != "" {
		keep(n.get("regions"), func(item *node) bool { return item.text == to.Region })
	}
	if to.Variant != "" {
		keep(n.get("variants"), func(item *node) bool { return item.get("name").text == to.Variant })
	}
	for name, value := range to.Variables {
		keep(n.get("variables").get(name), func(item *node) bool { return item.text == value })
	}
}

// faultsOfCells are the faults of the builds of a matrix, each with the builds it is in.
type faultsOfCells struct {
	all   int
	order []Fault
	in    map[Fault][]Cell
}

func (f *faultsOfCells) add(cell Cell, err error) {
	var faults Faults
	if !errors.As(err, &faults) {
		return
	}
	for _, fault := range faults {
		fault.Excerpt = ""
		if f.in == nil {
			f.in = map[Fault][]Cell{}
		}
		if f.in[fault] == nil {
			f.order = append(f.order, fault)
		}
		f.in[fault] = append(f.in[fault], cell)
	}
}

// merged are the faults, with the builds that they are in unless that is all of them.
func (f *faultsOfCells) merged() Faults {
	var merged Faults
	for _, fault := range f.order {
		switch cells := f.in[fault]; {
		case len(cells) == f.all:
		case len(cells) == 1:
			fault.Message += fmt.Sprintf(" (in the build of %v)", cells[0])
		default:
			fault.Message += fmt.Sprintf(" (in %d of %d builds, the first of %v)", len(cells), f.all, cells[0])
		}
		merged = append(merged, fault)
	}
	return merged
}

// takenNames finds builds that get in each other's way.
type takenNames struct {
	called map[string]Cell  // the names of builds
	made   map[string]claim // of what they make, by region and kind
	faults []func(*checker)
}

// claim is on a name of which a region has one; those that are as one share it.
type claim struct {
	at       path
	name, as string
	of       Cell
}

func (t *takenNames) take(cell Cell, b Build) {
	name, region := b.Name, b.Region // the rest of the build is not kept
	if first, is := t.called[name]; is {
		t.faults = append(t.faults, func(c *checker) {
			c.keyFault(path{"matrix"}, "the builds of %v and of %v would both be called %s; refer to a variable of the matrix in name", first, cell, name)
		})
	}
	t.called[name] = cell
	for _, claim := range claimsOf(b) {
		claim.of = cell
		key := region + claim.at[0].(string) + claim.name
		first, is := t.made[key]
		if is && (first.as != claim.as || claim.as == "") {
			t.faults = append(t.faults, func(c *checker) {
				c.fault(claim.at, "the builds of %v and of %v would both make %s in %s, and there can be one; use a variable of the matrix in it",
					first.of, cell, quote(claim.name), region)
			})
		}
		t.made[key] = claim
	}
}

func (t *takenNames) tell(c *checker) {
	for _, fault := range t.faults {
		fault(c)
	}
}

func claimsOf(b Build) []claim {
	var claims []claim
	if in := b.Source.Import; in != nil && in.ImageName != "" {
		claims = append(claims, claim{at: path{"source", "import", "imageName"}, name: in.ImageName})
	}
	if b.Image.NameSuffix == "disable" {
		claims = append(claims, claim{at: path{"image", "name"}, name: b.Image.Name})
	}
	for i, c := range b.Components {
		if c.ID == "" {
			content := sha256.Sum256([]byte(c.Content))
			claims = append(claims, claim{at: path{"components", i, "version"}, name: c.Name + " " + c.Version, as: c.Type + c.SystemType + string(content[:])})
		}
	}
	return claims
}
