package testsuite

import (
	"reflect"
	"slices"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// refusal fills in a refusal: a row of the catalogue for the API, or one that no catalogue has.
func (g *generator) refusal(f *emulator.Fault) {
	if g.chance(10) {
		f.Code, f.Status, f.Message = "Backend.Down", pick(g, 400, 403, 409, 500, 503), "Something new."
		if f.Status < 500 {
			f.When = emulator.Before
		}
		return
	}
	rows := refusals[f.Action]
	if g.chance(60) { // most rows are of the class stop
		rows = slices.DeleteFunc(slices.Clone(rows), func(e errcode.Entry) bool { return e.Class == errcode.Stop })
	}
	if len(rows) == 0 {
		rows = refusals["*"]
	}
	if f.Action == "*" { // that something exists already is no answer to a look or a removal
		rows = slices.DeleteFunc(slices.Clone(rows), func(e errcode.Entry) bool { return e.Class == errcode.Reconcile })
	}
	said := sayingOf(f.Action, pick(g, rows...))
	f.Code, f.Status, f.Message = said.code, said.status, said.message
	if f.Status < 500 && slices.Contains([]errcode.Class{errcode.Stop, errcode.Retry}, classOf(*f)) {
		f.When = emulator.Before // what is refused, and not because it exists, has no effect
	}
	if throttles(said) && g.chance(50) {
		f.RetryAfterMs = 5000 + g.IntN(60_000)
	}
}

// refusals are the rows that may be the answer of an API.
var refusals = refusalsByAPI()

func refusalsByAPI() map[string][]errcode.Entry {
	rows := map[string][]errcode.Entry{}
	for _, e := range errcode.All() {
		for _, api := range slices.Concat(mutations, watched, undoing, []string{"*", "DescribeTasks", "DescribeImageComponents", "DescribeImagePipelines", "BatchCompute.ListImages"}) {
			ofService := e.API == "BatchCompute.*" && actionName(api) != api
			if e.Status != 0 && (e.API == api || e.API == "*" || ofService) && !lie(api, e) {
				rows[api] = append(rows[api], e)
			}
		}
	}
	return rows
}

// lie tells an answer that would say of a thing that is there that it is not: what a build
// then believes is not its fault.
func lie(api string, e errcode.Entry) bool {
	return slices.Contains(undoing, api) && e.Class == errcode.Reconcile
}

// feigned tells an answer that nobody can tell from that of a removal that took place,
// although nothing did: it has no id that could be missing.
func feigned(f emulator.Fault) bool {
	spoilt := f.Do == emulator.Empty || f.Do == emulator.WrongTypes
	return spoilt && f.When == emulator.Before && (f.Action == "*" || slices.Contains(undoing, f.Action))
}

// weather is a state of the account and the services.
func (g *generator) weather() event {
	draws := gentleWeathers
	if !g.gentle {
		draws = append(slices.Clone(gentleWeathers), roughWeathers...)
	}
	w := weather{Set: pick(g, draws...)(g)}
	if g.chance(40) {
		w.From = g.instant()
	}
	needsEnd := w.Set.Flow.Limits != nil || w.Set.Maintenance != nil
	if needsEnd || g.chance(40) {
		w.For = seconds(20 + g.IntN(400))
	}
	return event{Weather: &w}
}

// gentleWeathers are states in which builds take longer, and succeed.
var gentleWeathers = []func(*generator) emulator.Conditions{
	func(*generator) emulator.Conditions { return emulator.Conditions{TokensIgnored: true} },
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{ListLagReal: seconds(1 + g.IntN(40))}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{TokensIgnored: true, ListLagReal: seconds(1 + g.IntN(15))}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Flow: emulator.Flow{Limits: map[string]int{pick(g, "*", mutations[0], mutations[3], watched[1]): g.IntN(2)},
			Code: pick(g, "", "Throttling.User", "Throttling.Api"), Silent: g.chance(50)}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Executions: emulator.Executions{Passes: "WARMING", PassesFor: seconds(1 + g.IntN(600))}}
	},
	func(g *generator) emulator.Conditions {
		image := emulator.Images{UsableAfter: seconds(1 + g.IntN(900))}
		return emulator.Conditions{Imports: emulator.Imports{Image: image}, Executions: emulator.Executions{Image: image}}
	},
	func(*generator) emulator.Conditions { return emulator.Conditions{Maintenance: []string{starts}} },
}

// roughWeathers are states in which builds may fail.
var roughWeathers = []func(*generator) emulator.Conditions{
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Imports: emulator.Imports{Fail: emulator.Reason{Code: "InvalidOSSObject.Damaged", Message: "The disk is broken."},
			After: seconds(g.IntN(600)), ImageAfter: pick(g, "", "none", "CreateFailed")}}
	},
	func(*generator) emulator.Conditions {
		return emulator.Conditions{Imports: emulator.Imports{Stuck: true}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Imports: emulator.Imports{Image: emulator.Images{Status: pick(g, "CreateFailed", "UnAvailable")}}}
	},
	func(g *generator) emulator.Conditions {
		status := pick(g, "FAILED", "TEST_FAILED", "CANCELLED", "PARTITION_SUCCESS")
		return emulator.Conditions{Executions: emulator.Executions{Status: status, Reason: emulator.Reason{Code: "Bad", Message: "It went wrong."}, After: seconds(g.IntN(700))}}
	},
	func(*generator) emulator.Conditions {
		return emulator.Conditions{Executions: emulator.Executions{Stuck: true}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Executions: emulator.Executions{Image: emulator.Images{Status: pick(g, "CreateFailed", "UnAvailable")}}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Quotas: map[string]int{pick(g, "images", "snapshots", "components", "pipelines", "batchComputeImages", "sharedImages"): g.IntN(2)}}
	},
	func(*generator) emulator.Conditions {
		return emulator.Conditions{Account: emulator.Account{Arrears: true}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{Forbid: map[string]emulator.Denial{actionName(pick(g, slices.Concat(mutations, watched, undoing)...)): emulator.DeniedByRAM}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{OSS: emulator.OSS{Objects: map[string]emulator.Object{"*": {Denied: g.chance(50), Importing: g.chance(50)}}}}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{TakenNames: []string{pick(g, "*", "*/*")}, OldAnswers: g.chance(50)}
	},
	func(g *generator) emulator.Conditions {
		return emulator.Conditions{ImageUse: map[string]string{"m-*": pick(g, "instances", "shared", "copied", "exported")}}
	},
	func(*generator) emulator.Conditions { return emulator.Conditions{NotBuildable: []string{"Linux"}} },
}

func same(a, b emulator.Conditions) bool { return reflect.DeepEqual(a, b) }
