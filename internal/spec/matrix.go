package spec

import (
	"maps"
	"regexp"
	"slices"
)

// Matrix makes one document stand for many builds: one for each region, variant and choice
// of values.
type Matrix struct {
	// Regions to build in; the document then has no region of its own.
	Regions []string `json:"regions,omitempty" jsonschema:"minItems=1"`
	// Variants are builds that differ in several variables at once.
	Variants []Variant `json:"variants,omitempty" jsonschema:"minItems=1"`
	// Variables with the values that each takes, in every combination.
	Variables map[string][]string `json:"variables,omitempty"`
}

// Variant is one variant of a matrix.
type Variant struct {
	// Name of the variant, part of the names of its builds.
	Name string `json:"name"`
	// Variables with the values that they have in this variant.
	Variables map[string]string `json:"variables,omitempty"`
}

// Cell is one choice among those of a matrix; what the matrix does not choose is empty.
type Cell struct {
	Region  string `json:"region,omitempty"`
	Variant string `json:"variant,omitempty"`
	// Variables are those of the matrix, without the variant's own.
	Variables map[string]string `json:"variables,omitempty"`
}

const (
	maxCells       = 1000
	maxVariantName = 32
	// The names of the variables that say in texts what a matrix has chosen.
	regionVariable  = "region"
	variantVariable = "variant"
)

// cells are the choices of a matrix: by variant in the order of the document, then by the
// values of its variables in the order of their names, then by region, so that builds that
// begin together are spread over the regions.
func (m Matrix) cells() []Cell {
	cells := []Cell{{}}
	cells = choose(cells, m.Variants, func(c *Cell, variant Variant) { c.Variant = variant.Name })
	for _, name := range slices.Sorted(maps.Keys(m.Variables)) {
		cells = choose(cells, m.Variables[name], func(c *Cell, value string) {
			c.Variables = maps.Clone(c.Variables)
			if c.Variables == nil {
				c.Variables = map[string]string{}
			}
			c.Variables[name] = value
		})
	}
	return choose(cells, m.Regions, func(c *Cell, region string) { c.Region = region })
}

// choose makes of each cell one for each value; without values the cells stay.
func choose[V any](cells []Cell, values []V, set func(*Cell, V)) []Cell {
	if len(values) == 0 {
		return cells
	}
	var chosen []Cell
	for _, cell := range cells {
		for _, value := range values {
			next := cell
			set(&next, value)
			chosen = append(chosen, next)
		}
	}
	return chosen
}

// size is how many cells there are, at most one more than allowed.
func (m Matrix) size() int {
	size := max(1, len(m.Variants)) * max(1, len(m.Regions))
	for _, values := range m.Variables {
		size = min(size, maxCells+1) * max(1, len(values))
	}
	return min(size, maxCells+1)
}

// variant is the one of a name; the zero value is for none.
func (m Matrix) variant(name string) Variant {
	for _, variant := range m.Variants {
		if variant.Name == name {
			return variant
		}
	}
	return Variant{}
}

// values are what a cell gives the variables: its own choice, that of its variant, and the
// two that name the choice.
func (m Matrix) values(cell Cell) map[string]string {
	values := maps.Clone(m.variant(cell.Variant).Variables)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, cell.Variables)
	if cell.Region != "" {
		values[regionVariable] = cell.Region
	}
	if cell.Variant != "" {
		values[variantVariable] = cell.Variant
	}
	return values
}

// has tells whether a cell is one of the matrix.
func (m Matrix) has(cell Cell) bool {
	chosen := func(value string, of []string) bool {
		return slices.Contains(of, value) || value == "" && len(of) == 0
	}
	var variants []string
	for _, variant := range m.Variants {
		variants = append(variants, variant.Name)
	}
	if !chosen(cell.Region, m.Regions) || !chosen(cell.Variant, variants) || len(cell.Variables) != len(m.Variables) {
		return false
	}
	for name, values := range m.Variables {
		if value, ok := cell.Variables[name]; !ok || !slices.Contains(values, value) {
			return false
		}
	}
	return true
}

var (
	variantShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	dimensions   = []string{"regions", "variants", "variables"}
)

var matrixRules = []func(*checker, Matrix){
	(*checker).matrixChooses,
	(*checker).matrixStandsAlone,
	(*checker).matrixRegions,
	(*checker).matrixVariants,
	(*checker).matrixVariables,
	(*checker).matrixReferences,
}

// matrixChooses wants a choice, and not too much of it.
func (c *checker) matrixChooses(m Matrix) {
	chooses := slices.ContainsFunc(dimensions, func(name string) bool {
		given := c.root.get("matrix").get(name)
		return given != nil && len(given.items)+len(given.fields) > 0
	})
	if !chooses {
		c.fault(path{"matrix"}, "matrix chooses nothing; give it regions, variants or variables, or leave it out")
	}
	if m.size() > maxCells {
		c.fault(path{"matrix"}, "the matrix stands for more than %d builds; split the document", maxCells)
	}
}

// matrixStandsAlone refuses what a document with a matrix cannot have.
func (c *checker) matrixStandsAlone(m Matrix) {
	if c.has("schedule") {
		c.keyFault(path{"schedule"}, "schedule cannot stand beside matrix: a schedule starts one build; remove one of them")
	}
	if len(m.Regions) > 0 && c.has("region") {
		c.fault(path{"region"}, "region cannot stand beside matrix.regions, which say where to build; remove one of them")
	}
}

func (c *checker) matrixRegions(m Matrix) {
	for i, text := range m.Regions {
		p := path{"matrix", "regions", i}
		c.required(text, region, p...)
		if first := slices.Index(m.Regions, text); first < i {
			c.fault(p, "the region %s is given twice; keep one", quote(text))
		}
	}
}

func (c *checker) matrixVariants(m Matrix) {
	names := map[string]bool{}
	for i, variant := range m.Variants {
		p := path{"matrix", "variants", i}
		c.required(variant.Name, shaped(variantShape, 1, maxVariantName, `a letter or digit first, then letters, digits, ".", "_" and "-"`), p.join("name")...)
		if names[variant.Name] && variant.Name != "" {
			c.fault(p.join("name"), "the variant %s is given twice; names tell the builds apart", quote(variant.Name))
		}
		names[variant.Name] = true
		for _, name := range slices.Sorted(maps.Keys(variant.Variables)) {
			at := p.join("variables", name)
			c.matrixVariable(m, name, at)
			if _, both := m.Variables[name]; both {
				c.keyFault(at, "the variable %s has values in matrix.variables too; keep one", quote(name))
			}
		}
	}
}

func (c *checker) matrixVariables(m Matrix) {
	for _, name := range slices.Sorted(maps.Keys(m.Variables)) {
		p := path{"matrix", "variables", name}
		c.matrixVariable(m, name, p)
		values := m.Variables[name]
		if len(values) == 0 && c.root.find(p).kind == isList {
			c.fault(p, "%s is empty; want at least one value", p.label())
		}
		for i, value := range values {
			if slices.Index(values, value) < i {
				c.fault(p.join(i), "the value %s of the variable %s is given twice; keep one", quote(value), quote(name))
			}
		}
	}
	for _, f := range c.root.get("variables").named(regionVariable, variantVariable) {
		c.matrixVariable(m, f.name, path{"variables", f.name})
	}
}

// matrixVariable checks the name of a variable.
func (c *checker) matrixVariable(m Matrix, name string, p path) {
	switch {
	case !variableName.MatchString(name):
		c.keyFault(p, "%s cannot name a variable; want a letter or _ first, then letters, digits, _ and -", quote(name))
	case name == regionVariable && len(m.Regions) > 0, name == variantVariable && len(m.Variants) > 0:
		c.keyFault(p, "the matrix itself sets the variable %s, to the %s of a build; give this one another name", quote(name), name)
	}
}

// matrixReferences refuses variables in the matrix, which is read before they have values.
func (c *checker) matrixReferences(Matrix) {
	c.root.get("matrix").each(path{"matrix"}, func(p path, n *node) {
		if n.kind == isText && (reference.MatchString(n.text) || misspelt.MatchString(n.text)) {
			c.fault(p, "%s refers to a variable, but a matrix says what the variables are; write the text itself", p.label())
		}
	})
}

// named are the fields of the given names.
func (n *node) named(names ...string) []field {
	var fields []field
	for _, name := range names {
		if f := n.field(name); f != nil {
			fields = append(fields, *f)
		}
	}
	return fields
}

// standsForMany is why a document with a matrix is not read as one build.
func standsForMany(root *node, found *findings) {
	found.add(root.field("matrix").at, path{"matrix"}, "a document with a matrix stands for many builds, not for one; "+
		"start them with `kiln build`, or with a workflow of type BuildFleet")
}
